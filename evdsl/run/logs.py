"""What actions wrote, in files: `.evdsl/runs/N/ID.log`, for `evdsl log`. The runs that the journal keeps, no more.

The output of a step is bounded as it is in memory; there is a file only where it had some. A step with several tries has
a line `== try N: OUTCOME` above what each of them wrote. Folders are 0700 and files 0600. Logs that cannot be written
do not stop a run: `problem` then says why.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress

from ..base.redact import Redactor
from ..drivers.outcome import Outcome
from ..drivers.output import Kept
from .journal import KEPT
from .live import Ended, Event, Retried

FOLDER = "runs"
_LARGEST = 1024 * 1024  # bytes of a log beyond which only the output of the last try is added
_LONGEST = 200  # bytes of a file's name before its ending
_MODE = 0o600
_NEW = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_UNFIT = re.compile(r"[^\w.#-]|^\.")


class Logs:
    """The logs of the run that is under way; listens to it.

    `names` are the ids of its steps, `sensitive` are those whose output is not kept; what `redactor` hides is not either.
    """

    def __init__(
        self,
        path: str,
        names: Callable[[int], str],
        sensitive: Callable[[int], bool] = lambda step: False,
        redactor: Redactor | None = None,
    ) -> None:
        self.path = path
        self.problem = ""
        self._names = names
        self._sensitive = sensitive
        self._redactor = redactor or Redactor(())
        self._tries: dict[int, int] = {}
        self._there = False

    def __call__(self, event: Event) -> None:
        if self.problem:
            return
        try:
            if isinstance(event, Ended) and event.outcome is not None:
                number = self._tries.pop(event.step, 0) + 1
                if event.outcome.output.head or number > 1:
                    self._log(event.step, event.outcome, number, True)
            elif isinstance(event, Retried):
                self._tries[event.step] = event.number
                self._log(event.step, event.outcome, event.number, False)
        except OSError as problem:
            self.problem = f"the logs in `{self.path}` cannot be written: {problem.strerror}"

    def _log(self, step: int, outcome: Outcome, number: int, last: bool) -> None:
        """Add the output of a try."""
        if not self._there:
            os.makedirs(self.path, 0o700, exist_ok=True)
            self._there = True
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
        return self._redactor.text(" ".join(text.split())) if text else ""


def folder(state: str) -> str:
    """Where the logs of all runs are, beside the store with this path."""
    return os.path.join(os.path.dirname(state), FOLDER)


def path_of(base: str, number: int, id_: str) -> str:
    """The log of a step in a run; there is none where it wrote nothing."""
    return os.path.join(base, str(number), log_name(id_))


def last_number(base: str) -> int:
    """The largest number of a run that has logs there, be it of another file; 0 without any."""
    return max(_numbers(base), default=0)


def forget(base: str) -> None:
    """Remove the logs of all but the last runs. To be called while the lock is held."""
    for old in sorted(_numbers(base))[:-KEPT]:
        path = os.path.join(base, str(old))
        for name in _listed(path):
            with suppress(OSError):
                os.unlink(os.path.join(path, name))
        with suppress(OSError):
            os.rmdir(path)


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


def _numbers(base: str) -> list[int]:
    return [int(name) for name in _listed(base) if name.isdecimal() and name.isascii()]


def _listed(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except OSError:
        return []


def _write(file: int, content: bytes) -> None:
    while content:
        content = content[os.write(file, content) :]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
