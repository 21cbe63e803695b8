"""The variables of a playbook: what each step has registered, its event, the fold of each action.

Names of the language become names of Ansible: what a variable cannot hold is `_`, and what would be the same is
numbered.
"""

from __future__ import annotations

import re

from ..plan.plan import Look, Plan


class Names:
    """The variables of a plan. `said_…` is what a task has registered, `ev_…` the event of a step or a fold."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.starting = frozenset(plan.start)
        self._taken: set[str] = set()
        self._folds: dict[str, str] = {}
        self.instances: dict[str, list[int]] = {}
        """The steps of each action by its name, in order of instance."""
        for number, step in enumerate(plan.steps):
            self.instances.setdefault(step.name, []).append(number)
        for steps in self.instances.values():
            steps.sort(key=lambda number: plan.steps[number].instance)
        base: dict[int, str] = {}
        for name, steps in self.instances.items():
            if len(steps) == 1:
                base[steps[0]] = self._folds[name] = self._new(name)
            else:
                self._folds[name] = self._new(name)
                base.update({number: self._new(plan.steps[number].id) for number in steps})
        self._steps = [base[number] for number in range(len(plan.steps))]

    def _new(self, name: str) -> str:
        return unique(name, self._taken)

    def said(self, step: int) -> str:
        """What the task of a step has registered."""
        return f"said_{self._steps[step]}"

    def event(self, step: int) -> str:
        """The event of a step."""
        return f"ev_{self._steps[step]}"

    def fold(self, name: str) -> str:
        """The fold of an action."""
        return f"ev_{self._folds[name]}"

    def look(self, look: Look) -> str:
        """What a rule or an order looks at."""
        return self.fold(look.name) if look.fold else self.event(look.steps[0])

    def title(self, step: int) -> str:
        """How people are told of a step: without its number where it is the only one."""
        s = self.plan.steps[step]
        return s.name if len(self.instances[s.name]) == 1 else s.id


def identifier(name: str) -> str:
    """The name with nothing in it that a variable cannot hold. It may begin with a digit."""
    return re.sub(r"\W", "_", name, flags=re.ASCII)


def unique(name: str, taken: set[str]) -> str:
    """A variable's name for a name, unlike all that are taken; it is taken then."""
    found = base = identifier(name)
    number = 1
    while found in taken:
        number += 1
        found = f"{base}_{number}"
    taken.add(found)
    return found
