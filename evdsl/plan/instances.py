"""Which instances of each action a plan makes, and which of them a reference looks at (section 6)."""

from __future__ import annotations

from collections.abc import Sequence

from ..base.diagnostic import Diagnostic
from ..meaning.program import Program, Rule
from . import faults


class Instances:
    """The instances of all planned actions, each with a number of its own.

    `#0` of an action has the action's number; the others have numbers from `first` on, `extra[a]` those of action a,
    in order. `owner[n - first]` is the action of one of these.
    """

    def __init__(self, first: int, numbers: dict[int, int]) -> None:
        """`numbers`: the highest instance number of each action that has more than one instance."""
        self.first = first
        self.extra: dict[int, list[int]] = {}
        self.owner: list[int] = []
        for action, last in sorted(numbers.items()):
            self.extra[action] = list(range(first + len(self.owner), first + len(self.owner) + last))
            self.owner += [action] * last

    def __len__(self) -> int:
        return self.first + len(self.owner)

    def all(self, action: int) -> list[int]:
        """The instances of an action, in order."""
        return [action, *self.extra.get(action, ())]

    def one(self, action: int, number: int) -> int:
        """One instance of an action."""
        return self.extra[action][number - 1] if number else action

    def which(self, instance: int) -> tuple[int, int]:
        """The action of an instance, and its number there."""
        if instance < self.first:
            return instance, 0
        action = self.owner[instance - self.first]
        return action, self.extra[action].index(instance) + 1

    def seen(self, action: int, number: int | None, inside: bool) -> list[int]:
        """What a reference to an action looks at: from inside of one part `#0`, from outside all."""
        if number is not None:
            return [self.one(action, number)]
        return [action] if inside else self.all(action)


def instances(
    program: Program, rules: Sequence[Rule], again: Sequence[int]
) -> tuple[Instances, list[Diagnostic]]:
    """The instances that a plan of these rules makes, `again` the actions that run again for a cycle.

    Faults: EV304 a number that it does not make, EV305 a gap.
    """
    made: dict[int, dict[int, Rule | None]] = {action: {1: None} for action in again}
    explicit = [rule for rule in rules if rule.number or any(rule.numbers)]
    for rule in explicit:
        if rule.number:
            made.setdefault(rule.subscriber, {}).setdefault(rule.number, rule)
    found: list[Diagnostic] = []
    for numbers in made.values():
        missing = next(n for n in range(1, len(numbers) + 2) if n not in numbers)
        beyond = [r for n, r in sorted(numbers.items()) if n > missing and r is not None]
        if beyond:
            found.append(faults.gap(program, beyond[0], missing))
    for rule in explicit:
        for emitter, number in zip(rule.emitters, rule.numbers, strict=True):
            if number and number not in made.get(emitter, {}):
                found.append(faults.not_made(program, rule, emitter, number, len(made.get(emitter, {})) + 1))
    return Instances(len(program.actions), {a: len(numbers) for a, numbers in made.items()}), found
