"""Shell workers, opt-in: `/bin/sh` processes that stay and run one shell text after the other, each in a subshell.

What that saves is the start of a shell for each action. A worker reads commands from a pipe, each a `. script` of a file
that is written anew for each action: shells read a file in large pieces and a pipe, some of them, byte by byte. The
subshell gets its folder, its environment and its descriptors, then evaluates the text; what it does to itself (`cd`,
`umask`, `trap`, `set -e`, `exit`, `exec`, variables, functions) ends with it. The worker says its exit code on
another pipe. Its output goes to a fifo of the worker, so that it has an end of its own.

A worker leads a process group, which is that of the action it runs. Where an action leaves something behind, or is made
to end, its worker is not used again, so that a group never holds more than one action. What was left behind is known
by its holding the fifo, of which each subshell has a second descriptor; see HELD.

Not seen by what runs in a worker: nothing. What differs: `$$` is the worker (texts with `$$` are not run in one),
`$-`, the word `eval` in messages of the shell itself, and that a descriptor 8 is open.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic, sleep

from ..drivers.driver import Call, Command
from .lock import NUMBER as LOCK
from .poll import Poller
from .process import Process

SHELL = "/bin/sh"
HELD = 8
"""The number of the descriptor by which whatever an action leaves behind is noticed."""
_LARGEST = 256 * 1024  # bytes of a script; a longer one is left to a process of its own
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_THEIRS = re.compile(
    "IFS|OPTIND|OPTARG|OPTERR|PPID|PS[0-4]|ENV|LINENO|OLDPWD|_|UID|EUID|GROUPS|RANDOM|SRANDOM|SECONDS|EPOCH.*|HIST.*|DIRSTACK"
    "|FUNCNAME|SHELLOPTS|POSIXLY_CORRECT|BASH.*|COMP_.*|HOSTNAME|HOSTTYPE|MACHTYPE|OSTYPE|SHLVL|TMOUT|CDPATH|MAIL.*|IGNOREEOF"
    "|COLUMNS|LINES|PIPESTATUS|READLINE_.*|TIMEFORMAT|FCEDIT|FIGNORE|GLOBIGNORE|INPUTRC|EXECIGNORE|COPROC|MAPFILE|REPLY|histchars"
)
"""Variables that mean something to a shell, and that it takes from its environment otherwise than from an assignment."""


class Worker:
    """A shell that runs, and the process (in the sense of an action) that it is busy with, None if it is idle."""

    __slots__ = ("commands", "fifo", "file", "pid", "process", "rest", "script", "size", "status", "word")

    def __init__(self, pid: int, commands: int, status: int, base: str) -> None:
        self.pid = pid
        self.commands = commands  # what it is told
        self.status = status  # what it says
        self.process: Process | None = None
        self.fifo = base + ".out"
        self.script = base + ".sh"
        # The code is said once the script has been read to its end: then it may be written anew.
        self.word = os.fsencode(f". {_quoted(self.script)};echo $?\n")
        self.rest = os.fsencode(f")</dev/null >{_quoted(self.fifo)} 2>&1 {HELD}>&1\n")
        self.size = 0
        self.file = -1

    def tell(self, text: bytes) -> int:
        """Have it run a text in a subshell. Returns the descriptor for its output. OSError if it is gone."""
        pipe = os.open(self.fifo, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            # What the file had beyond the new script is made blank, which is cheaper than to cut it off.
            script = b"(" + text + self.rest
            os.pwrite(self.file, script.ljust(self.size, b"\n"), 0)
            self.size = max(self.size, len(script))
            os.write(self.commands, self.word)
        except BaseException:
            os.close(pipe)
            raise
        return pipe

    def close(self) -> None:
        """Tell it to end."""
        for file in (self.commands, self.status, self.file):
            if file >= 0:
                os.close(file)
        self.commands = self.status = self.file = -1
        for path in (self.fifo, self.script):
            with suppress(OSError):
                os.unlink(path)


class Workers:
    """Starts workers and hands them out. `reported` is called with a worker when it has something to say."""

    def __init__(
        self,
        folder: str,
        environ: Mapping[str, str],
        lock: int,
        poller: Poller,
        reported: Callable[[Worker, bool], None],
    ) -> None:
        self._folder = folder
        self._environ = environ
        self._lock = lock
        self._poller = poller
        self._reported = reported
        self._idle: list[Worker] = []
        self._ending: list[int] = []  # ids of workers that were told to end
        self._count = 0
        self._names: dict[str, bool] = {}  # of variables, and whether a worker can have one of that name
        old = environ.get("OLDPWD")  # `cd` sets it, and for what runs it is to be as it was
        self._head = "unset OLDPWD;export" if old is None else "export OLDPWD=" + _quoted(old)

    def begin(self, command: Command) -> Process | None:
        """Run a command in a worker; None if it has to have a process of its own. Raises OSError."""
        text = self._script(command)
        if text is None:
            return None
        for _ in range(len(self._idle) + 1):
            worker = self._idle.pop() if self._idle else self._start()
            try:
                pipe = worker.tell(text)
            except OSError:
                self.retire(worker)  # it was killed while it was idle, or its files are gone
                continue
            worker.process = Process(worker.pid, pipe)
            worker.process.worker = worker
            return worker.process
        return None

    def back(self, worker: Worker) -> None:
        """Its action has ended, and nothing of it is left."""
        worker.process = None
        self._idle.append(worker)

    def retire(self, worker: Worker) -> None:
        """Use a worker no more."""
        worker.process = None
        if worker in self._idle:
            self._idle.remove(worker)
        if worker.status >= 0:
            self._poller.leave(worker.status)
            worker.close()
            self._ending.append(worker.pid)
        self._ending = [pid for pid in self._ending if not _reaped(pid)]

    def lost(self, worker: Worker) -> str:
        """It has ended without being told to: how, in words."""
        self._poller.leave(worker.status)
        worker.close()
        if worker in self._idle:
            self._idle.remove(worker)
        deadline = monotonic() + 1.0
        while monotonic() < deadline:
            try:
                pid, status = os.waitpid(worker.pid, os.WNOHANG)
            except ChildProcessError:
                break
            if pid:
                code = os.waitstatus_to_exitcode(status)
                return f"was killed by {_signal(-code)}" if code < 0 else f"ended with exit {code}"
            sleep(0.001)  # it has closed its pipe and is about to end
        else:
            self._ending.append(worker.pid)
        return "is gone"

    def close(self) -> None:
        """End all that are idle."""
        for worker in list(self._idle):
            self.retire(worker)
        deadline = monotonic() + 1.0
        while self._ending and monotonic() < deadline:
            self._ending = [pid for pid in self._ending if not _reaped(pid)]
            if self._ending:
                sleep(0.001)
        for pid in self._ending:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    def _script(self, command: Command) -> bytes | None:
        """What the subshell of a command does; None if a worker is not right for it."""
        argv = command.argv
        if len(argv) != 3 or argv[:2] != ("/bin/sh", "-c") or command.stdin:
            return None
        text = argv[2]
        if "$$" in text or "${$" in text:
            return None
        words = ["cd ", _quoted(os.path.abspath(command.cwd)), "||exit 126;", self._head]
        for name, value in command.env.items():
            fit = self._names.get(name)
            if fit is None:
                fit = self._names[name] = bool(_NAME.fullmatch(name)) and not _THEIRS.fullmatch(name)
            if fit:
                words += (" ", name, "=", _quoted(value))
            elif name != "PWD":  # that is where it runs, whatever it is told
                return None
        words += (";eval ", _quoted(" " + text))
        found = os.fsencode("".join(words))
        return found if len(found) < _LARGEST and b"\0" not in found else None

    def _start(self) -> Worker:
        self._count += 1
        base = os.path.join(self._folder, f"worker-{self._count}")
        commands, told = os.pipe()
        said, status = os.pipe()
        try:
            files: list[tuple[object, ...]] = [
                (os.POSIX_SPAWN_DUP2, commands, 0),
                (os.POSIX_SPAWN_DUP2, status, 1),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ]
            if self._lock >= 0:
                files.append((os.POSIX_SPAWN_DUP2, self._lock, LOCK))
            os.mkfifo(base + ".out", 0o600)
            file = os.open(base + ".sh", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                pid = os.posix_spawn(
                    SHELL,
                    ("/bin/sh",),
                    {**self._environ},
                    file_actions=files,
                    setpgroup=0,
                    setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),
                    setsigmask=(),
                )
            except BaseException:
                os.close(file)
                raise
        except BaseException:
            os.close(told)
            os.close(said)
            raise
        finally:
            os.close(commands)
            os.close(status)
        worker = Worker(pid, told, said, base)
        worker.file = file
        self._poller.add(said, self._reported, worker)
        return worker


def no_folder(command: Command | Call) -> str:
    """Why a command could not step into its folder, in the words of one that could not be started; empty if it could."""
    if isinstance(command, Command):
        try:
            os.stat(os.path.join(command.cwd, "."))
        except OSError as problem:
            return f"cannot be started: {problem.strerror}: {os.path.abspath(command.cwd)}"
    return ""


def _quoted(text: str) -> str:
    """A text as one word of the shell."""
    return "'" + text.replace("'", "'\\''") + "'" if "'" in text else f"'{text}'"


def _reaped(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
