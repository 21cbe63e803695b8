"""One ansible-playbook for several tries of `ansible.module`, a play for each, one after the other.

What sets tries apart is kept apart: names are variables of the task, and before its play the callback makes environment
and output those of the try. A play whose task failed or whose host is not reached goes on as far as Ansible is
concerned, so that the next one runs; the callback tells what each came to. What was not begun is for the executor to
run again.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Hashable, Sequence

from .driver import Try
from .job import Job
from .tool import environment

SHARE = "evdsl.share"
"""What the callback is told: for each try its environment, and where its results and its output go."""
ALONE = frozenset(
    ("timeout", "unless", "onlyif", "creates", "verify", "changes", "sudo", "sensitive", "on_cut")
)
"""Options of which each try needs a process of its own: time and files of it alone, output that nobody else has, an end
that is known though another one was cut off."""
_ALONE = re.compile(
    r"(ansible\.(builtin|legacy)\.)?"
    # what sets or reads what Ansible knows of a host, and what waits
    r"(set_\w+|setup|gather_facts|\w+_facts|add_host|group_by|debug|template|assert|validate_argument_spec"
    r"|pause|reboot|wait_for\w*|async_\w+)\Z"
)
_EARLY = re.compile(r"(?!EVDSL_)[A-Z]")
"""Variables that Ansible or Python may look at before the first play: in capitals, those of evdsl apart."""


def may_share(module: str) -> bool:
    """Whether tries of a module leave nothing to, and take nothing from, others in the same process."""
    return not _ALONE.match(module)


def kin(job: Job) -> Hashable | None:
    """What jobs have in common that may share a process; None for one that shares with none."""
    module = job.arguments[0] if len(job.arguments) == 1 else None
    if not isinstance(module, str) or not may_share(module) or not ALONE.isdisjoint(job.options):
        return None
    given = environment(Try(job, 1, "").environment)
    early = tuple(sorted((name, value) for name, value in given.items() if _EARLY.match(name)))
    return (job.driver, job.place, job.folder, job.cwd, early)


def told(tries: Sequence[Try], folder: str) -> str:
    """The content of SHARE."""
    given = [environment(attempt.environment) for attempt in tries]
    names = sorted(set().union(*given))
    return json.dumps(
        [
            {
                "environment": {name: env.get(name, os.environ.get(name)) for name in names},
                "results": results(folder, number),
                "output": output(folder, number),
            }
            for number, env in enumerate(given)
        ]
    )


def results(folder: str, number: int) -> str:
    """Where the callback writes what came of a try, as it does for one alone."""
    return os.path.join(folder, f"evdsl.results.{number}")


def output(folder: str, number: int) -> str:
    """Where the output of a try goes."""
    return os.path.join(folder, f"evdsl.output.{number}")
