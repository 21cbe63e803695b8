#!/usr/bin/env python3
"""What the journal costs: `python3 bench/journal.py` (about two minutes; `--help` tells more).

The same run of actions that do nothing, two at a time in 20 layers: with the journal as it is, with an fsync for each
commit, and with one that writes nothing. The runs are interleaved; shown are medians, and the ratios of each round.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
from environment import ready
from run import Graph, evdsl_file

KINDS = {"nothing": (), "normal": (), "full": ("--durability", "full")}


def without_journal() -> None:
    """A journal that remembers nothing of the steps."""
    from evdsl.run.journal import Journal

    for name in ("started", "ended", "commit", "end"):
        setattr(Journal, name, lambda self, *given: None)


def once(kind: str, folder: str, more: list[str]) -> tuple[float, float]:
    """Wall and CPU in seconds, of evdsl and all that it started."""
    for path in Path(folder, ".evdsl").glob("a.events.sqlite*"):
        path.unlink()
    argv = [sys.executable, __file__, "--one", kind, "run", "a.events", "-j2", "-q", *KINDS[kind], *more]
    cached = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    begin, before = time.monotonic(), os.times()
    subprocess.run(argv, cwd=folder, env=cached, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return time.monotonic() - begin, cpu


def compare(actions: int, times: int, more: list[str]) -> None:
    found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory(dir=os.environ.get("EVDSL_BENCH_DISK")) as folder:
        Path(folder, "a.events").write_text(evdsl_file(Graph(actions, "layers"), ":"))
        once("normal", folder, more)
        for number in range(times):
            for kind in KINDS if number % 2 else reversed(KINDS):
                found[kind].append(once(kind, folder, more))
    print(f"\n{actions:,} actions, two at a time{' '.join(['', *more])}; n={times}")
    for kind, each in found.items():
        ratios = [
            statistics.median(one[i] / base[i] for one, base in zip(each, found["nothing"], strict=True))
            for i in (0, 1)
        ]
        wall, cpu = (statistics.median(one[i] for one in each) for i in (0, 1))
        walls = [one[0] for one in each]
        print(
            f"{kind:<9}{wall:7.2f} s wall ({min(walls):.2f} to {max(walls):.2f}), {cpu:6.2f} s CPU"
            f"   to nothing: wall {ratios[0]:.3f}, CPU {ratios[1]:.3f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=10_000, help="actions (default 10000)")
    parser.add_argument("--times", type=int, default=5, help="rounds (default 5)")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    compare(args.size, args.times, [])
    compare(args.size, args.times, ["--shell-workers"])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        if sys.argv[2] == "nothing":
            without_journal()
        from evdsl.__main__ import main as evdsl

        sys.argv[:] = ["evdsl", *sys.argv[3:]]
        sys.exit(evdsl())
    if "--here" in sys.argv:
        main()
    else:
        os.execv(python := ready("test"), [python, __file__, "--here", *sys.argv[1:]])
