"""`puppet.apply` and `puppet.manifest` by the real Puppet: its truth table, data, secrets, and what is refused."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from evdsl.drivers.driver import Ended, Try, Verdict
from evdsl.drivers.outcome import Outcome
from evdsl.drivers.output import Kept
from evdsl.drivers.puppet import apply
from evdsl.drivers.registry import refusals

from .jobs import brief, job, said

REAL = os.environ.get("EVDSL_REAL") == "1"
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        not shutil.which("puppet") and not REAL, reason="no Puppet: `apt-get install puppet-agent`"
    ),
]

FAILS = "exec { '/bin/false': }"

TABLE = {
    "nothing to do": ("file { '/': ensure => directory }", "ok", "", "ok"),
    "a change": ("file { 'FOLDER/f': content => 'x' }", "changed", "", "ok"),
    "a failure": (FAILS, "failed", "'/bin/false' returned 1", "failed"),
    "a failure behind a change": (
        f"file {{ 'FOLDER/f': content => 'x' }} -> {FAILS}",
        "failed",
        "after something had changed",
        "failed",
    ),
    "no manifest at all": ("file {", "error", "Syntax error", "error"),
    "a cycle": (
        "notify { 'a': require => Notify['b'] } notify { 'b': require => Notify['a'] }",
        "error",
        "cycle",
        "error",
    ),
    "it says that it fails": ("fail('not today')", "error", "not today", "error"),
}


def applied(code: str, folder: Path, by: str, **more: object) -> Outcome:
    code = code.replace("FOLDER", str(folder))
    if by == "puppet.apply":
        return said(by, code, folder=folder, **more)
    (folder / "m.pp").write_text(code, "utf-8")
    return said(by, "m.pp", folder=folder, **more)


@pytest.mark.parametrize(
    ("case", "by"),
    [
        *((case, "puppet.apply") for case in TABLE),
        ("a change", "puppet.manifest"),
        ("a failure", "puppet.manifest"),
    ],
)
def test_the_truth_table(case: str, by: str, tmp_path: Path) -> None:
    code, event, reason, again = TABLE[case]
    outcome = applied(code, tmp_path, by)
    assert (outcome.event, reason in outcome.reason) == (event, True), outcome
    assert applied(code, tmp_path, by).event == again


def test_it_is_partly_done(tmp_path: Path) -> None:
    """What ends in failure may have changed something before; a second time there is nothing left to change."""
    code = TABLE["a failure behind a change"][0]
    applied(code, tmp_path, "puppet.apply")
    assert (tmp_path / "f").read_text() == "x"
    assert "after" not in applied(code, tmp_path, "puppet.apply").reason


def test_no_such_manifest(tmp_path: Path) -> None:
    event, reason = brief(said("puppet.manifest", "none.pp", folder=tmp_path))
    assert event == "error"
    assert "none.pp" in reason


def test_names_are_facts_and_text_is_data(tmp_path: Path) -> None:
    names = {"TOKEN": "s3cret", "http-port": 81, "nodes": ["a", "b c"], "text": "ä '$x' ${y}"}
    code = """
    file { 'FOLDER/f': content => "${facts['evdsl_http_port']}|${facts['evdsl_nodes']}|${facts['evdsl_text']}${facts['evdsl_TOKEN']}${facts['evdsl_token']}" }
    """
    assert applied(code, tmp_path, "puppet.apply", names=names, secrets=("s3cret",)).event == "changed"
    assert (tmp_path / "f").read_text("utf-8") == """81|["a", "b c"]|ä '$x' ${y}"""


def test_code_is_on_no_command_line(tmp_path: Path) -> None:
    code = """
    exec { 'look': command => '/bin/sh -c "tr \\\\000 \\\\040 </proc/$PPID/cmdline >FOLDER/argv"', provider => shell }
    """
    assert applied(code, tmp_path, "puppet.apply").event == "changed"
    seen = (tmp_path / "argv").read_text()
    assert "apply" in seen
    assert str(tmp_path) not in seen


def test_options_count(tmp_path: Path) -> None:
    assert applied(FAILS, tmp_path, "puppet.apply", exits={4: "ok"}).event == "ok"
    assert applied("notify { 'x': }", tmp_path, "puppet.apply", changes=[]).event == "ok"
    event, reason = brief(applied("exec { '/bin/sleep 60': }", tmp_path, "puppet.apply", timeout=3))
    assert (event, "timed out" in reason) == ("error", True)


def test_wrong_arguments(tmp_path: Path) -> None:
    assert "takes one text" in brief(said("puppet.apply", "", folder=tmp_path))[1]


def test_without_puppet_nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusals("a.run", "puppet.apply", {}, None, None) == []
    monkeypatch.setenv("PATH", "/nowhere")
    (found,) = refusals("a.run", "puppet.apply", {}, None, None)
    assert found.code == "EV619"
    assert "apt-get install puppet-agent" in str(found.hint)


@pytest.mark.parametrize(
    ("exit", "expected"),
    [
        (4, Verdict(4, reason="exit 4")),
        (1, Verdict(None, "puppet was not run to its end, exit 1")),
    ],
)
def test_a_reason_holds_nothing_of_an_output_that_is_sensitive(exit: int, expected: Verdict) -> None:
    attempt = Try(job("puppet.apply", "x", sensitive=True), 1, "/none")
    assert apply.read(attempt, Ended(exit, output=Kept(b"Error: private\n"))) == expected
