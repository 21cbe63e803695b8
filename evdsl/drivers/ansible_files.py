"""The files that ansible-playbook is given: a playbook for one role or module, its inventory, the values as extra vars.

They lie in a folder of their own that nobody else can enter, and go with it. Texts are marked `!unsafe`: to Ansible they
are data, whatever braces stand in them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from ..meaning.template import worded
from .job import Inventory, Place, Remote

PLAY, INVENTORY, VARS, RESULTS = (
    f"evdsl.{name}" for name in ("play.yml", "hosts.yml", "vars.yml", "results")
)
HERE = "localhost"
_NAME = re.compile(r"(?!(all|ungrouped)\Z)[A-Za-z0-9_][\w.@+-]*\Z", re.ASCII)
_WORDS = "{{ lookup('ansible.builtin.env', 'EVDSL_SSH') }}"
_HERE = """all:
  hosts:
    localhost:
      ansible_connection: local
      ansible_python_interpreter: "{{ ansible_playbook_python }}"
"""


def values(given: Mapping[str, object], place: Place) -> str:
    """A file of variables that nothing overrides; with those by which our ssh words come first, for a host."""
    if not isinstance(place, Remote):
        return unsafe(dict(given)) + "\n"
    # Whatever else is said to ssh, the first word counts: keys are checked, nobody is asked, connections are ours.
    pinned = {"ansible_ssh_args": _WORDS}
    shown = ", ".join(f"{_quoted(name)}: {_quoted(value)}" for name, value in pinned.items())
    others = {name: value for name, value in given.items() if name not in pinned}
    return "{" + ", ".join(filter(None, (shown, unsafe(others)[1:-1]))) + "}\n"


def module(
    host: str,
    title: str,
    name: str,
    arguments: Mapping[str, object],
    seen: Mapping[str, object] | None = None,
) -> str:
    """A playbook of one task on one host. With `seen`, the variables of the task, other plays can follow whatever comes
    of it."""
    more = ""
    if seen is not None:
        more = f", vars: {unsafe(dict(seen))}, ignore_errors: true, ignore_unreachable: true"
    # By its name, and not by `action`: then Ansible looks for it before it begins.
    task = f"{{name: {unsafe(title)}, {_quoted(name)}: {unsafe(dict(arguments))}{more}}}"
    return f"- {{hosts: {_quoted(host)}, gather_facts: false, tasks: [{task}]}}\n"


def plays(count: int) -> str:
    """A playbook of so many others, one after the other."""
    return "".join(f"- import_playbook: {play(number)}\n" for number in range(count))


def play(number: int) -> str:
    """The name of such a file."""
    return f"evdsl.play.{number}.yml"


def role(host: str, name: str) -> str:
    """A playbook of one role on one host."""
    return f"- {{hosts: {_quoted(host)}, roles: [{_quoted(name)}]}}\n"


def unsafe(value: object) -> str:
    """A value in YAML, each text in it marked as data.

    Where Ansible tells of a value it shows, cut off, the line in which it begins and the two before: so a text stands on
    a line below its mark and ends with empty ones, and no part of a secret is seen.
    """
    value = worded(value)
    if isinstance(value, str):
        return f"!unsafe\n {_quoted(value)}\n\n\n "
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_quoted(str(k))}: {unsafe(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(unsafe, value)) + "]"
    import json

    return json.dumps(value)


def _quoted(text: str) -> str:
    """A text in double quotes, as YAML reads it: what is not plain ASCII is escaped."""
    plain = (c if " " <= c <= "~" and c not in '"\\' else f"\\U{ord(c):08X}" for c in text)
    return '"' + "".join(plain) + '"'


def folder(path: str, beside: str, files: Mapping[str, str]) -> None:
    """Make the folder, with these files, and with links to what lies in the folder of the program, so that the
    playbook finds roles, files, templates and variables as if it lay there. Raises OSError."""
    os.mkdir(path, 0o700)
    for name, text in files.items():
        file = os.open(os.path.join(path, name), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(file, "w", encoding="ascii") as written:
            written.write(text)
    for name in os.listdir(beside) if PLAY in files else ():
        if not name.startswith((".", "evdsl.")):
            os.symlink(os.path.join(beside, name), os.path.join(path, name))


def is_host(name: str) -> bool:
    """Whether a name can stand for a host in playbooks and inventories: it is no pattern there."""
    return bool(_NAME.match(name))


def here() -> str:
    """An inventory of this machine alone."""
    return _HERE


def inventory(given: Inventory) -> str:
    """The inventory of a program. What cannot be a name in it is left out."""
    hosts = {host.name: _variables(host) for host in given.hosts if is_host(host.name)}
    groups: dict[str, object] = {}
    for name, members in given.groups.items():
        known: dict[str, object] = {member: {} for member in members if member in hosts}
        if known and is_host(name) and name not in hosts:
            groups[name] = {"hosts": known}
    return unsafe({"all": {"hosts": hosts, "children": groups}}) + "\n"


def _variables(host: Remote) -> dict[str, object]:
    """How Ansible reaches a host. What is not declared is left to the user's own configuration."""
    found: dict[str, object] = {
        "ansible_connection": "ssh",
        "ansible_host": host.address,
        "ansible_user": host.user,
        "ansible_port": host.port,
        "ansible_ssh_private_key_file": host.key,
        "ansible_ssh_common_args": host.jump and f"-o ProxyJump={','.join(hop.way for hop in host.jump)}",
        "ansible_python_interpreter": "auto_silent",
    }
    return {name: value for name, value in found.items() if value}
