"""What runs now and how far the whole has come, as the rows at the bottom of a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..drivers.output import Output
from .columns import Columns, clock_time, duration
from .terminal import Out, Part, as_shown, width

Outputs = Callable[[], Mapping[int, Output]]
"""The outputs so far of what runs, by step."""

_SEEN = 2000  # bytes at the end of an output in which its last line is looked for
_BAR = 24
_ROOM = 12  # the least columns in which a last line of output says something


class _Running:
    """A step that runs: since when, and what is said of it where it has written nothing."""

    __slots__ = ("said", "since", "word")

    def __init__(self, since: float) -> None:
        self.since = since
        self.word = "running"
        self.said = ""


class Progress:
    """Counts the steps of a plan. `outputs` is asked when rows are made, never else."""

    def __init__(self, columns: Columns, steps: int, outputs: Outputs) -> None:
        self._columns = columns
        self._steps = steps
        self._outputs = outputs
        self._running: dict[int, _Running] = {}
        self._settled = 0
        self._failed = 0
        self.note = ""
        """What is said in place of the numbers: that the run is being ended."""

    @property
    def _shown(self) -> Out:
        return self._columns.shown

    @property
    def busy(self) -> bool:
        """Whether anything runs."""
        return bool(self._running)

    @property
    def running(self) -> list[tuple[str, float]]:
        """The names of what runs, and since when, the longest first."""
        return [(self._columns.names[step], running.since) for step, running in self._running.items()]

    def begins(self, step: int) -> None:
        self._running[step] = _Running(self._columns.clock())

    def waits(self, step: int, said: str) -> None:
        """It is going to be tried again."""
        running = self._running.get(step)
        if running is not None:
            running.word, running.said = "retry", said

    def ends(self, step: int, failed: bool) -> None:
        self._running.pop(step, None)
        self._settled += 1
        self._failed += failed

    def rows(self, columns: int, lines: int) -> list[str]:
        """A row for each that runs, the longest first, as many as there is room for; and one of the whole."""
        self._columns.width = columns + 1
        outputs = self._outputs() if self._running else {}
        room = max(0, lines - 1)
        fit = len(self._running) if len(self._running) <= room else max(0, room - 1)
        rows = []
        for step, running in list(self._running.items())[:fit]:
            rows.append(self._row(step, running, outputs.get(step), columns))
        more = len(self._running) - fit
        if more and room:
            rows.append(self._shown.cut(f"         … and {more} more", columns))
        return [*rows, self._whole(columns)]

    def _row(self, step: int, running: _Running, output: Output | None, columns: int) -> str:
        said = (_last_line(output) if output is not None else "") or running.said
        passed = duration(self._columns.clock() - running.since, whole=True)
        word = "running" if output is not None else running.word
        parts = self._columns.parts(step, "retry" if word == "retry" else "started", word, "", passed)
        if self._columns.taken + _ROOM > columns:
            said = ""
        line = self._columns.fitted(parts, [(said, "dim")], columns)
        if sum(width(p if isinstance(p, str) else p[0]) for p in line) > columns:
            line = [(self._shown.cut("".join(p if isinstance(p, str) else p[0] for p in line), columns), "")]
        return self._shown.rendered(*line)

    def _whole(self, columns: int) -> str:
        waiting = self._steps - self._settled - len(self._running)
        numbers = ", ".join(
            [f"{self._settled}/{self._steps} settled"]
            + ([f"{self._failed} failed"] if self._failed else [])
            + ([f"{waiting} waiting"] if waiting else [])
        )
        at = " " * (self._columns.sign + 2) + clock_time(self._columns.passed()) + " "
        bar = min(_BAR, columns - width(at) - width(numbers) - 2)
        parts: list[Part] = [(at, "dim")]
        if bar >= 8:
            done = bar * self._settled // max(1, self._steps)
            parts += [("━" * done, "failed" if self._failed else "ok"), ("─" * (bar - done) + "  ", "dim")]
        parts.append(
            self._shown.cut(self.note or numbers, columns - width(at) - (bar + 2 if bar >= 8 else 0))
        )
        return self._shown.rendered(*parts)


def _last_line(output: Output) -> str:
    """The last line that says something, ready to show."""
    lines = output.end(_SEEN).decode("utf-8", "backslashreplace").split("\n")
    return next((shown for line in reversed(lines) if (shown := as_shown(line).strip())), "")
