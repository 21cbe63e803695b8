"""evdsl that kills itself at the n-th moment at which something has just been, or is about to be, written or started.

`python launcher.py N ARGUMENTS…`; with N = 0 it runs to its end and writes the number of moments to the file `moments`.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from evdsl.drivers.job import Job
from evdsl.run.local import LocalExecutor
from evdsl.run.state import Transaction

LAST = int(sys.argv[1])
passed = 0


def moment() -> None:
    global passed
    passed += 1
    if passed == LAST:
        os.kill(os.getpid(), signal.SIGKILL)


def at_moments() -> None:
    leave, start = Transaction.__exit__, LocalExecutor.start

    def end(self: Transaction, *problem: Any) -> None:
        moment()
        leave(self, *problem)
        moment()

    def begin(self: LocalExecutor, jobs: Sequence[Job]) -> None:
        moment()
        start(self, jobs)
        moment()

    Transaction.__exit__ = end  # type: ignore[method-assign]
    LocalExecutor.start = begin  # type: ignore[method-assign]


if __name__ == "__main__":
    from evdsl.__main__ import main

    at_moments()
    sys.argv[:] = ["evdsl", *sys.argv[2:]]
    code = main()
    with open("moments", "w") as file:
        file.write(str(passed))
    sys.exit(code)
