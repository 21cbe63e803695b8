"""Puppet and Salt on a host, over a real ssh: their truth tables there, what is sent, and what is told where they are not."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from environment import SALT

from .world import World

REAL = os.environ.get("EVDSL_REAL") == "1"
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        not ((SALT / "bin" / "salt-call").exists() and shutil.which("puppet")) and not REAL,
        reason="no Puppet or no Salt: `apt-get install puppet-agent`, `python3 tests/environment.py salt`",
    ),
]
# The hosts share the file system of this machine, so Salt is there too, outside of the PATH that sshd gives.
SALT_THERE = f'env = {{PATH = "{SALT / "bin"}:/usr/bin:/bin", TOKEN = token}}'


@pytest.fixture(autouse=True)
def _there(world: World) -> None:
    """Where Salt or its Python lies in /root or /tmp, which are other folders on a host, let it be found there too."""
    python = Path(os.path.realpath(SALT / "bin" / "python"))
    for path in (SALT, Path("/root", python.parts[2]) if python.parts[1] == "root" else python):
        if path.parts[1] in ("root", "tmp"):
            link = f"mkdir -p {path.parent} && ln -sfn /proc/{os.getpid()}/root{path} {path}"
            for host in ("web1", "web2"):
                world.on(host, link)


CASES = {
    "nothing to do": ("file { '/': ensure => directory }", "/: {file.directory: []}", "ok", "", "ok"),
    "a change": (
        "file { '/root/f': content => 'x' }", "/root/f: {file.managed: [{contents: x}]}", "changed", "", "ok",
    ),
    "a failure behind a change": (
        "file { '/root/f': content => 'x' } -> exec { '/bin/false': }",
        "/root/f: {file.managed: [{contents: x}]}\nz: {cmd.run: [{name: 'false'}]}",
        "failed", ", after something had changed", "failed",
    ),
    "what cannot be read": ("file {", "{{ nowhere.at_all }}", "error", " on web", "error"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_truth_table(case: str, world: World, folder: Path) -> None:
    """Puppet on one host and Salt on another, at first and a second time; code and manifest of Puppet agree."""
    code, sls, event, reason, again = CASES[case]
    before = world.on("web2", "ls -A /tmp")
    (folder / "m.pp").write_text(code)
    (folder / "web.sls").write_text(sls)
    salt = f'resource s @web2 {{ run: salt.state "web" [{SALT_THERE}] }}\nparam token = "t"\n'
    for run, puppet in enumerate((f'puppet.apply "{code}"', 'puppet.manifest "m.pp"')):
        found = world.go(folder, f"resource p @web1 {{ run: {puppet} }}\n{salt}")
        assert found.outcomes == dict.fromkeys(("p.run", "s.run"), again if run else event), found.text
        if not run:
            assert [reason in text for text in found.reasons.values()] == [True, True], found.text
    assert (world.root("web1") / "f").exists() == (world.root("web2") / "f").exists() == ("/f" in sls)
    assert world.on("web2", "ls -A /tmp") == before


def test_what_is_sent_is_found_and_secret(world: World, folder: Path) -> None:
    """Facts and pillar are there, the formula's folder is, and no list of processes shows a value."""
    (folder / "web" / "files").mkdir(parents=True)
    (folder / "web" / "init.sls").write_text(
        "/root/salt: {file.managed: [{source: 'salt://web/files/a.j2'}, {template: jinja}]}\n"
        "look: {cmd.run: [{name: 'cat /proc/[0-9]*/cmdline >/root/seen 2>/dev/null; true'}]}\n"
    )
    (folder / "web" / "files" / "a.j2").write_text("{{ pillar.port }} {{ pillar.TOKEN }}")
    (folder / "m.pp").write_text("file { '/root/puppet': content => $facts['evdsl_port'] }")
    program = f"""
param port = 8081
secret token
resource a @web1 {{ salt: salt.state "web" [{SALT_THERE}]; puppet: puppet.manifest "m.pp" }}
start a.salt, a.puppet
"""
    run = world.go(folder, program, env={"EVDSL_SET_token": "s3cret-value"})
    assert run.outcomes == {"a.salt": "changed", "a.puppet": "changed"}, run.text
    root = world.root("web1")
    assert (root / "salt").read_text().strip() == "8081 s3cret-value"
    assert (root / "puppet").read_text() == "8081"
    seen = (root / "seen").read_bytes()
    assert b"state.sls" in seen
    assert b"s3cret-value" not in seen


def test_a_host_without_them_says_so(world: World, folder: Path) -> None:
    """The run begins, whatever is here; the action ends in `error`, which names host, command and remedy."""
    (folder / "web.sls").write_text("a: {test.nop: []}\n")
    nowhere = 'env = {PATH = "/nowhere"}'
    program = f"""
resource a @web1 {{ run: salt.state "web" [{nowhere}] }}
resource b @web2 {{ run: puppet.apply "notice(1)" [{nowhere}] }}
"""
    run = world.go(folder, program)
    assert run.outcomes == {"a.run": "error", "b.run": "error"}, run.text
    assert run.reasons["a.run"] == (
        "there is no salt-call; install it: python3 -m pip install salt (`salt.state web` on web1 (192.0.2.11))"
    )
    assert run.reasons["b.run"] == (
        "there is no puppet; install it: apt-get install puppet-agent (`puppet.apply notice(1)` on web2 (192.0.2.12))"
    )


def test_what_is_not_here_is_not_sent(world: World, folder: Path) -> None:
    program = """
resource a @web1 { run: salt.state "web" }
resource b @web2 { run: puppet.manifest "m.pp" }
"""
    run = world.go(folder, program)
    assert run.outcomes == {"a.run": "error", "b.run": "error"}, run.text
    assert "there is neither `web.sls` nor a folder `web` in " in run.reasons["a.run"]
    assert "m.pp` does not exist" in run.reasons["b.run"]
