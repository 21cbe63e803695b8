"""What would happen: a plan, and what its actions would say (section 10 of docs/language.md). It runs nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from typing import NamedTuple

from ..base.diagnostic import Diagnostic
from ..base.events import EVENTS, OUTCOMES, SETTLED
from ..base.spell import nearest
from ..drivers.outcome import Outcome
from ..meaning.pattern import is_pattern, matches
from ..plan.plan import Plan, Trigger
from .debts import Debt
from .engine import Cause, Engine, Left, Settled, Start


class Line(NamedTuple):
    """What became of one step: `outcome` is an outcome, `idle` or `skipped`; `reason` says why it was skipped."""

    id: str
    outcome: str
    because: tuple[Cause, ...]
    reason: str


class Trace(NamedTuple):
    """What became of a plan: a line for each step, in the plan's order, and the fold of each action by name.

    `unfollowed`: rules that matched again at the end of a cycle; where there is one, it did not converge (section 6).
    `left`: what the next run would begin with (section 7).
    """

    steps: list[Line]
    fold: dict[str, str]
    unfollowed: list[Trigger]
    left: Left

    def outcomes(self) -> dict[str, str]:
        """What each step ended with, by id."""
        return {line.id: line.outcome for line in self.steps}

    def to_json(self) -> dict[str, object]:
        """The document of `simulate --json` (section 10)."""
        steps = [
            {
                "id": line.id,
                "outcome": line.outcome,
                "because": [{"from": c.from_id, "event": c.event, "line": c.line} for c in line.because],
            }
            for line in self.steps
        ]
        return {"version": 1, "steps": steps, "fold": self.fold}


def simulate(
    plan: Plan,
    outcomes: Mapping[str, str] | Callable[[str], str] | None = None,
    rest: str = "changed",
    *,
    debts: Sequence[Debt] = (),
    dirty: Collection[str] = (),
    outside: Set[int] = frozenset(),
) -> Trace:
    """The trace of a plan whose actions say what `outcomes` has for their ids (`a.run#0`), else `rest`.

    `outcomes` may be a function from an id to an outcome. Raises ValueError for a word that is no outcome. The rest of
    the arguments is as for `Engine`.
    """
    say = outcomes if callable(outcomes) else _said(outcomes or {}, rest)
    engine = Engine(plan, debts=debts, dirty=dirty, outside=outside)
    known = {word: Outcome(word) for word in OUTCOMES}
    lines: dict[int, Line] = {}
    effects = engine.begin()
    waiting = effects[::-1]
    while waiting:
        effect = waiting.pop()
        id_ = plan.steps[effect.step].id
        if isinstance(effect, Start):
            word = say(id_)
            if word not in known:
                raise ValueError(f"{word!r} for {id_} is no outcome: {', '.join(OUTCOMES)}")
            waiting += engine.settle(effect.step, known[word])[::-1]
        elif isinstance(effect, Settled):
            lines[effect.step] = Line(id_, effect.state, effect.because, effect.reason)
    assert engine.finished, "a plan whose steps wait for each other"
    return Trace(
        [lines[step] for step in range(len(plan.steps))], engine.folds(), engine.unfollowed(), engine.left(0)
    )


def _said(outcomes: Mapping[str, str], rest: str) -> Callable[[str], str]:
    return lambda id_: outcomes.get(id_, rest)


def chosen_outcomes(
    plan: Plan, when: Sequence[str], file_outcomes: Mapping[str, object], rest: str = "changed"
) -> tuple[dict[str, str], list[Diagnostic]]:
    """The outcomes by id that `--when REF=OUTCOME`, `--outcomes FILE` and `--rest` ask for.

    A reference without `#N` means every instance; one with `#N` counts more, `--when` more than the file, the later
    `--when` more than the earlier. A dormant action may be named and says nothing. Errors: EV601 for a reference that
    the plan does not know, EV602 for a word that is no outcome.
    """
    names = _Names(plan)
    found: list[Diagnostic] = []
    asked: list[tuple[str, object, str]] = [(ref, word, "--outcomes") for ref, word in file_outcomes.items()]
    for text in when:
        ref, equals, said = text.rpartition("=")
        if not equals:
            found.append(
                Diagnostic("EV602", f"`--when {text}` has no outcome", None, f"write `--when {text}=failed`")
            )
            continue
        asked.append((ref.strip(), said.strip(), "--when"))
    asked.sort(key=lambda ask: (ask[2] == "--when", "#" in ask[0]))
    chosen: dict[str, str] = {}
    for ref, word, option in asked:
        if problem := _no_outcome(word, f"{option} {ref}"):
            found.append(problem)
            continue
        ids = names.instances(ref)
        if ids is None:
            found.append(names.unknown(ref, option))
        else:
            chosen.update(dict.fromkeys(ids, str(word)))
    if problem := _no_outcome(rest, "--rest"):
        found.append(problem)
    else:
        for step in plan.steps:
            chosen.setdefault(step.id, rest)
    return chosen, found


def _no_outcome(word: object, where: str) -> Diagnostic | None:
    if word in OUTCOMES:
        return None
    text = word if isinstance(word, str) else str(word)
    near = None if text in SETTLED or text in EVENTS else nearest(text, OUTCOMES)
    hint = f"did you mean `{near}`?" if near else f"an action says one of {', '.join(OUTCOMES)}"
    return Diagnostic("EV602", f"`{text}` is no outcome (in `{where}`)", None, hint)


class _Names:
    """The references that a plan knows, read as section 1 reads them."""

    def __init__(self, plan: Plan) -> None:
        self.ids: dict[str, list[str]] = {name: [] for name in plan.dormant}
        self.resources: set[str] = {name.rpartition(".")[0] for name in plan.dormant}
        for step in plan.steps:
            self.ids.setdefault(step.name, []).append(step.id)
            self.resources.add(step.resource)

    def instances(self, ref: str) -> list[str] | None:
        """The ids that a reference means, None if the plan does not know it."""
        name, mark, number = ref.partition("#")
        if is_pattern(name):
            found = [i for of, _ in matches(name, self.ids) for i in self.ids[of]]
            return [i for i in found if not mark or i.endswith(f"#{number}")] or None
        if name in self.resources:
            name += ".run"
        ids = self.ids.get(name)
        if not mark or not ids:
            return ids
        one = f"{name}#{number}"
        return [one] if one in ids else None

    def unknown(self, ref: str, option: str) -> Diagnostic:
        name, mark, _ = ref.partition("#")
        ids = self.instances(name)
        if mark and ids:
            has = f"it has {', '.join(f'`{i}`' for i in ids)}"
            return Diagnostic("EV601", f"the plan has no `{ref}` (in `{option}`)", None, has)
        near = nearest(name, [*self.ids, *self.resources])
        hint = f"did you mean `{near}`?" if near else "`evdsl plan` lists the actions"
        return Diagnostic("EV601", f"no action is called `{ref}` (in `{option}`)", None, hint)
