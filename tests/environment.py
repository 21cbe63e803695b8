"""The project's own virtual environments in the checkout, made when they are missing or the project changed: `.venv`, and
`.venv-ansible` for Ansible and `.venv-salt` for Salt, which bring much that the tests are not to see: `python3
tests/environment.py ansible` and `… salt` make them.

Needs nothing but Python 3.11 or newer with venv and pip.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".venv"
PEERS = ROOT / ".venv-peers"
"""Where bench/run.py finds ninja, doit, just and task, in `bin`."""
ANSIBLE = ROOT / ".venv-ansible"
"""Where the tests find ansible-playbook and ansible-lint, in `bin`."""

SALT = ROOT / ".venv-salt"
"""Where the tests find salt-call, in `bin`."""


def ready(*groups: str) -> str:
    """The path of a Python that has evdsl (editable) and the named dependency groups of pyproject.toml."""
    if sys.version_info < (3, 11):  # noqa: UP036 (who runs this has whatever python3 there is)
        sys.exit(f"evdsl needs Python 3.11 or newer; this is {sys.version.split()[0]} ({sys.executable})")
    import tomllib

    text = (ROOT / "pyproject.toml").read_bytes()
    wanted = [r for g in groups for r in tomllib.loads(text.decode())["dependency-groups"][g]]
    python = str(FOLDER / "bin" / "python")
    stamp = FOLDER / ".evdsl"
    has = stamp.read_text().split("\n") if stamp.is_file() else []
    key = hashlib.sha256(text + sys.version.encode()).hexdigest()
    if has[:1] != [key] or not set(wanted) <= set(has[1:]):
        if not os.access(python, os.X_OK):
            _do(sys.executable, "-m", "venv", str(FOLDER))
        _do(
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--editable",
            str(ROOT),
            *wanted,
        )
        # where PYTHONDONTWRITEBYTECODE is set, nothing else would, and every command would compile all it imports
        _do(python, "-m", "compileall", "-q", str(ROOT / "evdsl"))
        stamp.write_text(
            "\n".join([key, *sorted(set(wanted) | (set(has[1:]) if has[:1] == [key] else set()))])
        )
    return python


def ansible() -> None:
    """Make the environment of Ansible: the groups `ansible` and `ansible-lint`."""
    _apart(ANSIBLE, "ansible", "ansible-lint")


def salt() -> None:
    """Make the environment of Salt: the group `salt`."""
    _apart(SALT, "salt")


def peers() -> None:
    """Make the environment of the tools that evdsl is measured beside: the group `peers`."""
    _apart(PEERS, "peers")


def _apart(folder: Path, *names: str) -> None:
    """Make an environment that holds these groups and not evdsl."""
    import tomllib

    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    wanted = [requirement for name in names for requirement in groups[name]]
    key, stamp = "\n".join([*wanted, sys.version]), folder / ".evdsl"
    if stamp.is_file() and stamp.read_text() == key:
        return
    _do(sys.executable, "-m", "venv", "--clear", str(folder))
    python = str(folder / "bin" / "python")
    _do(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted)
    stamp.write_text(key)


def _do(*command: str) -> None:
    print(
        "$", " ".join(os.path.relpath(c) if c.startswith(str(ROOT)) else c for c in command), file=sys.stderr
    )
    done = subprocess.run(command, check=False)
    if done.returncode:
        sys.exit(f"`{' '.join(command)}` failed; see above")


if __name__ == "__main__":
    makers = {"ansible": ansible, "salt": salt}
    for name in sys.argv[1:] or ["ansible"]:
        makers[name]()
