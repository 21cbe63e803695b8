"""A terminal of the tests: a pty, the program in it, and a model of the screen that shows what it wrote."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import pyte

PATIENCE = 60.0
"""Seconds after which a test gives up. None of them waits for time to pass: only for what is to be seen."""


class Terminal:
    """`evdsl` with these arguments in a terminal. `raw` is all that came; `screen` the model, with its scroll-back."""

    def __init__(
        self, folder: Path, *arguments: str, columns: int = 80, lines: int = 24, **environment: str
    ) -> None:
        self.screen = pyte.HistoryScreen(columns, lines, history=10_000, ratio=0.001)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self._ours, theirs = pty.openpty()
        self.resize(columns, lines)
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "PYTHONPATH", "XDG_CACHE_HOME")}
        env = kept | {"LANG": "C.UTF-8", "TERM": "xterm-256color", "HOME": str(folder)} | environment
        self.process = subprocess.Popen(
            [sys.executable, "-m", "evdsl", *arguments],
            cwd=folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(theirs)

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size. The model keeps its own until it is told."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def until(self, seen: Callable[[str], bool]) -> str:
        """What the terminal shows, scroll-back and screen, as soon as `seen` holds of it."""
        deadline = time.monotonic() + PATIENCE
        while not seen(self.text):
            assert time.monotonic() < deadline, self.text
            assert self._read(0.2) or self.process.poll() is None, self.text
        return self.text

    def end(self) -> str:
        """What is left on it once the program has ended."""
        deadline = time.monotonic() + PATIENCE
        while self._read(0.2) or self.process.poll() is None:
            assert time.monotonic() < deadline, self.text
        return self.text

    @property
    def text(self) -> str:
        """All lines, without blanks at their ends and empty lines at the bottom."""
        above = [
            "".join(line[x].data for x in range(self.screen.columns)) for line in self.screen.history.top
        ]
        return "\n".join(line.rstrip() for line in [*above, *self.screen.display]).rstrip("\n") + "\n"

    @property
    def cursor(self) -> tuple[int, int]:
        return self.screen.cursor.y, self.screen.cursor.x

    def _read(self, wait: float) -> bool:
        if not select.select([self._ours], [], [], wait)[0]:
            return False
        try:
            piece = os.read(self._ours, 65536)
        except OSError:  # the other side is closed
            return False
        self.raw += piece
        self._stream.feed(piece)
        return bool(piece)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self._ours)


def masked(text: str) -> str:
    """Times and durations of a run as zeros, and two blanks for more of them within a line."""
    text = re.sub(r"^( ?\S* +)\d\d:\d\d ", r"\g<1>00:00 ", text, flags=re.MULTILINE)
    return re.sub(r"(?<=\S) {2,}(?=\S)", "  ", re.sub(r" +\d+(\.\d)?s\b", " 0s", text))
