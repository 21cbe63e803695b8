"""A callback of Ansible that writes what came of each host to $EVDSL_RESULTS, as JSON lines.

Ansible loads it by its path, from whatever Python it runs with, so it needs nothing of evdsl. A line is either a failure,
{"host", "task", "message", "unreachable"}, or, at the end and once, {"stats": {host: its counts}}.
"""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase  # type: ignore[import-not-found]


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """See the module."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "evdsl_results"
    CALLBACK_NEEDS_ENABLED = False

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        if not ignore_errors:
            self._failure(result, False)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._failure(result, True)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._write({"stats": {host: stats.summarize(host) for host in sorted(stats.processed)}})

    def _failure(self, result: Any, unreachable: bool) -> None:
        message = result._result.get("msg") or result._result.get("stderr") or ""
        self._write(
            {
                "host": result._host.get_name(),
                "task": result._task.get_name(),
                "message": str(message),
                "unreachable": unreachable,
            }
        )

    def _write(self, line: dict[str, Any]) -> None:
        with open(os.environ["EVDSL_RESULTS"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
