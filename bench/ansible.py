#!/usr/bin/env python3
"""What it saves that `ansible.module` actions share a process: `python3 bench/ansible.py [ACTIONS] [JOBS]`.

Ready actions (10 without a number, each a `copy` with content of its own), at most 2 at a time, run by evdsl as it is and
with a process for each. Wall and CPU seconds of everything together, the median of three; checks what was written, and
that a second run says `ok` of all.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from environment import ANSIBLE, ansible, ready

ALONE = """
import sys
from evdsl.drivers import registry
registry.SHARES["ansible.module"] = 1
from evdsl.faces.cli import main
sys.exit(main(sys.argv[1:]))
"""
WAYS = {"sharing": ["-m", "evdsl"], "a process for each": ["-c", ALONE]}


def measured(way: str, actions: int, jobs: int) -> tuple[float, float, float]:
    """Seconds of wall and CPU of a first run, and seconds of wall of a second one."""
    with tempfile.TemporaryDirectory() as folder:
        done = Path(folder, "done")
        done.mkdir()
        text = "".join(
            f'resource f{n} {{ run: ansible.module "copy" [vars = {{content = "{n}", dest = "{done}/{n}"}}] }}\n'
            for n in range(actions)
        )
        Path(folder, "p.events").write_text(text)
        took = []
        for said in ("changed", "ok"):
            begin, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
            command = [sys.executable, *WAYS[way], "run", "p.events", "-j", str(jobs)]
            run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            assert f"{actions} {said}" in run.stdout, run.stdout
            assert sorted(p.read_text() for p in done.iterdir()) == sorted(map(str, range(actions)))
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            took += [time.monotonic() - begin, cpu]
        return took[0], took[1], took[2]


def main(actions: int, jobs: int) -> None:
    os.environ["PATH"] = f"{ANSIBLE / 'bin'}:{os.environ['PATH']}"
    os.environ["PYTHONPATH"] = str(ANSIBLE.parent)
    print(f"{actions} ready actions, -j {jobs}   wall      CPU     wall again")
    rows: dict[str, list[tuple[float, float, float]]] = {way: [] for way in WAYS}
    for _ in range(3):
        for way in WAYS:
            rows[way].append(measured(way, actions, jobs))
    for way, found in rows.items():
        wall, cpu, again = (statistics.median(column) for column in zip(*found, strict=True))
        print(f"{way:<24} {wall:7.2f} s {cpu:7.2f} s {again:7.2f} s")


if __name__ == "__main__":
    if sys.argv[1:2] == ["here"]:
        main(int(sys.argv[2]), int(sys.argv[3]))
    else:
        ansible()
        numbers = [*sys.argv[1:3], *("10", "2")[len(sys.argv) - 1 :]]
        os.execv(python := ready("test"), [python, __file__, "here", *numbers])
