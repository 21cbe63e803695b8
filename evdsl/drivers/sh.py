"""The driver `sh`: a text for `/bin/sh`."""

from __future__ import annotations

from collections.abc import Sequence

from .driver import Command, Ended, Try, Unfit, Verdict, brief
from .job import Place


class Sh:
    """`sh "text"`: `/bin/sh -c text`, a process for each try."""

    def commands(self, tries: Sequence[Try], place: Place) -> list[Command]:
        return [_command(attempt) for attempt in tries]

    def read(self, attempt: Try, ended: Ended) -> Verdict:
        return Verdict(ended.exit, ended.problem)


def _command(attempt: Try) -> Command:
    arguments = attempt.job.arguments
    if len(arguments) != 1 or not isinstance(arguments[0], str):
        raise Unfit("`sh` takes one text")
    return shell(arguments[0], attempt)


def shell(text: str, attempt: Try) -> Command:
    """The command that runs a shell text for a try; guards are such commands too."""
    job = attempt.job
    return Command(("/bin/sh", "-c", text), job.cwd, (attempt,), attempt.environment, shown=brief(text))


driver = Sh()
