"""The values that actions reported to `connect` (section 8 of docs/language.md), from run to run.

A run writes them with the ends of its steps; the next one that begins takes them into the table `reported`. So that
holds what was reported when the run began, also for a run that is resumed, and the last is the one furthest down the
plan, as within a run: it does not depend on timing.
"""

from __future__ import annotations

import json

from ..plan.stored import from_bytes
from .state import State


def reported(state: State) -> dict[str, dict[str, str]]:
    """What a run that began now would find: by resource, then by name. Raises stored.Unreadable."""
    found = state.reported()
    for resource, name, value in of_last_run(state):
        found.setdefault(resource, {})[name] = value
    return found


def of_last_run(state: State) -> list[tuple[str, str, str]]:
    """Resource, name and value of all that the steps of the last run reported, in the plan's order. Raises
    stored.Unreadable."""
    run = state.database.execute
    last = "run = (SELECT max(number) FROM run) AND data != ''"
    rows = run(f"SELECT step, data FROM ended WHERE {last} ORDER BY step").fetchall()
    if not rows:
        return []
    query = "SELECT content FROM plan WHERE id = (SELECT plan FROM run ORDER BY number DESC LIMIT 1)"
    steps = from_bytes(run(query).fetchone()[0]).plan.steps
    return [
        (steps[step].resource, name, value) for step, data in rows for name, value in json.loads(data).items()
    ]
