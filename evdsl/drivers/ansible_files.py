"""The files that ansible-playbook is given: a playbook for one role or module, its inventory, the values as extra vars.

They lie in a folder of their own that nobody else can enter, and go with it. Texts are marked `!unsafe`: to Ansible they
are data, whatever braces stand in them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from ..meaning.template import worded

PLAY, INVENTORY, VARS, RESULTS = (
    f"evdsl.{name}" for name in ("play.yml", "hosts.yml", "vars.yml", "results")
)
_HERE = """all:
  hosts:
    localhost:
      ansible_connection: local
      ansible_python_interpreter: "{{ ansible_playbook_python }}"
"""


def values(given: Mapping[str, object]) -> str:
    """A file of variables."""
    return unsafe(dict(given)) + "\n"


def module(title: str, name: str, arguments: Mapping[str, object]) -> str:
    """A playbook of one task."""
    # By its name, and not by `action`: then Ansible looks for it before it begins.
    task = f"{{name: {unsafe(title)}, {_quoted(name)}: {unsafe(dict(arguments))}}}"
    return f"- {{hosts: localhost, gather_facts: false, tasks: [{task}]}}\n"


def role(name: str) -> str:
    """A playbook of one role."""
    return f"- {{hosts: localhost, roles: [{_quoted(name)}]}}\n"


def unsafe(value: object) -> str:
    """A value in YAML on one line, each text in it marked as data."""
    value = worded(value)
    if isinstance(value, str):
        return "!unsafe " + _quoted(value)
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


def here() -> str:
    """An inventory of this machine alone."""
    return _HERE
