"""The state store: what it keeps, whom it belongs to, what it refuses."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from evdsl.run.state import State, Unusable

from .kept import keep_sink


def test_it_keeps(tmp_path: Path) -> None:
    source = str(tmp_path / "site.events")
    with State.open(source) as state:
        assert state.sink("rmq.cluster") == {}
        keep_sink(state, "rmq.cluster", {"nodes": ["192.0.2.1", "ä"], "port": 1})
    with State.open(source) as state:
        assert state.sink("rmq.cluster") == {"nodes": ["192.0.2.1", "ä"], "port": 1}
        keep_sink(state, "rmq.cluster", {})
        assert state.sink("rmq.cluster") == {}
    with State.open(str(tmp_path / "other.events")) as state:
        assert state.sink("rmq.cluster") == {}


def test_modes(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        with State.open(str(tmp_path / "a.events")) as state:
            keep_sink(state, "x", {})
            found = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / ".evdsl").iterdir()}
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / ".evdsl").stat().st_mode) == 0o700
    assert found["a.events.sqlite"] == 0o600
    assert set(found.values()) == {0o600}


def test_a_folder_open_to_others_is_closed(tmp_path: Path) -> None:
    (tmp_path / ".evdsl").mkdir(mode=0o755)
    State.open(str(tmp_path / "a.events")).close()
    assert stat.S_IMODE((tmp_path / ".evdsl").stat().st_mode) == 0o700


def test_reading_leaves_no_trace(tmp_path: Path) -> None:
    source = str(tmp_path / "a.events")
    with State.open(source, write=False) as state:
        assert state.sink("x") == {}
    assert list(tmp_path.iterdir()) == []
    with State.open(source) as state:
        keep_sink(state, "x", {"a": 1})
    before = sorted(os.listdir(tmp_path / ".evdsl"))
    with State.open(source, write=False) as state:
        assert state.sink("x") == {"a": 1}
        with pytest.raises(sqlite3.OperationalError):
            keep_sink(state, "x", {})
    assert sorted(os.listdir(tmp_path / ".evdsl")) == before
    with State.open(source) as writer:
        keep_sink(writer, "x", {"a": 2})
        with State.open(source, write=False) as state:
            assert state.sink("x") == {"a": 2}


def refused(source: Path, write: bool = True) -> str:
    with pytest.raises(Unusable) as caught:
        State.open(str(source), write=write)
    assert caught.value.diagnostic.severity == "error"
    return caught.value.diagnostic.code


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("write", [True, False])
def test_the_folder_of_another(tmp_path: Path, write: bool) -> None:
    (tmp_path / ".evdsl").mkdir()
    os.chown(tmp_path / ".evdsl", 65534, 65534)
    assert refused(tmp_path / "a.events", write) == "EV620"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_file_of_another(tmp_path: Path) -> None:
    State.open(str(tmp_path / "a.events")).close()
    os.chown(tmp_path / ".evdsl/a.events.sqlite", 65534, 65534)
    assert refused(tmp_path / "a.events") == "EV620"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".evdsl").symlink_to("elsewhere")
    assert refused(tmp_path / "a.events") == "EV620"
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_damaged_file(tmp_path: Path) -> None:
    (tmp_path / ".evdsl").mkdir()
    (tmp_path / ".evdsl/a.events.sqlite").write_bytes(b"no database at all, but long enough to be one" * 100)
    assert refused(tmp_path / "a.events") == "EV621"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    assert refused(tmp_path / "nowhere" / "a.events") == "EV621"


def test_a_newer_schema(tmp_path: Path) -> None:
    source = tmp_path / "a.events"
    State.open(str(source)).close()
    database = sqlite3.connect(tmp_path / ".evdsl/a.events.sqlite")
    database.execute("PRAGMA user_version = 99")
    database.close()
    assert refused(source) == "EV622"
