"""The steps that are ready to run, by the place where they will, the most urgent first."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from heapq import heappop, heappush

from ..drivers.job import Place


class Ready:
    """`urgency` says for each step how much hangs on it, `place` where it runs; `kin` is equal for steps that may share
    a process, None for one that shares with none."""

    def __init__(
        self,
        urgency: list[int],
        place: Callable[[int], Place],
        kin: Callable[[int], Hashable | None] = lambda _: None,
    ) -> None:
        self._urgency = urgency
        self._place = place
        self._kin = kin
        self._heaps: dict[Place, dict[Hashable | None, list[tuple[int, int]]]] = {}

    def __bool__(self) -> bool:
        return any(map(any, (heaps.values() for heaps in self._heaps.values())))

    def add(self, step: int) -> None:
        heap = self._heaps.setdefault(self._place(step), {}).setdefault(self._kin(step), [])
        heappush(heap, (-self._urgency[step], step))

    def places(self) -> list[Place]:
        """Where there are steps, in the order in which there were first some."""
        return [place for place, heaps in self._heaps.items() if any(heaps.values())]

    def take(self, place: Place) -> int | None:
        """The most urgent step of a place, which is then no longer among them; None if there is none."""
        heap = min(filter(None, self._heaps.get(place, {}).values()), default=None)
        return heappop(heap)[1] if heap else None

    def take_kin(self, step: int) -> int | None:
        """As `take`, the most urgent one of those that may share the process of this one."""
        kin = self._kin(step)
        heap = None if kin is None else self._heaps[self._place(step)].get(kin)
        return heappop(heap)[1] if heap else None

    def clear(self) -> list[int]:
        """All that are left, in the plan's order; there are none after that."""
        steps = sorted(step for heaps in self._heaps.values() for heap in heaps.values() for _, step in heap)
        self._heaps.clear()
        return steps
