"""`ansible.*` on hosts: the real ansible-playbook here, which goes to hosts of a real ssh."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from environment import ANSIBLE

from .world import ASIDE, World

pytestmark = pytest.mark.real

TASKS = "roles/app/tasks/main.yml"
WRITE = """- ansible.builtin.copy: {content: "{{ port }} {{ site | default('') }}\\n", dest: /root/app}
"""


@pytest.fixture(autouse=True)
def _found(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    if not (ANSIBLE / "bin" / "ansible-playbook").exists():
        if os.environ.get("EVDSL_REAL") == "1":
            pytest.fail("no Ansible: `python3 tests/environment.py` installs it")
        pytest.skip("no Ansible: `python3 tests/environment.py` installs it")
    monkeypatch.setenv("PATH", f"{ANSIBLE / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("ANSIBLE_HOME", str(folder / ".ansible"))


def put(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def left(world: World) -> list[str]:
    """What runs here, where the hosts can be reached."""
    done = subprocess.run(
        ["ip", "netns", "pids", f"{world.tag}c"], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_each_outcome_of_a_module_a_role_and_a_playbook(world: World, folder: Path) -> None:
    put(folder, TASKS, WRITE)
    put(
        folder,
        "site.yml",
        "- {hosts: all, gather_facts: false, tasks: [{ansible.builtin.command: /bin/false}]}",
    )
    text = """
    resource file @web1 { run: ansible.module "copy" [vars = {content = "{{ x }}\\n", dest = "/root/file"}] }
    resource app @web2 { port = 80; run: ansible.role "app" }
    resource site @web3 { run: ansible.playbook "site.yml" }
    """.replace("{{ x }}", "a{ { x } }")
    first = world.go(folder, text)
    assert first.outcomes == {"file.run": "changed", "app.run": "changed", "site.run": "failed"}, first.text
    assert first.reasons["site.run"].startswith("web3, task `ansible.builtin.command`: ")
    assert (world.root("web1") / "file").read_text() == "a{ { x } }\n"
    assert (world.root("web2") / "app").read_text() == "80 \n"
    again = world.go(folder, text.replace('ansible.playbook "site.yml"', 'ansible.module "ping"'))
    assert set(again.outcomes.values()) <= {"ok", "changed"}, again.text
    assert again.outcomes["file.run"] == again.outcomes["app.run"] == "ok"
    assert left(world) == []


def test_a_host_that_is_not_there_or_not_who_it_was_is_an_error_with_its_name(
    world: World, folder: Path
) -> None:
    """Whatever the user's own configurations say, of ssh and of Ansible."""
    world.configure("Host *\n  StrictHostKeyChecking no\n  UserKnownHostsFile /root/.ssh/known_hosts\n")
    lax = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
    put(
        folder,
        "ansible.cfg",
        f"[defaults]\nhost_key_checking = False\ntimeout = 2\n[ssh_connection]\nssh_args = {lax}\nssh_common_args = -o StrictHostKeyChecking=no\n",
    )
    put(folder, "site.yml", "- {hosts: web3, tasks: []}")
    old = (world.ssh / "known_hosts").read_text()
    world.link("web1", up=False)
    world.stop("web2")
    world.new_key("web2")
    world.start("web2")
    (world.at("web3") / "authorized").write_text("")
    text = """
    resource a @web1 { run: ansible.module "ping" }
    resource b @web2 { run: ansible.module "ping" }
    resource c @web3 { run: ansible.playbook "site.yml" }
    resource d { run: sh "true" }
    """
    run = world.go(folder, text)
    assert run.outcomes == {"a.run": "error", "b.run": "error", "c.run": "error", "d.run": "changed"}, (
        run.text
    )
    assert run.reasons["a.run"].startswith("web1, task `a.run#0`: ")
    assert "Connection timed out" in run.reasons["a.run"] or "No route to host" in run.reasons["a.run"]
    assert "Host key verification failed" in run.reasons["b.run"]
    assert "on web2 (192.0.2.12)" in run.reasons["b.run"]
    assert run.reasons["c.run"].startswith("web3, task `Gathering Facts`: ")
    assert "Permission denied" in run.reasons["c.run"]
    assert run.exit == 3
    assert (world.ssh / "known_hosts").read_text() == old


def test_by_way_of_jump_hosts_with_port_user_and_key(world: World, folder: Path) -> None:
    world.ssh.joinpath("id_ed25519").rename(folder / "key")
    try:
        text = f"""
        host web1 = "192.0.2.11" [user = "root", port = 22, key = "key"]
        host inner = "{ASIDE}" [jump = "web1", user = "basher", key = "key"]
        resource a @inner {{
          run: ansible.module "shell" [vars = {{cmd = "hostname > /root/name; logname >> /root/name || true"}}, onlyif = "test `hostname` = aside"]
        }}
        """
        run = world.go(folder, text)
        assert run.outcomes == {"a.run": "changed"}, run.text
        assert (world.root("aside") / "name").read_text().startswith("aside\n")
        world.known("web1")
        assert "error" in world.go(folder, text).outcomes.values()
    finally:
        (folder / "key").rename(world.ssh / "id_ed25519")


INVENTORY = """
all:
  vars: {site: north}
  children:
    web:
      vars: {port: 81}
      hosts:
        one: {ansible_host: 192.0.2.11, ansible_port: 22, ansible_user: root}
      children:
        spare: {hosts: {two: {ansible_host: 192.0.2.12, port: 82}}}
    db: {hosts: {three: {ansible_host: 192.0.2.13}}}
"""


def test_groups_of_an_inventory_and_what_it_says_of_them(world: World, folder: Path) -> None:
    """`for` goes through a group with all below it; Ansible sees the whole inventory, groups that the program makes too."""
    put(folder, "inventory.yml", INVENTORY)
    put(folder, TASKS, WRITE)
    put(
        folder,
        "site.yml",
        """
- hosts: db:mine
  gather_facts: false
  tasks:
    - ansible.builtin.copy: {content: "{{ groups.web | sort | join(' ') }} {{ site }} {{ groups.mine | join }}\\n", dest: /root/site}
- hosts: web
  gather_facts: false
  tasks: [{ansible.builtin.command: /bin/false}]
""",
    )
    text = """
    hosts "inventory.yml"
    group mine = [three]
    for h in web {
      resource name-{{h}} @{{h}} { run: sh "hostname > /root/name" }
      resource app-{{h}} @{{h}} { run: ansible.role "app" }
      on name-{{h}}.run changed app-{{h}}.run
    }
    for h in db { resource site-{{h}} @{{h}} { run: ansible.playbook "site.yml" } }
    """
    run = world.go(folder, text)
    assert run.outcomes == dict.fromkeys(
        ("name-one.run", "app-one.run", "name-two.run", "app-two.run", "site-three.run"), "changed"
    ), run.text
    said = {
        name: [file.read_text() for file in sorted(world.root(name).iterdir()) if file.is_file()]
        for name in ("web1", "web2", "web3")
    }
    assert said["web1"] == ["81 north\n", "web1\n"]
    assert said["web2"] == ["82 north\n", "web2\n"]
    assert said["web3"] == ["one two north three\n"], "no other host of the playbook was gone to"
    again = world.go(
        folder, text.replace('sh "hostname > /root/name"', 'sh "exit 0" [changes = []]') + "start app-*.run\n"
    )
    assert set(again.outcomes.values()) == {"ok"}, again.text


def test_guards_look_there_and_one_action_runs_there_at_a_time(world: World, folder: Path) -> None:
    world.on("web1", "touch /root/there")
    busy = "mkdir /root/busy || touch /root/twice; sleep 0.5; rmdir /root/busy"
    text = f"""
    resource a @web1 {{ run: ansible.module "command" [vars = {{cmd = "/bin/false"}}, creates = "there"] }}
    resource b @web1 {{ run: ansible.module "command" [vars = {{cmd = "/bin/false"}}, unless = "test -e there"] }}
    resource c @web1 {{ run: ansible.module "shell" [vars = {{cmd = "{busy}"}}] }}
    resource d @web1 {{ run: sh "{busy}" }}
    """
    run = world.go(folder, text, "-j", "4")
    assert run.outcomes == {"a.run": "ok", "b.run": "ok", "c.run": "changed", "d.run": "changed"}, run.text
    assert not (world.root("web1") / "twice").exists()


def test_secrets_stand_in_no_list_of_processes_and_nothing_stays(world: World, folder: Path) -> None:
    look = "for p in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$p; echo; done > /root/all"
    put(
        folder,
        TASKS,
        f"- ansible.builtin.shell: {look}\n- ansible.builtin.copy: {{content: '{{{{ TOKEN }}}}', dest: /root/got}}\n",
    )
    text = 'secret token\nresource a @web1 { run: ansible.role "app" [env = {TOKEN = token}] }\n'
    run = world.go(folder, text, env={"EVDSL_SET_token": "h-u-s-h-1", "TMPDIR": str(folder)})
    assert run.outcomes == {"a.run": "changed"}, run.text
    assert (world.root("web1") / "got").read_text() == "h-u-s-h-1"
    listed = (world.root("web1") / "all").read_text()  # of both sides: they share the processes
    assert "ansible-playbook" in listed
    assert "h-u-s-h-1" not in listed + run.text
    kept = [path for path in folder.rglob("*") if path.is_file() and b"h-u-s-h-1" in path.read_bytes()]
    assert kept == []
    assert not list(folder.glob("evdsl-*"))
    assert left(world) == []


def test_what_cannot_be_done_there_is_refused_before_anything_starts(world: World, folder: Path) -> None:
    text = """
    defaults [sudo = true]
    resource w { run: sh "touch started" [sudo = false] }
    resource a @web1 { run: ansible.module "ping" }
    resource b @web1 { run: ansible.role "app" [sudo = false, changes = "/etc/passwd"] }
    """
    run = world.go(folder, text)
    assert (run.exit, run.outcomes) == (2, {}), run.text
    assert "p.events:5:15" in run.text
    assert "`ansible.module` takes no `sudo` (for `a.run`)" in run.text
    assert "`changes` compares files on `web1`" in run.text
    assert not (folder / "started").exists()


def test_modules_on_a_host_share_a_process_and_nothing_else(world: World, folder: Path) -> None:
    """They would run one after the other anyway. One that fails, and one that cannot be reached, leave the others alone."""
    text = "".join(
        f'resource a{n} @web1 {{ run: ansible.module "shell" [vars = {{cmd = "{cmd}"}}] }}\n'
        for n, cmd in enumerate(
            ("echo 0 >> /root/all", "exit 3", "echo $SSH_CONNECTION {{ 1 }} >> /root/all")
        )
    ).replace("{{ 1 }}", "{ { 1 } }")
    text += 'resource t @web1 { run: ansible.module "copy" [vars = {content = "x", dest = "/root/x"}, env = {ANSIBLE_BECOME = "false"}] }\n'
    text += "".join(
        f'resource b{n} @web2 {{ run: ansible.module "ping" [retry = {n}, delay = 1ms] }}\n' for n in (0, 1)
    )
    world.link("web2", up=False)
    world.configure("Host *\n  ConnectTimeout 2\n")
    run = world.go(folder, text, env={"ANSIBLE_TIMEOUT": "2"})
    assert run.outcomes == {
        "a0.run": "changed", "a1.run": "failed", "a2.run": "changed", "t.run": "changed", "b0.run": "error", "b1.run": "error",
    }, run.text  # fmt: skip
    assert run.reasons["a1.run"].startswith("web1, task `a1.run#0`: ")
    for name in ("b0.run", "b1.run"):
        assert run.reasons[name].startswith(f"web2, task `{name}#0`: ")
    assert [line["id"] for line in run.lines if line.get("state") == "retry"] == ["b1.run#0"]
    lines = (world.root("web1") / "all").read_text().splitlines()
    assert lines[0] == "0"
    assert lines[1].endswith("192.0.2.11 22 { { 1 } }")
    shown = [world.run(folder, "log", f"a{n}.run").stdout for n in range(3)]
    assert [said.count("TASK [") for said in shown] == [1, 1, 1]
    assert left(world) == []
