"""The Ansible target: what a playbook holds, what is refused, what is told of it (docs/compile.md)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from environment import ROOT

from evdsl.api import load_file
from evdsl.emit.target import Artifact, Order, Refusal, load

from .plays import emitted
from .test_ansible_yaml import Unsafe, read


def project(folder: Path, text: str, *allow: str, **values: str) -> Artifact:
    """The project of a program."""
    (folder / "p.events").write_text(text, "utf-8")
    program = load_file(str(folder / "p.events"), values)
    assert program.stands, [d.message for d in program.diagnostics]
    return emitted(program.plan(), allow)


def playbook(artifact: Artifact) -> dict[str, Any]:
    found: dict[str, Any] = read(artifact.files["site.yml"].content.decode())[0]
    return found


def tasks(artifact: Artifact) -> dict[str, dict[str, Any]]:
    """The tasks of the steps, by title."""
    found = playbook(artifact)["tasks"]
    return {t["name"].removeprefix("Step "): t for t in found if t["name"].startswith("Step ")}


def refused(folder: Path, text: str, *allow: str) -> list[tuple[str, int, str]]:
    """Code, line and message of each refusal."""
    with pytest.raises(Refusal) as caught:
        project(folder, text, *allow)
    return [(d.code, d.span.line if d.span else 0, d.message) for d in caught.value.diagnostics]


def test_one_task_a_step_in_the_order_of_the_plan(tmp_path: Path) -> None:
    made = project(
        tmp_path, "resource a { run: sh 'x' }\nresource b { run: sh 'y' }\non a.run changed b.run\n"
    )
    assert list(tasks(made)) == ["a.run", "b.run"]
    task = tasks(made)["b.run"]
    assert task["evdsl_action"]["shell"] == "y"
    assert task["when"] == "ev_a_run in evdsl_changed"
    assert task["changed_when"] == "ev_b_run in evdsl_changed"
    assert task["failed_when"] == "ev_b_run in evdsl_failure"
    assert "# on a.run changed b.run (p.events:3)" in made.files["site.yml"].content.decode()


def test_conditions(tmp_path: Path) -> None:
    text = (
        "".join(f"resource {n} {{ run: sh 'x' }}\n" for n in "abcdefg")
        + "on all a.run, b.run success c.run\non a.run ok|failed c.run\non c.run failed d.run\n"
        + "d.run needs a.run, b.run\non c.run skipped e.run\non a.run, b.run done f.run\ng.run needs a.run\n"
    )
    found = tasks(project(tmp_path, text))
    both = "(ev_a_run in evdsl_success and ev_b_run in evdsl_success) or ev_a_run in ['ok', 'failed']"
    assert found["c.run"]["when"] == both
    assert found["d.run"]["when"] == [
        "ev_c_run == 'failed'",
        "ev_a_run not in evdsl_bars",
        "ev_b_run not in evdsl_bars",
    ]
    assert found["e.run"]["when"] == "ev_c_run == 'skipped'"
    assert found["f.run"]["when"] == "ev_a_run in evdsl_done or ev_b_run in evdsl_done"
    assert found["g.run"]["when"] == "ev_a_run not in evdsl_bars"
    assert "when" not in found["a.run"]


def test_instances_and_folds(tmp_path: Path) -> None:
    text = "".join(f"resource {n} {{ run: sh 'x' }}\n" for n in "abc")
    text += "start a.run\non a.run changed b.run\non b.run changed a.run\non a.run success c.run\n"
    made = project(tmp_path, text)
    found = tasks(made)
    assert list(found)[:3] == ["a.run#0", "b.run", "a.run#1"]
    assert found["b.run"]["when"] == "ev_a_run_0 in evdsl_changed"
    assert found["c.run"]["when"] == "ev_a_run in evdsl_success"
    assert playbook(made)["vars"]["ev_a_run"] == "{{ [ev_a_run_0, ev_a_run_1] | evdsl_fold }}"


def test_names_that_would_be_the_same_variable(tmp_path: Path) -> None:
    text = "".join(f"resource {n} {{ run: sh 'x' }}\n" for n in ("a-b", "a+b", "a_b", "ä@b", "a.b"))
    made = project(tmp_path, text)
    said = [task["register"] for task in tasks(made).values()]
    assert len(set(said)) == 5
    assert all(name.isascii() and name.isidentifier() for name in said)


def test_data_is_unsafe_and_secrets_are_nowhere(tmp_path: Path) -> None:
    text = """secret token
param p = 'x {{ lookup("pipe", "id") }}'
resource a { run: sh 'echo {{ "no" }} $token' [env = {T = token, U = "u{{token}}"}] }
resource b { run: http.get "http://x/" [headers = {Authorization = "Bearer {{token}}"}] }
"""
    made = project(tmp_path, text, token="hunter2 {{ 7 * 7 }}")
    asked = tasks(made)["a.run"]["evdsl_action"]
    assert isinstance(asked["shell"], Unsafe)
    assert isinstance(asked["env"]["p"], Unsafe)
    assert asked["secrets"]["token"] == asked["secrets"]["T"] == "{{ secret_token }}"
    assert tasks(made)["b.run"]["no_log"] is True
    assert not any(b"hunter2" in file.content for file in made.files.values())
    first = playbook(made)["tasks"][0]["ansible.builtin.assert"]
    assert "secret_token is defined" in first["that"]
    again = project(tmp_path, text)
    assert {path: file.content for path, file in again.files.items()} == {
        path: file.content for path, file in made.files.items()
    }


def test_a_secret_given_to_compile_stays_in_the_program(tmp_path: Path) -> None:
    (tmp_path / "p.events").write_text("secret token\nresource a { run: sh 'x' }\n")
    program = load_file(str(tmp_path / "p.events"), {"token": "hunter2"})
    plan = program.plan()
    emitted(plan)
    assert plan.program.units[0].secrets == {"token": "hunter2"}


def test_a_secret_that_is_passed_on_is_expected_once(tmp_path: Path) -> None:
    (tmp_path / "l.events").write_text("secret t\nsecret own\nresource b { run: sh 'x' }\n")
    text = "secret token\nresource a { run: sh 'x' }\nimport 'l.events' as l (t = token)\n"
    made = project(tmp_path, text)
    asked = tasks(made)["l.b.run"]["evdsl_action"]["secrets"]
    assert asked == {"t": "{{ secret_token }}", "own": "{{ secret_l_own }}"}
    expected = playbook(made)["tasks"][0]["ansible.builtin.assert"]["that"][1:]
    assert expected == ["secret_token is defined", "secret_l_own is defined"]
    assert b"variable secret_l_own" in made.files["site.yml"].content
    same = "secret a-b\nsecret a_b\nresource a { run: sh 'x' }\n"
    assert refused(tmp_path, same)[0][0] == "EV701"


def test_values_that_only_a_run_knows(tmp_path: Path) -> None:
    text = """resource a { port = 80; run: sh 'x' }
resource b { url = "http://{{port}}/"; run: sh "get {{url}} {{port | raw}}"; x: exec ["x", port, "p={{port}}"] }
resource c { run: copy "app.conf" "/etc/{{port}}.conf" }
connect a b { port -> port }
connect a c { port -> port }
on b.run changed b.x
"""
    (tmp_path / "app.conf").write_text("x")
    found = tasks(project(tmp_path, text))
    task = found["b.run"]
    values = task["vars"]
    assert values["my_port"] == "{{ (said_a_run.data['port'] | default(my_part)) }}"
    assert values["my_part"] == 80
    assert task["evdsl_action"]["shell"].count("evdsl_word") == 1
    assert task["evdsl_action"]["env"]["port"] == "{{ my_port }}"
    assert found["b.x"]["evdsl_action"]["exec"][1] == "{{ my_port }}"
    assert found["c.run"]["ansible.builtin.copy"]["dest"].startswith("{{ ")


def test_hosts(tmp_path: Path) -> None:
    text = """host web1 = "192.0.2.21" [user = "deploy", port = 2222]
host gone = "192.0.2.22"
resource a @web1 { run: sh "x" [sudo = true]; b: sh "x" [sudo = "app"] }
on a.run changed a.b
"""
    made = project(tmp_path, text)
    found = tasks(made)
    assert found["a.run"]["delegate_to"] == "web1"
    assert found["a.run"]["become"] is True
    assert found["a.b"]["become_user"] == "app"
    hosts = read(made.files["inventory.yml"].content.decode())["all"]["hosts"]
    assert list(hosts) == ["localhost", "web1"]
    assert hosts["web1"] == {"ansible_host": "192.0.2.21", "ansible_user": "deploy", "ansible_port": 2222}
    assert hosts["localhost"]["ansible_connection"] == "local"


def test_keys_and_ways_of_hosts(tmp_path: Path) -> None:
    """A jump host is named by its address; a relative key is below the folder that stands for the program's."""
    text = """host gate = "192.0.2.1" [user = "ops", port = 2222]
host keyed = "192.0.2.2" [key = "keys/gate"]
host web1 = "192.0.2.21" [jump = "gate", key = "~/.ssh/deploy"]
host web2 = "192.0.2.22" [jump = ["gate", "me@192.0.2.3"], key = "keys/deploy"]
host web3 = "192.0.2.23" [jump = "keyed"]
resource a @web1 { run: http.get "http://x/"; b: sh "x" }
resource b @web2 { run: sh "x" }
resource c @web3 { run: sh "x" }
start a.b
"""
    made = project(tmp_path, text)
    assert "delegate_to" not in tasks(made)["a.run"], "requests are sent from here"
    hosts = read(made.files["inventory.yml"].content.decode())["all"]["hosts"]
    del hosts["localhost"]
    assert hosts == {
        "web1": {
            "ansible_host": "192.0.2.21",
            "ansible_ssh_private_key_file": "~/.ssh/deploy",
            "ansible_ssh_common_args": "-o ProxyJump=ops@192.0.2.1:2222",
        },
        "web2": {
            "ansible_host": "192.0.2.22",
            "ansible_ssh_private_key_file": "{{ evdsl_folder }}/keys/deploy",
            "ansible_ssh_common_args": "-o ProxyJump=ops@192.0.2.1:2222,me@192.0.2.3",
        },
        "web3": {
            "ansible_host": "192.0.2.23",
            "ansible_ssh_common_args": "-o 'ProxyCommand=ssh -i \"{{ evdsl_folder }}/keys/gate\" -W [%h]:%p -- 192.0.2.2'",
        },
    }
    said = "expected at keys/deploy below the variable evdsl_folder"
    assert any(said in entry.text for entry in made.report)


def test_modules_and_roles_as_themselves(tmp_path: Path) -> None:
    (tmp_path / "roles" / "keystone" / "tasks").mkdir(parents=True)
    (tmp_path / "roles" / "keystone" / "tasks" / "main.yml").write_text("---\n")
    text = """resource a {
  run: ansible.module "ping" [vars = {data = 'p {{ q }}'}]
  cmd: ansible.module "community.general.x" [retry = 2, timeout = 30s]
  role: ansible.role "keystone" [vars = {who = "me"}]
  up: systemd.restart "nginx.service" [env = {A = "b"}]
}
on a.run done a.cmd, a.role, a.up
"""
    made = project(tmp_path, text)
    found = tasks(made)
    assert found["a.run"]["ansible.builtin.ping"] == {"data": "p {{ q }}"}
    assert found["a.cmd"]["community.general.x"] is None
    assert (found["a.cmd"]["retries"], found["a.cmd"]["timeout"]) == (2, 30)
    assert found["a.up"]["ansible.builtin.systemd_service"] == {"name": "nginx.service", "state": "restarted"}
    assert found["a.up"]["environment"] == {"A": "b"}
    role = found["a.role, its role"]["block"][0]
    assert role["ansible.builtin.include_role"]["name"] == "keystone"
    assert role["vars"] == {"who": "me"}
    assert "roles/keystone/tasks/main.yml" in made.files


def test_files_come_along(tmp_path: Path) -> None:
    (tmp_path / "actions" / "a").mkdir(parents=True)
    script = tmp_path / "actions" / "a" / "run"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "l.events").write_text(
        'resource b { run: copy "l.conf" "/l"; t: template "t.j2" "t"; x: sh "x" [cwd = "sub"] }\non b.run changed b.t, b.x\n'
    )
    (tmp_path / "lib" / "l.conf").write_bytes(b"\xff\0")
    (tmp_path / "lib" / "t.j2").write_text("{{ name }} {{ env }}\n")
    text = 'param env = "dev"\nresource a\nimport "lib/l.events" as l\n'
    text = text.replace("resource a\n", 'resource a { x: sh "x" }\non a.run changed a.x\n')
    (tmp_path / "lib" / "l.events").write_text(
        'param env = "prod"\n' + (tmp_path / "lib" / "l.events").read_text()
    )
    made = project(tmp_path, text)
    found = tasks(made)
    assert made.files["files/actions/a/run"].mode == 0o755
    assert found["a.run"]["vars"]["my_script"] == "files/actions/a/run"
    assert made.files["files/lib/l.conf"].content == b"\xff\0"
    assert made.files["files/rendered/l.b.t-0"].content == b"l.b prod\n"
    assert found["l.b.x"]["evdsl_action"]["within"] == "lib"
    assert found["l.b.x"]["evdsl_action"]["chdir"] == "sub"
    assert found["l.b.t"]["ansible.builtin.copy"]["dest"].startswith("{{ ")


@pytest.mark.parametrize(
    ("text", "code", "line", "said"),
    [
        ('resource a { run: ansible.playbook "x.yml" }', "EV701", 1, "whole playbook"),
        ('resource a { run: puppet.apply "x" }', "EV701", 1, "no counterpart"),
        ('resource a { run: salt.state "x" }', "EV701", 1, "no counterpart"),
        ('resource a { run: ansible.module "import_playbook" }', "EV701", 1, "no module"),
        ('resource a { run: ansible.module "ping" [tags = "x"] }', "EV701", 1, "tags"),
        ('resource a { run: ansible.role "x" [retry = 1] }', "EV701", 1, "cannot be had for a role"),
        ('resource a { run: ansible.role "../x" }', "EV701", 1, "no name of a role"),
        ('resource a { run: ansible.role "x" [vars = {"a-b" = 1}] }', "EV701", 1, "no name of a variable"),
        ('resource a { run: copy "nowhere" "/x" }', "EV701", 1, "No such file"),
        ('resource a { run: copy "/" "/x" }', "EV701", 1, "a folder"),
        ('resource a { run: http.get "http://x/" [exits = {1 = ok}] }', "EV701", 1, "exits"),
        (
            'host h = "-oProxyCommand=x"\nresource a @h { run: sh "x" }',
            "EV701",
            1,
            "the address of `h` cannot be",
        ),
        (
            'host h = "h" [jump = "-oX"]\nresource a @h { run: sh "x" }',
            "EV701",
            1,
            "the jump host of `h` cannot be",
        ),
        (
            'host g = "g" [key = "k"]\nhost i = "i" [jump = "g"]\nhost h = "h" [jump = "i"]\nresource a @h { run: sh "x" }',
            "EV701",
            3,
            "a key of its own",
        ),
        (
            'host h = "h" [key = \'k {{ x }}\']\nresource a @h { run: sh "x" }',
            "EV701",
            1,
            "means something to Ansible",
        ),
        ('host h = "h" [parallel = 4]\nresource a @h { run: sh "x" }', "EV702", 1, "4 actions at a time"),
        ("on a.run changed b.run", "EV613", 1, "found nowhere"),
    ],
)
def test_what_is_refused_names_its_statement(
    tmp_path: Path, text: str, code: str, line: int, said: str
) -> None:
    found = refused(tmp_path, text + "\n")
    assert found[0][:2] == (code, line)
    assert said in found[0][2]


def test_events_that_a_playbook_cannot_tell_apart(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    text = 'resource a { run: copy "f" "/x"; role: ansible.role "r" }\nresource b { run: sh "x" }\n'
    assert refused(tmp_path, text + "on a.run created b.run\n")[0][:2] == ("EV702", 3)
    assert refused(tmp_path, text + "on a.run changed a.role\non a.role error b.run\n")[0][:2] == ("EV702", 4)
    assert (
        refused(tmp_path, text + "on a.run changed a.role\non a.role failed b.run\n", "created")[0][0]
        == "EV702"
    )
    made = project(tmp_path, text + "on a.run created b.run\n", "created")
    assert any(e.kind == "approximated" and e.place.endswith(":3") for e in made.report)
    project(tmp_path, text + "on a.run created|changed|ok b.run\n")
    project(tmp_path, text + "on a.run failure b.run\n")


def test_all_refusals_are_told_at_once(tmp_path: Path) -> None:
    text = 'resource a { run: ansible.playbook "x.yml" }\nresource b { run: copy "nowhere" "/x" }\n'
    assert [line for _, line, _ in refused(tmp_path, text)] == [1, 2]


def test_the_report_stands_in_the_playbook(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    text = 'resource a { run: copy "f" "/x" }\nresource b { run: sh "x" [on_cut = "fail", confirm = "Sure? {{name}}"] }\n'
    made = project(tmp_path, text + "on a.run changed b.run\n")
    head = made.files["site.yml"].content.decode().partition("---")[0]
    joined = " ".join(line.removeprefix("#").strip() for line in head.splitlines())
    for entry in made.report:
        assert f"{entry.kind}: " in joined
        assert entry.text in joined
    assert "p.events:2" in joined
    assert str(tmp_path) not in head
    assert {e.kind for e in made.report} == {"approximated", "lost"}
    ask = playbook(made)["tasks"][1]["ansible.builtin.assert"]
    assert ask["fail_msg"].startswith("Sure? b")


def test_every_file_says_what_made_it(tmp_path: Path) -> None:
    made = project(tmp_path, "resource a { run: sh 'x' }\n")
    for path in ("site.yml", "inventory.yml", "ansible.cfg"):
        head = made.files[path].content.decode()
        assert head.startswith("# made by evdsl ")
        assert "0" * 64 in head


def test_the_same_bytes_under_any_hash_seed(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom evdsl.api import load_file\nfrom evdsl.emit.target import Order, load\n"
        "from evdsl.plan.fingerprint import fingerprint\n"
        "p = load_file(sys.argv[1]).plan()\n"
        "a = load('ansible').emit(Order(p.program, p.inner, '1', fingerprint(p.program, p.inner)))\n"
        "sys.stdout.buffer.write(b''.join(k.encode() + v.content for k, v in sorted(a.files.items())))\n"
    )
    text = "".join(f"resource r{n} {{ v = {n}; run: sh 'x' }}\nresource s{n}\n" for n in range(9))
    text += "".join(
        f"connect r{n} s{n} {{ v -> w }}\non s{n}.run changed|created r{(n + 1) % 9}.run\n" for n in range(9)
    )
    (tmp_path / "p.events").write_text(text)
    made = set()
    for seed in ("1", "2", "77"):
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "p.events")],
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            check=True,
        )
        made.add(done.stdout)
    assert len(made) == 1
    assert len(made.pop()) > 10_000


def test_it_is_the_target(tmp_path: Path) -> None:
    target = load("ansible")
    assert target.folder
    (tmp_path / "p.events").write_text("resource a { run: sh 'x' }\n")
    plan = load_file(str(tmp_path / "p.events")).plan()
    made = target.emit(Order(plan.program, plan.inner, "9.9", "f" * 64))
    assert b"made by evdsl 9.9" in made.files["site.yml"].content


def test_the_page_shows_what_is_made(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "compile-ansible.md").read_text("utf-8")
    blocks = re.findall(r"^```(events|yaml)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    [program, *shown] = [text for _, text in blocks]
    (tmp_path / "app.events").write_text(program)
    made = emitted(load_file(str(tmp_path / "app.events")).plan()).files["site.yml"].content.decode()
    assert len(shown) == 1
    assert all(text in made for text in shown)
    for word in load("ansible").allows:
        assert f"--allow {word}" in page
