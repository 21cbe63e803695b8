"""Engines that are asked what they would do: the real ones, whose own dry runs count, and that change nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from environment import ANSIBLE, ROOT, SALT
from run.test_dry import told

from evdsl.base.redact import Redactor
from evdsl.run.dry import Dry
from evdsl.run.rehearsal import Engines

REAL = os.environ.get("EVDSL_REAL") == "1"
HERE = {
    "ansible": (ANSIBLE / "bin" / "ansible-playbook").exists(),
    "puppet": shutil.which("puppet") is not None,
    "salt": (SALT / "bin" / "salt-call").exists(),
}


@pytest.fixture(autouse=True)
def _found(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("bin")
    (path / "salt-call").symlink_to(SALT / "bin" / "salt-call")
    monkeypatch.setenv("PATH", f"{path}:{ANSIBLE / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(path))


@pytest.fixture
def engines() -> Iterator[Engines]:
    with Engines(Redactor(["hunter2"])) as found:
        yield found


def needs(*names: str) -> pytest.MarkDecorator:
    gone = [name for name in names if not HERE[name]]
    return pytest.mark.skipif(
        bool(gone) and not REAL,
        reason=f"no {', '.join(gone)}: `python3 tests/environment.py ansible salt`, `apt-get install puppet-agent`",
    )


FILES = {
    "change.pp": "file { 'FOLDER/f': content => 'x' }",
    "change.sls": "FOLDER/f: {file.managed: [{contents: x}]}\n",
    "change.yml": "- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks: [{copy: {content: x, dest: FOLDER/f}}]\n",
    "ok.pp": "file { 'FOLDER': ensure => directory }",
    "ok.sls": "FOLDER: {file.directory: []}\n",
    "ok.yml": "- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks: [{ping: }]\n",
    "fails.pp": "fail('not today')",
    "fails.sls": "a: {test.fail_without_changes: []}\n",
    "fails.yml": "- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks: [{fail: {msg: not today}}]\n",
}
TABLE = {
    "puppet.manifest change.pp": ("changed", "should be 'file' (noop)"),
    "puppet.manifest ok.pp": ("ok", ""),
    "puppet.manifest fails.pp": ("error", "not today"),
    "salt.state change.sls": ("changed", "is set to be changed"),
    "salt.state ok.sls": ("ok", ""),
    "salt.state fails.sls": ("failed", "this would be a failure"),
    "ansible.playbook change.yml": ("changed", "+x"),
    "ansible.playbook ok.yml": ("ok", ""),
    "ansible.playbook fails.yml": ("failed", "not today"),
}  # fmt: skip


def asked(folder: Path, engines: Engines, text: str) -> tuple[Dry, dict[str, list[object]]]:
    for name, content in FILES.items():
        (folder / name).write_text(content.replace("FOLDER", str(folder)))
    before = set(folder.rglob("*"))
    found = told(folder, text, ask=engines.ask)
    assert set(folder.rglob("*")) == {*before, folder / "site.events"}, "nothing was done"
    return found


@pytest.mark.real
@needs("ansible", "puppet", "salt")
@pytest.mark.parametrize("action", TABLE)
def test_what_an_engine_says_counts(action: str, tmp_path: Path, engines: Engines) -> None:
    event, shown = TABLE[action]
    driver, name = action.split()
    found, steps = asked(
        tmp_path,
        engines,
        f'resource a {{ run: {driver} "{name}" }}\nresource b {{ run: sh "true" }}\non a.run changed b.run\n',
    )
    assert steps["a.run#0"][:2] == [event, True]
    assert shown in found.steps[0].shown
    assert bool(shown) == bool(found.steps[0].shown)
    assert ("b.run#0" in steps) == (event == "changed")


@pytest.mark.real
@needs("salt")
def test_guards_and_changes_are_not_known(tmp_path: Path, engines: Engines) -> None:
    """What decides in a run and not here makes it uncertain; `creates` is a look, and `changes = []` always `ok`."""
    (tmp_path / "there").touch()
    text = """
    resource a { run: salt.state "ok.sls" [unless = "touch guard"] }
    resource b { run: salt.state "change.sls" [creates = "there"] }
    resource c { run: salt.state "change.sls" [changes = "f"] }
    resource d { run: salt.state "change.sls" [changes = []] }
    resource e { run: salt.state "change.sls" [timeout = 1ms, retry = 3] }
    """
    _, steps = asked(tmp_path, engines, text)
    assert steps["a.run#0"] == [
        "ok",
        False,
        "would run, unless its guard `unless` says no: salt.state ok.sls",
    ]
    assert steps["b.run#0"] == ["ok", True, "`there` exists"]
    assert steps["c.run#0"] == [
        "changed",
        False,
        "would run, and `changes` decides: salt.state change.sls",
    ]
    assert steps["d.run#0"][:2] == ["ok", True]
    assert steps["e.run#0"][:2] == ["error", True]
    assert "timed out after 0.001 s" in str(steps["e.run#0"][2])


@pytest.mark.real
@needs("salt")
def test_what_may_not_be_seen(tmp_path: Path, engines: Engines) -> None:
    (tmp_path / "secret.sls").write_text("a: {cmd.run: [{name: echo hunter2}]}\n")
    text = """
    resource a { run: salt.state "secret" }
    resource b { run: salt.state "secret" [sensitive = true] }
    """
    found, _ = asked(tmp_path, engines, text)
    assert "hunter2" not in found.steps[0].shown
    assert "echo ***" in found.steps[0].shown
    assert found.steps[1].shown.endswith("bytes, not shown: sensitive]\n")


@pytest.mark.real
@needs("puppet")
def test_puppet_keeps_no_report_of_a_question(tmp_path: Path, engines: Engines) -> None:
    """Its last report is that of the last run."""
    config = subprocess.run(
        ["puppet", "config", "print", "vardir"], capture_output=True, text=True, check=True
    )
    folder = Path(config.stdout.strip())
    before = stamps(folder)
    asked(tmp_path, engines, 'resource a { run: puppet.manifest "change.pp" }')
    # other tests may use Puppet at the same time; what it writes of a run names the manifest
    new = [path for path, stamp in stamps(folder).items() if before.get(path) != stamp]
    assert not [path for path in new if os.fsencode(tmp_path) in path.read_bytes()]


def stamps(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_none_is_asked_of_others_nor_on_hosts(tmp_path: Path, engines: Engines) -> None:
    text = """
    host web = "192.0.2.1"
    resource a { run: sh "touch x" }
    resource b @web { run: puppet.apply "notice(1)" }
    """
    _, steps = told(tmp_path, text, ask=engines.ask)
    assert steps == {
        "a.run#0": ["changed", False, "would run: sh touch x"],
        "b.run#0": ["changed", False, "would run on web (192.0.2.1): puppet.apply notice(1)"],
    }


@pytest.mark.parametrize(("options", "code"), [(["--ask-engines"], 2), (["--dry-run", "--ask-engines"], 0)])
def test_it_goes_with_a_dry_run(options: list[str], code: int, tmp_path: Path) -> None:
    (tmp_path / "p.events").write_text('resource a { run: sh "touch x" }')
    env = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    done = subprocess.run([sys.executable, "-m", "evdsl", "run", *options], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == code
    said = "goes with `--dry-run`" if code else "engines were asked, nothing else was started"
    assert said in done.stdout + done.stderr
    assert not (tmp_path / "x").exists()
