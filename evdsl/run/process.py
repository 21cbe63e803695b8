"""One process of an action: started in a group of its own, its output read without waiting, ended with its group.

The group is ended on timeout and interrupt only. A background child that an action leaves behind when it ends by
itself goes on: to start such a one is what many actions are for. It loses its reader, though, soon after.
"""

from __future__ import annotations

import errno
import os
import signal
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from ..base.redact import Stream
from ..drivers.output import Kept, Output
from .lock import NUMBER as LOCK

if TYPE_CHECKING:
    from .workers import Worker

CHUNK = 65536
_DRAIN = 16 * CHUNK
_NO_OUTPUT = Output(0)
_DEFAULTS = (signal.SIGPIPE, signal.SIGXFSZ)
"""Python ignores these two, and what it ignores its children would ignore."""
_ENTER = 'cd -- "$0" || exit 126; exec "$@"'


class Process:
    """A running process. `exit` is its exit code as shells report it, once it has `ended`.

    `pipe` is the descriptor that its output comes from, -1 once it is closed. `watch` is one that becomes readable when
    it ends, -1 where there is none: as long as `oversee` was not called, and where none is to be had. Then `poll` tells.
    """

    __slots__ = (
        "ended",
        "ending",
        "exit",
        "feed",
        "helper",
        "killed",
        "lingered",
        "output",
        "pause",
        "pid",
        "pipe",
        "problem",
        "redact",
        "settled",
        "watch",
        "worker",
    )

    def __init__(self, pid: int, pipe: int) -> None:
        self.pid = pid
        self.pipe = pipe
        self.output = Output()
        self.redact: Stream[bytes] | None = None  # takes secrets out of the output before it is kept
        self.exit: int | None = None
        self.ended = False
        self.problem = ""  # why its exit code is no verdict: it was made to end
        self.ending = False  # TERM was sent to its group
        self.killed = False  # KILL was sent to its group
        self.lingered = False  # its pipe was given time to end after it
        self.settled = False  # all is known of it
        self.pause = 0.01  # seconds until its group is looked at again
        self.feed = -1  # the end of its input that we hold, if that is what asks it to end
        self.helper: tuple[str, ...] = ()  # stands before a command that may signal it, where we may not
        self.watch = -1
        self.worker: Worker | None = None  # the shell worker that it is run by; `pid` is then that one's

    def oversee(self) -> bool:
        """Open `watch`. False if there is none to be had; it runs all the same."""
        if hasattr(os, "pidfd_open"):
            with suppress(OSError):
                self.watch = os.pidfd_open(self.pid)
        return self.watch >= 0

    def read(self) -> bool:
        """Take a piece of output that is there. False once no more can come."""
        try:
            piece = os.read(self.pipe, CHUNK)
        except BlockingIOError:
            return True
        if piece:
            self._add(piece)
            return True
        return False

    def drain(self) -> bool:
        """Take what is there of the output, up to a bound. False once no more can come."""
        taken = 0
        while taken < _DRAIN:
            try:
                piece = os.read(self.pipe, CHUNK)
            except BlockingIOError:
                return True
            if not piece:
                return False
            self._add(piece)
            taken += len(piece)
        return True

    def _add(self, piece: bytes) -> None:
        self.output.add(piece if self.redact is None else self.redact.feed(piece))

    def kept(self) -> Kept:
        """What is kept of its output. To be asked once, at its end."""
        if self.redact is not None:
            self.output.add(self.redact.end())
        kept, self.output = self.output.kept(), _NO_OUTPUT  # timers may know the process for long
        return kept

    def close_pipe(self) -> None:
        """Read no more."""
        if self.pipe >= 0:
            os.close(self.pipe)
            self.pipe = -1

    def close_feed(self) -> None:
        """End its input."""
        if self.feed >= 0:
            os.close(self.feed)
            self.feed = -1

    def poll(self) -> bool:
        """Whether it has ended. If so its exit code is taken."""
        if self.ended:
            return True
        try:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:
            self.problem = self.problem or "its exit code was lost"
            self.ended = True
        else:
            if not pid:
                return False
            code = os.waitstatus_to_exitcode(status)
            self.exit = code if code >= 0 else 128 - code
            self.ended = True
        if self.watch >= 0:
            os.close(self.watch)
            self.watch = -1
        self.close_feed()
        return True

    def signal_group(self, number: int) -> None:
        """Send a signal to all of its group that is left."""
        if self.helper:
            self._have_signalled(number)
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def terminate(self) -> None:
        """Ask the group to end. What is stopped is woken up, so that it can."""
        self.ending = True
        if self.feed >= 0:
            self.close_feed()
            return
        if self.helper:
            self._have_signalled(signal.SIGTERM, signal.SIGCONT)
            return
        self.signal_group(signal.SIGTERM)
        self.signal_group(signal.SIGCONT)

    def kill(self) -> None:
        """End the group."""
        self.ending = self.killed = True
        self.close_feed()
        self.signal_group(signal.SIGKILL)

    def _have_signalled(self, *numbers: int) -> None:
        """Have somebody who may do that send signals to the group. It is not waited for."""
        import subprocess  # imported late: only wanted where a command of another user is to end

        names = [signal.Signals(number).name.removeprefix("SIG") for number in numbers]
        text = "; ".join(f'kill -{name} "-$1"' for name in names)
        command = (*self.helper, "/bin/sh", "-c", text, "sh", str(self.pid))

        def work() -> None:
            with suppress(OSError, subprocess.SubprocessError):
                subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=10)

        threading.Thread(target=work, daemon=True).start()

    def group_lives(self) -> bool:
        """Whether anything of its group is left. What has ended and waits for its parent to notice is not."""
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return _any_alive(self.pid)


def _any_alive(group: int) -> bool:
    """Whether a group that has members has one that is no zombie. In many containers nobody takes care of orphans."""
    try:
        entries = os.listdir("/proc")
    except OSError:
        return True
    for entry in entries:
        if entry.isdecimal():
            with suppress(OSError), open(f"/proc/{entry}/stat", "rb") as file:
                # "pid (name) state parent group ...", and the name may hold anything
                fields = file.read().rpartition(b")")[2].split()
                if fields[2:3] == [b"%d" % group] and fields[0] != b"Z":
                    return True
    return not entries


def spawn(
    argv: tuple[str, ...],
    env: dict[str, str],
    cwd: str,
    stdin: bytes = b"",
    lock: int = -1,
    leased: bool = False,
) -> Process:
    """Start a process. Raises OSError (with the file it is about) or ValueError (a NUL byte) where that cannot be.

    `env` is its whole environment, to which `PWD` is added. It inherits `lock`, under the number that lock.py gives it. EAGAIN, ENOMEM, EMFILE and ENFILE may pass; the rest will not.
    """
    cwd = os.path.abspath(cwd)
    path = find_program(argv[0], env.get("PATH", os.defpath), cwd)
    env["PWD"] = cwd
    inner, outer = os.pipe()
    given = feed = -1
    try:
        os.set_blocking(inner, False)
        if leased:
            given, feed = os.pipe()
        elif stdin:
            given = _file_of(stdin)
        process = Process(_spawn_in(cwd, path, argv, env, _descriptors(given, outer, lock)), inner)
        if leased:
            process.feed = feed
            _write(feed, stdin)
        return process
    except BaseException:
        os.close(inner)
        if feed >= 0:
            os.close(feed)
        raise
    finally:
        os.close(outer)
        if given >= 0:
            os.close(given)


def _descriptors(given: int, outer: int, lock: int) -> list[tuple[object, ...]]:
    stdin: tuple[object, ...] = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    if given >= 0:
        stdin = (os.POSIX_SPAWN_DUP2, given, 0)
    files = [stdin, (os.POSIX_SPAWN_DUP2, outer, 1), (os.POSIX_SPAWN_DUP2, outer, 2)]
    if lock >= 0:
        # the last: it may take the place of one of those above
        files.append((os.POSIX_SPAWN_DUP2, lock, LOCK))
    return files


def _spawn_in(
    cwd: str,
    path: str,
    argv: tuple[str, ...],
    env: Mapping[str, str],
    descriptors: list[tuple[object, ...]],
) -> int:
    """posix_spawn knows no folder: step into it for the moment, where we are not there already.

    The folder of a process belongs to all of its threads, so only the main thread does that; any other goes by way of
    a shell.
    """
    if threading.current_thread() is not threading.main_thread():
        argv = ("/bin/sh", "-c", _ENTER, cwd, path, *argv[1:])
        return os.posix_spawn(
            argv[0], argv, env, file_actions=descriptors, setpgroup=0, setsigdef=_DEFAULTS, setsigmask=()
        )
    if _is_here(cwd):
        return os.posix_spawn(
            path, argv, env, file_actions=descriptors, setpgroup=0, setsigdef=_DEFAULTS, setsigmask=()
        )
    back = os.open(".", getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.chdir(cwd)
        try:
            return os.posix_spawn(
                path, argv, env, file_actions=descriptors, setpgroup=0, setsigdef=_DEFAULTS, setsigmask=()
            )
        finally:
            os.fchdir(back)
    finally:
        os.close(back)


def _is_here(folder: str) -> bool:
    try:
        return os.getcwd() == folder
    except OSError:  # the folder that evdsl runs in is gone
        return False


def _write(feed: int, content: bytes) -> None:
    """Write what the pipe takes at once; a thread writes the rest, and gives up where nobody reads any more."""
    os.set_blocking(feed, False)
    with suppress(BlockingIOError, BrokenPipeError):
        content = content[os.write(feed, content) :]
    os.set_blocking(feed, True)
    if not content:
        return
    own = os.dup(feed)

    def work() -> None:
        view = memoryview(content)
        with suppress(OSError):
            while view:
                view = view[os.write(own, view[:CHUNK]) :]
        os.close(own)

    threading.Thread(target=work, daemon=True).start()


def _file_of(content: bytes) -> int:
    """A descriptor from which the content can be read; of memory, where that can be had, as it may hold secrets."""
    if hasattr(os, "memfd_create"):
        held = os.memfd_create("evdsl-input", os.MFD_CLOEXEC)
        with open(held, "wb", closefd=False) as file:
            file.write(content)
        os.lseek(held, 0, os.SEEK_SET)
        return held
    import tempfile  # imported late: sh and exec give no input

    with tempfile.TemporaryFile() as disk:
        disk.write(content)
        disk.seek(0)
        return os.dup(disk.fileno())


def find_program(name: str, search: str, cwd: str) -> str:
    """The path of a program: as it is if it has a slash, else the first executable file in `search`.

    Raises FileNotFoundError. Relative folders in `search` are relative to `cwd`. What was found is not kept: an action
    may install the program that the next one runs.
    """
    if "/" in name:
        return name
    for folder in search.split(os.pathsep):
        path = os.path.join(cwd, folder, name)
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    raise FileNotFoundError(errno.ENOENT, "no such program", name)


def ready_this_process() -> None:
    """Put right what evdsl may have been started with and what would spoil its children.

    Closed standard descriptors would be taken by others; with SIGCHLD ignored exit codes are lost.
    """
    while True:
        file = os.open(os.devnull, os.O_RDWR)
        if file > 2:
            os.close(file)
            break
    in_main = threading.current_thread() is threading.main_thread()
    if in_main and signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
