"""The `plan` document (section 10), whole."""

from __future__ import annotations

import json

from evdsl.plan.build import plan
from evdsl.plan.json import to_json

from .programs import rules_only
from .test_cycles import PICTURE


def test_document() -> None:
    text = PICTURE + "\non ha.run created|changed out.reload\nout.reload needs k.run\nconnect x out"
    made, _ = plan(rules_only(text, "site.events"))
    assert made
    document = to_json(made)
    assert json.loads(json.dumps(document)) == document
    assert document == {
        "version": 1,
        "start": ["g.run", "k.run", "out.run", "x.run"],
        "steps": [
            {"id": "g.run#0", "resource": "g", "action": "run", "instance": 0},
            {"id": "k.run#0", "resource": "k", "action": "run", "instance": 0},
            {"id": "kc.run#0", "resource": "kc", "action": "run", "instance": 0},
            {"id": "ha.run#0", "resource": "ha", "action": "run", "instance": 0},
            {"id": "gc.run#0", "resource": "gc", "action": "run", "instance": 0},
            {"id": "ha.run#1", "resource": "ha", "action": "run", "instance": 1},
            {"id": "x.run#0", "resource": "x", "action": "run", "instance": 0},
            {"id": "out.run#0", "resource": "out", "action": "run", "instance": 0},
            {"id": "out.reload#0", "resource": "out", "action": "reload", "instance": 0},
        ],
        "rules": [
            rule("k.run", "kc.run#0", 4),
            rule("kc.run", "ha.run#0", 5),
            rule("g.run", "gc.run#0", 1),
            rule("ha.run#0", "gc.run#0", 3),
            rule("gc.run#0", "ha.run#1", 2, closing=True),
            rule("ha.run", "out.reload#0", 6, event=["changed", "created"]),
            rule("x.run", "out.reload#0", 8),
        ],
        "orders": [
            order("x.run", "out.run#0", 8, weak=True),
            order("k.run", "out.reload#0", 7, weak=False),
            order("out.run", "out.reload#0", 8, weak=True),
        ],
        "cycles": [
            {
                "path": ["ha.run", "gc.run"],
                "again": "ha.run",
                "closing": [{"from": "gc.run#0", "to": "ha.run#1", "file": "site.events", "line": 2}],
                "reason": "it is tied in as closely as `gc.run` and lies deeper",
            }
        ],
        "dormant": ["out.remove", "x.remove"],
    }


def rule(
    emitter: str, to: str, line: int, event: list[str] | None = None, closing: bool = False
) -> dict[str, object]:
    return {
        "from": [emitter],
        "event": event or ["changed"],
        "all": False,
        "to": to,
        "closing": closing,
        "file": "site.events",
        "line": line,
    }


def order(before: str, after: str, line: int, weak: bool) -> dict[str, object]:
    return {
        "before": before,
        "after": after,
        "kind": "needs",
        "weak": weak,
        "file": "site.events",
        "line": line,
    }


def test_all_and_several_instances() -> None:
    made, _ = plan(
        rules_only(
            "on s.run changed a.run\non all s.run, a.run success a.run\na.run after q.run\nb.run after a.run"
        )
    )
    assert made
    document = to_json(made)
    assert [(r["from"], r["all"], r["to"], r["closing"]) for r in document["rules"]] == [
        (["s.run"], False, "a.run#0", False),
        (["s.run", "a.run#0"], True, "a.run#1", True),
    ]
    assert [(o["before"], o["after"], o["kind"]) for o in document["orders"]] == [
        ("q.run", "a.run#0", "after"),
        ("q.run", "a.run#1", "after"),
        ("a.run", "b.run#0", "after"),
    ]
    assert [c["from"] for c in document["cycles"][0]["closing"]] == ["a.run#0"]
