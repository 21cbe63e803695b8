"""What a driver is: it turns ready jobs into work, and says what each job came to.

A driver starts nothing itself: it answers with a `Command`, a process to start, or with a `Call`, work to be done
inside of evdsl. Guards, timeouts, retries, `sudo`, the event file, `changes`, `exits` and `sensitive` are the same for
all of them and are not its business (section 9 of docs/language.md); it adds what only it knows (rule 7).

Another package adds a driver by an entry point in the group `evdsl.drivers`: its name is the name of the driver, its
object has the methods of `Driver` below. docs/drivers.md shows one whole.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from .event_file import NOTHING, Said
from .job import Job, Place
from .output import Kept


class Try(NamedTuple):
    """One try of a job: `number` counts from 1, `event_file` is its own `$EVDSL_EVENT`, not yet there."""

    job: Job
    number: int
    event_file: str

    @property
    def environment(self) -> dict[str, str]:
        """What is added to the environment of evdsl for this try."""
        env = self.job.options.get("env")
        own = {str(k): str(v) for k, v in env.items()} if env and isinstance(env, Mapping) else {}
        return {**self.job.environment, **own, "EVDSL_EVENT": self.event_file}


class Command(NamedTuple):
    """A process to start. It serves one or more tries.

    `argv[0]` is looked for in the PATH of its environment unless it has a slash. `env` is added to the environment of
    evdsl. Without `stdin` it reads from /dev/null. `shown` is how messages name it. `leased`: the input does not end as
    long as the process is wanted, and its end is how the process is asked to end.
    """

    argv: tuple[str, ...]
    cwd: str
    tries: tuple[Try, ...]
    env: Mapping[str, str] = {}
    stdin: bytes = b""
    shown: str = ""
    leased: bool = False


class Verdict(NamedTuple):
    """What a driver reads of one job: its own exit code (or None and the `problem`), and the outcome that it knows.

    `known` counts where nothing of more weight speaks (rule 7 of section 9). `reason` says in words why a job failed,
    in place of "exit 1", or what the outcome is based on. Work without an exit code of its own has 0 or 1.
    """

    exit: int | None
    problem: str = ""
    known: str = ""
    reason: str = ""


class Far(NamedTuple):
    """What a host says of files there after a command: `said` stands in the event file; `before` and `after` are what the
    files of the option `changes` held, a word for each, `fault` why one of them cannot be compared."""

    said: Said = NOTHING
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    fault: str = ""


class Ended(NamedTuple):
    """What came of a process: `exit` as shells report it, or None, and then `problem` says why.

    Of a `Call` it is the verdict that matters. `far`: what was looked up where it ran, if that is another host.
    """

    exit: int | None
    problem: str = ""
    output: Kept = Kept()
    verdict: Verdict | None = None
    far: Far | None = None


class Answer(NamedTuple):
    """What came of the work of a `Call`: the verdict, and what there is to show, the difference of a file for one."""

    verdict: Verdict
    output: bytes = b""


Stopped = Callable[[], bool]
"""Whether the work of a call is not wanted any more: its time is over, or the run was interrupted."""


class Call(NamedTuple):
    """Work for one try that needs no process: `work` is called in a thread of its own.

    It answers, or gives the process that does the rest. It may be left behind when its time is over, so before it
    does what cannot be taken back it asks `Stopped`. It uses absolute paths only and leaves folder, environment and
    umask of this process alone. An OSError that it raises for want of descriptors or memory is tried again; any other
    exception is a defect, and the outcome `error`. `as_us`: it is right to do it as the user of evdsl even where the
    job has `sudo`, for what it leaves to a process is not done here.
    """

    attempt: Try
    work: Callable[[Stopped], Answer | Command]
    shown: str = ""
    as_us: bool = False

    @property
    def tries(self) -> tuple[Try, ...]:
        return (self.attempt,)


class Would(NamedTuple):
    """What a try would end with, as far as that can be told without doing anything; `shown` is what would change."""

    event: str
    reason: str = ""
    shown: str = ""


class Unfit(Exception):
    """Arguments that a driver cannot work with. The text says what is wrong with them."""


class Driver(Protocol):
    """See the module."""

    def commands(self, tries: Sequence[Try], place: Place) -> Sequence[Command | Call]:
        """The work that serves these tries, all ready, all for this place and this user.

        Each try is served by exactly one command or call. Raises Unfit where a job's arguments cannot be run; then the
        executor asks again for each try alone.
        """
        ...

    def read(self, attempt: Try, ended: Ended) -> Verdict:
        """What one of the tries came to, its process having ended. Not asked of a call that answered by itself."""
        ...


@runtime_checkable
class Foreteller(Protocol):
    """A driver that can tell what it would do. Nothing is written, started or connected to for that."""

    def would(self, attempt: Try) -> Would | None:
        """What the try would end with; None where that cannot be told."""
        ...


class Part(NamedTuple):
    """What came of one of several tries that a command served: `output` is what it alone said, secrets not taken out."""

    verdict: Verdict
    output: bytes


@runtime_checkable
class Forgetter(Protocol):
    """A driver that makes files for a try, which `read` removes."""

    def forget(self, attempt: Try) -> None:
        """Remove them: the process came to no end of which `read` is asked."""
        ...


@runtime_checkable
class Sharer(Protocol):
    """A driver whose tries may share a process in which they run one after the other, where their jobs are kin."""

    def kin(self, job: Job) -> Hashable | None:
        """Equal for jobs that may share a process; None for one that shares with none."""
        ...

    def parts(self, command: Command, ended: Ended) -> Sequence[Part | None]:
        """What came of each try of a command that served several; None for one that was never begun."""
        ...


@runtime_checkable
class Rehearser(Driver, Protocol):
    """A driver whose engine has a dry run of its own."""

    def rehearse(self, attempt: Try) -> Command:
        """The process that tells what the try would do and changes nothing; `read` takes its end as that of a real one.

        Raises Unfit as `commands` does."""
        ...


def brief(text: str) -> str:
    """A command as messages name it: its first line, shortened."""
    first, _, more = text.strip().partition("\n")
    return first[:57] + "..." if len(first) > 60 else first + (" ..." if more else "")
