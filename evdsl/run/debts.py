"""Debts: rules that matched and whose subscriber has had no success since (section 7 of docs/language.md).

A debt is told apart by its rule as the author wrote it, without numbers of instances: it outlives the plan in which it
arose, and sets off the first instance of its subscriber in whichever plan contains it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from ..base.events import EVENTS, FAILURE
from ..meaning.pattern import is_pattern, matches
from ..meaning.program import Program
from ..plan.plan import Look, Trigger

_ON_FAILURE = frozenset((*FAILURE, "failure"))
_RANK = {word: rank for rank, word in enumerate(EVENTS)}

Key = tuple[tuple[str, ...], tuple[str, ...], bool, str]
"""What tells debts apart: emitters, words in their fixed order, whether all must match, subscriber."""


class Debt(NamedTuple):
    """A rule that is owed. `seen`: what it looked at (`a.run#0`, or `a.run` for the fold) and what that said.

    `file` and `line` say where the rule stood, `run` in which run it matched.
    """

    emitters: tuple[str, ...]
    events: tuple[str, ...]
    all: bool
    subscriber: str
    seen: tuple[tuple[str, str], ...]
    file: str
    line: int
    run: int

    @property
    def key(self) -> Key:
        return self[:4]

    @property
    def text(self) -> str:
        """As the rule is written, without `on`: `conf.run changed app.reload`."""
        every = "all " if self.all else ""
        return f"{every}{', '.join(self.emitters)} {'|'.join(self.events)} {self.subscriber}"

    @property
    def on_failure(self) -> bool:
        """Whether its rule has failure words only: then a success of an emitter makes it void."""
        return _ON_FAILURE.issuperset(self.events)

    def to_json(self) -> list[Any]:
        return list(self)

    @classmethod
    def from_json(cls, found: Sequence[Any]) -> Debt:
        emitters, events, every, subscriber, seen, file, line, run = found
        pairs = tuple([(str(a), str(b)) for a, b in seen])
        return cls(tuple(emitters), tuple(events), bool(every), str(subscriber), pairs, file, line, run)


def key_of(trigger: Trigger, subscriber: str) -> Key:
    """What tells the debt of a rule of the plan apart."""
    names = tuple([look.name.partition("#")[0] for look in trigger.looks])
    return names, _fixed(trigger.events), trigger.all, subscriber


def owed(trigger: Trigger, subscriber: str, hits: Iterable[Look], seen: Iterable[str], run: int) -> Debt:
    """The debt of a rule of the plan: `hits` are the looks that made it match, `seen` what they said."""
    pairs = tuple([(look.name, event) for look, event in zip(hits, seen, strict=True)])
    origin = trigger.origin
    return Debt(*key_of(trigger, subscriber), pairs, origin.source.path, origin.line, run)


def standing(program: Program, debts: Collection[Debt]) -> tuple[list[Debt], list[Debt]]:
    """The debts whose rule is in the program, dormant or not, and those whose rule is gone."""
    if not debts:
        return [], []
    names = program.actions
    subscribers = {debt.subscriber for debt in debts}
    known: set[Key] = set()
    for rule in program.rules:
        subscriber = names[rule.subscriber].name
        if subscriber in subscribers:
            emitters = tuple([names[e].name for e in rule.emitters])
            known.add((emitters, _fixed(rule.events), rule.all, subscriber))
    return [d for d in debts if d.key in known], [d for d in debts if d.key not in known]


def named(debts: Iterable[Debt], ref: str) -> list[Debt]:
    """The debts that a reference means: their subscriber (an action, a resource for its `run`, a pattern), or their text."""
    if is_pattern(ref):
        return [d for d in debts if matches(ref, (d.subscriber,))]
    return [d for d in debts if ref in (d.subscriber, d.text) or f"{ref}.run" == d.subscriber]


def _fixed(events: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(events, key=_RANK.__getitem__)) if len(events) > 1 else tuple(events)
