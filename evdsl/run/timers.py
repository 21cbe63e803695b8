"""What is to be done later."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from time import monotonic


class Timers:
    """Calls with the time of each. Those of the same moment are made in the order in which they were asked for."""

    def __init__(self) -> None:
        self._calls: list[tuple[float, int, Callable[[], None]]] = []
        self._ticket = count()

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Have something called in so many seconds."""
        heappush(self._calls, (monotonic() + seconds, next(self._ticket), call))

    @property
    def until(self) -> float | None:
        """Seconds until the next call, None if there is none."""
        return max(0.0, self._calls[0][0] - monotonic()) if self._calls else None

    def fire(self) -> None:
        """Make the calls whose time has come."""
        now = monotonic()
        while self._calls and self._calls[0][0] <= now:
            heappop(self._calls)[2]()
