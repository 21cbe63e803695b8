"""Tools of others that drivers start: where they are, how they are installed, and the locale that they want."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

INSTALL = {
    "ansible-playbook": "python3 -m pip install ansible-core",
    "puppet": "apt-get install puppet-agent",
    "ssh": "apt-get install openssh-client",
    "systemctl": "apt-get install systemd",
}
"""The command that installs a tool."""


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


def first(text: str, begins: tuple[str, ...], but: tuple[str, ...] = ()) -> str:
    """The first line of an output that begins with one of these words, shortened; empty if none does."""
    for line in text.splitlines():
        line = line.strip()
        if line.startswith(begins) and not (but and line.startswith(but)):
            return line if len(line) <= 300 else line[:297] + "..."
    return ""
