"""What the compiler has to say about a program: values that are gathered, never raised."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from .source import Span

if TYPE_CHECKING:
    from typing import Self


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


MOST = 10_000
"""Errors, and warnings and notes, that are gathered: nobody reads more, and each takes memory."""


class Findings(list[Diagnostic]):
    """Diagnostics as they are gathered. Of errors, and of all others, the first MOST; then one that says so."""

    def __init__(self, found: Iterable[Diagnostic] = ()) -> None:
        super().__init__()
        self._errors = self._others = 0
        self.extend(found)

    @property
    def full(self) -> bool:
        """Whether no further error is taken."""
        return self._errors > MOST

    def append(self, d: Diagnostic, /) -> None:
        if d.severity == "error":
            self._errors += 1
            if self._errors > MOST:
                d = Diagnostic("EV116", f"there are more than {MOST:,} errors", d.span, _MORE, path=d.path)
            if self._errors <= MOST + 1:
                super().append(d)
        else:
            self._others += 1
            if self._others > MOST:
                message = f"there are more than {MOST:,} warnings and notes"
                d = Diagnostic("EV508", message, d.span, _MORE, path=d.path)
            if self._others <= MOST + 1:
                super().append(d)

    def extend(self, found: Iterable[Diagnostic], /) -> None:
        for d in found:
            self.append(d)

    def __iadd__(self, found: Iterable[Diagnostic], /) -> Self:  # type: ignore[override,misc]
        self.extend(found)
        return self


_MORE = "no more of them are told: mend what is told first"


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
