"""The watchdog: one small process beside a run that ends what the run has started if evdsl itself is killed.

It is a `/bin/sh` that sleeps in a read: to start it costs 1 ms of CPU, a Python would cost 10 and 10 MB. It holds the
reading end of a pipe. A run that ends says goodbye on it; an end of the pipe without a goodbye means that evdsl is gone.

What runs stands in a table of memory that both share, a line for each process: the name of its try and its group. So
an action costs three stores into memory, no system call and no waking of the watchdog, and a number that the system
gives away again is never in the table. The name stands there before the process is started: one that was started
in the very moment in which evdsl was killed, and one that left its group, are found by the `EVDSL_EVENT` in their
environment, where /proc shows that.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from mmap import mmap
from time import monotonic, sleep

WIDE = 64
"""Bytes of a line of the table."""
_LINES = 64
_TABLE = 3  # the number under which the watchdog has the table
_EMPTY = b" " * (WIDE - 1) + b"\n"

_SCRIPT = r"""
trap '' HUP INT QUIT TERM PIPE TSTP
cd /
read -r word && exit 0
folder=$1 lock=$2 groups=
set --
while read -r name group; do
    [ -n "$name" ] || continue
    set -- "$@" -e "EVDSL_EVENT=$folder/$name"
    groups="$groups $group"
done <&3
strays() {
    [ $# = 0 ] || for file in $(grep -lsaF "$@" /proc/[0-9]*/environ); do
        file=${file#/proc/}
        echo "${file%/environ}"
    done
}
tell() {
    signal=$1
    shift
    for one in $groups; do kill "-$signal" "-$one"; done
    for one in $(strays "$@"); do
        kill "-$signal" "-$one"
        kill "-$signal" "$one"
    done
}
alive() {
    for one in $groups; do
        kill -0 "-$one" && return 0
    done
    [ -n "$(strays "$@")" ]
}
tell TERM "$@"
tell CONT "$@"
for round in 1 2 3 4 5 6 7 8 9 10; do
    alive "$@" || break
    sleep 0.1 || sleep 1
done
for round in 1 2 3; do
    alive "$@" || break
    tell KILL "$@"
    sleep 0.05
done
rm -rf -- "$folder" "$folder.shared"
[ -z "$lock" ] || [ -n "$(strays "$@")" ] || flock -u "$lock"
"""
"""$1: the folder of the event files; $2: the number of the lock's descriptor, or nothing.

`kill -NAME -GROUP` is what all shells take: not all know `--` behind a signal, and one took `kill -0 --` for a mistake.

A service that an earlier action left behind has the lock too. Once nothing of the run is alive the lock is opened under
it, where there is a flock(1) to do that.
"""


class Watchdog:
    """Knows what runs. `folder` is where the event files of the run will be: ours, and removed if evdsl is killed, with
    the one for other users beside it (folders.py).
    """

    def __init__(self, folder: str, lock: int = -1) -> None:
        self._lines = _LINES
        self._file = _table()
        os.ftruncate(self._file, 0)
        self._table = self._mapped()
        self._free = list(range(_LINES - 1, -1, -1))
        inner, self._pipe = os.pipe()
        try:
            self._pid = _start(folder, inner, self._file, lock)
        finally:
            os.close(inner)

    def expect(self, name: str) -> int:
        """A process for this try (the name of its event file) is about to be started. The line to tell more of."""
        if not self._free:
            self._grow()
        line = self._free.pop()
        self._write(line, name.encode())
        return line

    def started(self, line: int, name: str, group: int) -> None:
        """It was started, and this is its group."""
        self._write(line, b"%s %d" % (name.encode(), group))

    def forget(self, line: int) -> None:
        """It has ended, or was never started."""
        self._table[line * WIDE : (line + 1) * WIDE] = _EMPTY
        self._free.append(line)

    def close(self) -> None:
        """Say goodbye. What still runs is left alone."""
        with suppress(BrokenPipeError):
            os.write(self._pipe, b"bye\n")
        os.close(self._pipe)
        os.close(self._file)
        self._table.close()
        deadline = monotonic() + 1.0
        with suppress(ChildProcessError):
            while not os.waitpid(self._pid, os.WNOHANG)[0] and monotonic() < deadline:
                sleep(0.0005)  # it ends at once, unless somebody has stopped it

    def _write(self, line: int, text: bytes) -> None:
        self._table[line * WIDE : (line + 1) * WIDE] = text[: WIDE - 1].ljust(WIDE - 1) + b"\n"

    def _mapped(self) -> mmap:
        # Written, not just made longer: a disk that is full is told here and not by a signal later.
        there = os.fstat(self._file).st_size
        os.pwrite(self._file, _EMPTY * (self._lines - there // WIDE), there)
        return mmap(self._file, self._lines * WIDE)

    def _grow(self) -> None:
        first, self._lines = self._lines, 2 * self._lines
        self._table.close()
        self._table = self._mapped()
        self._free = list(range(self._lines - 1, first - 1, -1))


def _table() -> int:
    """A descriptor of a file that is in no folder."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("evdsl-groups", os.MFD_CLOEXEC)
    import tempfile  # imported late: most systems have files of memory

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _start(folder: str, pipe: int, table: int, lock: int) -> int:
    """Start it in a session of its own: Ctrl-C on the terminal is none of its business. Its descriptors are no one's."""
    files: list[tuple[object, ...]] = [
        (os.POSIX_SPAWN_DUP2, pipe, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_DUP2, table, _TABLE),
    ]
    number = ""
    if lock >= 0:
        from .lock import NUMBER

        number = str(NUMBER)
        files.append((os.POSIX_SPAWN_DUP2, lock, NUMBER))
    return os.posix_spawn(
        "/bin/sh",
        ("sh", "-c", _SCRIPT, "evdsl-watchdog", folder, number),
        {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        file_actions=files,
        setsid=True,
        setsigmask=(),
        setsigdef=(signal.SIGCHLD,),
    )
