"""What `copy` and `template` have in common: a content from beside the program goes into a file (section 9)."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from io import BytesIO
from typing import BinaryIO, NamedTuple

from ..base.drivers import file_mode
from .driver import Answer, Call, Command, Ended, Stopped, Try, Unfit, Verdict, Would, brief
from .job import Job, Place, Remote
from .placing import Found, Wanted, Wrong, compare, place
from .sudo import user_of
from .upload import upload
from .worker import command, verdict

_PASSING = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


class Content(NamedTuple):
    """What a file is to hold, `mode` that of its source; `secret`: a secret stands in it."""

    file: BinaryIO
    mode: int
    secret: bool = False


class FileDriver:
    """A driver with the arguments source and destination. The source is relative to the folder of the program's file,
    the destination to where the action runs. `content` opens the source; it raises Wrong and OSError."""

    def __init__(self, name: str, content: Callable[[Job, str], Content]) -> None:
        self.name = name
        self._content = content

    def commands(self, tries: Sequence[Try], place: Place) -> list[Call]:
        return [self._call(attempt) for attempt in tries]

    def read(self, attempt: Try, ended: Ended) -> Verdict:
        return verdict(ended)

    def would(self, attempt: Try) -> Would | None:
        source, wanted = self._paths(attempt.job)
        try:
            with (content := self._content(attempt.job, source)).file as file:
                found = compare(file, _as(wanted, content))
        except Wrong as problem:
            return Would("failed", str(problem))
        except OSError as problem:
            return None if user_of(attempt.job) else Would("error", _said(problem))
        return Would(found.event, "", found.shown)

    def _call(self, attempt: Try) -> Call:
        source, wanted = self._paths(attempt.job)
        shown = brief(f"{self.name} {source} {wanted.shown}")
        return Call(attempt, partial(self._work, attempt, source, wanted, shown), shown, as_us=True)

    def _paths(self, job: Job) -> tuple[str, Wanted]:
        if len(job.arguments) != 2 or not all(isinstance(a, str) and a for a in job.arguments):
            raise Unfit(f"`{self.name}` takes two texts: the source and the destination")
        source, destination = (str(a) for a in job.arguments)
        if "\0" in source + destination:
            raise Unfit(f"a path of `{self.name}` holds a NUL byte")
        mode = job.options.get("mode")
        bits = None if mode is None else file_mode(mode)
        if mode is not None and bits is None:
            raise Unfit(f"`mode` takes octal digits such as 0644, this is `{mode}`")
        path = os.path.join(job.cwd, destination)
        if not isinstance(job.place, Remote):
            path = os.path.abspath(path)
        if destination.endswith("/"):
            raise Unfit(f"`{destination}` is a folder; name the file in it")
        owner, group = (str(job.options.get(key) or "") for key in ("owner", "group"))
        return source, Wanted(path, destination, bits, owner, group)

    def _work(
        self, attempt: Try, source: str, wanted: Wanted, shown: str, stopped: Stopped
    ) -> Answer | Command:
        try:
            with (content := self._content(attempt.job, source)).file as file:
                wanted = _as(wanted, content)
                if isinstance(attempt.job.place, Remote):
                    return upload(attempt, wanted, file, shown)
                if user_of(attempt.job):
                    return command(attempt, wanted, file, shown)
                found = place(file, wanted, stopped)
        except Wrong as problem:
            return Answer(Verdict(1, reason=str(problem)))
        except OSError as problem:
            if problem.errno in _PASSING:
                raise
            return Answer(Verdict(None, _said(problem)))
        return _answer(found)


def _as(wanted: Wanted, content: Content) -> Wanted:
    return wanted._replace(like=content.mode, hidden=content.secret)


def _answer(found: Found) -> Answer:
    return Answer(Verdict(0, known=found.event), found.shown.encode("utf-8", "backslashreplace"))


def _said(problem: OSError) -> str:
    return f"{problem.strerror or problem}: {problem.filename}" if problem.filename else str(problem)


def opened(job: Job, source: str) -> tuple[BinaryIO, int]:
    """The source of a job, opened, and its mode. Links are followed. Raises Wrong where there is no such plain file."""
    from stat import S_IMODE, S_ISDIR, S_ISREG

    path = os.path.abspath(os.path.join(job.folder, source))
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        raise Wrong(f"the source `{path}` does not exist") from None
    except PermissionError:
        raise Wrong(f"the source `{path}` may not be read") from None
    mode = os.fstat(file).st_mode
    if not S_ISREG(mode):
        os.close(file)
        kind = "a folder" if S_ISDIR(mode) else "no plain file"
        raise Wrong(f"the source `{path}` is {kind}")
    return open(file, "rb"), S_IMODE(mode)


def holds_secret(content: bytes, secrets: Sequence[str]) -> bool:
    """Whether a secret stands in a content."""
    return any(secret and secret.encode("utf-8", "surrogateescape") in content for secret in secrets)


def of_bytes(content: bytes, mode: int, secret: bool) -> Content:
    """A content that is held in memory."""
    return Content(BytesIO(content), mode, secret)


def names_for(job: Job) -> Mapping[str, object]:
    """The names that a template sees, `_` for `-`."""
    return {name.replace("-", "_"): value for name, value in job.names.items()}
