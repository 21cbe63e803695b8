"""Filters by which a playbook reads events, and puts values into texts (sections 3, 7 and 1 of the evdsl language).

`evdsl compile --to ansible` puts this file into each project that it makes, as `filter_plugins/evdsl.py`, as it is. It
needs nothing of evdsl.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

RAN = ("ok", "changed", "created", "removed", "failed", "error")
BARS = "evdsl_bars"
"""Stands in the condition that keeps a step from running because of what it needs."""


def event(said: Mapping[str, Any], failure: str = "failed", success: str = "") -> str:
    """The event of a step, from what its task has registered; `idle` where there was no task.

    `failure`: what a failure means of which nothing else is known. `success`: what it says where it succeeds, for
    tasks of which Ansible cannot tell.
    """
    if "event" in said:
        return str(said["event"])
    if said.get("unreachable"):
        return "error"
    if not said or said.get("skipped"):
        return "skipped" if BARS in str(said.get("false_condition", "")) else "idle"
    if said.get("failed"):
        return "error" if "timedout" in said else failure
    return success or ("changed" if said.get("changed") else "ok")


def answer(said: Mapping[str, Any], success: str, statuses: list[int], texts: list[str]) -> str:
    """The event of a request: `error` where no answer came, `failed` for one that is not as expected."""
    status = said.get("status", -1)
    if not said or said.get("skipped") or said.get("unreachable") or status == -1:
        return event(said, "error")
    good = status in statuses if statuses else 200 <= status < 300
    content = said.get("content", "")
    return success if good and all(text in content for text in texts) else "failed"


def fold(events: Iterable[str]) -> str:
    """What the instances of an action said together, given in their order."""
    ends = list(events)
    ran = [end for end in ends if end in RAN]
    if not ran:
        return "skipped" if "skipped" in ends else "idle"
    if len(set(ran)) == 1 or ran[-1] in ("failed", "error"):
        return ran[-1]
    return "created" if set(ran) <= {"ok", "created"} else "changed"


def plain(value: object) -> str:
    """A value as text: lists and maps as JSON, true and false in lower case."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def word(value: object) -> str:
    """A value as one word of the shell; a list as its items, each quoted, with blanks."""
    if isinstance(value, list):
        return " ".join(word(item) for item in value)
    return "'" + plain(value).replace("'", "'\\''") + "'"


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """The filters by name."""
        return {
            "evdsl_event": event,
            "evdsl_answer": answer,
            "evdsl_fold": fold,
            "evdsl_plain": plain,
            "evdsl_word": word,
        }
