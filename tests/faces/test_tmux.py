"""A run in a real terminal, at 80 columns: what stands there while it runs, after a resize, and when it is over."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .terminals import PATIENCE, masked

SITE = """
resource mariadb { run: sh "for i in 1 2 3; do echo installing package $i of 3; done; while [ ! -e go ]; do sleep 0.1; done" }
resource keystone-config { run: sh "sleep 0.1" }
resource keystone { run: sh "echo apache2: Syntax error on line 12 of /etc/apache2/sites/keystone.conf >&2; exit 1" }
resource haproxy { run: sh "printf '中文字 checking every backend, which takes a line longer than the terminal is wide'; while [ ! -e go ]; do sleep 0.1; done" }
resource glance { run: sh "true" }
resource pager { page: sh "true" }
on mariadb.run changed keystone-config.run
on keystone-config.run changed keystone.run
on keystone.run changed glance.run
on keystone.run failure pager.page
"""


class Tmux:
    """A server of our own with one window of 80 columns, in it a shell."""

    def __init__(self, folder: Path) -> None:
        self.socket = str(folder / "tmux")
        env = {k: v for k, v in os.environ.items() if k in ("PATH", "PYTHONPATH", "XDG_CACHE_HOME")}
        self.env = env | {"LANG": "C.UTF-8", "HOME": str(folder), "PS1": "$ ", "TERM": "xterm-256color"}
        self("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "20", "-c", str(folder), "sh")

    def __call__(self, *arguments: str) -> str:
        return subprocess.run(
            ["tmux", "-S", self.socket, *arguments], env=self.env, check=True, capture_output=True, text=True
        ).stdout

    def until(self, seen: Callable[[str], bool]) -> str:
        """What the window shows once `seen` holds of it."""
        deadline = time.monotonic() + PATIENCE
        while not seen(text := self("capture-pane", "-p").rstrip("\n") + "\n"):
            assert time.monotonic() < deadline, text
            time.sleep(0.05)
        return text


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    if shutil.which("tmux") is None:
        if os.environ.get("EVDSL_REAL"):
            pytest.fail("tmux is not installed")
        pytest.skip("tmux is not installed")
    (tmp_path / "site.events").write_text(SITE, "utf-8")
    made = Tmux(tmp_path)
    yield made
    made("kill-server")


@pytest.mark.real
def test_a_run_at_80_columns(tmux: Tmux, tmp_path: Path) -> None:
    tmux("send-keys", f"clear; {sys.executable} -m evdsl run -j 4", "Enter")
    text = tmux.until(lambda text: "package 3" in text and "backend" in text and "settled" in text)
    assert masked(text[text.index(" ▶") :]) == (
        " ▶  mariadb.run  running 0s  installing package 3 of 3\n"
        " ▶  haproxy.run  running 0s  中文字 checking every backend,…\n"
        "   00:00 ────────────────────────  0/6 settled, 4 waiting\n"
    )
    tmux("resize-window", "-x", "60", "-y", "20")
    text = tmux.until(lambda text: "backend" not in text and "settled" in text)
    assert text.count("▶") == 2
    assert text.count("settled") == 1
    tmux("resize-window", "-x", "80", "-y", "20")
    text = tmux.until(lambda text: "every backend,…" in text and "settled" in text)
    assert text.count("▶") == 2
    assert text.count("settled") == 1
    (tmp_path / "go").touch()
    text = tmux.until(lambda text: text.endswith(("owed\n$\n", "owed\n#\n")))
    lines = masked(text).splitlines()
    begin = next(n for n, line in enumerate(lines) if line.startswith(" ● "))
    first = sorted(lines[begin : begin + 2])
    assert first == [" ● 00:00 haproxy.run  changed 0s", " ● 00:00 mariadb.run  changed 0s"]
    assert lines[begin + 2 : -1] == [
        " ● 00:00 keystone-config.run  changed 0s  ← mariadb.run changed",
        " ✗ 00:00 keystone.run  failed 0s  exit 1  ← keystone-config.run c…",
        " ● 00:00 pager.page  changed 0s  ← keystone.run failed",
        "── keystone.run failed (exit 1)  site.events:4 ────────────────────────────────",
        "   apache2: Syntax error on line 12 of /etc/apache2/sites/keystone.conf",
        "   log: .evdsl/runs/1/keystone.run#0.log",
        "───────────────────────────────────────────────────────────────────────────────",
        "Run 1 failed in 0s: 4 changed, 1 failed, 1 idle",
        "1 debt: keystone-config.run changed keystone.run",
        "Next: `evdsl log keystone.run` shows all that it wrote",
        "      `evdsl why keystone.run` tells what led to it",
        "      `evdsl run` sets keystone.run off, which is owed",
    ]
