"""Words that every picture of a plan shows: names of steps, and which of them set off which, on what."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from ..base.events import FAILURE, matched
from ..plan.hops import words
from ..plan.plan import Look, Plan


class Branch(NamedTuple):
    """A step can set off step `to` on `events`, an `all` rule only together with the steps of `beside`.

    `places` are the file and line of each rule that says so; `closing`: one of them closes a cycle.
    """

    to: int
    events: tuple[str, ...]
    beside: tuple[int, ...]
    all: bool
    places: tuple[tuple[str, int], ...]
    closing: bool = False

    @property
    def word(self) -> str:
        """The event words, as a rule has them."""
        return ("all " if self.all else "") + "|".join(self.events)


def names(plan: Plan) -> list[str]:
    """What each step is shown as: with `#N` only where its action has more than one instance."""
    many = Counter(step.of for step in plan.steps)
    return [step.id if many[step.of] > 1 else step.name for step in plan.steps]


def seen_at(look: Look) -> int:
    """The step that a look is drawn at: the last one of a fold, with which the fold is known."""
    return look.steps[-1]


def looked_at(look: Look, shown: list[str], plan: Plan) -> str:
    """What a look is shown as: a fold by the name of its action."""
    return plan.steps[look.steps[-1]].name if len(look.steps) > 1 else shown[look.steps[-1]]


def branches(plan: Plan) -> list[list[Branch]]:
    """For each step those that it can set off, in the order of the steps; rules from one step to another are one."""
    plain: dict[tuple[int, int], tuple[dict[str, None], dict[tuple[str, int], None]]] = {}
    closing: set[tuple[int, int]] = set()
    found: list[list[Branch]] = [[] for _ in plan.steps]
    for to, triggers in enumerate(plan.triggers):
        for trigger in triggers:
            place = (trigger.origin.source.path, trigger.origin.line)
            sources = list(dict.fromkeys(seen_at(look) for look in trigger.looks))
            for source in sources:
                if trigger.all:
                    beside = tuple(s for s in sources if s != source)
                    events = tuple(words(trigger.events))
                    found[source].append(Branch(to, events, beside, True, (place,), trigger.closing))
                else:
                    events_seen, places = plain.setdefault((source, to), ({}, {}))
                    events_seen.update(dict.fromkeys(trigger.events))
                    places[place] = None
                    if trigger.closing:
                        closing.add((source, to))
    for (source, to), (on, places) in plain.items():
        branch = Branch(to, tuple(words(tuple(on))), (), False, tuple(places), (source, to) in closing)
        found[source].append(branch)
    for own in found:
        own.sort(key=lambda b: (b.to, b.all, b.events, b.beside))
    return found


def only_failure(events: tuple[str, ...]) -> bool:
    """Whether the words match nothing but failures."""
    return matched(events) <= FAILURE
