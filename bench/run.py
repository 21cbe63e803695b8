#!/usr/bin/env python3
"""What a run costs beside ninja, GNU make, just, doit, Task and Ansible: `python3 bench/run.py` (`--help` tells more).

`--peers` installs those of them that pip has, into environments of their own; else what is on the PATH is measured.

All run the same graph: actions in 20 layers, three rules for each, two at a time, each action a shell that adds a line
to a file. The lines are counted after every run. The runs are interleaved; shown are medians and their ratios to
ninja's, wall and CPU (of the tool and all that it started). evdsl's runs start with Python and keep output and journal.
Ansible runs a list of tasks; of it counts what a task costs more than none.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from environment import ANSIBLE, PEERS, ansible, peers, ready

LAYERS = 20
RULES = 3  # for each action, on average over all
ACTIONS = {
    "builtin": "echo >>effects",
    "external": "/bin/true && echo >>effects",
}


class Graph:
    """Actions by number, and for each the ones that it waits for."""

    def __init__(self, count: int, shape: str) -> None:
        rng = random.Random(count)
        self.count = count
        self.before: list[list[int]] = [[] for _ in range(count)]
        if shape == "chain":
            self.before = [[i - 1] if i else [] for i in range(count)]
        elif shape == "layers":
            layer = max(1, count // LAYERS)
            for i in range(layer, count):
                first = (i // layer - 1) * layer
                wanted = round((i + 1) * RULES * LAYERS / (LAYERS - 1)) - round(
                    i * RULES * LAYERS / (LAYERS - 1)
                )
                self.before[i] = sorted(rng.sample(range(first, first + layer), min(wanted, layer)))

    @property
    def rules(self) -> int:
        return sum(map(len, self.before))


def evdsl_file(graph: Graph, action: str) -> str:
    lines = [f'resource n{i} {{ run: sh "{action}" }}' for i in range(graph.count)]
    lines += [f"on n{b}.run changed n{i}.run" for i, before in enumerate(graph.before) for b in before]
    return "\n".join(lines) + "\n"


def ninja_file(graph: Graph, action: str) -> str:
    lines = ["rule r", f"  command = {action}"]
    lines += [f"build n{i}: r {' '.join(f'n{b}' for b in before)}" for i, before in enumerate(graph.before)]
    return "\n".join(lines) + "\n"


def make_file(graph: Graph, action: str) -> str:
    names = " ".join(f"n{i}" for i in range(graph.count))
    lines = [f".PHONY: all {names}", f"all: {names}"]
    for i, before in enumerate(graph.before):
        lines += [f"n{i}: {' '.join(f'n{b}' for b in before)}", f"\t@{action}"]
    return "\n".join(lines) + "\n"


def just_file(graph: Graph, action: str) -> str:
    lines = [f"all: {' '.join(f'n{i}' for i in range(graph.count))}"]
    for i, before in enumerate(graph.before):
        lines += [f"n{i}: {' '.join(f'n{b}' for b in before)}", f"    @{action}"]
    return "\n".join(lines) + "\n"


def doit_file(graph: Graph, action: str) -> str:
    return f"""
BEFORE = {graph.before!r}

def task_n():
    for i, before in enumerate(BEFORE):
        yield {{"name": str(i), "actions": [{action!r}], "task_dep": [f"n:{{b}}" for b in before]}}
"""


def task_file(graph: Graph, action: str) -> str:
    names = [f"n{i}" for i in range(graph.count)]
    lines = ["version: '3'", "run: once", "tasks:", f"  all: {{deps: [{', '.join(names)}]}}"]
    for name, before in zip(names, graph.before, strict=True):
        # a process of its own as in all the others: it would run the text by itself
        lines.append(
            f"  {name}: {{deps: [{', '.join(f'n{b}' for b in before)}], cmds: [\"sh -c '{action}'\"]}}"
        )
    return "\n".join(lines) + "\n"


def playbook(count: int, action: str) -> str:
    lines = ["- hosts: localhost", "  connection: local", "  gather_facts: false", "  tasks:"]
    lines += [f"  - ansible.builtin.shell: '{action}'"] * count
    return "\n".join(lines) + "\n"


Make = Callable[[Graph, str], str]
TOOLS: dict[str, tuple[str, Make, list[str]]] = {
    "ninja": ("build.ninja", ninja_file, ["ninja", "-j2", "--quiet"]),
    "make": ("Makefile", make_file, ["make", "-j2", "-s"]),
    "just": ("justfile", just_file, ["just", "all"]),
    "doit": ("dodo.py", doit_file, ["doit", "-n2", "-v0"]),
    "task": ("Taskfile.yml", task_file, ["task", "--silent", "--concurrency", "2", "all"]),
    "evdsl": ("a.events", evdsl_file, ["evdsl", "run", "a.events", "-j2", "--quiet"]),
    "workers": ("a.events", evdsl_file, ["evdsl", "run", "a.events", "-j2", "--quiet", "--shell-workers"]),
}


SLOW = ("just", "doit", "task")


class Measured:
    """The runs of one tool."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.cpu: list[float] = []
        self.own: list[float] = []  # CPU of the tool's own process
        self.peak = 0.0


def once(argv: list[str], folder: str, count: int, into: Measured) -> str:
    """Run it once; its output."""
    effects = Path(folder, "effects")
    effects.unlink(missing_ok=True)
    for left in (".ninja_log", ".ninja_deps"):
        Path(folder, left).unlink(missing_ok=True)
    cached = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    begin = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(argv, cwd=folder, env=cached, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    with process.stdout as pipe:
        output = pipe.read()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = effects.read_bytes().count(b"\n") if effects.exists() else 0
    if process.returncode or done != count:
        sys.exit(f"{argv}: exit {process.returncode}, {done} of {count} done\n{output.decode()[-2000:]}")
    into.wall.append(wall)
    into.cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    into.peak = max(into.peak, used.ru_maxrss / 1024)
    return output.decode("utf-8", "replace")


def compare(
    graph: Graph, tools: list[str], action: str, times: int, rounds: dict[str, int]
) -> dict[str, Measured]:
    """Interleaved runs of the tools; `rounds` are those that get fewer."""
    found = {name: Measured() for name in tools}
    with tempfile.TemporaryDirectory() as base:
        for name in tools:
            file, make, _ = TOOLS[name]
            os.mkdir(os.path.join(base, name))
            Path(base, name, file).write_text(make(graph, action))
        for number in range(times):
            for name in tools if number % 2 else reversed(tools):
                if number < rounds.get(name, times):
                    argv = list(TOOLS[name][2])
                    if argv[0] == "evdsl":
                        argv[0] = os.path.join(os.path.dirname(sys.executable), "evdsl")
                    once(argv, os.path.join(base, name), graph.count, found[name])
    return found


def show(title: str, found: dict[str, Measured], count: int, beside: str) -> None:
    print(f"\n{title}")
    print(f"{'':<10}{'wall':>8}{'/s':>7}{'CPU ms each':>13}{'peak MB':>9}{f'  wall and CPU to {beside}':>26}")
    base = found.get(beside)
    for name, one in found.items():
        wall, cpu = statistics.median(one.wall), statistics.median(one.cpu)
        ratio = ""
        if base is not None:
            pairs = list(zip(one.wall, base.wall, strict=False)), list(zip(one.cpu, base.cpu, strict=False))
            ratio = "".join(f"{statistics.median(a / b for a, b in pair):12.2f}" for pair in pairs)
        low, high = min(one.wall), max(one.wall)
        print(
            f"{name:<10}{wall:7.2f}s{count / wall:7.0f}{1000 * cpu / count:13.3f}{one.peak:9.0f}{ratio:<26}"
            f"  n={len(one.wall)}, wall {low:.2f} to {high:.2f}"
        )


SMALL = 'resource r0 { run: sh "echo >>effects" }\n' + "".join(
    f'resource r{i} {{ run: sh "true" }}\non r{i - 1}.run changed r{i}.run\n' for i in range(1, 10)
)


def first_action() -> None:
    """CPU of evdsl itself before the first action of a file of 19 lines starts."""
    evdsl = os.path.join(os.path.dirname(sys.executable), "evdsl")
    cached = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    # the action reads the CPU time of its parent, which is evdsl, in nanoseconds
    text = "cut -d' ' -f1 /proc/$PPID/schedstat >cpu"
    times = []
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "a.events").write_text(SMALL.replace("echo >>effects", text))
        for _ in range(11):
            subprocess.run(
                [evdsl, "run", "a.events"], cwd=folder, env=cached, check=True, capture_output=True
            )
            times.append(int(Path(folder, "cpu").read_text()) / 1e6)
    print(
        f"\nCPU until the first action of a file of {SMALL.count(chr(10))} lines: {statistics.median(times):.0f} ms"
        f" (min {min(times):.0f}, max {max(times):.0f})"
    )


def tasks_of_ansible(action: str, times: int) -> float | None:
    """CPU seconds of one more task of Ansible, which must say that it changed something; None without Ansible."""
    program = shutil.which("ansible-playbook")
    if program is None:
        return None
    few, many = 1, 50
    found = {count: Measured() for count in (few, many)}
    argv = [program, "-i", "localhost,", "-e", f"ansible_python_interpreter={sys.executable}", "site.yml"]
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(times):
            for count, into in found.items():
                Path(folder, "site.yml").write_text(playbook(count, action))
                output = once(argv, folder, count, into)
                if f"changed={count} " not in output:
                    sys.exit(f"ansible did not change {count}:\n{output[-2000:]}")
    least, most = (statistics.median(found[count].cpu) for count in (few, many))
    each = (most - least) / (many - few)
    print(
        f"\nansible-playbook, {many} tasks: {statistics.median(found[many].wall):.1f} s,"
        f" CPU {1000 * each:.0f} ms for each task beyond the first (n={times})"
    )
    return each


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--size", type=int, default=1000, help="actions (default 1000; 10000 is what the goals speak of)")
    add("--times", type=int, default=7, help="runs of each tool (default 7)")
    add("--tools", default=",".join(TOOLS), help="default: all; what is not installed is left out")
    add("--action", choices=tuple(ACTIONS), default="builtin", help="what each action does")
    add("--shape", choices=("layers", "chain", "wide"), default="layers")
    add("--slow", type=int, default=2, help="runs of just, doit, task and ansible (default 2)")
    add("--peers", action="store_true", help="install what is measured and can be had by pip, once")
    add("--only", action="store_true", help="the comparison alone, not the first action")
    add("--here", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    args = arguments()
    if args.peers:
        peers()
        ansible()
    for folder in (ANSIBLE, PEERS):
        os.environ["PATH"] += os.pathsep + str(folder / "bin")
    wanted = args.tools.split(",")
    tools = [name for name in wanted if TOOLS[name][2][0] == "evdsl" or shutil.which(TOOLS[name][2][0])]
    takes = subprocess.run([sys.executable, "-m", "evdsl", "run", "--help"], capture_output=True, text=True)
    if "workers" in tools and "--shell-workers" not in takes.stdout:
        tools.remove("workers")
    left = [name for name in wanted if name not in tools]
    if left:
        print(f"not there, left out: {', '.join(left)}", file=sys.stderr)
    graph = Graph(args.size, args.shape)
    found = compare(graph, tools, ACTIONS[args.action], args.times, dict.fromkeys(SLOW, args.slow))
    title = f"{graph.count:,} actions, {graph.rules:,} rules, {args.shape}, `{ACTIONS[args.action]}`, two at a time"
    show(title, found, graph.count, "ninja" if "ninja" in tools else tools[0])
    if args.only:
        return
    first_action()
    each = tasks_of_ansible(ACTIONS[args.action], args.slow) if "evdsl" in tools else None
    if each is not None:
        ours = statistics.median(found["evdsl"].cpu) / graph.count
        print(f"evdsl, start-up and all: CPU {1000 * ours:.2f} ms for each action, a {each / ours:.0f}th")


if __name__ == "__main__":
    if "--here" in sys.argv:
        main()
    else:
        os.execv(python := ready("test"), [python, __file__, "--here", *sys.argv[1:]])
