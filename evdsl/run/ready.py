"""The steps that are ready to run, by the place where they will, the most urgent first."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

from ..drivers.job import Place


class Ready:
    """`urgency` says for each step how much hangs on it, `place` where it runs."""

    def __init__(self, urgency: list[int], place: Callable[[int], Place]) -> None:
        self._urgency = urgency
        self._place = place
        self._heaps: dict[Place, list[tuple[int, int]]] = {}

    def __bool__(self) -> bool:
        return any(self._heaps.values())

    def add(self, step: int) -> None:
        heap = self._heaps.setdefault(self._place(step), [])
        heappush(heap, (-self._urgency[step], step))

    def places(self) -> list[Place]:
        """Where there are steps, in the order in which there were first some."""
        return [place for place, heap in self._heaps.items() if heap]

    def take(self, place: Place) -> int | None:
        """The most urgent step of a place, which is then no longer among them; None if there is none."""
        heap = self._heaps.get(place)
        return heappop(heap)[1] if heap else None

    def clear(self) -> list[int]:
        """All that are left, in the plan's order; there are none after that."""
        steps = sorted(step for heap in self._heaps.values() for _, step in heap)
        self._heaps.clear()
        return steps
