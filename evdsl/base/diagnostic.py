"""What the compiler has to say about a program: values that are gathered, never raised."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .source import Span


class Fix(NamedTuple):
    """A change of the text that settles a diagnostic: put `text` in place of `span`."""

    span: Span
    text: str


class Diagnostic(NamedTuple):
    """One finding.

    `code` is stable and has a page (`evdsl explain CODE`); `message` is one sentence that says what is wrong, `hint`
    one that says what to do. `span` is the exact place, None where there is none (a file that cannot be read).
    `labels` are further places, each with a word on what it has to do with it.
    """

    code: str
    message: str
    span: Span | None
    hint: str = ""
    labels: tuple[tuple[Span, str], ...] = ()
    fix: Fix | None = None
    path: str = ""

    @property
    def severity(self) -> str:
        """`error`, `warning` or `note`; it follows from the code, see docs/codes.md."""
        return "warning" if self.code[2] == "4" else "note" if self.code[2] == "5" else "error"

    @property
    def file(self) -> str:
        """The path of the file that it is about."""
        return self.span.source.path if self.span else self.path


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether one of them is an error: then the program does not stand."""
    return any(d.severity == "error" for d in diagnostics)


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Each once, by file in order of appearance, then by place, then by code."""
    files: dict[str, int] = {}
    unique = dict.fromkeys(diagnostics)
    for d in unique:
        files.setdefault(d.file, len(files))
    return sorted(unique, key=lambda d: (files[d.file], d.span.start if d.span else -1, d.code, d.message))
