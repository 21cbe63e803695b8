"""EV619: a program that actions need and that is not on this machine is told before anything starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import evdsl

NEEDS = {
    "ssh": ('@w { run: sh "true" }', "apt-get install openssh-client"),
    "systemctl": ('{ run: systemd.start "x" }', "apt-get install systemd"),
    "ansible-playbook": ('{ run: ansible.role "x" }', "python3 -m pip install ansible-core"),
    "puppet": ("{ run: puppet.apply \"notify { 'x': }\" }", "apt-get install puppet-agent"),
    "salt-call": ('{ run: salt.state "x" }', "python3 -m pip install salt"),
}


START = "import sys; sys.prefix = '/nowhere'; from evdsl.faces.cli import main; sys.exit(main(sys.argv[1:]))"


def ran(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    """A run of evdsl with nothing on its PATH, and nothing beside its Python."""
    (folder / "p.events").write_text(text)
    env = {**os.environ, "PATH": "/nowhere", "PYTHONPATH": str(Path(evdsl.__file__).parents[1])}
    argv = [sys.executable, "-c", START, "run", "p.events"]
    return subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("program", NEEDS)
def test_what_is_missing_is_told_with_what_installs_it(program: str, tmp_path: Path) -> None:
    body, install = NEEDS[program]
    before = 'host w = "192.0.2.1"\n' if "@w" in body else ""
    done = ran(tmp_path, f'{before}resource first {{ run: sh "touch started" }}\nresource a {body}\n')
    assert done.returncode == 2, done
    assert f"error[EV619]: `a.run` needs `{program}`, which is not installed here" in done.stderr
    assert f"p.events:{3 if before else 2}:" in done.stderr
    assert f"help: install it: {install}" in done.stderr
    assert not (tmp_path / "started").exists()


def test_a_tool_on_a_host_is_not_looked_for_here_but_ansible_is(tmp_path: Path) -> None:
    text = """host w = "192.0.2.1"
resource a @w { run: puppet.apply "" }
resource b @w { run: systemd.start "x" }
resource c @w { run: ansible.module "ping" }
"""
    done = ran(tmp_path, text)
    assert done.stderr.count("EV619") == 1, done.stderr
    assert "`c.run` needs `ansible-playbook`" in done.stderr
