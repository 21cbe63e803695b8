"""A file is put where it belongs: content, mode, owner and group, compared first and then written at one stroke.

This is what `copy` and `template` have in common, and the part of them that `sudo` or another host does in their
place (see worker.py), so it imports nothing that is not in Python itself.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, NamedTuple

from .difference import LARGEST, difference

_PIECE = 1024 * 1024


class Wrong(Exception):
    """Something about the file is not as it has to be, by its author's fault; the text says what. The action failed."""


class Wanted(NamedTuple):
    """What a file is to be.

    `path` is absolute, `shown` how messages name it. `mode`, `owner` and `group` are kept as they are where nothing
    is wanted. `like` is the mode of a new file for which none is wanted, before the umask. `hidden`: what differs in
    the content is not shown.
    """

    path: str
    shown: str
    mode: int | None = None
    owner: str = ""
    group: str = ""
    like: int = 0o666
    hidden: bool = False


class Found(NamedTuple):
    """How a file compares with what is wanted. `before` is None for a file that is not there.

    `mode`, `uid` and `gid` are what it is to have, None where the system decides. `shown` tells what differs.
    """

    event: str
    before: os.stat_result | None
    same: bool
    mode: int | None
    uid: int | None
    gid: int | None
    shown: str


def compare(content: BinaryIO, wanted: Wanted) -> Found:
    """How the file compares with this content. Raises Wrong, and OSError for a fault of the system."""
    uid, gid = _user(wanted.owner), _group(wanted.group)
    try:
        file = os.open(wanted.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        folder = os.path.dirname(wanted.path)
        if not os.path.isdir(folder):
            raise Wrong(f"the folder `{folder}` does not exist") from None
        return Found("created", None, False, wanted.mode, uid, gid, _shown(b"", content, wanted, is_new=True))
    except OSError as problem:
        _check_kind(os.lstat(wanted.path), wanted.shown)
        raise problem
    before = os.fstat(file)
    try:
        _check_kind(before, wanted.shown)
    except Wrong:
        os.close(file)
        raise
    with open(file, "rb") as there:
        same = _same(there, content)
        there.seek(0)
        shown = "" if same else _shown(there.read(LARGEST + 1), content, wanted)
    differs, had = [], stat.S_IMODE(before.st_mode)
    if wanted.mode is not None and wanted.mode != had:
        differs.append(f"mode {had:04o} -> {wanted.mode:04o}\n")
    if uid is not None and uid != before.st_uid:
        differs.append(f"owner {_name_of(before.st_uid)} -> {wanted.owner}\n")
    if gid is not None and gid != before.st_gid:
        differs.append(f"group {_name_of(before.st_gid, group=True)} -> {wanted.group}\n")
    if not same:
        # what is kept is had in mind by no one, so set-user-ID is not kept for a new content
        mode = had & 0o777 if wanted.mode is None else wanted.mode
        uid, gid = before.st_uid if uid is None else uid, before.st_gid if gid is None else gid
    else:
        mode = had if wanted.mode is None else wanted.mode
    event = "changed" if differs or not same else "ok"
    return Found(event, before, same, mode, uid, gid, shown + "".join(differs))


def place(content: BinaryIO, wanted: Wanted, stopped: Callable[[], bool]) -> Found:
    """Make the file what is wanted, if it is not. Raises Wrong, OSError, and InterruptedError if it was stopped."""
    content.seek(0)
    found = compare(content, wanted)
    if found.event == "ok":
        return found
    if found.same:
        file = os.open(wanted.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            _own(file, found)
        finally:
            os.close(file)
    else:
        content.seek(0)
        _write(content, wanted, found, stopped)
    return found


def _write(content: BinaryIO, wanted: Wanted, found: Found, stopped: Callable[[], bool]) -> None:
    """A new file beside the old one, which then takes its name: nobody ever sees a half of it."""
    folder = os.path.dirname(wanted.path)
    new = os.path.join(folder, f".evdsl-{os.urandom(8).hex()}")
    mode = wanted.like & 0o777 if found.mode is None else 0o600
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        try:
            while piece := content.read(_PIECE):
                view = memoryview(piece)
                while view:
                    view = view[os.write(file, view) :]
                _go_on(stopped)
            if found.before is not None:
                _keep_attributes(wanted.path, file)
            _own(file, found)
            os.fsync(file)
        finally:
            os.close(file)
        _go_on(stopped)
        os.rename(new, wanted.path)
    except BaseException:
        with suppress(OSError):
            os.unlink(new)
        raise
    within = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # not every file system can
            os.fsync(within)
    finally:
        os.close(within)


def _go_on(stopped: Callable[[], bool]) -> None:
    if stopped():
        raise InterruptedError("stopped before the file was in its place")


def _own(file: int, found: Found) -> None:
    """Owner first: to change it takes bits from the mode."""
    now = os.fstat(file)
    uid = -1 if found.uid in (None, now.st_uid) else found.uid
    gid = -1 if found.gid in (None, now.st_gid) else found.gid
    if (uid, gid) != (-1, -1):
        os.fchown(file, -1 if uid is None else uid, -1 if gid is None else gid)
    if found.mode is not None:
        os.fchmod(file, found.mode)


def _keep_attributes(path: str, file: int) -> None:
    """Access lists, labels and the like of the old file. Not its capabilities: they were given to another content."""
    if not hasattr(os, "listxattr"):
        return
    with suppress(OSError):
        for name in os.listxattr(path, follow_symlinks=False):
            if name != "security.capability":
                with suppress(OSError):
                    os.setxattr(file, name, os.getxattr(path, name, follow_symlinks=False))


def _check_kind(found: os.stat_result, shown: str) -> None:
    if stat.S_ISLNK(found.st_mode):
        raise Wrong(f"`{shown}` is a link; name the file that it leads to")
    if stat.S_ISDIR(found.st_mode):
        raise Wrong(f"`{shown}` is a folder; name the file in it")
    if not stat.S_ISREG(found.st_mode):
        raise Wrong(f"`{shown}` is no plain file")


def _same(a: BinaryIO, b: BinaryIO) -> bool:
    while True:
        one, other = a.read(_PIECE), b.read(_PIECE)
        if one != other:
            return False
        if not one:
            return True


def _shown(old: bytes, content: BinaryIO, wanted: Wanted, *, is_new: bool = False) -> str:
    content.seek(0)
    new = content.read(LARGEST + 1)
    if not wanted.hidden:
        return difference(old, new, wanted.shown, is_new=is_new)
    return f"{wanted.shown}: {'new' if is_new else 'the content differs'}; not shown, it holds a secret\n"


def _user(name: str) -> int | None:
    if not name or name.isdecimal():
        return int(name) if name else None
    import pwd  # imported late: few files are given to anyone

    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        raise Wrong(f"there is no user `{name}`") from None


def _group(name: str) -> int | None:
    if not name or name.isdecimal():
        return int(name) if name else None
    import grp

    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise Wrong(f"there is no group `{name}`") from None


def _name_of(number: int, group: bool = False) -> str:
    import grp
    import pwd

    try:
        return grp.getgrgid(number).gr_name if group else pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
