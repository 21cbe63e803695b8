"""`hosts "inventory.yml"`: hosts and groups of a static Ansible inventory in YAML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..base.source import Span
from .program import Host

_DEEPEST = 64
_VARIABLES = {"ansible_user": "user", "ansible_port": "port", "ansible_ssh_private_key_file": "key"}


def inventory(path: str, origin: Span) -> tuple[list[Host], dict[str, list[str]], str]:
    """Hosts in order of appearance, groups with the names of all hosts below them, and what is wrong, if anything.

    Only what stands in the file is read: no group_vars, no plugins, no templates.
    """
    import yaml  # imported late: few programs name an inventory

    try:
        tree = yaml.safe_load(_text(path))
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        return [], {}, getattr(error, "strerror", None) or "it cannot be read"
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return [], {}, f"it is no YAML (line {mark.line + 1})" if mark else "it is no YAML"
    if tree is None:
        return [], {}, ""
    if not isinstance(tree, dict):
        return [], {}, "its top level is not a map of groups"
    hosts: dict[str, Host] = {}
    groups: dict[str, list[str]] = {}
    try:
        for name, group in tree.items():
            _group(str(name), group, hosts, groups, origin, 0)
    except ValueError as error:
        return [], {}, str(error)
    return list(hosts.values()), groups, ""


def _text(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def _group(
    name: str, group: Any, hosts: dict[str, Host], groups: dict[str, list[str]], origin: Span, depth: int
) -> list[str]:
    """Take in one group and those below it; the names of its hosts."""
    if depth > _DEEPEST:
        raise ValueError("its groups are nested too deep")
    group = group or {}
    if not isinstance(group, dict):
        raise ValueError(f"group `{name}` is not a map")
    members: dict[str, None] = dict.fromkeys(groups.get(name, []))
    for pattern, variables in _items(group, "hosts", name):
        for host in _ranges(str(pattern)):
            members[host] = None
            _host(host, variables or {}, hosts, origin)
    for child, below in _items(group, "children", name):
        members.update(dict.fromkeys(_group(str(child), below, hosts, groups, origin, depth + 1)))
    groups[name] = list(members)
    return groups[name]


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
