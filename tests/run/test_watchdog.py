"""Nothing of a run is alive after evdsl was killed; and the watchdog is never in the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from evdsl.run.local import LocalExecutor
from evdsl.run.watchdog import WIDE, Watchdog

from .jobs import finish, results, sh
from .test_local import gone, pid_in

SHELLS = [shell for shell in ("/bin/dash", "/bin/bash", "/bin/busybox") if os.access(shell, os.X_OK)]


def runner(folder: Path, *jobs: str, places: int = 4, workers: bool = False) -> subprocess.Popen[bytes]:
    """A process that runs shell texts in a session of its own, as `evdsl run` does."""
    script = f"""if True:
        import sys
        sys.path[:0] = sys.argv[1:3]
        from run.jobs import results, sh
        from evdsl.run.local import LocalExecutor
        executor = LocalExecutor({places}, shell_workers={workers})
        print(executor._folder, executor._watchdog._pid, flush=True)
        results(executor, *[sh(text, i, {str(folder)!r}) for i, text in enumerate(sys.argv[3:])])
        executor.close()
    """
    paths = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]
    return subprocess.Popen(
        [sys.executable, "-c", script, *paths, *jobs], stdout=subprocess.PIPE, start_new_session=True
    )


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    made: list[subprocess.Popen[bytes]] = []
    yield made
    for process in made:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def told(process: subprocess.Popen[bytes]) -> tuple[str, int]:
    assert process.stdout is not None
    folder, pid = process.stdout.readline().decode().split()
    return folder, int(pid)


@pytest.mark.parametrize("workers", [False, True])
def test_a_killed_run_leaves_nothing(
    started: list[subprocess.Popen[bytes]], tmp_path: Path, workers: bool
) -> None:
    pid = "sh -c 'echo $PPID' > "  # not by `$$`: a shell worker would not take it
    texts = (
        f"({pid}grand; sleep 60; :) & {pid}child; wait",
        f"{pid}plain; exec sleep 60",
        f"trap '' TERM; {pid}stubborn; while :; do sleep 0.1; done",
        "setsid sh -c 'sh -c \"echo \\$PPID\" > left; sleep 60; :' & sleep 60",
    )
    run = runner(tmp_path, *texts, workers=workers)
    started.append(run)
    folder, watchdog = told(run)
    pids = [pid_in(tmp_path / name) for name in ("grand", "child", "plain", "stubborn", "left")]
    run.kill()
    run.wait()
    assert [gone(pid) for pid in pids] == [True] * 5
    assert gone(watchdog)
    assert not os.path.exists(folder)


def test_what_an_action_left_behind_on_purpose_goes_on(
    started: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    run = runner(
        tmp_path, "sleep 60 >/dev/null 2>&1 & echo $! > service", "sleep 0.3; echo $$ > other; sleep 60"
    )
    started.append(run)
    watchdog = told(run)[1]
    service = pid_in(tmp_path / "service")
    other = pid_in(tmp_path / "other")
    run.kill()
    assert gone(other)
    assert gone(watchdog)
    os.kill(service, signal.SIGKILL)


@pytest.mark.parametrize("seed", range(6))
def test_killed_at_any_moment(started: list[subprocess.Popen[bytes]], tmp_path: Path, seed: int) -> None:
    """Also in the moment between the start of a process and the note of its group."""
    mark = f"evdsl-test-{os.getpid()}-{seed}"
    run = runner(tmp_path, *[f"sleep 0.0{i % 3}; sleep 30; : {mark}" for i in range(60)], places=60)
    started.append(run)
    folder, watchdog = told(run)
    time.sleep(0.01 * seed)
    run.kill()
    run.wait()
    assert gone(watchdog)
    assert [line for line in commands() if mark in line] == []
    assert not os.path.exists(folder)


def test_killed_where_it_makes_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The watchdog is there first."""
    script = """if True:
        import os, signal, sys
        sys.path.insert(0, sys.argv[1])
        from evdsl.run import folders, local
        made = folders.shared_folder
        def killed(beside):
            made(beside)
            print(executor._watchdog._pid, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        local.shared_folder = killed
        executor = local.LocalExecutor(2)
        from evdsl.drivers.job import Job
        executor._events(Job(0, "a.run#0", "a", "run", 0, "sh", ("true",), {"sudo": "daemon"}))
    """
    root = str(Path(__file__).parents[2])
    run = subprocess.run(
        [sys.executable, "-c", script, root],
        env={**os.environ, "TMPDIR": str(tmp_path)}, stdout=subprocess.PIPE, timeout=60,
    )  # fmt: skip
    assert run.returncode == -signal.SIGKILL
    assert gone(int(run.stdout))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("where", ["before", "after"])
def test_killed_as_it_ends(tmp_path: Path, where: str) -> None:
    """Until the folder is gone the watchdog has not been sent away."""
    script = """if True:
        import os, signal, sys
        sys.path.insert(0, sys.argv[1])
        from evdsl.run import local
        remove = local.remove_folder
        def killed(path):
            if sys.argv[2] == "after":
                remove(path)
            os.kill(os.getpid(), signal.SIGKILL)
        local.remove_folder = killed
        executor = local.LocalExecutor(2)
        print(executor._watchdog._pid, flush=True)
        executor.close()
    """
    root = str(Path(__file__).parents[2])
    run = subprocess.run(
        [sys.executable, "-c", script, root, where],
        env={**os.environ, "TMPDIR": str(tmp_path)}, stdout=subprocess.PIPE, timeout=60,
    )  # fmt: skip
    assert run.returncode == -signal.SIGKILL
    assert gone(int(run.stdout))
    assert list(tmp_path.iterdir()) == []


def commands() -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return found


def test_ctrl_c_on_the_terminal_does_not_reach_it(
    started: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    run = runner(tmp_path, "echo $$ > child; exec sleep 60")
    started.append(run)
    watchdog = told(run)[1]
    child = pid_in(tmp_path / "child")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        os.kill(watchdog, number)
    assert os.getsid(watchdog) == watchdog
    os.killpg(run.pid, signal.SIGKILL)
    assert gone(child)
    assert gone(watchdog)


def test_a_normal_end(tmp_path: Path) -> None:
    executor = LocalExecutor(2)
    watchdog = executor._watchdog._pid
    said, _ = results(executor, sh("sleep 30 >/dev/null 2>&1 & echo $! > pid", 0, tmp_path))
    executor.close()
    assert said[0].event == "changed"
    assert gone(watchdog)
    with pytest.raises(ChildProcessError):
        os.waitpid(watchdog, os.WNOHANG)
    os.kill(pid_in(tmp_path / "pid"), signal.SIGKILL)


def test_a_watchdog_that_is_gone_or_stopped(tmp_path: Path) -> None:
    for number in (signal.SIGKILL, signal.SIGSTOP):
        executor = LocalExecutor(2)
        watchdog = executor._watchdog._pid
        os.kill(watchdog, number)
        assert results(executor, sh("true"))[0][0].event == "changed"
        begin = time.monotonic()
        executor.close()
        assert time.monotonic() - begin < 3
        if number == signal.SIGSTOP:
            os.kill(watchdog, signal.SIGKILL)
            os.waitpid(watchdog, 0)


def test_the_table(tmp_path: Path) -> None:
    watchdog = Watchdog(str(tmp_path))
    try:
        lines = [watchdog.expect(f"{i}.1") for i in range(200)]
        assert len(set(lines)) == 200
        for i, line in enumerate(lines):
            watchdog.started(line, f"{i}.1", 1000 + i)
        text = os.pread(watchdog._file, 10**6, 0)
        assert {len(line) for line in text.splitlines()} == {WIDE - 1}
        assert sorted(int(line.split()[1]) for line in text.splitlines() if line.strip()) == [
            *range(1000, 1200)
        ]
        for line in lines:
            watchdog.forget(line)
        assert not os.pread(watchdog._file, 10**6, 0).strip()
    finally:
        watchdog.close()


@pytest.mark.parametrize("shell", SHELLS)
def test_with_each_shell(tmp_path: Path, shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spawn = os.posix_spawn
    monkeypatch.setattr(os, "posix_spawn", lambda path, *args, **more: spawn(shell, *args, **more))
    folder = tmp_path / "of events"
    folder.mkdir()
    (tmp_path / "of events.shared" / "x").mkdir(parents=True)
    watchdog = Watchdog(str(folder))
    monkeypatch.undo()
    child = subprocess.Popen(["sleep", "60"], process_group=0)
    stubborn = subprocess.Popen(
        ["sh", "-c", "trap '' TERM; : > there; while :; do sleep 1; done"], process_group=0, cwd=tmp_path
    )
    while not (tmp_path / "there").exists():
        time.sleep(0.01)
    (tmp_path / "there").unlink()
    stray = subprocess.Popen(
        ["sleep", "60"], process_group=0, env={**os.environ, "EVDSL_EVENT": f"{folder}/7.1"}
    )
    watchdog.started(watchdog.expect("6.1"), "6.1", child.pid)
    watchdog.started(
        watchdog.expect("5.1"), "5.1", stubborn.pid
    )  # and nothing in its environment tells of it
    watchdog.expect("7.1")
    os.close(watchdog._pipe)
    assert child.wait(10) == stray.wait(10) == -signal.SIGTERM
    assert stubborn.wait(20) == -signal.SIGKILL
    os.waitpid(watchdog._pid, 0)
    assert list(tmp_path.iterdir()) == []
    os.close(watchdog._file)


def test_many_at_once(tmp_path: Path) -> None:
    executor = LocalExecutor(100)
    try:
        executor.start([sh("sleep 0.1", step) for step in range(100)])
        said, _ = finish(executor, 100)
        assert {s.event for s in said.values()} == {"changed"}
    finally:
        executor.close()
