"""A callback plugin for Ansible: one line of JSON for each task that ended, as Ansible itself saw it.

It reads results only, none of the variables by which a playbook of evdsl keeps its events.
"""

import json
import os

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "ansible_outcomes"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, status, result):
        found = result.result
        line = {
            "task": result.task.get_name(),
            "status": status,
            "host": result.host.get_name(),
            "changed": bool(found.get("changed")),
            "event": found.get("event"),
            "condition": str(found.get("false_condition", "")),
            "outcomes": found.get("evdsl_outcomes"),
            "tries": found.get("attempts") or found.get("tries"),
        }
        with open(os.environ["OUTCOMES_FILE"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def v2_runner_on_ok(self, result):
        self._write("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._write("failed", result)

    def v2_runner_on_skipped(self, result):
        self._write("skipped", result)

    def v2_runner_on_unreachable(self, result):
        self._write("unreachable", result)
