"""`hosts "inventory.yml"`: hosts and groups of a static Ansible inventory in YAML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..base.reading import read
from ..base.source import Span
from .program import Host

_DEEPEST = 64
_MOST = 100_000
_VARIABLES = {"ansible_user": "user", "ansible_port": "port", "ansible_ssh_private_key_file": "key"}


def inventory(path: str, origin: Span) -> tuple[list[Host], dict[str, list[str]], str]:
    """Hosts in order of appearance, groups with the names of all hosts below them, and what is wrong, if anything.

    Only what stands in the file is read: no group_vars, no plugins, no templates.
    """
    import yaml  # imported late: few programs name an inventory

    source, found = read(path)
    if source is None:
        return [], {}, found[0].message
    try:
        tree = yaml.safe_load(source.text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return [], {}, f"it is no YAML (line {mark.line + 1})" if mark else "it is no YAML"
    except (ValueError, RecursionError, OverflowError):  # a date or a number that is none, too deep
        return [], {}, "it holds a value that YAML cannot read"
    if tree is None:
        return [], {}, ""
    if not isinstance(tree, dict):
        return [], {}, "its top level is not a map of groups"
    taken = _Inventory(origin)
    try:
        for name, group in tree.items():
            taken.group(str(name), group, 0)
    except ValueError as error:
        return [], {}, str(error)
    return list(taken.hosts.values()), taken.groups, ""


class _Inventory:
    """Takes in groups; raises ValueError for what is not as Ansible has it. `visits` bounds what aliases multiply."""

    def __init__(self, origin: Span) -> None:
        self.origin = origin
        self.hosts: dict[str, Host] = {}
        self.groups: dict[str, list[str]] = {}
        self.visits = 0

    def group(self, name: str, group: Any, depth: int) -> list[str]:
        """Take in one group and those below it; the names of its hosts."""
        if depth > _DEEPEST:
            raise ValueError("its groups are nested too deep")
        group = group or {}
        if not isinstance(group, dict):
            raise ValueError(f"group `{name}` is not a map")
        members: dict[str, None] = dict.fromkeys(self.groups.get(name, []))
        for pattern, variables in _items(group, "hosts", name):
            for host in _ranges(str(pattern)):
                self._visit()
                members[host] = None
                _host(host, variables or {}, self.hosts, self.origin)
        for child, below in _items(group, "children", name):
            self._visit()
            members.update(dict.fromkeys(self.group(str(child), below, depth + 1)))
        self.groups[name] = list(members)
        return self.groups[name]

    def _visit(self) -> None:
        self.visits += 1
        if self.visits > _MOST:
            raise ValueError(f"it names more than {_MOST:,} hosts and groups")


def _items(group: dict[str, Any], key: str, name: str) -> list[tuple[Any, Any]]:
    found = group.get(key) or {}
    if not isinstance(found, dict):
        raise ValueError(f"`{key}` of group `{name}` is not a map")
    return list(found.items())


def _host(name: str, variables: Any, hosts: dict[str, Host], origin: Span) -> None:
    if not isinstance(variables, dict):
        raise ValueError(f"host `{name}` is not a map")
    options = {_VARIABLES[k]: v for k, v in variables.items() if k in _VARIABLES}
    address = str(variables.get("ansible_host", hosts[name].address if name in hosts else name))
    before = hosts[name].options if name in hosts else {}
    hosts[name] = Host(name, address, {**before, **options}, origin)


def _ranges(pattern: str) -> Iterator[str]:
    """`web[01:03]` is web01, web02, web03, as Ansible reads it."""
    head, bracket, rest = pattern.partition("[")
    first, colon, after = rest.partition(":")
    last, close, tail = after.partition("]")
    if not (bracket and colon and close and first.isdigit() and last.isdigit()):
        yield pattern
        return
    if int(last) - int(first) > 10_000:
        raise ValueError(f"`{pattern}` names more than 10,000 hosts")
    for number in range(int(first), int(last) + 1):
        for end in _ranges(tail):
            yield f"{head}{number:0{len(first)}d}{end}"
