"""Doc comments: the `##` lines right above a statement or a member (section 1 of docs/language.md)."""

from __future__ import annotations

from ..syntax import ast


class Docs:
    """The doc comments of one file, by the line that they stand above."""

    def __init__(self, file: ast.File) -> None:
        self._source = file.source
        self._lines: dict[int, str] = {}
        for span in file.comments:
            text = span.text
            if text.startswith("##") and not file.source.line(span.line)[: span.column - 1].strip():
                self._lines[span.line] = text[2:].removeprefix(" ").rstrip()

    def above(self, start: int) -> str:
        """The doc comment of what begins at that offset, its lines joined; empty if it has none."""
        if not self._lines:
            return ""
        line = self._source.position(start)[0] - 1
        found: list[str] = []
        while line in self._lines:
            found.append(self._lines[line])
            line -= 1
        return "\n".join(reversed(found))
