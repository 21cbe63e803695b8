"""Tools of others that drivers start: where they are, how they are installed, and the locale that they want."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from .driver import Ended

INSTALL = {
    "ansible-playbook": "python3 -m pip install ansible-core",
    "puppet": "apt-get install puppet-agent",
    "salt-call": "python3 -m pip install salt",
    "ssh": "apt-get install openssh-client",
    "systemctl": "apt-get install systemd",
}
"""The command that installs a tool."""
_PACKAGED = {"puppet": "/opt/puppetlabs/bin", "salt-call": "/opt/saltstack/salt"}
"""Where the packages of a tool's makers put it, outside of the PATH that a host gives to a command."""
_NONE = 127


def found(program: str, path: str | None = None) -> str:
    """The path of a tool: from PATH (`path` in its place), else from beside the Python of evdsl; empty if there is none."""
    from shutil import which

    beside = os.path.join(sys.prefix, "bin", program)
    return which(program, path=path) or (beside if os.access(beside, os.X_OK) else "")


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """What a tool is given, in a locale of UTF-8: without one these tools refuse or misread what is not ASCII."""
    said = {**os.environ, **given}
    locale = said.get("LC_ALL") or said.get("LC_CTYPE") or said.get("LANG") or ""
    if "utf8" in locale.lower().replace("-", ""):
        return dict(given)
    return {**given, "LC_ALL": "C.UTF-8"}


def there(given: Mapping[str, str]) -> dict[str, str]:
    """What a tool is given on another host: as `environment`, only that nothing is known of the locale there."""
    return {"LC_ALL": "C.UTF-8", **given}


def sought(program: str) -> str:
    """The beginning of a shell text for another host: it ends there if there is no such tool. See `missing`."""
    said = f"there is no {program}; install it: {INSTALL[program]}"
    return f"PATH=$PATH:{_PACKAGED[program]}\ncommand -v {program} >/dev/null || {{ echo '{said}'; exit {_NONE}; }}\n"


def missing(ended: Ended) -> str:
    """What a host said of a tool that is not there; empty if it is."""
    return ended.output.text.strip().rpartition("\n")[2] if ended.exit == _NONE else ""


def first(text: str, begins: tuple[str, ...], but: tuple[str, ...] = ()) -> str:
    """The first line of an output that begins with one of these words, shortened; empty if none does."""
    for line in text.splitlines():
        line = line.strip()
        if line.startswith(begins) and not (but and line.startswith(but)):
            return line if len(line) <= 300 else line[:297] + "..."
    return ""
