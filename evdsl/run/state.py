"""What is kept between runs: a SQLite store for each source file, `.evdsl/NAME.sqlite` beside it.

This module opens it, safely, and knows its tables. What a run writes is in journal.py, what is read of it in runs.py.

| table | one row for each |
|---|---|
| `sink`, `reported` | value that a sink saw last, that an action reported last (section 8 of docs/language.md) |
| `debt`, `dirty` | rule that is owed, action whose next `ok` counts as a change (section 7) |
| `plan` | plan that was run, as plan/stored.py writes it; `source` tells whether it is the same as another |
| `run` | run; what it began with is in it, so that it can be gone through again from what its steps said; `older` are the steps whose ends came before that, where it went on by another plan |
| `started`, `ended` | start of a step; end of a step, at most one in a run: the key sees to it |
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING

from ..base.diagnostic import Diagnostic

if TYPE_CHECKING:
    import sqlite3

FOLDER = ".evdsl"
VERSION = 2
_WAIT = 5.0  # seconds for which another evdsl's write is waited for
_TABLES = """
    CREATE TABLE IF NOT EXISTS sink (resource TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS reported
        (resource TEXT, name TEXT, value TEXT NOT NULL, PRIMARY KEY (resource, name)) WITHOUT ROWID;
    CREATE TABLE key (value BLOB NOT NULL);
    CREATE TABLE debt (rank INTEGER PRIMARY KEY, content TEXT NOT NULL);
    CREATE TABLE dirty (action TEXT PRIMARY KEY, cuts INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE plan (id INTEGER PRIMARY KEY, source TEXT NOT NULL UNIQUE, content BLOB NOT NULL);
    CREATE TABLE run (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        plan INTEGER NOT NULL,
        file TEXT NOT NULL,
        options TEXT NOT NULL,
        debts TEXT NOT NULL,
        dirty TEXT NOT NULL,
        outside TEXT NOT NULL,
        pid INTEGER NOT NULL,
        evdsl TEXT NOT NULL,
        began REAL NOT NULL,
        ended REAL,
        exit INTEGER,
        over INTEGER NOT NULL DEFAULT 0,
        older TEXT NOT NULL DEFAULT '[]'
    );
    CREATE TABLE started
        (run INTEGER, step INTEGER, attempt INTEGER, at REAL NOT NULL, PRIMARY KEY (run, step, attempt)) WITHOUT ROWID;
    CREATE TABLE ended (
        run INTEGER,
        step INTEGER,
        state TEXT NOT NULL,
        reason TEXT NOT NULL,
        at REAL NOT NULL,
        seconds REAL NOT NULL,
        tries INTEGER NOT NULL,
        data TEXT NOT NULL,
        PRIMARY KEY (run, step)
    ) WITHOUT ROWID;
"""


DURABILITY = ("normal", "full")
"""How safe a commit is: `normal` outlives evdsl, however it ends; `full` also a power cut, at the price of an fsync."""


class Unusable(Exception):
    """A store that must not or cannot be used. `diagnostic` says why: EV620 to EV622."""

    def __init__(self, code: str, message: str, hint: str, path: str) -> None:
        super().__init__(message)
        self.diagnostic = Diagnostic(code, message, None, hint, path=path)


class Unwritable(Exception):
    """The store cannot be written: a full disk, say."""


class State:
    """The store of one source file, open. Use it in a `with`, or `close` it."""

    def __init__(self, database: sqlite3.Connection, path: str) -> None:
        self.database = database
        self.path = path

    @classmethod
    def open(cls, source: str, *, write: bool = True, durability: str = "normal") -> State:
        """The store of the file `source`. Raises Unusable.

        Without `write` nothing on disk is changed or made; where there is no store yet it is as an empty one.
        """
        folder = folder_of(source)
        path = os.path.join(folder, os.path.basename(source) + ".sqlite")
        with _opening(folder):
            there = _check_folder(folder, write) and _check_file(path, write)
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
            if not state._set_up(write, durability):
                state.close()
                return cls.empty()
        except sqlite3.Error as problem:
            if state:
                state.close()
            message = f"the state in `{path}` cannot be opened: {problem}"
            hint = "if it is damaged, move it away; the next run begins anew"
            if getattr(problem, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                hint = "another program has it open; try again when that has ended"
            raise Unusable("EV621", message, hint, path) from None
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
        state._set_up(True, "normal")
        return state

    def _set_up(self, write: bool, durability: str) -> bool:
        """Make the tables if they are not there. False if they are not, and may not be made."""
        assert durability in DURABILITY, durability
        run = self.database.execute
        if write and self.path:
            run("PRAGMA journal_mode = WAL")
            run(f"PRAGMA synchronous = {durability.upper()}")
        (version,) = run("PRAGMA user_version").fetchone()
        if version > VERSION:
            message = f"the state in `{self.path}` was written by a newer evdsl (schema {version}, this one knows {VERSION})"
            raise Unusable("EV622", message, "use that evdsl, or move the state away", self.path)
        if version < VERSION and write:
            # In one transaction, and looked at again inside: two runs may come here at the same time.
            run("BEGIN IMMEDIATE")
            if run("PRAGMA user_version").fetchone() != (VERSION,):
                run(
                    "DROP TABLE IF EXISTS run"
                )  # of version 1, which knew nothing of its runs but their number
                for statement in _TABLES.split(";"):
                    run(statement)
                run("INSERT INTO key VALUES (?)", (os.urandom(32),))
                run(f"PRAGMA user_version = {VERSION}")
            run("COMMIT")
        return version == VERSION or write

    def sink(self, resource: str) -> dict[str, object]:
        """The values that a sink had when it last ran, empty if it never did; one with a secret in it as `sealed`."""
        row = self.database.execute("SELECT value FROM sink WHERE resource = ?", (resource,)).fetchone()
        found: dict[str, object] = json.loads(row[0]) if row else {}
        return found

    def reported(self) -> dict[str, dict[str, str]]:
        """The values that actions reported last, in any run: by resource, then by name."""
        found: dict[str, dict[str, str]] = {}
        for resource, name, value in self.database.execute("SELECT resource, name, value FROM reported"):
            found.setdefault(resource, {})[name] = value
        return found

    def sealed(self, value: object) -> dict[str, str]:
        """What is kept of a value that nobody may read, enough to tell whether another one is the same."""
        import hmac

        (key,) = self.database.execute("SELECT value FROM key").fetchone()
        text = json.dumps(value, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass")
        return {"sealed": hmac.new(key, text, "sha256").hexdigest()}

    def close(self) -> None:
        """Close the store."""
        self.database.close()

    def __enter__(self) -> State:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Transaction:
    """All of what is done inside, or nothing. Turns what SQLite says into Unwritable."""

    def __init__(self, state: State) -> None:
        self._state = state

    def __enter__(self) -> None:
        import sqlite3

        try:
            self._state.database.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as problem:
            raise Unwritable(self._said(problem)) from None

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: object
    ) -> None:
        import sqlite3

        database = self._state.database
        try:
            if problem is None:
                database.execute("COMMIT")
                return
        except sqlite3.Error as failed:
            problem = failed
        try:
            if database.in_transaction:
                database.execute("ROLLBACK")
        except sqlite3.Error:
            pass
        if isinstance(problem, sqlite3.IntegrityError):
            raise AssertionError(f"an end was to be recorded twice: {problem}") from problem
        if isinstance(problem, sqlite3.Error):
            raise Unwritable(self._said(problem)) from None

    def _said(self, problem: Exception) -> str:
        return f"the state in `{self._state.path}` cannot be written: {problem}"


def unreadable(problem: Exception) -> bool:
    """Whether SQLite says this: a store that is damaged, or that another program holds."""
    import sqlite3

    return isinstance(problem, sqlite3.Error)


def folder_of(source: str) -> str:
    """The folder in which the store of the file `source` is kept."""
    return os.path.join(os.path.dirname(os.path.abspath(source)), FOLDER)


def made_folder(source: str) -> str:
    """The same, there and ours. Raises Unusable."""
    folder = folder_of(source)
    with _opening(folder):
        _check_folder(folder, True)
    return folder


@contextmanager
def _opening(folder: str) -> Iterator[None]:
    """Turns an OSError into Unusable."""
    try:
        yield
    except OSError as problem:
        message = f"the state in `{problem.filename or folder}` cannot be opened: {problem.strerror}"
        raise Unusable(
            "EV621", message, "see to it that the folder can be written to", problem.filename or folder
        ) from None


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
