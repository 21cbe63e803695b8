"""A job: one instance that is to run, with all that it needs, and the place where it runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple


class Here(NamedTuple):
    """This machine. `parallel`: how many jobs may run there; 0: as many as the executor has places for."""

    name: str = "localhost"
    parallel: int = 0

    def __str__(self) -> str:
        return self.name

    @property
    def from_here(self) -> bool:
        """Whether its jobs are processes of this machine, so that `-j` counts them."""
        return True

    @property
    def host(self) -> Here:
        """What it shares its room with."""
        return self


class Remote(NamedTuple):
    """A host that is reached by ssh. What is empty or 0 is left to the user's own configuration of ssh.

    `name` is its name in the program. `jump`: the hosts to go by, from here on. `parallel`: how many jobs may run there.
    `from_here`: its jobs are processes of this machine, of a tool that goes there by itself; only their guards run there.
    """

    name: str
    address: str
    user: str = ""
    port: int = 0
    key: str = ""
    jump: tuple[Remote, ...] = ()
    parallel: int = 1
    from_here: bool = False

    def __str__(self) -> str:
        return self.name if self.name == self.address else f"{self.name} ({self.address})"

    @property
    def host(self) -> Remote:
        """What it shares its room with: the host, whatever way jobs get there."""
        return self._replace(from_here=False) if self.from_here else self

    @property
    def way(self) -> str:
        """As ssh has it in a list of jump hosts: `user@address:port`, what is empty left out."""
        user = f"{self.user}@" if self.user else ""
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{user}{address}{f':{self.port}' if self.port else ''}"


Place = Here | Remote
"""Where a job runs. Equal places can share a process or a connection."""


class Inventory(NamedTuple):
    """The hosts of a program, for a tool that goes to hosts by itself: `groups` by their names, with the names of
    their hosts; `files`: the inventories that the program names, absolute paths."""

    hosts: tuple[Remote, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = {}
    files: tuple[str, ...] = ()


WAITS = -2


class Job(NamedTuple):
    """One instance of one action, rendered: nothing in it is to be interpolated any more.

    `step` is its number in the plan, `id` its name (`ha.run#1`). `arguments` are what stands behind the driver:
    strings, numbers, lists, maps. `options` by their names: `timeout` and `delay` in seconds, `retry` a number, `env` a
    map of strings, `changes` a list of paths or one path, `exits` a map of exit codes to outcomes, `creates`, `unless`,
    `onlyif` and `cwd` strings. `environment` is what is added to the environment of evdsl itself; `EVDSL_EVENT` is
    added later, for each try. `folder` is the folder of the file that the action stands in: where it runs (here), and what
    `cwd` is relative to; paths in `creates` and `changes` are relative to the two together. `names` are the names of
    section 1 with their values, without secrets, and those that the option `env` gives, for drivers that fill in texts
    themselves; `secrets` are the values that nobody may see. `inventory` is empty but at a place `from_here`.
    `share`: started together, those with the step of the same job here are to share its process and its room; -1: it shares
    with none; WAITS: nor is there room for it yet.
    """

    step: int
    id: str
    resource: str
    action: str
    instance: int
    driver: str
    arguments: tuple[object, ...]
    options: Mapping[str, object] = {}
    environment: Mapping[str, str] = {}
    folder: str = "."
    place: Place = Here()
    names: Mapping[str, object] = {}
    secrets: tuple[str, ...] = ()
    inventory: Inventory = Inventory()
    share: int = -1

    @property
    def cwd(self) -> str:
        """The folder that it runs in; on a host, where it is not absolute, it is relative to the login folder."""
        cwd = self.options.get("cwd")
        if not self.place.from_here:
            return str(cwd or ".")
        return os.path.join(self.folder, str(cwd)) if cwd else self.folder

    @property
    def guards_cwd(self) -> str:
        """The folder that its guards run in: its own, or the login folder where only they run on the host."""
        return "." if isinstance(self.place, Remote) and self.place.from_here else self.cwd

    @property
    def sensitive(self) -> bool:
        """The option `sensitive`: nothing of its output is shown or kept."""
        return self.options.get("sensitive") is True

    @property
    def timeout(self) -> float | None:
        """Seconds that a try may take, None for no limit."""
        value = self.options.get("timeout")
        return float(value) if isinstance(value, (int, float)) else None

    @property
    def retry(self) -> int:
        """How many further tries there are after `failed` or `error`."""
        value = self.options.get("retry")
        return int(value) if isinstance(value, (int, float)) else 0

    def pause(self, number: int) -> float:
        """Seconds to wait after try `number` (from 1): the option `delay`, 1 s without it, doubled each time."""
        value = self.options.get("delay")
        first = float(value) if isinstance(value, (int, float)) else 1.0
        return float(first * 2.0 ** min(number - 1, 30))

    @property
    def exits(self) -> dict[int, str]:
        """The option `exits`: outcomes by exit code."""
        value = self.options.get("exits")
        if not value or not isinstance(value, Mapping):
            return {}
        return {int(code): str(word) for code, word in value.items()}

    @property
    def changes(self) -> list[str] | None:
        """The option `changes`: paths, None without the option (an empty list says something else)."""
        value = self.options.get("changes")
        if value is None:
            return None
        return [str(path) for path in value] if isinstance(value, (list, tuple)) else [str(value)]
