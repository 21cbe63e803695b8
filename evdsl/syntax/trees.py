"""Where the trees of files come from: the disk. An editor has trees of its own, of what is on its screen."""

from __future__ import annotations

from ..base.diagnostic import Diagnostic
from ..base.reading import read
from ..base.source import Source
from . import ast
from .parser import parse


class Trees:
    """Parses sources, and files that others name. What is wrong is given back with the tree."""

    def of(self, source: Source) -> tuple[ast.File, list[Diagnostic]]:
        """The tree of a source that is at hand."""
        return parse(source, brief=True)

    def at(self, real: str, shown: str) -> tuple[ast.File | None, list[Diagnostic]]:
        """The tree of the file at a real path, called `shown` in messages; None if it cannot be read."""
        source, found = read(real, shown)
        return self.of(source) if source is not None else (None, found)
