"""One run at a time for a state folder, what a killed run left behind included; a service does not stand in the way."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from evdsl.run.local import LocalExecutor
from evdsl.run.lock import NAME, NUMBER, Held, Lock, holders
from evdsl.run.state import Unusable, made_folder

from .jobs import results, sh
from .test_local import gone, pid_in


def evdsl(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "evdsl", "run", "a.events"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def write(folder: Path, text: str) -> None:
    (folder / "a.events").write_text(f"resource a {{ run: sh '''{text}''' }}\nstart a.run\n")


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = process.communicate(timeout=20)
    return process.returncode, " ".join(output.split())


def test_taken_once(tmp_path: Path) -> None:
    with Lock.take(str(tmp_path), "site.events"):
        said = json.loads((tmp_path / NAME).read_bytes())
        assert (said["pid"], said["file"]) == (os.getpid(), "site.events")
        assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
        with pytest.raises(Held) as caught:
            Lock.take(str(tmp_path), "site.events")
        assert f"process {os.getpid()}, since {said['since']}" in caught.value.diagnostic.message
    with Lock.take(str(tmp_path), "site.events"):
        pass
    assert (tmp_path / NAME).read_bytes() == b""


def test_the_lock_comes_before_the_store(tmp_path: Path) -> None:
    """What another run is just making of its store is not looked at: it says who it is, and that is all that counts."""
    write(tmp_path, ":")
    with Lock.take(made_folder(str(tmp_path / "a.events")), "a.events"):
        busy = sqlite3.connect(tmp_path / ".evdsl" / "a.events.sqlite", isolation_level=None)
        busy.execute("BEGIN EXCLUSIVE")
        code, said = ended(evdsl(tmp_path))
        busy.close()
    assert code == 4, said
    assert f"process {os.getpid()}" in said


def test_a_store_that_is_in_use(tmp_path: Path) -> None:
    """Nobody is told to move it away."""
    write(tmp_path, ":")
    busy = sqlite3.connect(
        Path(made_folder(str(tmp_path / "a.events"))) / "a.events.sqlite", isolation_level=None
    )
    busy.execute("BEGIN EXCLUSIVE")
    code, said = ended(evdsl(tmp_path))
    busy.close()
    assert code == 3, said
    assert "EV621" in said
    assert "another program has it open" in said


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff", b"[]", b'{"pid": "x"}', b'{"pid": 1}'])
def test_a_holder_that_says_nothing_of_use(tmp_path: Path, content: bytes) -> None:
    with Lock.take(str(tmp_path), "site.events"):
        (tmp_path / NAME).write_bytes(content)
        with pytest.raises(Held, match="another run is under way here"):
            Lock.take(str(tmp_path), "site.events")


def test_a_holder_on_another_host(tmp_path: Path) -> None:
    with Lock.take(str(tmp_path), "site.events"):
        said = json.loads((tmp_path / NAME).read_bytes()) | {"host": "elsewhere.example"}
        (tmp_path / NAME).write_text(json.dumps(said))
        with pytest.raises(Held, match="on elsewhere"):
            Lock.take(str(tmp_path), "site.events")


def test_a_link_in_its_place(tmp_path: Path) -> None:
    (tmp_path / NAME).symlink_to(tmp_path / "other")
    with pytest.raises(Unusable, match="cannot be locked"):
        Lock.take(str(tmp_path), "site.events")
    assert not (tmp_path / "other").exists()


def test_a_second_run_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "echo $$ > pid; while test ! -e enough; do sleep 0.05; done")
    first = evdsl(tmp_path)
    pid_in(tmp_path / "pid")
    code, output = ended(evdsl(tmp_path))
    assert code == 4
    assert "EV616" in output
    assert f"process {first.pid}" in output
    (tmp_path / "enough").touch()
    assert ended(first)[0] == 0
    assert ended(evdsl(tmp_path))[0] == 0


def test_many_runs_at_once(tmp_path: Path) -> None:
    """Exactly one runs; the others say 4. All of them are started before the first could have ended."""
    write(tmp_path, "echo x >> effects; while test ! -e enough; do sleep 0.05; done")
    runs = [evdsl(tmp_path) for _ in range(8)]
    codes = []
    while len(codes) < 7:
        codes += [ended(run)[0] for run in runs if run.poll() is not None]
        runs = [run for run in runs if run.returncode is None]
        time.sleep(0.02)
    (tmp_path / "enough").touch()
    assert (codes, ended(runs[0])[0]) == ([4] * 7, 0)
    assert (tmp_path / "effects").read_text() == "x\n"


def test_what_a_killed_run_left_holds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the watchdog has ended it; here the watchdog is killed first."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # nobody is left to remove its folder
    write(tmp_path, "echo $$ > pid; sleep 60; :")
    first = evdsl(tmp_path)
    child = pid_in(tmp_path / "pid")
    watchdogs = [pid for pid, _ in holders(str(tmp_path / ".evdsl" / NAME))]
    assert child in watchdogs
    for pid in watchdogs:
        if os.getsid(pid) == pid:
            os.kill(pid, signal.SIGKILL)
    first.kill()
    first.communicate()
    code, output = ended(evdsl(tmp_path))
    assert code == 4
    assert "was killed, and what it started still runs: " in output
    assert f"{child} (`sh`)" in output
    os.killpg(child, signal.SIGKILL)
    assert gone(child)
    write(tmp_path, "true")
    assert ended(evdsl(tmp_path))[0] == 0


def test_after_the_watchdog_the_next_run_begins(tmp_path: Path) -> None:
    """Also where a service of an action that had ended goes on: it is not what the lock is about."""
    (tmp_path / "a.events").write_text(
        "resource a { run: sh 'sleep 60 >/dev/null 2>&1 & echo $! > service' }\n"
        "resource b { run: sh 'if test ! -e pid; then echo $$ > pid; sleep 60; fi' }\n"
        "on a.run changed b.run\n"
    )
    first = evdsl(tmp_path)
    child, service = pid_in(tmp_path / "pid"), pid_in(tmp_path / "service")
    first.kill()
    first.communicate()
    try:
        code, output = ended(evdsl(tmp_path))  # at once: it waits for the watchdog
        assert gone(child)
        assert code == 0, output
        os.kill(service, 0)
    finally:
        os.kill(service, signal.SIGKILL)
        os.kill(pid_in(tmp_path / "service"), signal.SIGKILL)


def test_a_service_does_not_hold_it_after_a_run(tmp_path: Path) -> None:
    write(tmp_path, "sleep 60 >/dev/null 2>&1 & echo $! > service")
    assert ended(evdsl(tmp_path))[0] == 0
    service = pid_in(tmp_path / "service")
    (tmp_path / "service").unlink()
    assert ended(evdsl(tmp_path))[0] == 0
    for pid in (service, pid_in(tmp_path / "service")):
        os.kill(pid, signal.SIGKILL)


def test_it_can_be_closed(tmp_path: Path) -> None:
    with Lock.take(str(tmp_path), "x") as lock:
        executor = LocalExecutor(2, lock=lock.file)
        try:
            said, _ = results(
                executor,
                sh("sleep 60 >/dev/null 2>&1 & echo $!", 0),
                sh(f"sleep 60 >/dev/null 2>&1 {NUMBER}>&- & echo $!", 1),
            )
            having, closed = (int(said[step].output.text) for step in (0, 1))
            found = [pid for pid, _ in holders(str(tmp_path / NAME))]
            assert having in found
            assert closed not in found
        finally:
            executor.close()
        os.kill(having, signal.SIGKILL)
        os.kill(closed, signal.SIGKILL)
