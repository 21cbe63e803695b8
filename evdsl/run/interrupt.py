"""Ctrl-C and its like during a run: counted, never raised (section 7 of docs/language.md)."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """While entered, SIGINT, SIGTERM and SIGHUP add to `count` and call `wake`, which must be fit for a signal handler.

    One that evdsl was started to ignore (by nohup, say) stays ignored. Outside of the main thread it does nothing: there
    the embedding program has the signals.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self.count = 0
        self._wake = wake
        self._former: dict[int, object] = {}

    def add(self) -> None:
        """As if a signal had come."""
        self.count += 1
        self._wake()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.add()

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                former = signal.getsignal(number)
                if former not in (signal.SIG_IGN, None):
                    self._former[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, former in self._former.items():
            signal.signal(number, former)  # type: ignore[arg-type]
        self._former.clear()
