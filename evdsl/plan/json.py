"""The plan as the document that `plan --json` prints (section 10)."""

from __future__ import annotations

from typing import Any

from ..base.source import Span
from .hops import words
from .plan import Cycle, Plan

VERSION = 1


def to_json(plan: Plan) -> dict[str, Any]:
    """The `plan` document. Rules and orders stand by the step that they lead into, in the order of the steps."""
    ids = [step.id for step in plan.steps]
    return {
        "version": VERSION,
        "start": sorted(plan.steps[step].name for step in plan.start),
        "steps": [
            {"id": id_, "resource": step.resource, "action": step.action, "instance": step.instance}
            for id_, step in zip(ids, plan.steps, strict=True)
        ],
        "rules": [
            {
                "from": [look.name for look in trigger.looks],
                "event": words(trigger.events),
                "all": trigger.all,
                "to": ids[trigger.to],
                "closing": trigger.closing,
                **_place(trigger.origin),
            }
            for into in plan.triggers
            for trigger in into
        ],
        "orders": [
            {
                "before": edge.before.name,
                "after": ids[edge.after],
                "kind": "needs" if edge.needs else "after",
                "weak": edge.weak,
                **_place(edge.origin),
            }
            for into in plan.orders
            for edge in into
        ],
        "cycles": [_cycle(cycle) for cycle in plan.cycles],
        "dormant": list(plan.dormant),
    }


def _place(origin: Span) -> dict[str, Any]:
    return {"file": origin.source.path, "line": origin.line}


def _cycle(cycle: Cycle) -> dict[str, Any]:
    closing = [
        {"from": f"{c.emitter}#0", "to": f"{c.subscriber}#1", **_place(c.origin)} for c in cycle.closing
    ]
    return {"path": list(cycle.path), "again": cycle.again, "closing": closing, "reason": cycle.reason}
