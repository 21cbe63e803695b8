"""Programs as an editor sees them: what is on its screen comes before what is on the disk.

A file is looked at in the light of the programs that import it; one that nothing imports is a program of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property, lru_cache
from urllib.parse import urlsplit

from pygls import uris

from ...api import looked_at
from ...base.diagnostic import Diagnostic, has_errors, in_order
from ...base.reading import checked, read
from ...base.source import Source
from ...meaning.compile import compile_program
from ...meaning.occurrences import Occurrences
from ...meaning.params import Given
from ...meaning.program import Program as Inner
from ...meaning.scope import Unit
from ...plan.build import plan as plan_of
from ...plan.plan import Plan
from ...syntax import ast
from ...syntax.reparse import Reparse
from ...syntax.split import Piece
from ...syntax.trees import Trees
from .text import Text

MOST_ROOTS = 200
"""Files of a folder that are looked at for one that imports the file on the screen."""
_ABOVE = 1  # folders above a file that are looked at, where no workspace says how far

Stamp = tuple[object, ...] | None


class Analysis:
    """A program; its plan, and what is to be said of both, as far as somebody asks."""

    def __init__(
        self,
        root: str,
        inner: Inner | None,
        found: list[Diagnostic],
        read_files: dict[str, Stamp],
        epoch: int,
    ) -> None:
        self.root, self.inner, self.epoch = root, inner, epoch
        self.read = read_files  # the real paths of all its files, each with what it was when it was read
        self._found = found

    @cached_property
    def _checked(self) -> tuple[list[Diagnostic], Plan | None]:
        if self.inner is None:
            return self._found, None
        program = looked_at(self.inner, self._found)
        plan, said = program.try_plan()
        return in_order([*program.diagnostics, *said]), plan.inner if plan is not None else None

    @property
    def diagnostics(self) -> list[Diagnostic]:
        return self._checked[0]

    @cached_property
    def plan(self) -> Plan | None:
        """The plan; where the program does not stand, that of what stands in it."""
        if "_checked" in self.__dict__ and self._checked[1] is not None:
            return self._checked[1]
        return plan_of(self.inner)[0] if self.inner is not None and self.inner.rules else None

    @cached_property
    def occurrences(self) -> Occurrences | None:
        return Occurrences(self.inner) if self.inner is not None else None

    def unit(self, path: str) -> Unit | None:
        """The file of that path, as it was first loaded."""
        units = self.inner.units if self.inner is not None else []
        return next((u for u in units if u.source.path == path), None)


class _Trees(Trees):
    """Trees of what is on the screen, else of the disk; each read once and kept until it changes."""

    def __init__(self, buffers: dict[str, Text]) -> None:
        self.buffers = buffers
        self.seen: dict[str, Stamp] = {}
        self.parsers: dict[str, Reparse] = {}
        self._kept: dict[str, tuple[Stamp, ast.File | None, list[Diagnostic]]] = {}

    def stamp(self, key: str) -> Stamp:
        """What tells one state of a file from the next; None where there is no such file."""
        buffer = self.buffers.get(key)
        if buffer is not None:
            return (id(buffer), buffer.version)
        try:
            found = os.stat(key)
        except (OSError, ValueError):
            return None
        return (found.st_mtime_ns, found.st_size, found.st_ino)

    def of(self, source: Source) -> tuple[ast.File, list[Diagnostic]]:
        file, found = self.at(real(source.path), source.path)
        assert file is not None  # the source that is asked for was read
        return file, found

    def at(self, real: str, shown: str) -> tuple[ast.File | None, list[Diagnostic]]:
        stamp = self.seen[real] = self.stamp(real)
        kept = self._kept.get(real)
        if kept is None or kept[0] != stamp or stamp is None:
            kept = self._kept[real] = (stamp, *self._read(real))
        return kept[1], kept[2]

    def _read(self, real: str) -> tuple[ast.File | None, list[Diagnostic]]:
        buffer = self.buffers.get(real)
        source, found = checked(buffer.source) if buffer is not None else read(real)
        if source is None:
            return None, found
        return self.parsers.setdefault(real, Reparse())(source)


class Projects:
    """All programs that the open files are part of."""

    def __init__(self) -> None:
        self.buffers: dict[str, Text] = {}  # by real path, or by URI what is no file
        self.uris: dict[str, str] = {}  # of open files, by the same
        self.trees = _Trees(self.buffers)
        self.folders: list[str] = []  # of the workspace
        self.settings: dict[str, str] = {}
        self.epoch = 0  # of what is not watched: files under actions/, inventories
        self._analyses: dict[str, Analysis] = {}
        self._texts: dict[str, tuple[Source, Text]] = {}  # of files that are not open

    # ---- files

    def key(self, uri: str) -> str:
        """The real path of a URI; the URI itself where it names no file."""
        path = _path(uri)
        return real(path) if path else uri

    def open(self, uri: str, text: str, version: int | None, encoding: str) -> None:
        key = self.key(uri)
        self.uris[key] = uri
        self.buffers[key] = Text(_path(uri) or uri, text, encoding, version)

    def close(self, uri: str) -> None:
        key = self.key(uri)
        self.buffers.pop(key, None)
        self.uris.pop(key, None)

    def text(self, source: Source, encoding: str) -> Text:
        """The text that a source was read from, for its positions."""
        buffer = self.buffers.get(real(source.path))
        if buffer is not None and buffer.source is source:
            return buffer
        kept = self._texts.get(source.path)
        if kept is None or kept[0] is not source:
            kept = self._texts[source.path] = (source, Text(source.path, source.text, encoding))
        return kept[1]

    def uri(self, path: str) -> str:
        key = real(path)
        return self.uris.get(key) or uris.from_fs_path(os.path.abspath(path)) or path

    def look_again(self) -> None:
        """Take nothing for granted that lies on the disk."""
        self.epoch += 1
        real.cache_clear()

    def pieces(self, key: str) -> list[Piece]:
        """The statements of an open file, as pieces of its text."""
        self.trees.at(key, key)
        parser = self.trees.parsers.get(key)
        return parser.pieces if parser is not None else []

    # ---- programs

    def analysis(self, key: str) -> Analysis:
        """The program with that root, as it is now."""
        known = self._analyses.get(key)
        stamp = self.trees.stamp
        if known and known.epoch == self.epoch and all(stamp(k) == s for k, s in known.read.items()):
            return known
        self.trees.seen = {}
        file, found = self.trees.at(key, key)
        inner: Inner | None = None
        if file is not None:
            folder = os.path.dirname(key) if os.path.isabs(key) else None
            given = Given(self.settings, os.environ)
            inner, found = compile_program(file.source, folder, given, self.trees)
        seen, self.trees.seen = self.trees.seen, {}
        made = self._analyses[key] = Analysis(key, inner, found, seen, self.epoch)
        return made

    def tried(self, root: str, texts: dict[str, str]) -> Analysis:
        """The program with that root if these files, by path, had these texts; nothing of it is kept."""
        other = Projects()
        other.folders, other.settings = self.folders, self.settings
        for key, buffer in self.buffers.items():
            other.buffers[key] = buffer
        for path, text in texts.items():
            known = self.buffers.get(real(path))
            other.buffers[real(path)] = Text(known.source.path if known else path, text)
            if parser := self.trees.parsers.get(real(path)):
                other.trees.parsers[real(path)] = parser.branched()
        return other.analysis(root)

    def roots(self, key: str) -> list[Analysis]:
        """The programs that a file is part of: those of files above it that import it, else its own."""
        found = [a for a in map(self.analysis, self._above(key)) if key in a.read]
        tops = [a for a in found if not any(a.root in b.read for b in found if b is not a)]
        return tops or [self.analysis(key)]

    def _above(self, key: str) -> Iterator[str]:
        """The files with imports in the folder of a file and in those above: a program reads below its root alone."""
        if not os.path.isabs(key):
            return
        folder = os.path.dirname(key)
        top = max((f for f in self.folders if key.startswith(os.path.join(f, ""))), key=len, default="")
        for depth in range(64):
            for path in _events(folder):
                if path != key and self._imports(path):
                    yield path
            if (folder == (top or folder) and (top or depth >= _ABOVE)) or os.path.dirname(folder) == folder:
                return
            folder = os.path.dirname(folder)

    def _imports(self, key: str) -> bool:
        file = self.trees.at(key, key)[0]
        return file is not None and any(isinstance(s, (ast.Import, ast.For)) for s in file.statements)

    def all_files(self) -> list[str]:
        """The files of the workspace, and those that are open."""
        found = dict.fromkeys(self.buffers)
        for top in self.folders:
            for folder, folders, _ in os.walk(top):
                folders[:] = sorted(f for f in folders if not f.startswith(".") and f != "node_modules")
                found.update(dict.fromkeys(_events(folder)))
                if len(found) > 1000:
                    break
        return list(found)


def _events(folder: str) -> list[str]:
    try:
        names = sorted(n for n in os.listdir(folder) if n.endswith(".events"))[:MOST_ROOTS]
    except OSError:
        return []
    return [real(os.path.join(folder, n)) for n in names]


def _path(uri: str) -> str | None:
    """The path that a file URI names."""
    if urlsplit(uri).scheme != "file":
        return None
    path = uris.to_fs_path(uri)
    return os.path.normpath(path) if path else None


@lru_cache(maxsize=4096)
def real(path: str) -> str:
    """The real path of what is a path; anything else as it is."""
    return os.path.realpath(path) if os.path.isabs(path) else path


def failed(diagnostics: list[Diagnostic]) -> list[str]:
    """The errors among what is said of a program."""
    return [d.message for d in diagnostics if d.severity == "error"] if has_errors(diagnostics) else []
