"""A journal for a run of a test, and what earlier runs may have left in its state."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from evdsl.base.redact import Redactor
from evdsl.plan.plan import Plan
from evdsl.plan.stored import to_bytes
from evdsl.run.journal import Begin, Journal
from evdsl.run.state import State


def journal(
    plan: Plan,
    state: State | None = None,
    hidden: Iterable[str] = (),
    outside: Iterable[int] = (),
    **more: Any,
) -> Journal:
    """The journal of a run that begins now; without a state, in one that is kept nowhere."""
    content = to_bytes(plan, {})
    ids = [plan.steps[step].id for step in outside]
    begin = Begin(plan.path, str(hash(content)), lambda: content, {}, outside=ids, **more)
    return Journal.begin(state or State.empty(), begin, plan.steps, Redactor(hidden))


def keep_sink(state: State, resource: str, values: Mapping[str, object]) -> None:
    state.database.execute("INSERT OR REPLACE INTO sink VALUES (?, ?)", (resource, json.dumps(values)))


def keep_reported(state: State, resource: str, values: Mapping[str, str]) -> None:
    rows = [(resource, name, value) for name, value in values.items()]
    state.database.executemany("INSERT OR REPLACE INTO reported VALUES (?, ?, ?)", rows)
