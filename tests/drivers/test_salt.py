"""`salt.state` by the real salt-call: its truth table, pillar, secrets, what it leaves behind, and what is refused."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from environment import ROOT, SALT
from run.jobs import finish

from evdsl.base.redact import Redactor
from evdsl.drivers import tool
from evdsl.drivers.driver import Ended, Try, Unfit, Verdict
from evdsl.drivers.job import Here, Remote
from evdsl.drivers.outcome import Outcome
from evdsl.drivers.output import Kept
from evdsl.drivers.registry import for_file, refusals
from evdsl.drivers.salt import driver
from evdsl.run.local import LocalExecutor

from .jobs import brief, job, said

REAL = os.environ.get("EVDSL_REAL") == "1"


def real(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that starts salt-call."""
    there = (SALT / "bin" / "salt-call").exists() or REAL
    why = "no Salt: `python3 tests/environment.py salt` installs it"
    return pytest.mark.real(pytest.mark.skipif(not there, reason=why)(test))


FILE = "FOLDER/f: {file.managed: [{contents: x}]}\n"
FAILS = "fails: {cmd.run: [{name: 'false'}, {order: last}]}\n"

TABLE = {
    "nothing to do": ("/: {file.directory: []}", "ok", "", "ok"),
    "a change": (FILE, "changed", "", "ok"),
    "a failure, though Salt counts what the command said as changes": (FAILS, "failed", 'state `fails`: Command "false" run', "failed"),
    "a failure behind a change": (FILE + FAILS, "failed", "after something had changed", "failed"),
    "the first that fails, not what waits for it": (
        "b: {test.fail_without_changes: []}\na: {test.nop: [{require: [test: b]}]}", "failed", "state `b`: Failure!", "failed",
    ),
    "a template with a fault": ("{{ nowhere.at_all }}", "error", "'nowhere' is undefined", "error"),
    "no YAML": ("a: [", "error", "Rendering SLS 'base:s' failed", "error"),
    "no such module": ("a: {no.such: []}", "failed", "state `a`", "failed"),
    "a cycle": (
        "a: {test.nop: [{require: [test: b]}]}\nb: {test.nop: [{require: [test: a]}]}", "error", "ecursive requisite", "error",
    ),
    "two states of one name": ("a: {test.nop: []}\ninclude: [t]", "error", "conflicting", "error"),
    "two at a time": ("a: {test.nop: [{parallel: true}]}\nb: {test.nop: [{parallel: true}]}", "ok", "", "ok"),
    "nothing in it": ("{}", "error", "there is no state in it", "error"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _found(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("bin")
    (path / "salt-call").symlink_to(SALT / "bin" / "salt-call")
    monkeypatch.setenv("PATH", f"{path}:{os.environ['PATH']}")


def applied(sls: str, folder: Path, **more: object) -> Outcome:
    (folder / "s.sls").write_text(sls.replace("FOLDER", str(folder)), "utf-8")
    (folder / "t.sls").write_text("a: {test.nop: []}\n", "utf-8")
    return said("salt.state", "s", folder=folder, **more)


@real
@pytest.mark.parametrize("case", TABLE)
def test_the_truth_table(case: str, tmp_path: Path) -> None:
    sls, event, reason, again = TABLE[case]
    outcome = applied(sls, tmp_path)
    assert (outcome.event, reason in outcome.reason) == (event, True), outcome
    assert applied(sls, tmp_path).event == again


@real
def test_it_is_partly_done(tmp_path: Path) -> None:
    """What ends in failure may have changed something before; a second time there is nothing left to change."""
    applied(FILE + FAILS, tmp_path)
    assert (tmp_path / "f").read_text() == "x\n"
    assert "after" not in applied(FILE + FAILS, tmp_path).reason


@real
def test_a_state_is_found_by_name_or_path(tmp_path: Path) -> None:
    (tmp_path / "actions" / "web").mkdir(parents=True)
    (tmp_path / "actions" / "web" / "run-it.sls").write_text("include: [.part]\n")
    (tmp_path / "actions" / "web" / "part.sls").write_text(
        f"{tmp_path}/f: {{file.managed: [{{source: 'salt://files/f'}}]}}\n"
    )
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "f").write_text("x")
    assert said("salt.state", "actions.web.run-it", folder=tmp_path).event == "changed"
    assert said("salt.state", "actions/web/run-it.sls", folder=tmp_path).event == "ok"
    driver, arguments = for_file(str(tmp_path / "actions" / "web" / "run-it.sls"))
    assert said(driver, *arguments, folder=tmp_path).event == "ok"
    event, reason = brief(said("salt.state", "none.such", folder=tmp_path))
    assert (event, "No matching sls found for 'none.such'" in reason) == ("error", True)
    event, reason = brief(said("salt.state", "none.sls", folder=tmp_path))
    assert (event, f"there is no file `{tmp_path}/none.sls`" in reason) == ("error", True)


@real
def test_names_are_pillar_and_text_is_data(tmp_path: Path) -> None:
    names = {
        "TOKEN": "s3cret",
        "http-port": 81,
        "nodes": ["a", "b c"],
        "text": "ä '$x' {{ 1 + 1 }}\n#",
        "on": True,
    }
    state = f"{tmp_path}/f: {{file.managed: [{{contents: {{{{ pillar | json | json }}}}}}]}}\n"
    outcome = applied(state, tmp_path, names=names, secrets=("s3cret",))
    assert outcome.event == "changed", outcome
    seen = json.loads((tmp_path / "f").read_text("utf-8"))
    assert seen == {name.replace("-", "_"): value for name, value in names.items()}


@real
def test_values_are_on_no_command_line_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(temporary := tmp_path / "it's temporary"))
    temporary.mkdir()
    look = "look: {cmd.run: [{name: 'cat /proc/[0-9]*/cmdline >FOLDER/seen 2>/dev/null; true'}]}"
    outcome = applied(look, tmp_path, names={"TOKEN": "s3cret-value"}, secrets=("s3cret-value",))
    assert outcome.event == "changed", outcome
    seen = (tmp_path / "seen").read_bytes()
    assert b"state.sls" in seen
    assert b"s3cret-value" not in seen
    assert list(temporary.iterdir()) == []


@real
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become another user")
def test_a_user_without_rights_can_do_it() -> None:
    """It writes nothing in /etc and /var, where this user may not. That user may read all, wherever the tests lie."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        os.chown(folder, 65534, 65534)
        salt_call = (
            Path(folder) / "bin" / "salt-call"
        )  # a link into a folder that is not theirs would not be found
        salt_call.parent.mkdir()
        salt_call.write_text(f'#!/bin/sh\nexec {shlex.quote(str(SALT / "bin" / "salt-call"))} "$@"\n')
        salt_call.chmod(0o755)
        (Path(folder) / "s.sls").write_text("a: {cmd.run: [{name: id -u}]}")
        (Path(folder) / "p.events").write_text('resource a { run: salt.state "s" }\n')
        caps = [f"--{kind}-caps=-all,+dac_read_search" for kind in ("inh", "ambient")]
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *caps]
        path = f"{salt_call.parent}:{os.environ['PATH']}"
        env = {**os.environ, "HOME": folder, "TMPDIR": folder, "PATH": path, "PYTHONPATH": str(ROOT)}
        argv = [*nobody, sys.executable, "-m", "evdsl", "run", "-vv"]
        done = subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, check=False)
        assert (done.returncode, "65534" in done.stdout, "1 changed" in done.stdout) == (0, True, True), done
        assert sorted(os.listdir(folder)) == [".cache", ".evdsl", "bin", "p.events", "s.sls"]


@real
def test_options_count(tmp_path: Path) -> None:
    assert applied(FAILS, tmp_path, exits={2: "ok"}).event == "ok"
    assert applied("a: {test.succeed_with_changes: []}", tmp_path, changes=[]).event == "ok"
    assert applied("a: {cmd.run: [{name: 'echo created >$EVDSL_EVENT'}]}", tmp_path).event == "created"
    event, reason = brief(applied("a: {cmd.run: [{name: sleep 321}]}", tmp_path, timeout=4))
    assert (event, "timed out" in reason) == ("error", True)
    assert b"sleep\x00321" not in b"".join(map(_words, Path("/proc").glob("[0-9]*/cmdline")))


def _words(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


@real
def test_a_reason_is_cut_off_after_secrets_are_taken_out(tmp_path: Path) -> None:
    """Else a part of one would be left, which nothing recognizes any more; so with blanks and quotes."""
    secret = 'it\'s "secret"  \\ ä\n' + " ".join(f"word{n}" for n in range(60))
    state = "a: {test.configurable_test_state: [{result: false}, {comment: {{ ('y' * 250 ~ pillar.TOKEN) | json }}}]}"
    (tmp_path / "s.sls").write_text(state)
    executor = LocalExecutor(1, redactor=Redactor([secret]))
    try:
        one = job("salt.state", "s", folder=tmp_path, names={"TOKEN": secret}, secrets=(secret,))
        executor.start([one])
        outcome = finish(executor, 1)[0][0]
    finally:
        executor.close()
    assert brief(outcome) == ("failed", f"state `a`: {'y' * 250}***")
    assert "word" not in outcome.output.text


@real
def test_more_output_than_is_kept(tmp_path: Path) -> None:
    """What the states came to is told at the end, so it does not get lost."""
    many = "{% for n in range(900) %}\na{{ n }}: {test.succeed_with_changes: []}\n{% endfor %}\n"
    outcome = applied(many + FAILS, tmp_path)
    assert outcome.output.dropped
    assert (outcome.event, outcome.reason) == (
        "failed",
        'state `fails`: Command "false" run, after something had changed',
    )


@pytest.mark.parametrize(
    ("exit", "text", "expected"),
    [
        (0, "x\nevdsl: ok\n", Verdict(0, known="ok")),
        (0, "evdsl: changed", Verdict(0, known="changed")),
        (2, "evdsl: ok\nevdsl: failed state `a`: b\n", Verdict(2, reason="state `a`: b")),
        (0, "evdsl: failed c", Verdict(2, reason="c")),
        (2, 'evdsl: failed a\\n\\"b\\"  c \\u00e4', Verdict(2, reason='a "b" c ä')),
        (2, 'evdsl: failed "b" c', Verdict(2, reason='"b" c')),
        (1, "evdsl: error no", Verdict(None, "no")),
        (1, "evdsl: changed", Verdict(None, "no state failed, and yet exit 1")),
        (0, "evdsl: ok\nsome warning at the very end\n", Verdict(0, known="ok")),
        (1, "evdsl: ok\nKilled\n", Verdict(None, "no state failed, and yet exit 1")),
        (1, "    evdsl: ok\nKilled\n", Verdict(None, "Salt told no results, exit 1: Killed")),
        (0, "", Verdict(None, "Salt told no results, exit 0")),
        (127, "there is no salt-call", Verdict(None, "there is no salt-call")),
    ],
)
def test_what_is_read(exit: int, text: str, expected: Verdict) -> None:
    attempt = Try(job("salt.state", "s"), 1, "/none")
    assert driver.read(attempt, Ended(exit, output=Kept(text.encode()))) == expected


@pytest.mark.parametrize(
    ("exit", "text", "expected"),
    [
        (2, "evdsl: failed private", Verdict(2, reason="why is not shown: sensitive")),
        (1, "evdsl: error private", Verdict(None, "why is not shown: sensitive")),
        (1, "private", Verdict(None, "Salt told no results, exit 1")),
        (0, "evdsl: changed", Verdict(0, known="changed")),
    ],
)
def test_a_reason_holds_nothing_of_an_output_that_is_sensitive(
    exit: int, text: str, expected: Verdict
) -> None:
    attempt = Try(job("salt.state", "s", sensitive=True), 1, "/none")
    assert driver.read(attempt, Ended(exit, output=Kept(text.encode()))) == expected


def test_what_goes_to_a_host(tmp_path: Path) -> None:
    """A file, and the folder of its name; their links are followed."""
    for name in ("web.sls", "web/init.sls", "web/files/a", "db.sls", "secret"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "web" / "link").symlink_to("../db.sls")
    away = job("salt.state", "web.part", folder=tmp_path)._replace(place=Remote("h", "192.0.2.1"))
    (command,) = driver.commands([Try(away, 1, "/none")], away.place)
    with tarfile.open(fileobj=BytesIO(command.stdin)) as archive:
        sent = {m.name: m for m in archive.getmembers() if m.name.startswith("states/")}
        linked = archive.extractfile("states/web/link")
        assert linked is not None
        assert linked.read() == b"db.sls"
    assert sorted(sent) == [
        f"states/{name}" for name in ("web.sls", "web/files/a", "web/init.sls", "web/link")
    ]


def test_a_host_is_looked_through_where_packages_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found() -> tuple[int, str]:
        script = f"{tool.sought('salt-call')}salt-call it"
        done = subprocess.run(
            ["/bin/sh", "-c", script], env={"PATH": "/bin"}, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout

    monkeypatch.setitem(tool._PACKAGED, "salt-call", str(tmp_path))
    assert found() == (127, "there is no salt-call; install it: python3 -m pip install salt\n")
    (tmp_path / "salt-call").write_text("#!/bin/sh\necho $1\n")
    (tmp_path / "salt-call").chmod(0o755)
    assert found() == (0, "it\n")


@pytest.mark.parametrize("name", ["", "a b", "../a", "a.", "-a,b=c", "a/b.c.sls"])
def test_wrong_names(name: str, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.c.sls").write_text("")
    with pytest.raises(Unfit):
        driver.commands([Try(job("salt.state", name, folder=tmp_path), 1, "/none")], Here())


def test_without_salt_nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    (found,) = refusals("a.run", "salt.state", {}, None, None)
    assert (found.code, found.hint) == ("EV619", "install it: python3 -m pip install salt")
    assert refusals("a.run", "salt.state", {}, "web1", None) == []
