"""`ansible.playbook`, `ansible.role` and `ansible.module` by the real Ansible: truth table, data, secrets, refusals."""

from __future__ import annotations

import json
import os
from pathlib import Path
from time import sleep

import pytest
from environment import ANSIBLE
from run.jobs import finish

from evdsl.drivers.ansible import Told, verdict
from evdsl.drivers.driver import Command, Verdict
from evdsl.drivers.outcome import Outcome
from evdsl.drivers.registry import refusals
from evdsl.run.local import LocalExecutor

from .jobs import brief, job, said

REAL = os.environ.get("EVDSL_REAL") == "1"
needs_ansible = pytest.mark.skipif(
    not (ANSIBLE / "bin" / "ansible-playbook").exists() and not REAL,
    reason="no Ansible: `python3 tests/environment.py` installs it",
)
HOSTS = """[all:vars]
ansible_python_interpreter={{ ansible_playbook_python }}
[all]
one ansible_connection=local
two ansible_connection=local
[gone]
far ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1
"""
CHANGE = "{ansible.builtin.copy: {content: x, dest: 'FOLDER/{{ inventory_hostname }}'}}"


def on(hosts: str, *tasks: str) -> str:
    return f"- hosts: {hosts}\n  gather_facts: false\n  tasks:\n" + "".join(f"    - {t}\n" for t in tasks)


TABLE = {
    "nothing to do": (on("one", "{ansible.builtin.ping: }"), "ok", "", "ok"),
    "a change": (on("one,two", CHANGE), "changed", "", "ok"),
    "a change on one": (on("two", CHANGE) + on("one", "{ansible.builtin.ping: }"), "changed", "", "ok"),
    "a failure": (on("one", "{ansible.builtin.command: 'false'}"), "failed", "one, task", "failed"),
    "partly": (on("one", CHANGE) + on("two", "{ansible.builtin.command: 'false'}"), "failed", "after something had changed", "failed"),
    "rescued": (on("one", "{block: [{ansible.builtin.command: 'false'}], rescue: [{ansible.builtin.ping: }]}"), "ok", "", "ok"),
    "undefined": (on("one", "{ansible.builtin.debug: {msg: '{{ nowhere }}'}}"), "failed", "nowhere", "failed"),
    "unreachable": (on("far,one", "{ansible.builtin.command: 'false'}"), "error", "far, task", "error"),
    "no host": (on("nobody", "{ansible.builtin.ping: }"), "error", "no host matched", "error"),
    "no module": (on("one", "{no.such.module: }"), "error", "no.such.module", "error"),
    "no playbook": ("just a text\n", "error", "told no results", "error"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", f"{ANSIBLE / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))


def played(text: str, folder: Path, **more: object) -> Outcome:
    (folder / "p.yml").write_text(text.replace("FOLDER", str(folder)), "utf-8")
    (folder / "hosts.ini").write_text(HOSTS, "utf-8")
    more.setdefault("env", {"ANSIBLE_INVENTORY": "hosts.ini"})
    return said("ansible.playbook", "p.yml", folder=folder, **more)


@needs_ansible
@pytest.mark.real
@pytest.mark.parametrize("case", TABLE)
def test_the_truth_table(case: str, tmp_path: Path) -> None:
    text, event, reason, again = TABLE[case]
    outcome = played(text, tmp_path)
    assert (outcome.event, reason in outcome.reason) == (event, True), outcome
    if again == "ok":
        assert played(text, tmp_path).event == "ok"


@pytest.mark.parametrize(
    ("stats", "code", "expected"),
    [
        ({"a": {"ok": 1}}, 0, Verdict(0, known="ok")),
        ({"a": {"ok": 1}, "b": {"changed": 1}}, 0, Verdict(0, known="changed")),
        ({"a": {"failures": 1}, "b": {"ok": 1}}, 2, Verdict(2, reason="a task failed")),
        ({"a": {"failures": 1}, "b": {"unreachable": 1}}, 4, Verdict(None, "a host is unreachable")),
        ({"a": {"ok": 1}}, 250, Verdict(None, "no host failed, and yet exit 250: ")),
        ({}, 0, Verdict(None, "no host matched")),
        (None, 0, Verdict(None, "Ansible told no results, exit 0")),
    ],
)
def test_hosts_are_folded(stats: dict[str, dict[str, int]] | None, code: int, expected: Verdict) -> None:
    assert verdict(Told(stats), code, "") == expected


@needs_ansible
@pytest.mark.real
def test_modules_and_their_data(tmp_path: Path) -> None:
    """Braces are data; files are looked for beside the program; what is not ASCII arrives; nothing is on a command line."""
    text = '{{ 7 * 6 }} ä😀 "q" \\ $x\n{% raw %}\u2028'
    argv = {"content": text, "dest": str(tmp_path / "out")}
    assert said("ansible.module", "copy", folder=tmp_path, vars=argv).event == "changed"
    assert (tmp_path / "out").read_text("utf-8") == text
    assert said("ansible.module", "copy", folder=tmp_path, vars=argv).event == "ok"
    (tmp_path / "t.j2").write_text("{{ http_port }} {{ nodes }}")
    outcome = said(
        "ansible.module", "template", folder=tmp_path, names={"http-port": 8, "nodes": ["{{ a }}"]},
        vars={"src": "t.j2", "dest": str(tmp_path / "t")},
    )  # fmt: skip
    assert outcome.event == "changed", outcome
    assert (tmp_path / "t").read_text() == "8 ['{{ a }}']"
    assert brief(said("ansible.module", "nowhere", folder=tmp_path))[0] == "error"


LONG = "secret " + " ".join(f"word{n}  " for n in range(60))


@needs_ansible
@pytest.mark.real
def test_a_reason_is_cut_off_after_secrets_are_taken_out(tmp_path: Path) -> None:
    """Else a part of one would be left, which nothing recognizes any more; so with blanks."""
    text = on("one", "{ansible.builtin.fail: {msg: \"{{ 'y' * 150 }}{{ TOKEN }}\"}}")
    outcome = played(text, tmp_path, names={"TOKEN": LONG}, secrets=(LONG,))
    assert (outcome.event, "yyy***" in outcome.reason, "word" in outcome.reason) == ("failed", True, False)


@needs_ansible
@pytest.mark.real
def test_a_reason_holds_nothing_of_an_output_that_is_sensitive(tmp_path: Path) -> None:
    text = on("one", "{ansible.builtin.shell: 'echo private >&2; false', name: t}")
    outcome = played(text, tmp_path, sensitive=True)
    assert (brief(outcome), "private" in outcome.output.text) == (("failed", "one, task `t`"), False)
    assert "private" not in played("private: [", tmp_path, sensitive=True).reason


@needs_ansible
@pytest.mark.real
@pytest.mark.parametrize("count", [1, 2])
def test_what_ansible_shows_of_files_holds_no_part_of_a_secret(count: int, tmp_path: Path) -> None:
    """It warns of a `port` and of wrong arguments, with the lines of our files that it has them from, cut off."""
    executor = LocalExecutor(1)
    names = {"name": "s0", "port": 1, "TOKEN": LONG, "more": [LONG, {"a": LONG}]}
    one = job("ansible.module", "ping", folder=tmp_path, names=names, secrets=(LONG,), vars={"nowhere": "x"})
    one = one._replace(resource="s0", share=0 if count > 1 else -1)
    try:
        executor.start([one._replace(step=step) for step in range(count)])
        for outcome in finish(executor, count)[0].values():
            assert outcome.event == "failed"
            assert "reserved name 'port'" in outcome.output.text
            assert "reserved name 'name'" not in outcome.output.text
            assert "word" not in outcome.output.text
    finally:
        executor.close()


@needs_ansible
@pytest.mark.real
def test_roles(tmp_path: Path) -> None:
    tasks = tmp_path / "roles" / "r" / "tasks"
    tasks.mkdir(parents=True)
    write = [{"ansible.builtin.copy": {"content": "{{ who }}", "dest": str(tmp_path / "w")}, "tags": "a"}]
    (tasks / "main.yml").write_text(json.dumps([*write, {"ansible.builtin.command": "false", "tags": "b"}]))
    given = {"who": "{{ me }}"}
    assert said("ansible.role", "r", folder=tmp_path, vars=given, tags=["a"]).event == "changed"
    assert (tmp_path / "w").read_text() == "{{ me }}"
    assert said("ansible.role", "r", folder=tmp_path, vars=given, tags="a").event == "ok"
    assert said("ansible.role", "r", folder=tmp_path, vars=given).event == "failed"
    assert said("ansible.role", "nowhere", folder=tmp_path).event == "error"


@needs_ansible
@pytest.mark.real
def test_a_timeout_ends_what_the_module_started(tmp_path: Path) -> None:
    text = on("one", f"{{ansible.builtin.shell: 'echo $$ >{tmp_path}/pid; exec sleep 300'}}")
    outcome = played(text, tmp_path, timeout=20)
    assert (outcome.event, "timed out" in outcome.reason) == ("error", True)
    pid = int((tmp_path / "pid").read_text())
    for _ in range(600):  # Ansible passes the signal on to its workers, and waits for none of them
        if not Path(f"/proc/{pid}").exists():
            return
        sleep(0.05)
    pytest.fail("it still runs")


def command_of(executor: LocalExecutor) -> tuple[str, ...]:
    """The words of the one process that runs."""
    ((work, _),) = executor._processes.outputs()
    assert isinstance(work.command, Command)
    return work.command.argv


@needs_ansible
@pytest.mark.real
def test_its_files_go_after_a_timeout_too(tmp_path: Path) -> None:
    executor = LocalExecutor(1)
    try:
        executor.start([job("ansible.module", "pause", folder=tmp_path, vars={"seconds": 60}, timeout=0.5)])
        assert list(Path(executor._folder).glob("*.ansible"))
        assert finish(executor, 1)[0][0].event == "error"
        assert not list(Path(executor._folder).glob("*.ansible"))
    finally:
        executor.close()


@needs_ansible
@pytest.mark.real
def test_its_files_are_private_and_go(tmp_path: Path) -> None:
    executor = LocalExecutor(1)
    text = f"""cd "$(dirname "$EVDSL_RESULTS")" && stat -c %a . evdsl.*.yml >{tmp_path}/modes"""
    try:
        one = job("ansible.module", "shell", folder=tmp_path, vars={"cmd": text})
        executor.start([one])
        assert not any(str(tmp_path) in word for word in command_of(executor))
        assert finish(executor, 1)[0][0].event == "changed"
        assert not list(Path(executor._folder).glob("*.ansible"))
    finally:
        executor.close()
    assert (tmp_path / "modes").read_text().split() == ["700", "600", "600", "600"]


@pytest.mark.parametrize(
    ("driver", "argument", "options", "reason"),
    [
        ("ansible.role", "../x", {}, "no name of a role"),
        ("ansible.module", "import_tasks", {}, "no name of a module"),
        ("ansible.module", "a b=c", {}, "no name of a module"),
        ("ansible.module", "ping", {"tags": "x"}, "no tasks to choose"),
        ("ansible.playbook", "p.yml", {"vars": {"a-b": 1}}, "no name of a variable"),
        ("ansible.playbook", "p.yml", {"vars": 1}, "takes a map"),
        ("ansible.playbook", "", {}, "takes one text"),
        ("ansible.playbook", "p.yml", {"sudo": "nobody"}, "say `become`"),
    ],
)
def test_what_cannot_be_run(driver: str, argument: str, options: dict[str, object], reason: str) -> None:
    event, why = brief(said(driver, argument, **options))
    assert (event, reason in why) == ("error", True), why


def test_without_ansible_nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.prefix", "/nowhere")
    monkeypatch.setenv("PATH", "/nowhere")
    (found,) = refusals("a.run", "ansible.role", {}, None, None)
    assert found.code == "EV619"
    assert "pip install ansible-core" in str(found.hint)
