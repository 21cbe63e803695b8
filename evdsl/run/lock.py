"""One run at a time for each state folder: a lock that the system itself lets go of when nobody is left to hold it.

It is `flock` on `.evdsl/lock`. Every action inherits the descriptor, so what a killed evdsl has left behind still holds
it. A run that ends opens it for all who have it: a service that one of its actions started does not hold it. (Where
evdsl is killed the watchdog does that; see there.)
"""

from __future__ import annotations

import errno
import json
import os
from contextlib import suppress
from time import gmtime, monotonic, sleep, strftime
from types import TracebackType
from typing import NamedTuple

from ..base.diagnostic import Diagnostic
from .state import Unusable

NAME = "lock"
NUMBER = 9
"""Under this number actions have the descriptor: the last one that `/bin/sh` can close, by `9>&-`."""
_PAUSES = (0.002, 0.01, 0.05, 0.2)  # seconds
_LOOK = 0.05  # seconds between two looks at a lock whose holder was killed
_ENDING = 3.0  # seconds in which the watchdog of a killed run ends what that has started
_ABOVE = 20  # our own number for it is out of the way of those that children get


class Held(Exception):
    """Another run holds the lock, or what it left behind. `diagnostic` says who: EV616."""

    def __init__(self, message: str, hint: str, path: str) -> None:
        super().__init__(message)
        self.diagnostic = Diagnostic("EV616", message, None, hint, path=path)


class Lock:
    """The lock, held. Use it in a `with`, or `close` it."""

    def __init__(self, file: int) -> None:
        self.file = file

    @classmethod
    def take(cls, folder: str, source: str) -> Lock:
        """Take the lock of a state folder, which is there and ours, for a run of `source`. Raises Held, Unusable."""
        import fcntl

        path = os.path.join(folder, NAME)
        try:
            low = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                file = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, _ABOVE)
            finally:
                os.close(low)
            try:
                _lock(file, path)
                os.ftruncate(file, 0)
                os.pwrite(file, _said(source), 0)
            except BaseException:
                os.close(file)
                raise
        except OSError as problem:
            message = f"`{path}` cannot be locked: {problem.strerror}"
            raise Unusable("EV621", message, "see to it that the folder can be written to", path) from None
        return cls(file)

    def close(self) -> None:
        """Let go of the lock, also for all that have inherited it."""
        if self.file >= 0:
            import fcntl

            with suppress(OSError):
                os.ftruncate(self.file, 0)
                fcntl.flock(self.file, fcntl.LOCK_UN)
            os.close(self.file)
            self.file = -1

    def __enter__(self) -> Lock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _lock(file: int, path: str) -> None:
    """Lock it. Raises Held, OSError.

    A holder that has not yet said who it is, or no longer, is given a moment; one that was killed is given the time that
    its watchdog needs.
    """
    import fcntl

    pauses, until = iter(_PAUSES), monotonic() + _ENDING
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError as problem:
            if problem.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
        said = os.pread(file, 65536, 0)
        holder = _holder(said)
        if holder is not None and holder.gone and monotonic() < until:
            pause: float | None = _LOOK
        else:
            pause = None if said else next(pauses, None)
        if pause is None:
            raise _held(path, holder)
        sleep(pause)


def _said(source: str) -> bytes:
    """What we say of ourselves in the file."""
    about = {
        "pid": os.getpid(),
        "host": os.uname().nodename,
        "since": strftime("%Y-%m-%dT%H:%M:%S+00:00", gmtime()),
        "file": source,
    }
    return json.dumps(about, ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n"


class _Holder(NamedTuple):
    """What the file says of its holder."""

    pid: int
    host: str
    since: str
    source: str

    @property
    def here(self) -> bool:
        return self.host == os.uname().nodename

    @property
    def gone(self) -> bool:
        """Whether it has ended without letting go."""
        return self.here and not alive(self.pid)


def _holder(content: bytes) -> _Holder | None:
    try:
        said = json.loads(content)
        return _Holder(int(said["pid"]), str(said["host"]), str(said["since"]), str(said["file"]))
    except (ValueError, KeyError, TypeError):
        return None


def _held(path: str, holder: _Holder | None) -> Held:
    """Who holds the lock, as far as that can be found out."""
    if holder is None:
        return Held("another run is under way here", "wait for its end", path)
    by = f"of `{holder.source}`, process {holder.pid}, since {holder.since}"
    if not holder.here:
        return Held(f"another run is under way: {by}, on {holder.host}", "wait for its end", path)
    if not holder.gone:
        hint = f"wait for its end, or end it: `kill {holder.pid}`"
        return Held(f"another run is under way: {by}", hint, path)
    left = holders(path)
    names = ", ".join(f"{number} (`{name}`)" for number, name in left[:5])
    message = f"a run ({by}) was killed, and what it started still runs" + (f": {names}" if left else "")
    hint = f"End that first. A service that is to outlive its action closes the lock: `… {NUMBER}>&- &`."
    return Held(message, hint, path)


def alive(pid: int) -> bool:
    """Whether there is such a process, and it has not ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return True


def holders(path: str) -> list[tuple[int, str]]:
    """The processes that have the lock's file open, and their names, where /proc shows them to us."""
    found: list[tuple[int, str]] = []
    try:
        wanted, entries = os.stat(path), os.listdir("/proc")
    except OSError:
        return found
    for entry in entries:
        if entry.isdecimal() and int(entry) != os.getpid():
            with suppress(OSError):
                for number in os.listdir(f"/proc/{entry}/fd"):
                    if _same(f"/proc/{entry}/fd/{number}", wanted):
                        with open(f"/proc/{entry}/comm", encoding="utf-8", errors="replace") as file:
                            found.append((int(entry), file.read().strip()))
                        break
    return sorted(found)


def _same(path: str, wanted: os.stat_result) -> bool:
    try:
        found = os.stat(path)
    except OSError:
        return False
    return (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino)
