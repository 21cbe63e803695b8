"""Which descriptors have something to read: epoll where there is one, else what `selectors` finds."""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Any

Ready = Callable[[Any, bool], None]
"""Called when a descriptor can be read, with what it was added with. True: nothing is there and nothing will come."""


_CAN_READ = getattr(select, "EPOLLIN", 1)


class Poller:
    """Descriptors and what to call for each. One is left out before it is closed."""

    def __init__(self) -> None:
        self._calls: dict[int, tuple[Ready, object]] = {}
        self._epoll = select.epoll() if hasattr(select, "epoll") else None
        if self._epoll is None:
            from selectors import DefaultSelector

            self._selector = DefaultSelector()

    def add(self, file: int, call: Ready, about: object = None) -> None:
        """Watch a descriptor from now on."""
        if self._epoll is not None:
            self._epoll.register(file, _CAN_READ)
        else:
            self._selector.register(file, 1)
        self._calls[file] = (call, about)

    def has(self, file: int) -> bool:
        """Whether it is watched."""
        return file in self._calls

    def leave(self, file: int) -> None:
        """Watch it no more."""
        if self._calls.pop(file, None) is not None:
            if self._epoll is not None:
                self._epoll.unregister(file)
            else:
                self._selector.unregister(file)

    def wait(self, timeout: float | None) -> None:
        """Call for all that can be read, after waiting for the first of them. None: without end."""
        calls = self._calls
        if self._epoll is not None:
            found = self._epoll.poll(timeout)
            ready = [(file, calls[file], not mask & _CAN_READ) for file, mask in found]
        else:
            ready = [(key.fd, calls[key.fd], False) for key, _ in self._selector.select(timeout)]
        for file, entry, ended in ready:
            if calls.get(file) is entry:  # one that was called before may have closed it
                entry[0](entry[1], ended)

    def close(self) -> None:
        """Watch nothing more."""
        (self._selector if self._epoll is None else self._epoll).close()
