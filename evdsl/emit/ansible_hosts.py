"""The inventory of a project: the machine that the playbook runs on, and the hosts of the program."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..base.source import Span
from ..meaning.program import Host, Program
from .ansible_yaml import Jinja
from .target import Findings

HERE = "localhost"
_VARIABLES = {"user": "ansible_user", "port": "ansible_port", "key": "ansible_ssh_private_key_file"}
_NAME = re.compile(r"[A-Za-z0-9_][\w.@+-]*\Z")
_ADDRESS = re.compile(r"[A-Za-z0-9_\[:][\w.:%\]-]*\Z", re.ASCII)


def alias(name: str) -> str:
    """What a host is called in the inventory: as in the program, but for one of the name of this machine."""
    return name if name != HERE else f"{name}-of-the-program"


def inventory(program: Program, names: Iterable[str], findings: Findings) -> dict[str, object]:
    """The inventory with these hosts."""
    hosts: dict[str, object] = {
        HERE: {
            "ansible_connection": "local",
            "ansible_python_interpreter": Jinja("{{ ansible_playbook_python }}"),
        }
    }
    for name in names:
        host = program.hosts[name]
        _told(host, findings)
        hosts[alias(name)] = _variables(host)
    return {"all": {"hosts": hosts}}


def _variables(host: Host) -> dict[str, object]:
    found: dict[str, object] = {"ansible_host": host.address}
    for option, variable in _VARIABLES.items():
        if option in host.options:
            found[variable] = host.options[option]
    if "jump" in host.options:
        found["ansible_ssh_common_args"] = f"-o ProxyJump={host.options['jump']}"
    return found


def _told(host: Host, findings: Findings) -> None:
    """What is to be said of a host."""
    span: Span = host.span
    if not _NAME.match(host.name):
        findings.refuse(
            f"`{host.name}` cannot be the name of a host", span, "use letters, digits, `.`, `-` and `_`"
        )
    if not _ADDRESS.match(host.address):
        findings.refuse(
            f"`{host.address}` of `{host.name}` is no address", span, "write a name or a number of a host"
        )
    jump = host.options.get("jump")
    if jump is not None and not re.match(r"(?!-)[\w.:@\[\],%-]+\Z", str(jump), re.ASCII):
        findings.refuse(f"`jump` of `{host.name}` is no host", span, "write `user@host`")
    parallel = host.options.get("parallel")
    if isinstance(parallel, int) and parallel > 1:
        findings.unless_allowed(
            "parallel",
            f"`{host.name}` is to run {parallel} actions at a time, and a playbook runs one task after the other",
            span,
            f"the actions on `{host.name}` run one after the other, not {parallel} at a time",
        )
