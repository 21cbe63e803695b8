#!/usr/bin/env python3
"""What compiling costs: `python3 bench/compile.py`. CPU time, the median of several runs; checks that the work was done.

Sizes are rules over a third as many actions, each rule from a smaller to a larger number, so without cycles; the same
again with one small cycle for every ten actions.
"""

from __future__ import annotations

import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from environment import ready

SMALL = (
    """\
resource config { run: sh "true" [changes = "a.conf"] }
resource app { run: sh "true" [changes = "b.conf"]; reload: sh "true" }
resource lb { run: sh "true" [changes = "c.conf"]; reload: sh "true" }
"""
    + "".join(f'resource node.{i} {{ run: sh "true"; port = {8000 + i} }}\n' for i in range(10))
    + """\
on config.run changed app.run
on app.run changed lb.run
on node.<n>.run changed lb.reload
on app.run failure app.reload
connect node.* lb { port -> ports }
lb.run needs app.run
"""
)


def rules(count: int, cycles: bool) -> str:
    """A text of `count` rules."""
    rng = random.Random(count)
    actions = count // 3
    lines = []
    for _ in range(count):
        a, b = sorted(rng.sample(range(actions), 2))
        lines.append(f"on host{a}.config.run changed host{b}.config.run")
    if cycles:
        for a in range(
            0, actions - 10, 10
        ):  # a pair of two-step cycles beside the random rules, in place of one each
            lines[a] = f"on ring{a}.x.run changed ring{a}.y.run"
            lines[a + 1] = f"on ring{a}.y.run changed ring{a}.x.run"
            lines[a + 2] = f"on host{a}.config.run changed ring{a}.x.run"
    return "\n".join(lines) + "\n"


def child(*argv: str) -> tuple[float, str]:
    """CPU seconds of a process and its output."""
    cached = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(argv, capture_output=True, text=True, check=True, env=cached)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def command_line() -> None:
    evdsl = os.path.join(os.path.dirname(sys.executable), "evdsl")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "small.events")
        Path(path).write_text(SMALL, encoding="utf-8")
        assert SMALL.count("\n") >= 19
        for name, argv, wanted in (
            ("python -c pass", [sys.executable, "-c", "pass"], ""),
            ("evdsl --version", [evdsl, "--version"], "evdsl "),
            ("evdsl check, 19 lines", [evdsl, "check", path], "no errors"),
            ("evdsl plan, 19 lines", [evdsl, "plan", path], "Plan of"),
        ):
            child(*argv)
            times = []
            for _ in range(11):
                cpu, output = child(*argv)
                assert wanted in output, output
                times.append(cpu * 1000)
            print(
                f"{name:<24} {statistics.median(times):7.1f} ms  (min {min(times):.1f}, max {max(times):.1f})"
            )


def passes() -> None:
    print(f"{'':<24} {'parse':>9} {'statements/s':>13} {'check':>9} {'plan':>9} {'peak':>8}")
    for count, cycles in ((10_000, False), (10_000, True), (100_000, False), (100_000, True)):
        rows = []
        for _ in range(3):
            _, output = child(sys.executable, __file__, "one", str(count), str(int(cycles)))
            rows.append([float(x) for x in output.split()])
        parse, check, plan, peak, steps = (statistics.median(column) for column in zip(*rows, strict=True))
        assert steps > count / 4, "the plan does not hold the actions"
        name = f"{count:,} rules" + (", cycles" if cycles else "")
        print(f"{name:<24} {parse:8.3f}s {count / parse:13,.0f} {check:8.3f}s {plan:8.3f}s {peak:6.0f} MB")


def one(count: int, cycles: bool) -> None:
    """In a process of its own: seconds for parsing, for all of check after it, for the plan; peak MB; steps."""
    from evdsl.api import lint_plan, lint_program
    from evdsl.base.source import Source
    from evdsl.meaning import unroll
    from evdsl.meaning.check import check_actions
    from evdsl.meaning.compile import compile_program
    from evdsl.plan.build import plan
    from evdsl.syntax.parser import parse

    parse(Source("warm", "on a.run changed b.run\n"))
    spent = 0.0

    def timed(source: Source) -> object:
        nonlocal spent
        begin = time.process_time()
        result = parse(source)
        spent += time.process_time() - begin
        assert len(result[0].statements) == count, "a statement was lost"
        return result

    unroll.parse = timed  # type: ignore[assignment]
    source = Source("bench.events", rules(count, cycles))
    begin = time.process_time()
    program, found = compile_program(source)
    assert not found, found[:3]
    check_actions(program)
    lints = lint_program(program)
    meaning = time.process_time() - begin - spent
    begin = time.process_time()
    made, _ = plan(program)
    planning = time.process_time() - begin
    assert made is not None
    assert bool(made.cycles) == cycles
    begin = time.process_time()
    lints += lint_plan(program, made, "run", None)
    linting = time.process_time() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(spent, meaning + linting, planning, peak, len(made.steps))


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        one(int(sys.argv[2]), sys.argv[3] == "1")
    elif sys.argv[1:2] == ["here"]:
        command_line()
        passes()
    else:
        os.execv(python := ready("test"), [python, __file__, "here"])
