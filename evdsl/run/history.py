"""What is kept of each run: `.evdsl/runs/N/`, for `evdsl log` and `evdsl status`. The last runs are kept, no more.

`about.json` says which file was run, when, by which process, and how that ended. `trace` has a line for each step as it
is settled: `ID OUTCOME`, as `--trace` writes it, and behind a tab for those that ran the seconds, the number of tries
and the reason. `ID.log` is the output of a step, bounded as it is in memory, there only where it had some; for a step
with several tries it has a line `== try N: OUTCOME` above what each of them wrote.

Folders are 0700 and files 0600. A history that cannot be written does not stop a run: `problem` then says why.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from time import gmtime, monotonic, strftime
from typing import NamedTuple

from ..base.redact import Redactor
from ..drivers.outcome import Outcome
from ..drivers.output import Kept
from ..version import __version__
from .live import Ended, Event, Result, Retried
from .state import State

FOLDER = "runs"
KEPT = 20
"""How many runs are kept."""
_LARGEST = 1024 * 1024  # bytes of a log beyond which only the output of the last try is added
_LONGEST = 200  # bytes of a file's name before its ending
_MODE = 0o600
_NEW = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_UNFIT = re.compile(r"[^\w.#-]|^\.")


class Writing:
    """The history of the run that is under way; listens to it.

    `names` are the ids of its steps, `sensitive` are those whose output is not kept; what `redactor` hides is not either.
    """

    def __init__(
        self,
        path: str,
        number: int,
        source: str,
        names: Callable[[int], str],
        sensitive: Callable[[int], bool],
        redactor: Redactor | None = None,
    ) -> None:
        self.path = path
        self.number = number
        self.problem = ""
        self._names = names
        self._sensitive = sensitive
        self._redactor = redactor or Redactor(())
        self._tries: dict[int, int] = {}
        self._begin = monotonic()
        self._about: dict[str, object] = {
            "file": source,
            "pid": os.getpid(),
            "evdsl": __version__,
            "began": _now(),
        }
        self._trace = -1
        try:
            self._write_about()
            self._trace = os.open(os.path.join(path, "trace"), _NEW, _MODE)
        except OSError as problem:
            self._fail(problem)

    @classmethod
    def begin(
        cls,
        state: State,
        source: str,
        names: Callable[[int], str],
        sensitive: Callable[[int], bool] = lambda step: False,
        redactor: Redactor | None = None,
    ) -> Writing:
        """Begin a run of the file `source`: give it its number, make its folder, forget the oldest runs.

        To be called while the lock is held. The number is above all that the folder has, whichever file they are of.
        """
        base = os.path.join(os.path.dirname(state.path), FOLDER)
        there = _numbers(base)
        number = state.next_run()
        while there and number <= there[-1]:
            number = state.next_run()
        path = os.path.join(base, str(number))
        try:
            os.makedirs(path, 0o700)
            os.chmod(base, 0o700)
        except OSError:
            pass  # told when the first file cannot be made
        for old in there[: max(0, len(there) + 1 - KEPT)]:
            _remove(os.path.join(base, str(old)))
        return cls(path, number, source, names, sensitive, redactor)

    def __call__(self, event: Event) -> None:
        if self._trace < 0:
            return
        try:
            if isinstance(event, Ended):
                self._ended(event)
            elif isinstance(event, Retried):
                self._tries[event.step] = event.number
                self._log(event.step, event.outcome, event.number, False)
        except OSError as problem:
            self._fail(problem)

    def end(self, result: Result) -> None:
        """The run has come to its end."""
        self._about |= {
            "ended": _now(),
            "seconds": round(monotonic() - self._begin, 3),
            "exit": result.exit,
        }
        if self._trace >= 0:
            try:
                self._write_about()
            except OSError as problem:
                self._fail(problem)
        self.close()

    def close(self) -> None:
        """Write no more."""
        if self._trace >= 0:
            os.close(self._trace)
            self._trace = -1

    def _ended(self, event: Ended) -> None:
        step, state, reason, _, outcome = event
        line = f"{self._names(step)} {state}"
        if outcome is not None:
            tries = self._tries.pop(step, 0) + 1
            line += f"\t{outcome.seconds:.3f}\t{tries}\t{self._line(outcome.reason)}"
            if outcome.output.head or tries > 1:
                self._log(step, outcome, tries, True)
        elif reason:
            line += f"\t\t\t{self._line(reason)}"
        _write(self._trace, _bytes(line + "\n"))

    def _log(self, step: int, outcome: Outcome, number: int, last: bool) -> None:
        """Add the output of a try."""
        output = outcome.output
        file = os.open(os.path.join(self.path, log_name(self._names(step))), _NEW, _MODE)
        try:
            if number > 1 or not last:
                reason = f", {self._line(outcome.reason)}" if outcome.reason else ""
                _write(file, _bytes(f"== try {number}: {outcome.event}{reason}\n"))
            if self._sensitive(step):
                _write(file, b"(sensitive: its output is not kept)\n")
            elif not last and os.fstat(file).st_size > _LARGEST:
                _write(file, b"(not kept: this log is long)\n")
            else:
                content = self._content(output)
                _write(file, content if last or content.endswith(b"\n") or not content else content + b"\n")
        finally:
            os.close(file)

    def _content(self, output: Kept) -> bytes:
        """What is kept of an output, as it is written down."""
        stream = self._redactor.stream()
        content = stream.feed(output.head)
        if output.dropped:
            content += stream.end() + b"\n[... %d bytes dropped ...]\n" % output.dropped
        return content + stream.feed(output.tail) + stream.end()

    def _line(self, text: str) -> str:
        """A reason as a part of a line."""
        if "\n" in text or "\t" in text or "\r" in text:
            text = " ".join(text.split())
        return self._redactor.text(text) if text else ""

    def _write_about(self) -> None:
        path = os.path.join(self.path, "about.json")
        file = os.open(path + ".new", _NEW | os.O_TRUNC, _MODE)
        try:
            _write(
                file, json.dumps(self._about, ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n"
            )
        finally:
            os.close(file)
        os.replace(path + ".new", path)

    def _fail(self, problem: OSError) -> None:
        self.problem = f"the history in `{self.path}` cannot be written: {problem.strerror}"
        self.close()


class Entry(NamedTuple):
    """What became of a step in a kept run. `tries` is 0 where it did not run; `log` is a path, empty without output."""

    id: str
    state: str
    seconds: float
    tries: int
    reason: str
    log: str

    @property
    def action(self) -> str:
        return self.id.rpartition("#")[0]


class Past:
    """A run that is kept. What is damaged in it is as if it were not there."""

    def __init__(self, path: str, number: int) -> None:
        self.path = path
        self.number = number
        self._about: Mapping[str, object] = _about(os.path.join(path, "about.json"))

    @property
    def file(self) -> str:
        """The file that was run, as it was named."""
        return str(self._about.get("file", ""))

    @property
    def began(self) -> str:
        """When it began, ISO 8601 in UTC."""
        return str(self._about.get("began", ""))

    @property
    def pid(self) -> int:
        """The process of evdsl that ran it."""
        value = self._about.get("pid")
        return value if isinstance(value, int) else 0

    @property
    def exit(self) -> int | None:
        """Its exit code; None where it has not come to its end, be it that it is under way or that it was killed."""
        value = self._about.get("exit")
        return value if isinstance(value, int) else None

    @property
    def seconds(self) -> float | None:
        """How long it took; None where `exit` is."""
        value = self._about.get("seconds")
        return float(value) if isinstance(value, (int, float)) else None

    def entries(self) -> Iterator[Entry]:
        """What became of each step, in the order in which they were settled."""
        logs = {entry for entry in _listed(self.path) if entry.endswith(".log")}
        try:
            with open(os.path.join(self.path, "trace"), encoding="utf-8", errors="replace") as file:
                for line in file:
                    if line.endswith("\n"):  # the last one of a run that was killed may be cut
                        yield from self._entry(line[:-1], logs)
        except OSError:
            return

    def _entry(self, line: str, logs: set[str]) -> Iterator[Entry]:
        head, *more = line.split("\t", 3)
        id_, blank, state = head.partition(" ")
        seconds, tries, reason = more if len(more) == 3 else ("", "", "")
        if not blank:
            return
        name = log_name(id_)
        log = os.path.join(self.path, name) if name in logs else ""
        with suppress(ValueError):
            yield Entry(id_, state, float(seconds or 0), int(tries or 0), reason, log)


def past(source: str) -> list[Past]:
    """The runs of a file that are kept, the last one at the end."""
    from .state import FOLDER as STATE

    base = os.path.join(os.path.dirname(os.path.abspath(source)), STATE, FOLDER)
    found = [Past(os.path.join(base, str(number)), number) for number in _numbers(base)]
    return [run for run in found if os.path.basename(run.file) == os.path.basename(source)]


def entries_of(run: Past, ref: str) -> list[Entry]:
    """What became of an action (`a.run`: of each of its instances) or of one instance (`a.run#1`) in a run."""
    return [entry for entry in run.entries() if ref in (entry.id, entry.action)]


class Last(NamedTuple):
    """The last that is known of an action: its fold in the last run in which it ran, and its instances there."""

    action: str
    state: str
    run: Past
    entries: list[Entry]


def last_outcomes(runs: list[Past]) -> list[Last]:
    """Of each action that is in a kept run: how it ended when it last ran, or that it never did. By name."""
    from .engine import fold

    found: dict[str, Last] = {}
    for run in reversed(runs):
        actions: dict[str, list[Entry]] = {}
        for entry in run.entries():
            actions.setdefault(entry.action, []).append(entry)
        for action, entries in actions.items():
            known = found.get(action)
            ran = any(entry.tries for entry in entries)
            if known is None or (ran and not any(entry.tries for entry in known.entries)):
                entries.sort(key=lambda entry: int(entry.id.rpartition("#")[2] or 0))
                found[action] = Last(action, fold(entry.state for entry in entries), run, entries)
    return [found[action] for action in sorted(found)]


def log_name(id_: str) -> str:
    """The name of the file that holds the output of a step."""
    name = _UNFIT.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), id_)
    if len(name.encode()) > _LONGEST:
        from hashlib import blake2b

        name = (
            name.encode()[: _LONGEST - 33].decode(errors="ignore")
            + "~"
            + blake2b(id_.encode(), digest_size=16).hexdigest()
        )
    return name + ".log"


def _about(path: str) -> dict[str, object]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _numbers(base: str) -> list[int]:
    return sorted(int(name) for name in _listed(base) if name.isdecimal() and name.isascii())


def _listed(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except OSError:
        return []


def _remove(path: str) -> None:
    """Remove a folder of plain files."""
    for name in _listed(path):
        with suppress(OSError):
            os.unlink(os.path.join(path, name))
    with suppress(OSError):
        os.rmdir(path)


def _write(file: int, content: bytes) -> None:
    while content:
        content = content[os.write(file, content) :]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _now() -> str:
    return strftime("%Y-%m-%dT%H:%M:%S+00:00", gmtime())
