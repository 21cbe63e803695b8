#!/usr/bin/env python3
"""Many hosts, beside ansible-playbook: `python3 bench/hosts.py [NAMES] [ACTIONS]`, as root on Linux.

50 host names without a number, each with an address of its own, served by three sshd in network namespaces; 10 actions for
each, a shell command that appends to a file there; 10 at a time. Ansible does the same commands by its `shell`, and by
`raw`, which needs no Python there, with forks = 10 and pipelining. Wall seconds; CPU seconds of the tool and its ssh, and of
the hosts; the peak of the tool's own process; connections that the hosts took. Checked each time: each command was done
on each host exactly once. Then, for evdsl: memory beside a run of one action a name, and one of the three that dies.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from environment import ANSIBLE, ansible, ready
from hosts.scale import LANES, Fleet, Measured, at_a_time, measured
from hosts.world import ADDRESSES, worlds


def evdsl(fleet: Fleet, folder: Path, text: str, watch: Callable[[], object] = lambda: None) -> Measured:
    (folder / "p.events").write_text(text)
    argv = [sys.executable, "-m", "evdsl", "run", "p.events", "--format", "jsonl", f"-j{LANES}"]
    found = measured(fleet.world.argv(*argv), folder, fleet.world.env(None), watch)
    assert max(at_a_time(found.text)) <= LANES
    return found


def playbook(fleet: Fleet, folder: Path, actions: int, module: str) -> Measured:
    inventory, play = fleet.playbook(actions, module)
    (folder / "inventory.yml").write_text(inventory)
    (folder / "play.yml").write_text(play)
    env = {
        "ANSIBLE_HOME": str(folder / ".ansible"),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder / module.rpartition(".")[2]),
        "ANSIBLE_FORKS": str(LANES),
        "ANSIBLE_PIPELINING": "1",
    }
    argv = [str(ANSIBLE / "bin" / "ansible-playbook"), "-i", "inventory.yml", "play.yml"]
    return measured(fleet.world.argv(*argv), folder, fleet.world.env(env))


def checked(fleet: Fleet, actions: int, way: Callable[[], Measured]) -> tuple[Measured, int, float]:
    """A run that must have done all of it, the connections that it took, and seconds of CPU on the hosts."""
    fleet.clear()
    before, spent = fleet.accepted(), there(fleet)
    found = way()
    fleet.world.hang_up()
    assert found.exit == 0, found.text[-3000:]
    assert fleet.done() == {name: list(range(actions)) for name in fleet.served}, "not all was done once"
    return found, fleet.accepted() - before, there(fleet) - spent


def there(fleet: Fleet) -> float:
    time.sleep(0.5)  # for a host to have waited for the last of its processes
    return sum(map(fleet.world.cpu, ADDRESSES))


def compared(fleet: Fleet, folder: Path, actions: int) -> Measured:
    """A row for each tool; what came of evdsl's."""
    ways: dict[str, Callable[[], Measured]] = {
        "evdsl": lambda: evdsl(fleet, folder, fleet.program(actions)),
        "ansible shell": lambda: playbook(fleet, folder, actions, "ansible.builtin.shell"),
        "ansible raw": lambda: playbook(fleet, folder, actions, "ansible.builtin.raw"),
    }
    names, rows = len(fleet.served), dict[str, Measured]()
    print(f"{names * actions} actions on {names} names, {LANES} at a time")
    print(
        f"{'':<15}{'wall':>9}{'CPU':>9}{'there':>9}{'peak MB':>9}{'connections':>13}   wall and CPU to evdsl"
    )
    for way, go in ways.items():
        one, taken, spent = checked(fleet, actions, go)
        rows[way] = one
        wall, cpu = one.wall / rows["evdsl"].wall, one.cpu / rows["evdsl"].cpu
        row = f"{way:<15}{one.wall:8.2f}s{one.cpu:8.2f}s{spent:8.2f}s{one.peak:9.1f}{taken:13}"
        print(f"{row}   {wall:8.2f}{cpu:8.2f}", flush=True)
    return rows["evdsl"]


def main(names: int, actions: int) -> None:
    for world in worlds():
        world.configure("ConnectTimeout 5\n")
        fleet, folder = Fleet(world, names), world.folder / "bench"
        folder.mkdir()
        many = compared(fleet, folder, actions)
        few = few_actions(fleet, folder)
        print(f"evdsl's peak: {many.peak:.1f} MB, with {names} actions on {names} names {few.peak:.1f} MB")
        died(fleet, folder, actions)


def few_actions(fleet: Fleet, folder: Path) -> Measured:
    found, _, _ = checked(fleet, 1, lambda: evdsl(fleet, folder, fleet.program(1)))
    return found


def died(fleet: Fleet, folder: Path, actions: int) -> None:
    """A run in which the second host is gone from the first action on that it has done."""
    world, dead = fleet.world, {name for name, server in fleet.served.items() if server == "web2"}
    fleet.clear()

    def strike() -> None:
        if world.up("web2") and any(fleet.done()[name] for name in dead):
            world.stop("web2")

    found = evdsl(fleet, folder, fleet.program(actions), strike)
    states = Counter[tuple[bool, str]]()
    for step in map(json.loads, found.text.splitlines()):
        if step["type"] == "step" and step["state"] != "started":
            states[step["id"].split(".")[0] in dead, step["state"]] += 1
    assert {state for of_dead, state in states if not of_dead} == {"changed"}, states
    assert states[True, "error"], "it died too late"
    print(
        f"a host dies: {found.wall:.2f}s; of its {len(dead) * actions} actions {states[True, 'error']} end in error,"
        f" of the others' {states[False, 'changed']} none"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["here"]:
        main(int(sys.argv[2]), int(sys.argv[3]))
    else:
        if os.geteuid():
            sys.exit("bench/hosts.py needs root, for network namespaces")
        ansible()
        numbers = [*sys.argv[1:3], *("50", "10")[len(sys.argv) - 1 :]]
        os.execv(python := ready("test"), [python, __file__, "here", *numbers])
