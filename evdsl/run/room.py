"""Room for tasks: so many processes on this machine, so many at each host, and who waits for it."""

from __future__ import annotations

from ..drivers.job import Place
from .task import Task


class Room:
    """`places`: how many processes this machine has room for. What runs on other hosts takes none of it; each host has
    its own (`parallel`). `due` are the tasks that wait: begun too early, or the pause before their next try is over.
    """

    def __init__(self, places: int) -> None:
        self.places = places
        self.due: list[Task] = []
        self.away = 0
        """How many of the tasks under way run on other hosts."""
        self._at: dict[Place, int] = {}  # how many are under way at each host

    def free(self, taken: int) -> int:
        """How many jobs of this machine could begin, `taken` processes being there."""
        free = self.places - taken
        if self.due:
            free -= sum(self.below_limit(task) for task in self.due if task.job.place.from_here)
        return max(0, free)

    def at(self, place: Place, taken: int) -> int:
        """How many jobs of this place could begin."""
        if not place.parallel:
            return self.free(taken)
        waiting = sum(task.job.place.host == place.host for task in self.due)
        room = place.parallel - self._at.get(place.host, 0) - waiting
        return max(0, min(self.free(taken), room) if place.from_here else room)

    def below_limit(self, task: Task) -> bool:
        """Whether the place of a task has room for it."""
        place = task.job.place
        return not place.parallel or self._at.get(place.host, 0) < place.parallel

    def begins(self, task: Task) -> None:
        self._count(task, 1)

    def ends(self, task: Task) -> None:
        """It does not run any more, be it that it waits for its next try."""
        self._count(task, -1)

    def next(self, taken: int) -> Task | None:
        """The first task that waits and for which there is room."""
        full = taken >= self.places
        for task in self.due:
            if self.below_limit(task) and not (full and task.job.place.from_here):
                return task
        return None

    def _count(self, task: Task, by: int) -> None:
        if task.rides:
            task.rides = by > 0
            return
        place = task.job.place
        if not place.from_here:
            self.away += by
        if place.parallel:
            self._at[place.host] = self._at.get(place.host, 0) + by
