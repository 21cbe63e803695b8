"""What a run leaves for the next one: a small SQLite store for each source file, `.evdsl/NAME.sqlite` beside it.

Now it holds what sinks saw last, what actions reported last (section 8 of docs/language.md) and the number of runs.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING

from ..base.diagnostic import Diagnostic

if TYPE_CHECKING:
    import sqlite3

FOLDER = ".evdsl"
VERSION = 1
_WAIT = 5.0  # seconds for which another evdsl's write is waited for
_TABLES = """
    CREATE TABLE sink (resource TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE reported (resource TEXT, name TEXT, value TEXT NOT NULL, PRIMARY KEY (resource, name)) WITHOUT ROWID;
    CREATE TABLE run (number INTEGER PRIMARY KEY AUTOINCREMENT);
"""


class Unusable(Exception):
    """A store that must not or cannot be used. `diagnostic` says why: EV620 to EV622."""

    def __init__(self, code: str, message: str, hint: str, path: str) -> None:
        super().__init__(message)
        self.diagnostic = Diagnostic(code, message, None, hint, path=path)


class State:
    """The store of one source file, open. Use it in a `with`, or `close` it."""

    def __init__(self, database: sqlite3.Connection, path: str) -> None:
        self._database = database
        self.path = path

    @classmethod
    def open(cls, source: str, *, write: bool = True) -> State:
        """The store of the file `source`. Raises Unusable.

        Without `write` nothing on disk is changed or made; where there is no store yet it is as an empty one.
        """
        folder = os.path.join(os.path.dirname(os.path.abspath(source)), FOLDER)
        path = os.path.join(folder, os.path.basename(source) + ".sqlite")
        try:
            there = _check_folder(folder, write) and _check_file(path, write)
        except OSError as problem:
            message = f"the state in `{problem.filename or folder}` cannot be opened: {problem.strerror}"
            raise Unusable("EV621", message, "see to it that the folder can be written to", path) from None
        if not there:
            return cls.empty()
        import sqlite3  # imported late: only `run` and what reads its state want it
        from urllib.parse import quote

        how = "rw"
        if not write:
            # Where no one writes it nothing but the file itself is read, and nothing is put beside it.
            how = "ro" if os.path.exists(path + "-wal") else "ro&immutable=1"
        state = None
        try:
            uri = f"file:{quote(path)}?mode={how}"
            state = cls(sqlite3.connect(uri, uri=True, timeout=_WAIT, isolation_level=None), path)
            if not state._set_up(write):
                state.close()
                return cls.empty()
        except sqlite3.Error as problem:
            if state:
                state.close()
            message = f"the state in `{path}` cannot be opened: {problem}"
            raise Unusable(
                "EV621", message, "if it is damaged, move it away; the next run begins anew", path
            ) from None
        except Unusable:
            if state:
                state.close()
            raise
        return state

    @classmethod
    def empty(cls) -> State:
        """A store that is kept nowhere."""
        import sqlite3

        state = cls(sqlite3.connect(":memory:", isolation_level=None), "")
        state._set_up(True)
        return state

    def _set_up(self, write: bool) -> bool:
        """Make the tables if they are not there. False if they are not, and may not be made."""
        run = self._database.execute
        if write and self.path:
            run("PRAGMA journal_mode = WAL")
            run("PRAGMA synchronous = NORMAL")
        (version,) = run("PRAGMA user_version").fetchone()
        if version > VERSION:
            message = f"the state in `{self.path}` was written by a newer evdsl (schema {version}, this one knows {VERSION})"
            raise Unusable("EV622", message, "use that evdsl, or move the state away", self.path)
        if version == 0 and write:
            # In one transaction, and looked at again inside: two runs may come here at the same time.
            run("BEGIN IMMEDIATE")
            if run("PRAGMA user_version").fetchone() == (0,):
                for statement in _TABLES.split(";"):
                    run(statement)
                run(f"PRAGMA user_version = {VERSION}")
            run("COMMIT")
        return version > 0 or write

    def sink(self, resource: str) -> dict[str, object]:
        """The values that a sink had when it last ran, empty if it never did."""
        row = self._database.execute("SELECT value FROM sink WHERE resource = ?", (resource,)).fetchone()
        found: dict[str, object] = json.loads(row[0]) if row else {}
        return found

    def keep_sink(self, resource: str, values: dict[str, object]) -> None:
        """Note the values that a sink has now. They must be what JSON can hold."""
        text = json.dumps(values, sort_keys=True, ensure_ascii=False)
        self._database.execute("INSERT OR REPLACE INTO sink VALUES (?, ?)", (resource, text))

    def reported(self) -> dict[str, dict[str, str]]:
        """The values that actions reported last, in any run: by resource, then by name."""
        found: dict[str, dict[str, str]] = {}
        for resource, name, value in self._database.execute("SELECT resource, name, value FROM reported"):
            found.setdefault(resource, {})[name] = value
        return found

    def keep_reported(self, resource: str, values: Mapping[str, str]) -> None:
        """Note the values that an action of a resource reported."""
        rows = [(resource, name, value) for name, value in values.items()]
        self._database.executemany("INSERT OR REPLACE INTO reported VALUES (?, ?, ?)", rows)

    def next_run(self) -> int:
        """The number of a new run: one more than that of the last, from 1."""
        number = self._database.execute("INSERT INTO run DEFAULT VALUES").lastrowid
        assert number is not None
        self._database.execute("DELETE FROM run WHERE number < ?", (number,))
        return number

    def close(self) -> None:
        """Close the store."""
        self._database.close()

    def __enter__(self) -> State:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _check_folder(folder: str, write: bool) -> bool:
    """Whether the folder is there and ours; with `write` it is made. Raises Unusable if it is somebody else's."""
    if write:
        with suppress(FileExistsError):
            os.mkdir(folder, 0o700)
    try:
        found = os.lstat(folder)
    except FileNotFoundError:
        return False
    if not stat.S_ISDIR(found.st_mode):
        raise Unusable(
            "EV620", f"`{folder}` is no folder", "move it away; evdsl keeps its state there", folder
        )
    _check_owner(folder, found)
    if write and stat.S_IMODE(found.st_mode) & 0o077:
        os.chmod(folder, 0o700)
    return True


def _check_file(path: str, write: bool) -> bool:
    if write:
        # Made here, so that it is ours alone from the first moment; SQLite gives its other files the same mode.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(found.st_mode):
        raise Unusable(
            "EV620", f"`{path}` is no plain file", "move it away; evdsl keeps its state there", path
        )
    _check_owner(path, found)
    if write and stat.S_IMODE(found.st_mode) & 0o077:
        os.chmod(path, 0o600)
    return True


def _check_owner(path: str, found: os.stat_result) -> None:
    if found.st_uid != os.geteuid():
        message = f"`{path}` belongs to another user (id {found.st_uid})"
        raise Unusable("EV620", message, "run evdsl as that user, or move it away", path)
