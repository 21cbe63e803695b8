"""The driver `exec`: a program and its arguments, without a shell."""

from __future__ import annotations

from collections.abc import Sequence

from .driver import Command, Ended, Try, Unfit, Verdict, brief
from .job import Place


class Exec:
    """`exec ["program", "argument", ...]`: a process for each try. Numbers and true/false are written as words."""

    def commands(self, tries: Sequence[Try], place: Place) -> list[Command]:
        return [_command(attempt) for attempt in tries]

    def read(self, attempt: Try, ended: Ended) -> Verdict:
        return Verdict(ended.exit, ended.problem)


def _command(attempt: Try) -> Command:
    job = attempt.job
    if len(job.arguments) != 1 or not isinstance(job.arguments[0], (list, tuple)):
        raise Unfit("`exec` takes one list: the program and its arguments")
    argv = tuple(_word(item) for item in job.arguments[0])
    if not argv or not argv[0]:
        raise Unfit("`exec` takes a list that begins with a program")
    return Command(argv, job.cwd, (attempt,), attempt.environment, shown=brief(" ".join(argv)))


def _word(item: object) -> str:
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, (str, int, float)):
        return str(item)
    raise Unfit(f"`exec` takes a list of words, and a {type(item).__name__} is none")


driver = Exec()
