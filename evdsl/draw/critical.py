"""The critical chain of a run: what it would have had to be quicker in, to end sooner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..plan.plan import Plan


class Span(NamedTuple):
    """When a step ran, in seconds from the beginning of the run; for one that did not, `began` is None and `ended` is
    when that was settled."""

    began: float | None
    ended: float


def critical(plan: Plan, spans: Mapping[int, Span]) -> list[int]:
    """The steps of the chain in the order in which they ran: the one that ended last, what it waited for longest, and so
    on back to the start. What did not run, but was waited for, is left out."""
    ran = [step for step, span in spans.items() if span.began is not None]
    if not ran:
        return []
    before = _before(plan)
    at: int | None = max(ran, key=lambda step: (spans[step].ended, step))
    chain = []
    while at is not None:
        if spans[at].began is not None:
            chain.append(at)
        waited = [step for step in before[at] if step in spans]
        at = max(waited, key=lambda step: (spans[step].ended, step), default=None)
    return chain[::-1]


def _before(plan: Plan) -> list[list[int]]:
    """The steps that each has to wait for."""
    last: dict[int, int] = {}
    found: list[list[int]] = []
    for number, step in enumerate(plan.steps):
        looks = [look for trigger in plan.triggers[number] for look in trigger.looks]
        looks += [order.before for order in plan.orders[number]]
        own = [seen for look in looks for seen in look.steps]
        if step.of in last:
            own.append(last[step.of])
        last[step.of] = number
        found.append(own)
    return found
