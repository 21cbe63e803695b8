"""The columns of a run: what a line says of a step, and where it says it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic

from ..api import Plan
from .show_trace import labels_of
from .terminal import STYLES, Out, Part, padded, printable, width

WIDEST = 34
"""Columns of the names; a longer one pushes the rest of its line aside."""


class Columns:
    """For the lines of one run, on one stream. `clock` tells seconds; the run begins now."""

    def __init__(self, plan: Plan, shown: Out, clock: Callable[[], float] = monotonic) -> None:
        self.shown = shown
        self.clock = clock
        self.began = clock()
        labels = labels_of(plan)
        self.names = [printable(labels[step.id] + _host(plan, step.resource)) for step in plan.steps]
        """What people call the steps: `ha.run#1`, `web.run@node1`."""
        self._names = min(max(map(width, self.names), default=0), WIDEST)
        self.sign = len(shown.sign("ok"))
        """The columns of a sign: the longest that there is."""
        self.terminal = shown.stream.isatty()
        self.width = shown.columns
        """The columns that there are; to be set anew while rows move."""

    @property
    def taken(self) -> int:
        """The columns before the text at the end of a line."""
        return self.sign + self._wide + 28

    @property
    def _wide(self) -> int:
        return max(8, min(self._names, self.width - 40)) if self.terminal else self._names

    def passed(self) -> float:
        """Seconds since the run began."""
        return self.clock() - self.began

    def parts(self, step: int, sign: str, word: str, at: str, seconds: str) -> list[Part]:
        """Sign, time, name, word and duration: all but the text at the end."""
        style = word if word in STYLES else sign
        return [
            " ",
            (f"{self.shown.sign(sign):<{self.sign}} ", style),
            (f"{at:<5} ", "dim"),
            padded(self.names[step], self._wide) + "  ",
            (f"{word:<8}", style),
            " ",
            (f"{seconds:>7}", "dim"),
        ]

    def fitted(self, parts: Sequence[Part], said: Sequence[Part], columns: int | None) -> list[Part]:
        """The parts with what is said behind them, in so many columns; None: however long it gets."""
        line = list(parts)
        left = columns - sum(width(p if isinstance(p, str) else p[0]) for p in line) if columns else 0
        for part in said:
            text, style = (part, "") if isinstance(part, str) else part
            if not text:
                continue
            if columns is not None:
                text = self.shown.cut(text, left - 2)
                left -= width(text) + 2
            line += ["  ", (text, style)] if text else []
        return line


def clock_time(seconds: float) -> str:
    """`02:05`, as long as it is not an hour: then `1h02`."""
    minutes = int(seconds // 60)
    return f"{minutes:02d}:{int(seconds % 60):02d}" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02d}"


def duration(seconds: float, *, whole: bool = False) -> str:
    """`3.9s`, `2m05s`, `1h02m`."""
    if seconds < 60 or (seconds < 100 and not whole):
        return f"{int(seconds)}s" if whole else f"{seconds:.1f}s"
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"{minutes}m{int(seconds % 60):02d}s"
    return f"{minutes // 60}h{minutes % 60:02d}m"


def _host(plan: Plan, resource: str) -> str:
    declared = plan.program.resources.get(resource)
    return f"@{declared.host}" if declared is not None and declared.host else ""
