"""The driver `touch`: a file is there, with a certain time if that is wanted.

resource flag { run: touch "ready" [date = "2001-01-01"] }
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from evdsl.drivers.driver import Command, Ended, Try, Unfit, Verdict, Would
from evdsl.drivers.job import Place

_CREATED, _CHANGED = 100, 101
_SCRIPT = f"""
test -e "$1" || {{ touch -d "$2" -- "$1" && exit {_CREATED}; exit 1; }}
test "$3" = "" && exit 0
touch -d "$2" -- "$1" && exit {_CHANGED}
exit 1
"""


class Touch:
    """See evdsl/drivers/driver.py for what each method is asked."""

    options = ("date",)

    def commands(self, tries: Sequence[Try], place: Place) -> list[Command]:
        return [self._command(attempt) for attempt in tries]

    def read(self, attempt: Try, ended: Ended) -> Verdict:
        known = {0: "ok", _CREATED: "created", _CHANGED: "changed"}
        if ended.exit in known:
            return Verdict(0, known=known[ended.exit])
        return Verdict(ended.exit, ended.problem, reason="touch failed")

    def would(self, attempt: Try) -> Would | None:
        path = _path(attempt)
        if not os.path.exists(os.path.join(attempt.job.cwd, path)):
            return Would("created", f"`{path}` is not there yet")
        return Would("changed" if attempt.job.options.get("date") else "ok")

    def _command(self, attempt: Try) -> Command:
        path, date = _path(attempt), str(attempt.job.options.get("date") or "")
        argv = ("/bin/sh", "-c", _SCRIPT, "touch", path, date or "now", date)
        return Command(argv, attempt.job.cwd, (attempt,), attempt.environment, shown=f"touch {path}")


def _path(attempt: Try) -> str:
    arguments = attempt.job.arguments
    if len(arguments) != 1 or not isinstance(arguments[0], str) or not arguments[0]:
        raise Unfit("`touch` takes one text, the path")
    return arguments[0]


driver = Touch()
