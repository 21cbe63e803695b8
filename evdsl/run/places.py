"""Where actions run: the hosts of a program as places, and what stands against reaching them."""

from __future__ import annotations

import os
import re
from shutil import which

from ..base.diagnostic import Diagnostic
from ..drivers.job import Here, Inventory, Place, Remote
from ..drivers.registry import FROM_HERE
from ..drivers.tool import INSTALL
from ..meaning.program import Action, Host, Program
from ..syntax.words import HOST_NUMBERS

HERE = Here()
_ADDRESS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*|[0-9A-Fa-f:.]+(%[A-Za-z0-9_.-]+)?")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+@$-]*")
_HOP = re.compile(r"(?:([^@]*)@)?(\[[^\]]*\]|[^:]*)(?::([0-9]+))?")


class Unreachable(Exception):
    """A host that cannot be reached as it is declared. The text says why."""


def place_of(program: Program, action: Action) -> Place:
    """Where an action runs. A request is sent from here whatever its host. Raises Unreachable."""
    resource = program.resources.get(action.resource)
    if resource is None or resource.host is None or action.driver.startswith("http."):
        return HERE
    host = program.hosts.get(resource.host)
    if host is None:
        raise Unreachable(f"no host is called `{resource.host}`")
    place = remote(program, host)
    return place._replace(from_here=True) if action.driver.startswith(FROM_HERE) else place


def inventory(program: Program) -> Inventory:
    """The hosts of a program, those that cannot be reached as they are declared left out, and its groups of hosts."""
    hosts = []
    for host in program.hosts.values():
        try:
            hosts.append(remote(program, host))
        except Unreachable:
            continue  # nothing runs there
    known = {host.name for host in hosts}
    groups: dict[str, tuple[str, ...]] = {}
    for unit in program.units:
        for name, members in unit.groups.items():
            found = tuple(n for m in members if (n := unit.prefix + str(m)) in known)
            if found:
                groups[unit.prefix + name] = found
    return Inventory(tuple(hosts), groups, tuple(path for unit in program.units for path in unit.inventories))


def remote(program: Program, host: Host, above: tuple[str, ...] = ()) -> Remote:
    """A host as a place. Raises Unreachable."""
    options = host.options
    if host.name in above:
        raise Unreachable(f"the jump hosts of `{above[0]}` lead back to `{host.name}`")
    key = os.path.expanduser(str(options.get("key") or ""))
    if key:
        key = os.path.abspath(os.path.join(os.path.dirname(host.span.source.path), key))
    if any(c in key for c in '"\n\\%$'):
        raise Unreachable(f"the path of the key of `{host.name}` holds a character that ssh reads otherwise")
    return Remote(
        host.name,
        _checked(_ADDRESS, host.address, f"the address of `{host.name}`"),
        _checked(_USER, str(options.get("user") or ""), f"the user of `{host.name}`"),
        _number(host, "port"),
        key,
        _jumps(program, host, (*above, host.name)),
        _number(host, "parallel") or 1,
    )


def _jumps(program: Program, host: Host, above: tuple[str, ...]) -> tuple[Remote, ...]:
    """The hosts to go by, the first one first: a jump host may have jump hosts of its own."""
    value = host.options.get("jump")
    hops: list[Remote] = []
    for item in value if isinstance(value, list) else str(value or "").split(","):
        name = str(item).strip()
        if not name:
            continue
        # As for `@`: a host of an import is seen there by the name without the import's prefix.
        prefix = host.name.rpartition(".")[0]
        found = (prefix and program.hosts.get(f"{prefix}.{name}")) or program.hosts.get(name)
        if found:
            hop = remote(program, found, above)
            hops += [*hop.jump, hop._replace(jump=())]
        else:
            hops.append(_hop(name, host))
    return tuple(hops)


def _hop(text: str, host: Host) -> Remote:
    """A jump host that is not declared: `address`, `user@address` or `user@address:port`."""
    what = f"the jump host of `{host.name}`"
    match = _HOP.fullmatch(text)
    if match is None:
        raise Unreachable(f"{what} cannot be `{text}`")
    address = _checked(_ADDRESS, match[2].strip("[]"), what)
    return Remote(address, address, _checked(_USER, match[1] or "", what), int(match[3] or 0))


def _checked(form: re.Pattern[str], text: str, what: str) -> str:
    if text == "" and form is _USER:
        return ""
    if not form.fullmatch(text):
        raise Unreachable(f"{what} cannot be `{text}`")
    return text


def _number(host: Host, option: str) -> int:
    """An option that takes a whole number, 0 where it is left open. An inventory may say anything."""
    value = host.options.get(option)
    if value is None or value == "":
        return 0
    least, most = HOST_NUMBERS[option]
    try:
        number = int(str(value))
    except ValueError:
        number = -1
    if not least <= number <= most:
        raise Unreachable(f"`{option}` of `{host.name}` cannot be `{value}`")
    return number


def against_hosts(program: Program, actions: list[Action]) -> list[Diagnostic]:
    """EV611 for each host of these actions that cannot be reached as it is declared."""
    found: dict[str, Diagnostic] = {}
    for action in actions:
        resource = program.resources.get(action.resource)
        name = resource.host if resource is not None else None
        if name is None or name in found:
            continue
        try:
            place_of(program, action)
        except Unreachable as problem:
            host = program.hosts.get(name)
            message = f"`{action.name}` cannot run on `{name}`: {problem}"
            found[name] = Diagnostic("EV611", message, host.span if host else action.span)
    return list(found.values())


def missing_programs(program: Program, actions: list[Action]) -> list[Diagnostic]:
    """EV619 for each program that these actions need on this machine and that is not here."""
    needed: dict[str, Action] = {}
    for action in actions:
        if isinstance(place_of(program, action), Remote):
            needed.setdefault("ssh", action)
        elif action.driver.startswith("systemd."):
            needed.setdefault("systemctl", action)
    found = []
    for name, action in needed.items():
        if which(name) is None:
            message = f"`{action.name}` needs `{name}`, which is not installed here"
            found.append(Diagnostic("EV619", message, action.span, f"install it: {INSTALL[name]}"))
    return found
