"""The records of `--format jsonl`, field by field (section 10 of the language)."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from evdsl.faces.records import Records
from evdsl.run.engine import Cause
from evdsl.run.live import Cut, Ended, Retried, Started

from .runs import Memory, ended, out, planned, result, said, unrun

FIELDS = {"type", "id", "state", "because", "at", "seconds"}


def records(*events: object, code: int = 0, **fold: str) -> list[dict[str, Any]]:
    memory = Memory()
    told = Records(planned(), out(memory))
    for event in events:
        told(event)  # type: ignore[arg-type]
    told.end(result(code, **fold))
    return [json.loads(line) for line in memory.getvalue().splitlines()]


def test_every_change_of_state() -> None:
    because = (Cause("db.run", "changed", 5, "t.events"),)
    first, *steps, last = records(
        Started(1, because),
        Retried(1, 1, said("failed", "no", "exit 1", 0.25), 2.0),
        Ended(1, "changed", "", because, said("changed", seconds=1.5)),
        ended(0, said("failed", "", "exit 2")),
        unrun(2, "idle"),
        unrun(2, "skipped", "stopped"),
        Cut(0),
        code=1,
        db="failed",
    )
    assert (first["type"], first["schema"]) == ("version", "1.0")
    assert [s["state"] for s in steps] == ["started", "retry", "changed", "failed", "idle", "skipped", "cut"]
    for step in steps:
        assert step.keys() - {"reason"} == FIELDS
        assert step["type"] == "step"
        assert datetime.fromisoformat(step["at"]).utcoffset() is not None
    assert [s["id"] for s in steps[:4]] == ["app.run#0", "app.run#0", "app.run#0", "db.run#0"]
    assert [s["seconds"] for s in steps] == [None, 0.25, 1.5, 1.0, None, None, None]
    assert all(s["because"] == [{"from": "db.run", "event": "changed", "line": 5}] for s in steps[:3])
    assert all(s["because"] == [] for s in steps[3:])
    assert [s.get("reason") for s in steps] == [None, "exit 1", None, "exit 2", None, "stopped", None]
    assert last == {"type": "end", "exit": 1, "fold": {"db.run": "failed"}, "debts": []}
