"""The plan as variables of a shell: the table that the engine of the script reads (sh/engine.sh says what is in it)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import pairwise

from ..base.events import matched
from ..meaning.program import Program
from ..plan.plan import Look, Plan, Trigger
from .sh_words import short

_LETTERS = {
    "ok": "o",
    "changed": "c",
    "created": "n",
    "removed": "r",
    "failed": "f",
    "error": "e",
    "skipped": "sv",
}
_ROWS = 8  # in one variable; sh/engine.sh counts on it
_LONGEST = 200  # bytes of an id that names a log


def letters(events: tuple[str, ...]) -> str:
    """The letters of all states that one of the event words matches, in a fixed order."""
    outcomes = matched(events)
    return "".join(letter for outcome, letter in _LETTERS.items() if outcome in outcomes)


class Table:
    """The nodes of a plan: its steps by their numbers, and a fold behind them for each action with several instances.

    `does` numbers the actions, by their numbers in the program, in the order of their first steps.
    """

    def __init__(self, program: Program, plan: Plan) -> None:
        self.program, self.plan = program, plan
        self.does: dict[int, int] = {}
        instances: dict[int, list[int]] = {}
        for number, step in enumerate(plan.steps):
            self.does.setdefault(step.of, len(self.does))
            instances.setdefault(step.of, []).append(number)
        self.instances = {
            of: sorted(steps, key=lambda number: plan.steps[number].instance)
            for of, steps in instances.items()
        }
        several = [of for of, steps in self.instances.items() if len(steps) > 1]
        self.folds = {of: len(plan.steps) + index for index, of in enumerate(several)}
        self._after: list[dict[int, None]] = [{} for _ in range(len(plan.steps) + len(several))]
        self._files: dict[str, int] = {}
        self._link()

    def _link(self) -> None:
        """Say of each node what waits for it, each once."""
        for to, triggers in enumerate(self.plan.triggers):
            for trigger in triggers:
                for look in trigger.looks:
                    self._after[self.node(look)][to] = None
        for to, edges in enumerate(self.plan.orders):
            for edge in edges:
                self._after[self.node(edge.before)][to] = None
        for of, fold in self.folds.items():
            for step in self.instances[of]:
                self._after[step][fold] = None
            for before, behind in pairwise(self.instances[of]):
                self._after[before][behind] = None

    def node(self, look: Look) -> int:
        """The node that a look sees."""
        if len(look.steps) == 1:
            return look.steps[0]
        return self.folds[self.plan.steps[look.steps[0]].of]

    def lines(self) -> Iterator[str]:
        """The assignments, a line for each node."""
        plan, starting = self.plan, set(self.plan.start)
        waits = [0] * len(self._after)
        for listening in self._after:
            for node in listening:
                waits[node] += 1
        table: list[str] = []
        logs: list[str] = []
        for number, step in enumerate(plan.steps):
            part = f" {self.folds[step.of]}" if step.of in self.folds else ""
            rules = [":"] if number in starting else []
            rules += [self._rule(trigger) for trigger in plan.triggers[number]]
            needs = dict.fromkeys(self.node(e.before) for e in plan.orders[number] if e.needs)
            names = f"{step.resource} {step.action} {step.instance} {self.does[step.of]}{part}"
            table.append(self._row(number, names, rules, needs))
            if len(step.id.encode("utf-8", "surrogateescape")) > _LONGEST:
                logs.append(f"_log{number}={number}")
        for of, fold in self.folds.items():
            action = plan.steps[self.instances[of][0]]
            table.append(self._row(fold, f"{action.resource} {action.action}", [], self.instances[of]))
        yield f"_steps={len(plan.steps)} _nodes={len(table)}"
        for path, index in self._files.items():
            yield f"_file{index}={short(json.dumps(path, ensure_ascii=False))}"
        yield f"_ready='{' '.join(str(node) for node, count in enumerate(waits) if not count)}'"
        yield f"_dormant={short(self._dormant())}"
        for at in range(0, len(table), _ROWS):
            group = [waits[node] if node < len(table) else "-" for node in range(at, at + _ROWS)]
            yield f"_g{at // _ROWS}='{' '.join(map(str, group))}'"
            rows = "\n".join(table[at : at + _ROWS])
            yield f"_x{at // _ROWS}='{rows}'"
        if logs:
            yield "_long=1"
            yield from logs

    def _row(self, node: int, names: str, rules: list[str], needs: Iterable[int]) -> str:
        return ";".join(
            [names, " ".join(rules), *(" ".join(map(str, ns)) for ns in (needs, self._after[node]))]
        )

    def _rule(self, trigger: Trigger) -> str:
        looks = ",".join(f"{self.node(look)}{'' if look.fold else '#'}" for look in trigger.looks)
        source = trigger.origin.source.path
        file = self._files.setdefault(source, len(self._files))
        assert trigger.all or len(trigger.looks) == 1, "a rule on any of several is several rules"
        where = f"{trigger.origin.line}@{file}" if file else str(trigger.origin.line)
        return f"{looks}:{letters(trigger.events)}:{where}"

    def _dormant(self) -> str:
        """The rules to actions of the plan that are not in it, as debts name them: a debt of one of them still stands."""
        plan, actions = self.plan, self.program.actions
        held = {
            (tuple(look.name.partition("#")[0] for look in t.looks), letters(t.events), plan.steps[t.to].of)
            for triggers in plan.triggers
            for t in triggers
        }
        found: dict[str, None] = {}
        for rule in self.program.rules:
            emitters = tuple(actions[e].name for e in rule.emitters)
            if rule.subscriber in self.does and (emitters, letters(rule.events), rule.subscriber) not in held:
                every = "all " if rule.all and len(emitters) > 1 else ""
                found[
                    f"{every}{','.join(emitters)}:{letters(rule.events)}:{actions[rule.subscriber].name}"
                ] = None
        return "\n".join(found)
