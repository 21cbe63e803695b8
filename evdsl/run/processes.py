"""The processes of a run: started, read, waited for, and ended with all that belongs to them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from time import monotonic, sleep
from typing import Generic, NamedTuple, TypeVar

from ..base.redact import Redactor
from ..drivers.driver import Command, Ended
from ..drivers.output import Output
from .poll import Poller
from .process import Process, spawn
from .timers import Timers
from .watchdog import Watchdog
from .workers import Worker, Workers, no_folder

POLL = 0.005
"""Seconds between two looks at processes that the system has no descriptor for."""
YOUNG = 0.05
"""Seconds after which the end of a process gets a watch of its own. Until then it is told by the end of its output."""

Work = TypeVar("Work")


class Limits(NamedTuple):
    """`grace`: seconds between TERM and KILL; `linger`: those that are waited for the output to end after its process
    did, as a background child may hold the pipe open."""

    grace: float
    linger: float


class _Running(NamedTuple, Generic[Work]):
    """A process, what it is for, its command, and the line on which the watchdog has it."""

    process: Process
    work: Work
    command: Command
    line: int


class Processes(Generic[Work]):
    """All that run. `ended` is called with the work that a process was started for, once all is known of it.

    With `workers` shell texts are run by shells that stay. What `redactor` hides is taken out of all output before it
    is kept.
    """

    def __init__(
        self,
        poller: Poller,
        timers: Timers,
        watchdog: Watchdog,
        ended: Callable[[Work, Ended], None],
        limits: Limits,
        lock: int = -1,
        redactor: Redactor | None = None,
    ) -> None:
        self._poller = poller
        self._later = timers.later
        self._watchdog = watchdog
        self._tell = ended
        self._grace, self._linger = limits
        self._lock = lock
        self._redactor = redactor
        self._running: dict[int, _Running[Work]] = {}  # by process id
        self._young: deque[tuple[float, Process]] = deque()  # those without a watch, and until when
        self._unwatched: set[int] = set()  # ids of those that should have one, where there is none to be had
        self.workers: Workers | None = None

    def with_workers(self, folder: str, environ: Mapping[str, str]) -> None:
        """Have shell workers, with their files in this folder of ours."""
        self.workers = Workers(folder, environ, self._lock, self._poller, self._reported)

    def __len__(self) -> int:
        return len(self._running)

    def outputs(self) -> Iterator[tuple[Work, Output]]:
        """The output so far of each that runs."""
        return ((running.work, running.process.output) for running in self._running.values())

    def start(
        self,
        work: Work,
        command: Command,
        environ: Mapping[str, str],
        limit: float | None,
        helper: tuple[str, ...] = (),
    ) -> None:
        """Start a process; `environ` is added to by the command, `limit` the time it may take. Raises OSError, ValueError.

        `helper` stands before a command that may signal it, where we may not.
        """
        name = command.tries[0].event_file.rpartition("/")[2]
        line = self._watchdog.expect(name)
        try:
            process = self._started(command, environ)
        except BaseException:
            self._watchdog.forget(line)
            raise
        self._watchdog.started(line, name, process.pid)
        process.helper = helper
        if self._redactor is not None:
            process.redact = self._redactor.stream()
        self._running[process.pid] = _Running(process, work, command, line)
        if process.worker is None:
            self._poller.add(process.pipe, self._readable, process)
        self._young.append((monotonic() + YOUNG, process))
        if limit is not None:
            self._later(limit, lambda: self._timed_out(process, limit))

    def interrupt(self, kill: bool) -> None:
        """Ask all that run to end, and see to it that they do after the grace; or end them."""
        for process, *_ in list(self._running.values()):
            if process.ended and not process.ending:
                continue  # it came to its end by itself, only its output is awaited
            process.problem = process.problem or "interrupted"
            if kill:
                self._kill(process)
            else:
                self._terminate(process)

    @property
    def until(self) -> float | None:
        """Seconds until `look_after` has something to do, None if it need not be called."""
        young = self._young
        while young and young[0][1].ended:
            young.popleft()
        until = max(0.0, young[0][0] - monotonic()) if young else None
        if self._unwatched:
            return POLL if until is None else min(POLL, until)
        return until

    def look_after(self) -> None:
        """See to the ends of those that are young no more, and of those that cannot be watched."""
        young = self._young
        while young and (young[0][1].ended or young[0][0] <= monotonic()):
            process = young.popleft()[1]
            if not process.ended and process.watch < 0:
                self._oversee(process)
        for pid in list(self._unwatched):
            self._ends(self._running[pid].process)

    def close(self) -> None:
        """End all that still run, with their groups."""
        for process, *_ in self._running.values():
            _end(process)
            if self.workers is not None and process.worker is not None:
                self.workers.retire(process.worker)
        self._running.clear()
        if self.workers is not None:
            self.workers.close()

    def _started(self, command: Command, environ: Mapping[str, str]) -> Process:
        if self.workers is not None:
            process = self.workers.begin(command)
            if process is not None:
                return process
        return spawn(
            command.argv, {**environ, **command.env}, command.cwd, command.stdin, self._lock, command.leased
        )

    def _readable(self, process: Process, ended: bool) -> None:
        if ended or not process.read():
            self._close_pipe(process)
            if process.ended or self._exited(process):
                self._settle(process)

    def _ends(self, process: Process, _: bool = False) -> None:
        if not process.ended and self._exited(process):
            if process.pipe >= 0 and not process.drain():
                self._close_pipe(process)
            self._settle(process)

    def _exited(self, process: Process) -> bool:
        """Whether it has ended. If it has not, it is watched from now on."""
        if process.worker is not None:
            return False  # its worker will say so
        if process.watch >= 0:
            self._poller.leave(process.watch)
        if not process.poll():
            self._oversee(process)
            return False
        self._unwatched.discard(process.pid)
        return True

    def _oversee(self, process: Process) -> None:
        if process.worker is not None:
            # The end of its output alone is no news: until now it was left in the fifo, which most would never fill.
            if process.pipe >= 0:
                self._poller.add(process.pipe, self._readable, process)
        elif process.watch >= 0 or process.oversee():
            self._poller.add(process.watch, self._ends, process)
        else:
            self._unwatched.add(process.pid)

    def _reported(self, worker: Worker, ended: bool) -> None:
        """A worker says the exit code of what it ran, or is gone."""
        assert self.workers is not None
        process = worker.process
        said = b"" if ended else os.read(worker.status, 64)
        if process is None or not said.strip().isdigit():
            how = self.workers.lost(worker)
            if process is not None and not process.ended:
                process.problem = process.problem or f"its shell worker {how}"
                if not process.ending:
                    process.kill()  # the subshell goes on without its worker
        elif process.ended:
            return
        else:
            process.exit = int(said)
            if process.exit == 126:
                process.problem = process.problem or no_folder(self._running[process.pid].command)
        if process is not None and not process.ended:
            process.ended = True
            if process.pipe >= 0:
                if not process.drain():
                    self._close_pipe(process)
                elif not self._poller.has(process.pipe):
                    self._oversee(process)  # something still has it, for a moment or for long
            self._settle(process)

    def _close_pipe(self, process: Process) -> None:
        self._poller.leave(process.pipe)
        process.close_pipe()

    def _settle(self, process: Process) -> None:
        """It has ended: see to it that its group has too if it was made to end, and that its output is all there."""
        if process.settled:
            return
        if process.ending and not process.killed and process.group_lives():
            process.pause = min(2 * process.pause, 0.3)
            self._later(process.pause, lambda: self._settle(process))
            return
        if process.pipe >= 0 and not process.lingered:
            process.lingered = True
            self._later(self._linger, lambda: self._settle(process))
            return
        held = process.pipe >= 0
        if held:
            process.drain()
            self._close_pipe(process)
        process.settled = True
        if process.worker is not None and self.workers is not None:
            if process.ending or held:
                self.workers.retire(process.worker)
            else:
                self.workers.back(process.worker)
        _, work, _, line = self._running.pop(process.pid)
        self._watchdog.forget(line)
        self._tell(work, Ended(None if process.problem else process.exit, process.problem, process.kept()))

    def _timed_out(self, process: Process, limit: float) -> None:
        if not process.ended and not process.problem:
            process.problem = f"timed out after {limit:g} s"
            self._terminate(process)

    def _terminate(self, process: Process) -> None:
        if not process.ending:
            process.terminate()
            self._later(self._grace, lambda: self._kill(process))

    def _kill(self, process: Process) -> None:
        if not process.settled and not process.killed:
            process.kill()
            if process.ended:
                self._settle(process)
            else:
                self._later(self._grace, lambda: self._give_up(process))

    def _give_up(self, process: Process) -> None:
        """Not even KILL ended it (it hangs in the system): go on without it."""
        if not process.ended:
            process.problem = f"{process.problem}; process {process.pid} cannot be killed"
            if process.watch >= 0:
                self._poller.leave(process.watch)
                os.close(process.watch)
                process.watch = -1
            self._unwatched.discard(process.pid)
            process.ended = process.lingered = True
            self._settle(process)


def _end(process: Process) -> None:
    process.kill()
    process.close_pipe()
    deadline = monotonic() + 1.0
    while not process.poll() and monotonic() < deadline:
        sleep(POLL)
