"""The inventory of a project: the machine that the playbook runs on, and the hosts of the program."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from ..drivers.job import Remote
from ..meaning.program import Host, Program
from ..run.places import Unreachable, remote
from .ansible_yaml import Jinja
from .target import Findings

HERE = "localhost"
_NAME = re.compile(r"[A-Za-z0-9_][\w.@+-]*\Z")
_PLAIN = re.compile(r"[\w./@~+-]+\Z", re.ASCII)


def alias(name: str) -> str:
    """What a host is called in the inventory: as in the program, but for one of the name of this machine."""
    return name if name != HERE else f"{name}-of-the-program"


class Inventory:
    """The hosts that tasks run on, as variables of Ansible. `root` is the folder of the program."""

    def __init__(self, program: Program, root: str, findings: Findings) -> None:
        self._program, self._root, self._findings = program, root, findings

    def made(self, names: Iterable[str]) -> dict[str, object]:
        """The inventory with these hosts."""
        hosts: dict[str, object] = {
            HERE: {
                "ansible_connection": "local",
                "ansible_python_interpreter": Jinja("{{ ansible_playbook_python }}"),
            }
        }
        for name in names:
            hosts[alias(name)] = self._variables(self._program.hosts[name])
        return {"all": {"hosts": hosts}}

    def _variables(self, host: Host) -> dict[str, object]:
        found: dict[str, object] = {"ansible_host": host.address}
        if not _NAME.match(host.name):
            message = f"`{host.name}` cannot be the name of a host"
            self._findings.refuse(message, host.span, "use letters, digits, `.`, `-` and `_`")
        try:
            place = remote(self._program, host)
        except Unreachable as problem:
            self._findings.refuse(f"`{host.name}` cannot be reached: {problem}", host.span, "mend it")
            return found
        if place.user:
            found["ansible_user"] = place.user
        if place.port:
            found["ansible_port"] = place.port
        if place.key:
            found["ansible_ssh_private_key_file"] = self._key(host, place)
        if place.jump:
            found["ansible_ssh_common_args"] = self._way(host, place)
        if place.parallel > 1:
            self._findings.unless_allowed(
                "parallel",
                f"`{host.name}` is to run {place.parallel} actions at a time, and a playbook runs one task after the other",
                host.span,
                f"the actions on `{host.name}` run one after the other, not {place.parallel} at a time",
            )
        return found

    def _key(self, host: Host, place: Remote) -> object:
        """Where a key is. A relative one begins in the folder of the program, wherever that is when the playbook runs."""
        written = str(host.options.get("key") or "")
        if written.startswith(("/", "~")):
            return written
        path = os.path.relpath(place.key, self._root)
        if not _PLAIN.match(path):
            message = (
                f"the path of the key of `{host.name}` holds a character that means something to Ansible"
            )
            self._findings.refuse(message, host.span, "write it with letters, digits, `.`, `-` and `_`")
            return ""
        text = f"the key of `{host.name}` is expected at {path} below the variable evdsl_folder"
        self._findings.note("approximated", text, host.span)
        return Jinja(f"{{{{ evdsl_folder }}}}/{path}")

    def _way(self, host: Host, place: Remote) -> object:
        """The options of ssh for jump hosts. Only a way by one of them can have a key of its own."""
        if not any(hop.key for hop in place.jump):
            return f"-o ProxyJump={','.join(hop.way for hop in place.jump)}"
        if len(place.jump) > 1:
            self._findings.refuse(
                f"`{host.name}` is reached by way of several hosts, one of which has a key of its own",
                host.span,
                "leave out that key, and name it in your configuration of ssh",
            )
            return ""
        (one,) = place.jump
        key = self._key(self._program.hosts[one.name], one)
        if not _PLAIN.match(one.key):
            message = f"the path of the key of `{one.name}` holds a character that means something to a shell"
            self._findings.refuse(message, host.span, "write it with letters, digits, `.`, `-` and `_`")
        words = ["ssh", f'-i "{key}"', *(["-l", one.user] if one.user else [])]
        words += ["-p", str(one.port)] if one.port else []
        text = f"-o 'ProxyCommand={' '.join([*words, '-W [%h]:%p --', one.address])}'"
        return Jinja(text) if isinstance(key, Jinja) else text
