"""The module that runs commands on hosts without evdsl: it decides as evdsl does (section 9)."""

from __future__ import annotations

import ast
import itertools
import json
import os
import shlex
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evdsl.base.events import MATCHES, OUTCOMES
from evdsl.drivers.event_file import parse_event_file
from evdsl.drivers.outcome import Facts
from evdsl.drivers.outcome import decide as decided
from evdsl.emit import ansible_filters, ansible_module
from evdsl.emit.ansible_module import Action, decide, matched, parsed
from evdsl.meaning.template import plain, shell_word
from evdsl.run.engine import fold


def run(folder: Path, text: str, **options: Any) -> dict[str, Any]:
    return Action({"id": "a.b.run#1", "shell": text, "folder": str(folder), **options}).run()


def test_every_outcome_is_decided_as_in_a_run() -> None:
    exits = [{}, {0: "ok", 3: "changed", 137: "failed"}, {1: "what"}]
    cases = itertools.product(
        [None, 0, 1, 3, 126, 127, 128, 129, 137, 192, 193, 255],
        exits,
        ["", *OUTCOMES],
        ["", "a fault"],
        [None, True, False],
    )
    for code, known, word, fault, differs in cases:
        word = "" if fault else word
        facts = Facts(exit=code, problem="p", exits=known, word=word, fault=fault, differs=differs)
        assert decide(code, "p", known, word, fault, differs)[0] == decided(facts)[0], facts


LINES = st.sampled_from(
    [
        "ok",
        "changed",
        " created ",
        "error\r",
        "what",
        "data.a=1",
        "data.a= x=y\r",
        "data.=2",
        "data.a",
        "data. b=3",
        "",
        "data.é=ü",
    ]
)


@settings(deadline=None)
@given(st.lists(LINES).map("\n".join) | st.text())
def test_an_event_file_is_read_as_in_a_run(text: str) -> None:
    content = text.encode("utf-8", "surrogatepass")
    said = parse_event_file(content)
    word, data, fault = parsed(content)
    assert bool(fault) == bool(said.fault)
    assert fault or (word, data) == (said.word, said.data)


def test_an_event_file_that_is_too_large_is_a_fault() -> None:
    assert parsed(b"x" * (1024 * 1024 + 1))[2]


def test_words_of_rules_mean_the_same() -> None:
    for word, means in MATCHES.items():
        for event in (*OUTCOMES, "skipped", "idle"):
            rule = {"from": "a.run", "event": event, "says": word, "file": "f", "line": 1}
            assert bool(matched([rule])) == (event in means), (word, event)


def test_causes_are_those_that_matched() -> None:
    def one(name: str, event: str, says: str) -> dict[str, Any]:
        return {"from": name, "event": event, "says": says, "file": "f", "line": 1}

    a, b = one("a.run", "created", "changed|failed"), one("b.run", "idle", "done")
    assert [c["from"] for c in matched([a, b, a])] == ["a.run"]
    assert matched([{"all": [a, b]}]) == []
    assert [c["from"] for c in matched([{"all": [a, a | {"from": "c.run"}]}])] == ["a.run", "c.run"]


def test_folds_are_the_same() -> None:
    for count in (1, 2, 3):
        for ends in itertools.product([*OUTCOMES, "idle", "skipped"], repeat=count):
            assert ansible_filters.fold(ends) == fold(ends), ends


VALUES = st.recursive(
    st.text() | st.integers() | st.booleans(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(deadline=None)
@given(VALUES)
def test_values_are_put_into_texts_as_in_a_run(value: object) -> None:
    assert ansible_filters.plain(value) == ansible_module.plain(value) == plain(value)
    assert shlex.split(ansible_filters.word(value)) == shlex.split(shell_word(value))


@pytest.mark.parametrize(
    ("text", "options", "event"),
    [
        ("true", {}, "changed"),
        ('echo ok >"$EVDSL_EVENT"', {}, "ok"),
        ('echo ok >"$EVDSL_EVENT"; exit 1', {}, "failed"),
        ('echo error >"$EVDSL_EVENT"; exit 1', {}, "error"),
        ('mkdir "$EVDSL_EVENT"', {}, "error"),
        ('ln -s /etc/passwd "$EVDSL_EVENT"', {}, "error"),
        ("kill -9 $$", {}, "error"),
        ("exit 3", {"exits": {"3": "ok"}}, "ok"),
        ("true", {"changes": []}, "ok"),
        ("echo x >f", {"changes": ["f"]}, "changed"),
        ("true", {"changes": ["f"]}, "ok"),
        ("true", {"changes": ["."]}, "error"),
        ("exit 1", {"creates": "there"}, "ok"),
        ("exit 1", {"unless": "true"}, "ok"),
        ("exit 1", {"onlyif": "false"}, "ok"),
        ("exit 1", {"unless": "false", "onlyif": "true"}, "failed"),
        ("test $PWD = $OLD/sub", {"chdir": "sub"}, "changed"),
        ("true", {"chdir": "nowhere"}, "error"),
        ("exec 0<&-; cat", {}, "failed"),
    ],
)
def test_what_a_command_comes_to(tmp_path: Path, text: str, options: dict[str, Any], event: str) -> None:
    (tmp_path / "there").touch()
    (tmp_path / "sub").mkdir()
    result = run(tmp_path, text, env={"OLD": os.path.realpath(tmp_path)}, **options)
    assert result["event"] == event, result
    assert result["msg"]


def test_a_guard_decides_before_anything_runs(tmp_path: Path) -> None:
    assert Action({"id": "a.run#0", "folder": str(tmp_path), "unless": "false"}).run()["event"] == ""
    assert run(tmp_path, "touch ran", unless="true")["tries"] == 0
    assert not (tmp_path / "ran").exists()
    assert run(tmp_path, "true", unless="sleep 60", timeout=0.1)["event"] == "error"


def test_it_is_tried_again(tmp_path: Path) -> None:
    result = run(tmp_path, "echo x >>n; test $(wc -l <n) = 3", retries=5, delay=0.001)
    assert (result["event"], result["tries"]) == ("changed", 3)
    assert run(tmp_path, "exit 1", retries=1, delay=0.001)["tries"] == 2


def test_what_runs_too_long_ends_with_all_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ansible_module, "_GRACE", 0.2)
    text = (
        "(trap '' TERM; echo $$ >>pids; sleep 600 & echo $! >>pids; wait; sleep 600) & echo $! >>pids; wait"
    )
    result = run(tmp_path, text, timeout=0.5)
    assert (result["event"], result["reason"]) == ("error", "timed out after 0.5 s")
    for pid in (tmp_path / "pids").read_text().split():
        for _ in range(1000):
            if not _alive(int(pid)):
                break
            time.sleep(0.01)
        assert not _alive(int(pid))


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_its_environment(tmp_path: Path) -> None:
    rule = {"from": "x.run", "event": "changed", "says": "changed", "file": "é.events", "line": 3}
    result = Action(
        {
            "id": "a.b.run#1",
            "exec": ["env", "-0"],
            "folder": str(tmp_path),
            "env": {"list": ["x", 1], "flag": True, "text": "a\nb 'é'"},
            "secrets": {"token": "s3cret"},
            "causes": [rule],
            "host": "web1",
        }
    ).run()
    found = dict(pair.split("=", 1) for pair in result["stdout"].split("\0") if "=" in pair)
    assert found["EVDSL_RESOURCE"] == found["name"] == "a.b"
    assert (found["EVDSL_ACTION"], found["EVDSL_INSTANCE"], found["EVDSL_HOST"]) == ("run", "1", "web1")
    assert (found["list"], found["flag"], found["text"]) == ('["x", 1]', "true", "a\nb 'é'")
    assert found["token"] == "***"
    assert json.loads(found["EVDSL_CAUSE"]) == [{k: v for k, v in rule.items() if k != "says"}]


def test_its_values_are_reported(tmp_path: Path) -> None:
    result = run(tmp_path, 'printf "data.port=80\\nok\\ndata.x=a=b \\n" >"$EVDSL_EVENT"')
    assert (result["event"], result["data"]) == ("ok", {"port": "80", "x": "a=b "})


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "work").mkdir()
    run(tmp_path / "work", 'mkdir "$EVDSL_EVENT"')
    run(tmp_path / "work", "true", changes=["/"])
    assert os.listdir(tmp_path) == ["work"]


def test_a_long_output_is_cut(tmp_path: Path) -> None:
    result = run(tmp_path, "head -c 1000000 /dev/zero | tr '\\0' x")
    assert len(result["stdout"]) < 200_000
    assert "dropped" in result["stdout"]


@pytest.mark.parametrize("module", [ansible_module, ansible_filters])
def test_it_can_be_read_by_old_pythons(module: Any) -> None:
    ast.parse(Path(module.__file__).read_text("utf-8"), feature_version=(3, 8))
