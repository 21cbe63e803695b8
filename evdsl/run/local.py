"""The executor for this machine: one loop that starts processes, reads them, waits for them and keeps their time."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic

from ..base.redact import Redactor
from ..drivers import registry
from ..drivers.driver import Answer, Call, Command, Driver, Ended, Sharer, Try, Unfit, Verdict
from ..drivers.job import Job, Place, Remote
from ..drivers.outcome import Outcome
from ..drivers.output import Kept, Output
from ..drivers.sudo import as_user, before, heard, user_of
from .calls import Calls, Scarce
from .executor import Again, Done, Notice
from .folders import new_path, remove_folder, shared_folder
from .poll import Poller
from .process import ready_this_process
from .processes import Limits, Processes
from .room import Room
from .ssh import Ssh
from .task import Guard, Task
from .timers import Timers
from .watchdog import Watchdog

GRACE = 5.0
"""Seconds between TERM and KILL."""
LINGER = 0.2
"""Seconds that are waited for the output to end after its process did: a background child may hold the pipe open."""
_PASSING = (errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ETXTBSY)
_WAKE, _RING = b"\0", b"\1"
_HOLDS = 10
"""How often a start that failed for want of descriptors or processes is tried again, the pause doubling from 10 ms."""


class _Work:
    """A command or call that is to be run or runs: the tasks that it serves, by their step, and the guard that it is,
    if any. `user` is who runs it by way of sudo, empty for the user of evdsl."""

    __slots__ = ("away", "command", "guard", "held", "tasks", "user")

    def __init__(self, command: Command | Call, tasks: dict[int, Task], guard: Guard | None = None) -> None:
        task = tasks[command.tries[0].job.step]
        place = task.job.place
        self.command = command
        self.user = task.user
        self.tasks = tasks
        self.guard = guard
        self.held = 0
        self.away: Remote | None = None
        """The host that our ssh has to run it on, None if it runs here."""
        if isinstance(place, Remote) and (guard or not place.from_here):
            self.away = place

    @property
    def limit(self) -> float | None:
        """Seconds that it may take: the least that one of its tasks is given."""
        limits = [limit for task in self.tasks.values() if (limit := task.job.timeout) is not None]
        return min(limits) if limits else None


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
        self._redactor = redactor
        ready_this_process()
        self._environ = dict(os.environ)
        self._drivers: dict[str, Driver] = {}
        self._held = 0  # commands that wait for descriptors or processes to be had again
        self._room = Room(places)
        self._ssh = Ssh()
        self._pausing: dict[int, Task] = {}  # by step
        self._notices: list[Notice] = []
        self._timers = Timers()
        self._level = 0
        self._woken = False
        self._poller = Poller()
        self._waking, self._wake = os.pipe()
        os.set_blocking(self._waking, False)
        os.set_blocking(self._wake, False)
        self._poller.add(self._waking, self._wakes)
        self._calls = Calls(self._ring)
        self._called: dict[int, _Work] = {}  # by ticket
        self._folder = new_path()
        self._shared = ""  # the folder of event files that other users write
        self._watchdog = Watchdog(self._folder, lock)
        try:
            os.mkdir(self._folder, 0o700)  # now that somebody will remove it in any case
        except BaseException:
            self._watchdog.close()
            raise
        self._processes: Processes[_Work] = Processes(
            self._poller, self._timers, self._watchdog, self._ended, Limits(grace, linger), lock, redactor
        )
        if shell_workers:
            self._processes.with_workers(self._folder, self._environ)

    # what the run asks

    @property
    def free(self) -> int:
        """How many jobs could begin now."""
        return self._room.free(self._taken)

    def room(self, place: Place) -> int:
        """How many jobs of this place could begin now. Those that run on other hosts take no room from those here."""
        return self._room.at(place, self._taken)

    @property
    def _taken(self) -> int:
        return max(0, len(self._processes) + len(self._called) + self._held - self._room.away)

    def start(self, jobs: Sequence[Job]) -> None:
        """Begin these jobs: first their guards, then the actions. Those for which there is no room wait for it."""
        tasks = [Task(job, self._driver(job.driver), self._events(job)) for job in jobs]
        begin: list[Task] = []
        leads: dict[int, Task] = {}
        for task in tasks:
            lead = leads.get(task.job.share)
            task.rides = lead is not None
            if lead or (self._room.below_limit(task) and task.job.share in (-1, task.job.step)):
                self._room.begins(task)
                begin.append(task)
                leads.setdefault(task.job.step, task)
            else:
                self._room.due.append(task)
        self._proceed(begin)

    def wait(self, timeout: float | None = None) -> list[Notice]:
        """What has happened. Blocks until something did, `wake` was called or `timeout` seconds are over."""
        deadline = None if timeout is None else monotonic() + timeout
        self._woken = False
        while not self._notices and not self._woken:
            left = None if deadline is None else deadline - monotonic()
            if left is not None and left < 0:
                break
            self._poller.wait(self._patience(left))
            self._processes.look_after()
            self._timers.fire()
            if self._called:
                self._go_on()
            while self._room.due and (task := self._room.next(self._taken)) is not None:
                self._room.due.remove(task)
                self._room.begins(task)
                self._proceed([task])
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
        for task in [*self._pausing.values(), *self._room.due]:
            never = Outcome("error", "interrupted before it was started")
            self._notices.append(Done(task.job.step, task.last or never))
        self._pausing.clear()
        self._room.due.clear()
        if level < 2:
            return
        for ticket in list(self._called):
            self._leave(ticket, "interrupted")
        self._processes.interrupt(kill=level > 2)

    def close(self) -> None:
        """End all that still runs, with its group, and remove the folder."""
        self._processes.close()
        self._ssh.close()
        self._calls.close()
        self._poller.close()
        os.close(self._waking)
        os.close(self._wake)
        remove_folder(self._folder)
        if self._shared:
            remove_folder(os.path.dirname(self._shared))
        self._watchdog.close()  # last: it removes the folders of an evdsl that is killed up to here

    def outputs(self) -> dict[int, Output]:
        """The output so far of the tries that run as processes, by step. Nothing of what is `sensitive`."""
        return {
            step: output
            for work, output in self._processes.outputs()
            if work.guard is None
            for step, task in work.tasks.items()
            if not task.job.sensitive
        }

    # from a task to processes and calls

    def _events(self, job: Job) -> str:
        """The folder for the event files of a job."""
        if isinstance(job.place, Remote) or not user_of(job):
            return self._folder
        if not self._shared:
            self._shared = shared_folder(self._folder)
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
                key = (task.job.driver, task.job.place, task.user)
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
                for task, attempt in together:
                    if task.rides:
                        self._put_off(task)
                    else:
                        self._command([(task, attempt)])
            return
        except Exception as problem:  # a driver of another package may do anything
            for task, _ in together:
                self._finish(task, task.unfit(f"a defect of the driver: {type(problem).__name__}: {problem}"))
            return
        tasks = {task.job.step: task for task, _ in together}
        for command in commands:
            served = tasks
            if len(commands) > 1:
                served = {attempt.job.step: tasks[attempt.job.step] for attempt in command.tries}
            self._run(_Work(command, served))

    def _run(self, work: _Work) -> None:
        """Start a process or call, or hold it back for a while where the system has no room for it."""
        command = work.command
        if self._level >= (1 if work.held else 2):
            self._ended(work, Ended(None, "interrupted before it was started"))
            return
        if isinstance(command, Call):
            self._call(work, command)
            return
        helper: tuple[str, ...] = ()
        try:
            place = command.tries[0].job.place
            if work.away:
                changes = () if work.guard else tuple(command.tries[0].job.changes or ())
                command = self._ssh.sent(command, work.away, self._folder, work.user, changes)
            elif isinstance(place, Remote):
                command = self._ssh.lent(command, place, self._folder)
            elif work.user:
                command = as_user(command, work.user)
                helper = before(work.user) if os.geteuid() else ()
            self._processes.start(work, command, self._environ, work.limit, helper)
        except (Unfit, ValueError) as problem:
            self._ended(work, Ended(None, f"cannot be started: {problem}"))
        except OSError as problem:
            if problem.errno in _PASSING and work.held < _HOLDS:
                self._hold(work)
            else:
                about = f": {problem.filename}" if problem.filename else ""
                self._ended(work, Ended(None, f"cannot be started: {problem.strerror}{about}"))

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
            self._timers.later(limit, lambda: self._leave(ticket, f"timed out after {limit:g} s"))

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

    def _hold(self, work: _Work) -> None:
        self._held += 1

        def release() -> None:
            self._held -= 1
            self._run(work)

        self._timers.later(0.01 * 2**work.held, release)
        work.held += 1

    # from an end to outcomes

    def _ended(self, work: _Work, ended: Ended) -> None:
        """Tell the tasks that a command served what came of it."""
        if work.away and isinstance(work.command, Command):
            ended = self._ssh.heard(work.command, work.away, ended, work.user)
        elif work.user and isinstance(work.command, Command):
            ended = heard(work.command, ended, work.user)
        if work.guard:
            (task,) = work.tasks.values()
            outcome = task.guarded(work.guard, ended)
            if outcome:
                self._finish(task, outcome)
            else:
                self._proceed([task])
            return
        tries = work.command.tries
        parts = (ended,) if len(tries) == 1 else self._parts(work, ended)
        for attempt, part in zip(tries, parts, strict=True):
            task = work.tasks[attempt.job.step]
            if part is None:
                self._put_off(task)
                continue
            tried = task.tried(attempt, work.command, part)
            if self._level == 0 and task.fails_again(tried):
                self._pause(task, tried)
            else:
                self._finish(task, tried)

    def _parts(self, work: _Work, ended: Ended) -> Sequence[Ended | None]:
        """What came of each of the tries of a work; None for one that was never begun."""
        command = work.command
        driver = work.tasks[command.tries[0].job.step].driver
        if not (isinstance(command, Command) and isinstance(driver, Sharer)):
            return [ended] * len(command.tries)
        common, found = ended.output.text.encode("utf-8", "surrogateescape"), list[Ended | None]()
        try:
            parts = driver.parts(command, ended)
        except Exception as problem:  # a driver of another package may do anything
            defect = f"a defect of the driver: {type(problem).__name__}: {problem}"
            return [ended._replace(exit=None, problem=defect)] * len(command.tries)
        for part in parts:
            verdict = part and part.verdict
            output = self._kept(common + part.output) if part else Kept()
            found.append(verdict and Ended(verdict.exit, "", output, verdict))
        return found

    def _put_off(self, task: Task) -> None:
        """Its try was never begun, in a process that it shared: it is begun alone, once there is room."""
        self._room.ends(task)
        if self._level:
            self._notices.append(Done(task.job.step, task.unfit("interrupted before it was started")))
        else:
            task.unbegun()
            self._room.due.append(task)

    def _pause(self, task: Task, outcome: Outcome) -> None:
        self._room.ends(task)
        pause = task.job.pause(task.number)
        self._notices.append(Again(task.job.step, task.number, outcome, pause))
        self._pausing[task.job.step] = task

        def over() -> None:
            if self._pausing.pop(task.job.step, None):
                self._room.due.append(task)

        self._timers.later(pause, over)

    def _finish(self, task: Task, outcome: Outcome) -> None:
        self._room.ends(task)
        self._notices.append(Done(task.job.step, outcome))

    # time and descriptors

    def _patience(self, timeout: float | None) -> float | None:
        """How long may be slept."""
        if self._room.due and self._room.next(self._taken) is not None:
            return 0.0
        for until in (self._timers.until, self._processes.until):
            if until is not None and (timeout is None or until < timeout):
                timeout = until
        return timeout

    def _wakes(self, _: None, ended: bool) -> None:
        with suppress(BlockingIOError):
            self._woken |= _WAKE in os.read(self._waking, 4096)
