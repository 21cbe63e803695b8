"""Many host names that the three hosts serve, each with an address of its own, and programs and playbooks for them.

test_scale.py has them small, bench/hosts.py in full size.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from .world import ADDRESSES, World

LANES = 10
"""How many of the names are worked on at a time."""


class Measured(NamedTuple):
    """A command that has ended: seconds of wall and of CPU (its own and of what it waited for), and the peak of what the
    process itself had in memory, in MB. `text` is what it said."""

    exit: int
    text: str
    wall: float
    cpu: float
    peak: float


class Fleet:
    """`count` host names, `h00` and so on, that the hosts of a world serve in turn."""

    def __init__(self, world: World, count: int) -> None:
        self.world = world
        self.served = {f"h{n:02}": list(ADDRESSES)[n % 3] for n in range(count)}
        self.addresses = {name: f"192.0.2.{100 + n}" for n, name in enumerate(self.served)}
        known = (world.ssh / "known_hosts").read_text().splitlines()
        keys = {line.split()[0]: line.partition(" ")[2] for line in known}
        for name, server in self.served.items():
            address = self.addresses[name]
            world.alias(server, address)
            known.append(f"{address} {keys[ADDRESSES[server]]}")
        (world.ssh / "known_hosts").write_text("".join(f"{line}\n" for line in known))

    def program(self, actions: int, action: str = "") -> str:
        """`actions` for each name, in lanes: within one, the next name is begun when the one before is done."""
        names = list(self.served)
        lines = [f'host {name} = "{address}"' for name, address in self.addresses.items()]
        for name in names:
            text = action or "echo {n} >>/root/{name}"
            lines += [
                f"resource {name}.a{n} @{name} {{ run: sh '{text.replace('{n}', str(n)).replace('{name}', name)}' }}"
                for n in range(actions)
            ]
        lines += [
            f"{later}.*.run after {earlier}.*.run"
            for earlier, later in zip(names, names[LANES:], strict=False)
        ]
        return "\n".join(lines) + "\n"

    def playbook(self, actions: int, module: str) -> tuple[str, str]:
        """The same for Ansible: inventory and playbook."""
        hosts = {
            name: {"ansible_host": address, "ansible_python_interpreter": "/usr/bin/python3"}
            for name, address in self.addresses.items()
        }
        tasks = [{module: f"echo {n} >>/root/{{{{ inventory_hostname }}}}"} for n in range(actions)]
        play = [{"hosts": "all", "gather_facts": False, "tasks": tasks}]
        return json.dumps({"all": {"hosts": hosts}}), json.dumps(play)

    def done(self) -> dict[str, list[int]]:
        """The numbers of the actions that each name has done, sorted."""
        found = {}
        for name, server in self.served.items():
            file = self.world.root(server) / name
            found[name] = sorted(map(int, file.read_text().split())) if file.exists() else []
        return found

    def clear(self) -> None:
        for name, server in self.served.items():
            (self.world.root(server) / name).unlink(missing_ok=True)

    def accepted(self) -> int:
        """How many connections the hosts have taken since they were started."""
        return sum(self.world.log(name).count("Accepted publickey") for name in ADDRESSES)


def measured(
    argv: list[str], folder: Path, env: Mapping[str, str], watch: Callable[[], object] = lambda: None
) -> Measured:
    """Run a command to its end. `watch` is called many times a second while it runs."""
    out = folder / "said"
    with out.open("wb") as said:
        begin = time.monotonic()
        process = subprocess.Popen(
            argv, cwd=folder, env=env, stdout=said, stderr=said, start_new_session=True
        )
        peak = 0.0
        while True:
            # not what wait4 tells: that is at least what the process had that started it
            with suppress(OSError, StopIteration):
                status = Path(f"/proc/{process.pid}/status").read_text().splitlines()
                peak = max(peak, next(int(x.split()[1]) / 1024 for x in status if x.startswith("VmHWM")))
            ended, code, used = os.wait4(process.pid, os.WNOHANG)
            if ended:
                break
            watch()
            time.sleep(0.02)
    process.returncode = os.waitstatus_to_exitcode(code)
    wall = time.monotonic() - begin
    return Measured(process.returncode, out.read_text(), wall, used.ru_utime + used.ru_stime, peak)


def at_a_time(text: str) -> Iterator[int]:
    """How many actions ran, after each beginning and end that a run told of as JSON lines."""
    running = 0
    for line in text.splitlines():
        step = json.loads(line)
        if step.get("type") == "step" and step["state"] not in ("idle", "skipped"):
            running += 1 if step["state"] == "started" else -1
            yield running
