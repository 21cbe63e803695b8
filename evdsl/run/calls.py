"""Work that needs no process: each call in a thread of its own, its answer picked up by the loop of the executor.

There are no more of them at a time than the executor has places. A call whose time is over is left behind: its thread
ends by itself, at the end of evdsl at the latest, and what it still says is not heard.
"""

from __future__ import annotations

import errno
import threading
from collections import deque
from collections.abc import Callable
from itertools import count

from ..drivers.driver import Answer, Call, Command, Verdict

_PASSING = (errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM)


class Scarce(Exception):
    """The system had no descriptor, thread or memory left for a call; it may have again soon."""


Said = Answer | Command | Scarce


class Calls:
    """Starts calls and gathers what they say. `ring` is called, from any thread, when there is something to gather."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._said: deque[tuple[int, Said]] = deque()
        self._stops: dict[int, threading.Event] = {}
        self._ticket = count()
        self._lock = threading.Lock()  # between `close` and the threads that would still ring
        self._closed = False

    def __len__(self) -> int:
        return len(self._stops)

    def start(self, call: Call) -> int:
        """Begin a call. Returns its ticket. Raises Scarce."""
        ticket, stop = next(self._ticket), threading.Event()
        thread = threading.Thread(target=self._work, args=(call, ticket, stop), daemon=True)
        try:
            thread.start()
        except RuntimeError as problem:  # no thread is to be had
            raise Scarce(str(problem)) from None
        self._stops[ticket] = stop
        return ticket

    def leave(self, ticket: int) -> bool:
        """Do not wait for a call any longer. False if it has been answered already."""
        stop = self._stops.pop(ticket, None)
        if stop is not None:
            stop.set()
        return stop is not None

    def taken(self) -> list[tuple[int, Said]]:
        """What was said since the last time, by tickets that were not left."""
        found = []
        while self._said:
            ticket, said = self._said.popleft()
            if self._stops.pop(ticket, None) is not None:
                found.append((ticket, said))
        return found

    def close(self) -> None:
        """Leave all that is under way; nobody rings any more."""
        with self._lock:
            self._closed = True
        for stop in self._stops.values():
            stop.set()
        self._stops.clear()

    def _work(self, call: Call, ticket: int, stop: threading.Event) -> None:
        said: Said
        try:
            said = call.work(stop.is_set)
        except OSError as problem:
            if problem.errno in _PASSING:
                said = Scarce(problem.strerror)
            else:
                said = Answer(Verdict(None, f"{problem.strerror or problem}"))
        except MemoryError:
            said = Scarce("out of memory")
        except BaseException as problem:
            said = Answer(Verdict(None, f"a defect of the driver: {type(problem).__name__}: {problem}"))
        self._said.append((ticket, said))
        with self._lock:
            if not self._closed:
                self._ring()
