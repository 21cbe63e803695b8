#!/usr/bin/env python3
"""What a compiled script costs: `python3 bench/artifact.py` (some minutes; `--help` tells more).

The plan is a tree of actions that do nothing, one rule for each. Told are the CPU of compiling, the size beyond the
runtime, and the CPU (user and system, of the script and all that it starts) of a run per action, the least of the rounds.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from environment import ready


def program(count: int) -> str:
    lines = [f'resource n{i} {{ run: sh ":" }}' for i in range(count)]
    lines += [f"on n{(i - 1) // 3}.run changed n{i}.run" for i in range(1, count)]
    return "\n".join(lines) + "\n"


def spent(command: list[str], folder: Path) -> tuple[float, float]:
    """CPU and wall seconds of a command and of all that it has waited for."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.monotonic() - begin


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000])
    options.add_argument("--shells", nargs="+", default=["dash", "bash"])
    options.add_argument("--rounds", type=int, default=3)
    args = options.parse_args()
    python = ready("test")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "one.events").write_text(program(1))
        compiling = [python, "-m", "evdsl", "compile", "--to", "sh"]
        os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parent.parent)
        subprocess.run([*compiling, "one.events", "-o", "one.sh"], cwd=folder, check=True)
        runtime = (folder / "one.sh").stat().st_size
        print(f"runtime {runtime} bytes")
        first: dict[str, float] = {}
        for size in args.sizes:
            (folder / "p.events").write_text(program(size))
            least = min(spent([*compiling, "p.events", "-o", "p.sh"], folder)[0] for _ in range(args.rounds))
            beyond = ((folder / "p.sh").stat().st_size - runtime) / (size - 1)
            print(f"{size:6} actions: compiled in {least:.2f} s of CPU, {beyond:.0f} bytes an action")
            for shell in args.shells:
                rounds = []
                for _ in range(args.rounds):
                    shutil.rmtree(folder / "p.sh.state", ignore_errors=True)
                    rounds.append(spent([*shell.split(), "p.sh", "-q", "-j4"], folder))
                cpu, wall = min(rounds)
                each = cpu / size * 1000
                ratio = each / first.setdefault(shell, each)
                print(
                    f"{shell:>13}: {each:.2f} ms of CPU an action ({ratio:.2f} of the first size), {wall:.1f} s of wall time"
                )


if __name__ == "__main__":
    main()
