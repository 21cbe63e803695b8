"""A callback of Ansible that writes what came of each host to $EVDSL_RESULTS, as JSON lines.

Ansible loads it by its path, from whatever Python it runs with, so it needs nothing of evdsl. A line is either a failure,
{"host", "task", "message", "unreachable"}, or, at the end and once, {"stats": {host: its counts}}.

Where several tries share the process, $EVDSL_SHARE names a file that lists them: each has a play of one task and one host,
and its own results, which begin with {"begun": true}. Before its play environment and output become those of the try:
what does the work of a task is forked from this process and has them too.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from ansible.plugins.callback import CallbackBase  # type: ignore[import-not-found]


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """See the module."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "evdsl_results"
    CALLBACK_NEEDS_ENABLED = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._results = os.environ["EVDSL_RESULTS"]
        self._tries: list[dict[str, Any]] = []
        self._at = self._plays = -1
        if "EVDSL_SHARE" in os.environ:
            with open(os.environ["EVDSL_SHARE"], encoding="utf-8") as file:
                self._tries = json.load(file)

    def v2_playbook_on_start(self, playbook: Any) -> None:
        self._enter(0)

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._plays += 1
        if self._tries:
            self._enter(self._plays)
            self._write({"begun": True})

    def v2_runner_on_ok(self, result: Any) -> None:
        self._came(result, {"ok": 1, "changed": int(bool(result._result.get("changed")))})

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._came(result, {"skipped": 1})

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        if not ignore_errors or self._tries:
            self._failure(result, False)
        self._came(result, {"failures": 1})

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._failure(result, True)
        self._came(result, {"unreachable": 1})

    def v2_playbook_on_stats(self, stats: Any) -> None:
        if not self._tries:
            self._write({"stats": {host: stats.summarize(host) for host in sorted(stats.processed)}})

    def _enter(self, number: int) -> None:
        """From now on it is the turn of this try; after the last one output is nobody's."""
        if not self._tries or number == self._at:
            return
        self._at = number
        there = number < len(self._tries)
        output = self._tries[number]["output"] if there else os.devnull
        sys.stdout.flush()
        sys.stderr.flush()
        file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        os.dup2(file, 1)
        os.dup2(file, 2)
        os.close(file)
        if there:
            self._results = self._tries[number]["results"]
            for name, value in self._tries[number]["environment"].items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

    def _came(self, result: Any, counts: dict[str, int]) -> None:
        """The one task of a try has its end, and the others were told."""
        if self._tries:
            self._write({"stats": {result._host.get_name(): counts}})
            self._enter(self._at + 1)

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
        with open(self._results, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
