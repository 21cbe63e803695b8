#!/usr/bin/env python3
"""Faults done to real runs, in full size: `python3 bench/faults.py` (about an hour on two cores; `--help` tells more).

Each campaign ends with what it did, or with what it found lost, doubled or torn, and exit code 1. tests/run/faults.py
has them; the tests do a few of each.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from environment import ready

SIZES = {
    "journal": [8, 40, 80, *range(100, 270, 10)],
    "logs": [4, 8, 16, *range(24, 364, 20)],
    "TMPDIR": [4, 8, 12, *range(16, 84, 4)],
}


def campaigns(small: int) -> dict[str, Callable[[Path], dict[str, int]]]:
    """By name; `small` divides the sizes."""
    from run import faults

    def each(folder: Path) -> dict[str, int]:
        numbers = faults.moments(folder / "whole", faults.plan_text())
        return faults.killed_at_each_moment(folder, range(1, numbers + 1, small), jobs=1)

    def jumps(folder: Path) -> dict[str, int]:
        library = faults.faketime()
        return faults.clock_jumps(folder, library, [3600, -3600, 1, -1, 86400, -86400]) if library else {}

    found: dict[str, Callable[[Path], dict[str, int]]] = {
        "kill": lambda folder: faults.killed_at_random(folder, 1000 // small, int(time.time())),
        "moments": each,
        "log": lambda folder: faults.damaged(folder, small),
        "commands": lambda folder: faults.commands_on_damage(folder, range(24, 150_000, 5_000 * small)),
        "two": lambda folder: faults.two_at_once(folder, 200 // small),
        "signals": lambda folder: faults.signalled(folder, 200 // small, int(time.time())),
        "clock": jumps,
        "many": lambda folder: faults.many(folder, 100_000 // small),
    }
    for where, sizes in SIZES.items():
        found[f"full-{where}"] = lambda folder, w=where, s=sizes: faults.disk_full(folder, w, s[::small])  # type: ignore[misc]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="campaigns; default: all")
    parser.add_argument("--small", type=int, default=1, help="one of so many of each (default 1: all)")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    made = campaigns(args.small)
    wrong = 0
    for name in args.names or made:
        begin = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            try:
                found = ", ".join(f"{what} {count}" for what, count in made[name](Path(folder)).items())
            except AssertionError as problem:
                found, wrong = f"WRONG: {str(problem)[:4000]}", 1
        print(f"{name:<13}{time.monotonic() - begin:6.0f} s  {found}", flush=True)
    return wrong


if __name__ == "__main__":
    if "--here" in sys.argv:
        sys.exit(main())
    os.execv(python := ready("test"), [python, __file__, "--here", *sys.argv[1:]])
