"""The executor for this machine: one loop that starts processes, reads them, waits for them and keeps their time."""

from __future__ import annotations

import errno
import os
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from heapq import heappop, heappush
from itertools import count
from time import monotonic, sleep

from ..base.redact import Redactor
from ..drivers import registry
from ..drivers.driver import Answer, Call, Command, Driver, Ended, Try, Unfit, Verdict
from ..drivers.job import Job
from ..drivers.outcome import Outcome
from ..drivers.output import Kept, Output
from ..drivers.sudo import as_user, before, heard, user_of
from .calls import Calls, Scarce
from .executor import Again, Done, Notice
from .poll import Poller
from .process import Process, ready_this_process, spawn
from .task import Guard, Task
from .watchdog import Watchdog
from .workers import Worker, Workers, no_folder

GRACE = 5.0
"""Seconds between TERM and KILL."""
LINGER = 0.2
"""Seconds that are waited for the output to end after its process did: a background child may hold the pipe open."""
POLL = 0.005
"""Seconds between two looks at processes that the system has no descriptor for."""
YOUNG = 0.05
"""Seconds after which the end of a process gets a watch of its own. Until then it is told by the end of its output."""
_PASSING = (errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ETXTBSY)
_WAKE, _RING = b"\0", b"\1"
_HOLDS = 10
"""How often a start that failed for want of descriptors or processes is tried again, the pause doubling from 10 ms."""


class _Work:
    """A command or call that is to be run or runs: the tasks that it serves, by their step, and the guard that it is,
    if any. `user` is who runs it by way of sudo, empty for the user of evdsl."""

    __slots__ = ("command", "guard", "held", "line", "process", "tasks", "user")

    def __init__(self, command: Command | Call, tasks: dict[int, Task], guard: Guard | None = None) -> None:
        self.command = command
        self.user = user_of(command.tries[0].job)
        self.tasks = tasks
        self.guard = guard
        self.held = 0
        self.line = -1  # where the watchdog has it
        self.process: Process | None = None


class LocalExecutor:
    """Runs up to `places` processes at a time. See `executor.Executor`.

    Calls count as processes do. It keeps a folder of its own, mode 0700, under the system's temporary folder, until
    `close`; another one, with names that nobody can guess, for what runs by way of sudo. `lock` is a descriptor that
    all it starts inherits, see lock.py; what `redactor` hides is taken out of all output before it is kept.
    With `shell_workers` shell texts are run by shells that stay, see workers.py.
    """

    def __init__(
        self,
        places: int,
        *,
        grace: float = GRACE,
        linger: float = LINGER,
        lock: int = -1,
        redactor: Redactor | None = None,
        shell_workers: bool = False,
    ) -> None:
        self.places = places
        self._lock = lock
        self._redactor = redactor
        self._grace = grace
        self._linger = linger
        ready_this_process()
        self._environ = dict(os.environ)
        self._drivers: dict[str, Driver] = {}
        self._running: dict[int, _Work] = {}  # by process id
        self._young: deque[tuple[float, Process]] = deque()  # those without a watch, and until when
        self._unwatched: set[int] = set()  # ids of those that should have one, where there is none to be had
        self._held = 0  # commands that wait for descriptors or processes to be had again
        self._due: deque[Task] = deque()  # tasks whose pause is over and that wait for a place
        self._pausing: dict[int, Task] = {}  # by step
        self._notices: list[Notice] = []
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._ticket = count()
        self._level = 0
        self._woken = False
        self._poller = Poller()
        self._waking, self._wake = os.pipe()
        os.set_blocking(self._waking, False)
        os.set_blocking(self._wake, False)
        self._poller.add(self._waking, self._wakes)
        self._calls = Calls(self._ring)
        self._called: dict[int, _Work] = {}  # by ticket
        self._folder = _private_folder()
        self._shared = ""  # the folder of event files that other users write
        self._watchdog = Watchdog(self._folder, lock)
        self._workers: Workers | None = None
        if shell_workers:
            self._workers = Workers(self._folder, self._environ, lock, self._poller, self._reported)

    # what the run asks

    @property
    def free(self) -> int:
        """How many jobs could begin now."""
        return max(0, self.places - self._taken - len(self._due))

    @property
    def _taken(self) -> int:
        return len(self._running) + len(self._called) + self._held

    def start(self, jobs: Sequence[Job]) -> None:
        """Begin these jobs: first their guards, then the actions."""
        self._proceed([Task(job, self._driver(job.driver), self._events(job)) for job in jobs])

    def wait(self, timeout: float | None = None) -> list[Notice]:
        """What has happened. Blocks until something did, `wake` was called or `timeout` seconds are over."""
        deadline = None if timeout is None else monotonic() + timeout
        self._woken = False
        while not self._notices and not self._woken:
            left = None if deadline is None else deadline - monotonic()
            if left is not None and left < 0:
                break
            self._poller.wait(self._patience(left))
            self._look_after()
            self._fire()
            self._go_on()
            while self._due and self._taken < self.places:
                self._proceed([self._due.popleft()])
        notices, self._notices = self._notices, []
        return notices

    def wake(self) -> None:
        """Make `wait` return."""
        with suppress(BlockingIOError):
            os.write(self._wake, _WAKE)

    def _ring(self) -> None:
        """A call has said something. From its thread, while the pipe is there."""
        with suppress(BlockingIOError):
            os.write(self._wake, _RING)

    def interrupt(self, level: int) -> None:
        """1: try nothing again; 2: TERM to all groups, KILL after the grace; 3: KILL. Calls are left at 2."""
        self._level = max(level, self._level)
        for task in [*self._pausing.values(), *self._due]:
            assert task.last is not None
            self._notices.append(Done(task.job.step, task.last))
        self._pausing.clear()
        self._due.clear()
        if level < 2:
            return
        for ticket in list(self._called):
            self._leave(ticket, "interrupted")
        for work in list(self._running.values()):
            process = work.process
            assert process is not None
            if process.ended and not process.ending:
                continue  # it came to its end by itself, only its output is awaited
            process.problem = process.problem or "interrupted"
            if level == 2:
                self._terminate(process)
            else:
                self._kill(process)

    def close(self) -> None:
        """End all that still runs, with its group, and remove the folder."""
        for work in self._running.values():
            if work.process is not None:
                _end(work.process)
                if self._workers is not None and work.process.worker is not None:
                    self._workers.retire(work.process.worker)
        self._running.clear()
        self._calls.close()
        if self._workers is not None:
            self._workers.close()
        self._poller.close()
        os.close(self._waking)
        os.close(self._wake)
        self._watchdog.close()
        _remove(self._folder)
        if self._shared:
            _remove(os.path.dirname(self._shared))

    # from a task to processes and calls

    def _events(self, job: Job) -> str:
        """The folder for the event files of a job."""
        if not user_of(job):
            return self._folder
        if not self._shared:
            self._shared = _shared_folder()
        return self._shared

    def _driver(self, name: str) -> Driver:
        driver = self._drivers.get(name)
        if driver is None:
            driver = self._drivers[name] = registry.load(name)
        return driver

    def _proceed(self, tasks: Sequence[Task]) -> None:
        """Run what each task needs next: a guard, or a try. What is ready together goes to its driver together."""
        ready: dict[tuple[str, object, str], list[tuple[Task, Try]]] = {}
        for task in tasks:
            then = task.next()
            if isinstance(then, Outcome):
                self._finish(task, then)
            elif isinstance(then, Guard):
                self._run(_Work(then.command, {task.job.step: task}, then))
            else:
                key = (task.job.driver, task.job.place, user_of(task.job))
                ready.setdefault(key, []).append((task, then))
        for together in ready.values():
            self._command(together)

    def _command(self, together: list[tuple[Task, Try]]) -> None:
        """Have the driver make work of tries that are ready together, and start it."""
        first = together[0][0]
        try:
            commands = first.driver.commands([attempt for _, attempt in together], first.job.place)
        except Unfit as problem:
            if len(together) == 1:
                self._finish(first, first.unfit(str(problem)))
            else:
                for one in together:
                    self._command([one])
            return
        except Exception as problem:  # a driver of another package may do anything
            for task, _ in together:
                self._finish(task, task.unfit(f"a defect of the driver: {type(problem).__name__}: {problem}"))
            return
        tasks = {task.job.step: task for task, _ in together}
        for command in commands:
            self._run(
                _Work(command, {attempt.job.step: tasks[attempt.job.step] for attempt in command.tries})
            )

    def _run(self, work: _Work) -> None:
        """Start a process or call, or hold it back for a while where the system has no room for it."""
        command = work.command
        if self._level >= (1 if work.held else 2):
            self._ended(work, Ended(None, "interrupted before it was started"))
            return
        if isinstance(command, Call):
            self._call(work, command)
            return
        if work.user:
            try:
                command = as_user(command, work.user)
            except (Unfit, OSError) as problem:
                self._ended(work, Ended(None, f"cannot be started: {problem}"))
                return
        name = os.path.basename(command.tries[0].event_file)
        work.line = self._watchdog.expect(name)
        try:
            process = self._started(command)
        except ValueError as problem:
            self._watchdog.forget(work.line)
            self._ended(work, Ended(None, f"cannot be started: {problem}"))
        except OSError as problem:
            self._watchdog.forget(work.line)
            if problem.errno in _PASSING and work.held < _HOLDS:
                self._hold(work)
            else:
                about = f": {problem.filename}" if problem.filename else ""
                self._ended(work, Ended(None, f"cannot be started: {problem.strerror}{about}"))
        else:
            self._watchdog.started(work.line, name, process.pid)
            work.process = process
            if self._redactor is not None:
                process.redact = self._redactor.stream()
            if work.user and os.geteuid() != 0:
                process.helper = before(work.user)
            self._watch(work, process)

    def _call(self, work: _Work, call: Call) -> None:
        if work.user and not call.as_us:
            self._ended(work, Ended(None, f"`sudo` cannot be had for `{call.attempt.job.driver}`"))
            return
        try:
            ticket = self._calls.start(call)
        except Scarce as problem:
            self._scarce(work, problem)
            return
        self._called[ticket] = work
        limit = call.attempt.job.timeout
        if limit is not None:
            self._later(limit, lambda: self._leave(ticket, f"timed out after {limit:g} s"))

    def _go_on(self) -> None:
        """Take what calls have said."""
        for ticket, said in self._calls.taken():
            work = self._called.pop(ticket)
            if isinstance(said, Answer):
                self._ended(work, Ended(said.verdict.exit, "", self._kept(said.output), said.verdict))
            elif isinstance(said, Command):
                work.command, work.held = said, 0
                self._run(work)
            else:
                self._scarce(work, said)

    def _kept(self, shown: bytes) -> Kept:
        output = Output()
        if self._redactor is not None:
            stream = self._redactor.stream()
            shown = stream.feed(shown) + stream.end()
        output.add(shown)
        return output.kept()

    def _leave(self, ticket: int, problem: str) -> None:
        """Wait no longer for a call."""
        if self._calls.leave(ticket):
            self._ended(self._called.pop(ticket), Ended(None, "", verdict=Verdict(None, problem)))

    def _scarce(self, work: _Work, problem: Scarce) -> None:
        if work.held < _HOLDS:
            self._hold(work)
        else:
            self._ended(work, Ended(None, str(problem)))

    def _started(self, command: Command) -> Process:
        if self._workers is not None:
            process = self._workers.begin(command)
            if process is not None:
                return process
        return spawn(command.argv, {**self._environ, **command.env}, command.cwd, command.stdin, self._lock)

    def _hold(self, work: _Work) -> None:
        self._held += 1

        def release() -> None:
            self._held -= 1
            self._run(work)

        self._later(0.01 * 2**work.held, release)
        work.held += 1

    def _watch(self, work: _Work, process: Process) -> None:
        self._running[process.pid] = work
        if process.worker is None:
            self._poller.add(process.pipe, self._readable, process)
        self._young.append((monotonic() + YOUNG, process))
        limits = [limit for task in work.tasks.values() if (limit := task.job.timeout) is not None]
        if limits:
            limit = min(limits)
            self._later(limit, lambda: self._timed_out(process, limit))

    # from a process to outcomes

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
        assert self._workers is not None
        process = worker.process
        said = b"" if ended else os.read(worker.status, 64)
        if process is None or not said.strip().isdigit():
            how = self._workers.lost(worker)
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
        if process.worker is not None and self._workers is not None:
            if process.ending or held:
                self._workers.retire(process.worker)
            else:
                self._workers.back(process.worker)
        work = self._running.pop(process.pid)
        self._watchdog.forget(work.line)
        self._ended(work, Ended(None if process.problem else process.exit, process.problem, process.kept()))

    def _ended(self, work: _Work, ended: Ended) -> None:
        """Tell the tasks that a command served what came of it."""
        if work.user and isinstance(work.command, Command):
            ended = heard(work.command, ended, work.user)
        if work.guard:
            (task,) = work.tasks.values()
            outcome = task.guarded(work.guard, ended)
            if outcome:
                self._finish(task, outcome)
            else:
                self._proceed([task])
            return
        for attempt in work.command.tries:
            task = work.tasks[attempt.job.step]
            tried = task.tried(attempt, work.command, ended)
            if self._level == 0 and task.fails_again(tried):
                self._pause(task, tried)
            else:
                self._finish(task, tried)

    def _pause(self, task: Task, outcome: Outcome) -> None:
        pause = task.job.pause(task.number)
        self._notices.append(Again(task.job.step, task.number, outcome, pause))
        self._pausing[task.job.step] = task

        def over() -> None:
            if self._pausing.pop(task.job.step, None):
                self._due.append(task)

        self._later(pause, over)

    def _finish(self, task: Task, outcome: Outcome) -> None:
        self._notices.append(Done(task.job.step, outcome))

    # ending processes

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

    # time and descriptors

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        heappush(self._timers, (monotonic() + seconds, next(self._ticket), call))

    def _patience(self, timeout: float | None) -> float | None:
        """How long may be slept."""
        if self._due and self._taken < self.places:
            return 0.0
        until = [] if timeout is None else [timeout]
        if self._timers:
            until.append(max(0.0, self._timers[0][0] - monotonic()))
        young = self._young
        while young and young[0][1].ended:
            young.popleft()
        if young:
            until.append(max(0.0, young[0][0] - monotonic()))
        if self._unwatched:
            until.append(POLL)
        return min(until) if until else None

    def _wakes(self, _: None, ended: bool) -> None:
        with suppress(BlockingIOError):
            self._woken |= _WAKE in os.read(self._waking, 4096)

    def _look_after(self) -> None:
        """See to the ends of those that are young no more, and of those that cannot be watched."""
        young = self._young
        while young and (young[0][1].ended or young[0][0] <= monotonic()):
            process = young.popleft()[1]
            if not process.ended and process.watch < 0:
                self._oversee(process)
        for pid in list(self._unwatched):
            process = self._running[pid].process  # type: ignore[assignment]
            self._ends(process)

    def _fire(self) -> None:
        now = monotonic()
        while self._timers and self._timers[0][0] <= now:
            heappop(self._timers)[2]()


def _private_folder() -> str:
    """A new folder that only we may enter. No one can have made it before: its name is not to be guessed."""
    base = os.environ.get("TMPDIR") or "/tmp"
    path = os.path.join(os.path.abspath(base), f"evdsl-{os.getpid()}-{os.urandom(8).hex()}")
    os.mkdir(path, 0o700)
    return path


def _shared_folder() -> str:
    """A new folder in which other users find a file whose name they are told, and cannot look for any other."""
    base = _private_folder()
    path = os.path.join(base, os.urandom(16).hex())
    os.mkdir(path, 0o700)
    for folder in (path, base):
        os.chmod(folder, 0o711)
    return path


def _remove(folder: str) -> None:
    try:
        os.rmdir(folder)
    except OSError:
        from shutil import rmtree  # imported late: event files are removed as they are read

        rmtree(folder, ignore_errors=True)


def _end(process: Process) -> None:
    process.kill()
    process.close_pipe()
    deadline = monotonic() + 1.0
    while not process.poll() and monotonic() < deadline:
        sleep(POLL)
