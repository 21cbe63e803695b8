"""The one way out: every face writes through `Redacted`, which hides the values of secrets.

It takes the place of standard output and standard error when the command line begins, so that nothing gets past it, an
exception of Python's own neither. Which values are to be hidden it is told as soon as they are known. A value that is
written in pieces is hidden too: what may be the beginning of one waits for what comes behind it.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, Protocol, TextIO, cast

if TYPE_CHECKING:
    from ..base.redact import Redactor
    from ..base.redact import Stream as Held


class Stream(Protocol):
    """What lines are written to."""

    @property
    def encoding(self) -> str:
        """The name of its character set; empty for text in memory."""
        ...

    def write(self, text: str, /) -> int: ...

    def flush(self) -> None: ...

    def isatty(self) -> bool: ...

    def fileno(self) -> int: ...

    def hidden(self, text: str) -> str:
        """The text without secrets, for whoever is going to cut or escape it: a piece of a value is not known again."""
        ...


class Redacted:
    """A stream over a file of Python's. Once it is `patient`, what cannot be written is left out and kept as `problem`."""

    def __init__(self, below: TextIO, redactor: Redactor | None = None) -> None:
        self.below = below
        self.patient = False
        self.problem: OSError | None = None
        self._redactor: Redactor | None = None
        self._held: Held[str] | None = None
        if redactor:
            self.hide(redactor)

    def hide(self, redactor: Redactor) -> None:
        """From now on hide what the redactor hides, and nothing else."""
        self.end()
        self._redactor, self._held = (redactor, redactor.text_stream()) if redactor else (None, None)

    def hidden(self, text: str) -> str:
        return self._redactor.text(text) if self._redactor is not None else text

    def write(self, text: str, /) -> int:
        self._write(text if self._held is None else self._held.feed(text))
        return len(text)

    def flush(self) -> None:
        """Pass on what can be; what may be the beginning of a secret goes on waiting."""
        if self.problem is None:
            try:
                self.below.flush()
            except OSError as problem:
                self._fails(problem)

    def end(self) -> None:
        """Pass on all: nothing comes behind it."""
        if self._held is not None:
            self._write(self._held.end())

    def close(self) -> None:
        """End, and close the file."""
        self.end()
        try:
            self.below.close()
        except OSError as problem:
            self._fails(problem)

    def _write(self, text: str) -> None:
        if text and self.problem is None:
            try:
                self.below.write(text)
            except OSError as problem:
                self._fails(problem)

    def _fails(self, problem: OSError) -> None:
        if not self.patient:
            raise problem
        self.problem = problem
        with suppress(OSError, ValueError):  # what is still buffered is not tried again
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.below.fileno())

    @property
    def encoding(self) -> str:
        return getattr(self.below, "encoding", "") or ""

    @property
    def errors(self) -> str | None:
        return self.below.errors

    def isatty(self) -> bool:
        return self.below.isatty()

    def fileno(self) -> int:
        return self.below.fileno()


def install() -> None:
    """Put standard output and error behind a `Redacted` each, and make them survive any character."""
    import atexit

    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, Redacted):
            continue
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
        redacted = Redacted(stream)
        setattr(sys, name, cast(TextIO, redacted))
        atexit.register(_end, redacted)


def hide(redactor: Redactor) -> None:
    """Hide these values in all that is written to standard output, standard error and files of ours from now on."""
    global _hiding
    _hiding = redactor
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, Redacted):
            stream.hide(redactor)


def written(path: str, mode: Literal["w", "a"] = "w") -> Redacted:
    """A file of ours, written line by line; patient. Raises OSError where it cannot be opened."""
    file = open(path, mode, encoding="utf-8", errors="backslashreplace", buffering=1)  # noqa: SIM115 (it outlives this)
    stream = Redacted(file, _hiding)
    stream.patient = True
    return stream


_hiding: Redactor | None = None


def patient() -> None:
    """From now on a reader that goes away, or a full disk, stops nothing: a run goes on to its end all the same."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, Redacted):
            stream.patient = True


def utf8() -> None:
    """From now on standard output is UTF-8 in any locale: what goes there is a file, not lines for people."""
    below = sys.stdout.below if isinstance(sys.stdout, Redacted) else sys.stdout
    if hasattr(below, "reconfigure"):
        below.reconfigure(encoding="utf-8", errors="surrogateescape")


def unwritten() -> OSError | None:
    """Why standard output could not be written, where that is worth to be told: not to a reader who had enough."""
    problem = sys.stdout.problem if isinstance(sys.stdout, Redacted) else None
    return None if isinstance(problem, BrokenPipeError) else problem


def _end(stream: Redacted) -> None:
    if not stream.below.closed:
        stream.patient = True
        stream.end()
        stream.flush()
