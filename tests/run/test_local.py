"""The executor with real processes: what an action says, guards, tries, time, output, and the ends of it."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from evdsl.base.redact import Redactor
from evdsl.drivers.job import Here
from evdsl.run import local
from evdsl.run.local import LocalExecutor

from .jobs import exec_, finish, outcome, results, sh


@pytest.fixture
def executor() -> Iterator[LocalExecutor]:
    made = LocalExecutor(4)
    yield made
    made.close()


def gone(pid: int) -> bool:
    """Whether a process has ended, soon. One that nobody has taken the exit code of counts as ended."""
    for _ in range(500):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def pid_in(file: Path) -> int:
    for _ in range(250):
        if file.exists() and file.read_text().strip():
            return int(file.read_text())
        time.sleep(0.02)
    raise AssertionError(f"{file} was never written")


# what an action says


@pytest.mark.parametrize(
    ("text", "options", "event", "reason"),
    [
        ("true", {}, "changed", ""),
        ("exit 0", {"exits": {0: "ok"}}, "ok", ""),
        ("exit 2", {"exits": {0: "ok", 2: "changed"}}, "changed", "exit 2"),
        ("exit 2", {"exits": {"0": "ok", "2": "changed"}}, "changed", "exit 2"),
        ("exit 3", {}, "failed", "exit 3"),
        ("exit 126", {}, "error", "exit 126, cannot be executed (`exit 126` on localhost)"),
        ("no-such-program", {}, "error", "exit 127, command not found (`no-such-program` on localhost)"),
        ("kill -KILL $$", {}, "error", "exit 137, killed by SIGKILL (`kill -KILL $$` on localhost)"),
        ("kill -TERM $$", {"exits": {143: "ok"}}, "ok", "exit 143"),
        ("exit 129", {}, "error", "exit 129, killed by SIGHUP (`exit 129` on localhost)"),
        ("exit 193", {}, "failed", "exit 193"),
        ("exit 255", {}, "failed", "exit 255"),
        ('echo ok > "$EVDSL_EVENT"', {}, "ok", ""),
        ('echo created > "$EVDSL_EVENT"', {}, "created", ""),
        ('echo error > "$EVDSL_EVENT"; exit 5', {}, "error", None),
        ('echo ok > "$EVDSL_EVENT"; exit 5', {}, "failed", "exit 5"),
        ('echo fine > "$EVDSL_EVENT"', {}, "error", None),
        ("yes | head -1", {}, "changed", ""),
        ("true\nfalse", {}, "failed", "exit 1"),
        ("a\0b", {}, "error", None),
        ("x" * 200_000, {}, "error", None),
    ],
)
def test_says(
    executor: LocalExecutor, text: str, options: dict[str, object], event: str, reason: str | None
) -> None:
    said = results(executor, sh(text, **options))[0][0]
    assert said.event == event
    assert reason is None or said.reason == reason
    assert said.seconds < 20


def test_reported_values(executor: LocalExecutor) -> None:
    text = 'echo "data.port=8080" > "$EVDSL_EVENT"; echo "data.url=http://x/?a=b" >> "$EVDSL_EVENT"'
    said = results(executor, sh(text))[0][0]
    assert (said.event, said.data) == ("changed", {"port": "8080", "url": "http://x/?a=b"})


def test_exec(executor: LocalExecutor, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\necho ran $1\n")
    script.chmod(0o755)
    plain = tmp_path / "plain"
    plain.write_text("x")
    jobs = [
        exec_("echo", "a b", "$HOME", 'c"d', step=0),
        exec_("no-such-program", step=1),
        exec_(str(script), "x", step=2),
        exec_("./script", "y", step=3, folder=tmp_path),
        exec_(str(plain), step=4),
        exec_("sh", "-c", "exit 4", step=5),
        exec_(step=6),
        exec_("script", step=7, env={"PATH": str(tmp_path)}),
        exec_("script", step=8, folder="/", cwd=str(tmp_path), env={"PATH": "."}),
    ]
    said, _ = results(executor, *jobs)
    assert said[0].output.text == 'a b $HOME c"d\n'
    assert (
        said[1].reason
        == "cannot be started: no such program: no-such-program (`no-such-program` on localhost)"
    )
    assert said[2].output.text == "ran x\n"
    assert said[3].output.text == "ran y\n"
    assert said[4].event == "error"
    assert "Permission denied" in said[4].reason
    assert (said[5].event, said[5].reason) == ("failed", "exit 4")
    assert said[6].reason == "`exec` takes a list that begins with a program (on localhost)"
    assert said[7].event == said[8].event == "changed", (said[7], said[8])


def test_environment_and_folder(executor: LocalExecutor, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    before = os.getcwd()
    show = 'pwd; echo "$PWD $A $B"; ls -d "$(dirname "$EVDSL_EVENT")"; cat'
    said, _ = results(
        executor,
        sh(show, 0, tmp_path, {"A": "1", "B": "1"}, env={"B": "2"}),
        sh(show, 1, tmp_path, cwd="in"),
        sh(show, 2, tmp_path, cwd="/"),
        sh(show, 3, tmp_path, cwd="nowhere"),
    )
    assert said[0].output.text.split("\n")[:2] == [str(tmp_path), f"{tmp_path} 1 2"]
    assert said[1].output.text.split("\n")[0] == str(tmp_path / "in")
    assert said[2].output.text.split("\n")[0] == "/"
    assert said[3].event == "error"
    assert f"No such file or directory: {tmp_path}/nowhere" in said[3].reason
    assert os.getcwd() == before
    folder = said[0].output.text.split("\n")[2]
    assert os.stat(folder).st_mode & 0o777 == 0o700
    executor.start([])
    assert os.listdir(folder) == []


def test_the_folder_of_events_is_removed() -> None:
    executor = LocalExecutor(1)
    said, _ = results(executor, sh('dirname "$EVDSL_EVENT"; mkdir "$EVDSL_EVENT"'))
    assert said[0].event == "error"
    executor.close()
    assert not os.path.exists(said[0].output.text.split("\n")[0])


def test_from_another_thread(tmp_path: Path) -> None:
    """There the process's own folder is not touched."""
    said = []

    def work() -> None:
        said.append(outcome(sh("pwd; exit 3", folder=tmp_path)))
        said.append(outcome(exec_("no-such-program", folder=tmp_path)))
        said.append(outcome(sh("pwd", folder=tmp_path / "nowhere")))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert (said[0].event, said[0].output.text) == ("failed", f"{tmp_path}\n")
    assert [s.event for s in said] == ["failed", "error", "error"]


def test_signals_are_as_of_a_shell(executor: LocalExecutor) -> None:
    """What Python ignores for itself, SIGPIPE first, is not ignored by what it starts."""
    said, _ = results(executor, sh("grep Sig[IB] /proc/self/status; kill -s PIPE $$"))
    masks = [int(line.split()[1], 16) for line in said[0].output.text.splitlines()]
    ignored_by_python = 1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1
    assert [mask & ignored_by_python for mask in masks] == [0, 0]
    assert said[0].reason.startswith("exit 141, killed by SIGPIPE")


def test_children_inherit_no_descriptor_of_ours(executor: LocalExecutor) -> None:
    show = "ls -l /proc/self/fd | sed -n 's/.* -> //p' | sort"
    before = {
        os.readlink(f"/proc/self/fd/{fd}")
        for fd in os.listdir("/proc/self/fd")
        if os.path.exists(f"/proc/self/fd/{fd}")
    }
    said, _ = results(executor, sh("sleep 0.3", 1), sh("sleep 0.3", 2), sh(show, 0))
    seen = [line for line in said[0].output.text.splitlines() if not line.startswith("/proc/")]
    pipes = [line for line in seen if line.startswith("pipe:") and line not in before]
    assert len(pipes) <= 2, "its own output, and that of the pipeline in it"
    assert not [line for line in seen if line.startswith("anon_inode")]


# guards


@pytest.mark.parametrize(
    ("options", "event"),
    [
        ({"unless": "true"}, "ok"),
        ({"unless": "false"}, "changed"),
        ({"unless": "no-such-program"}, "changed"),
        ({"onlyif": "true"}, "changed"),
        ({"onlyif": "exit 7"}, "ok"),
        ({"creates": "there"}, "ok"),
        ({"creates": "missing"}, "changed"),
        ({"creates": "there", "unless": "touch asked"}, "ok"),
        ({"unless": "false", "onlyif": "false"}, "ok"),
        ({"unless": "false", "onlyif": "true"}, "changed"),
        ({"unless": 'echo ok > "$EVDSL_EVENT"; false'}, "changed"),
        ({"unless": "sleep 60", "timeout": 0.1}, "error"),
    ],
)
def test_guards(executor: LocalExecutor, tmp_path: Path, options: dict[str, object], event: str) -> None:
    (tmp_path / "there").touch()
    said, _ = results(executor, sh("touch ran", folder=tmp_path, **options))
    assert said[0].event == event
    assert (tmp_path / "ran").exists() == (event == "changed")
    assert not (tmp_path / "asked").exists()
    if event != "changed":
        assert said[0].reason


def test_a_guard_is_asked_once(executor: LocalExecutor, tmp_path: Path) -> None:
    """Else a failed try that made the file would make the next one `ok`."""
    said, again = results(
        executor, sh("touch made; false", folder=tmp_path, creates="made", retry=1, delay=0.01)
    )
    assert (said[0].event, len(again)) == ("failed", 1)


# changes


@pytest.mark.parametrize(
    ("text", "paths", "event"),
    [
        ("true", "file", "ok"),
        ("echo new > file", "file", "changed"),
        ("echo old > file", ["file"], "ok"),
        ("touch -d 2001-01-01 file", ["file"], "ok"),
        ("echo x > missing", ["file", "missing"], "changed"),
        ("rm file", ["file"], "changed"),
        (": > missing", ["missing"], "changed"),
        ("true", ["missing"], "ok"),
        ("echo new > file", [], "ok"),
        ("echo new > file; exit 1", ["file"], "failed"),
        ('echo ok > "$EVDSL_EVENT"; echo new > file', ["file"], "ok"),
        ("echo new > link", ["link"], "changed"),
        ("rm file; mkdir file", ["file"], "error"),
    ],
)
def test_changes(executor: LocalExecutor, tmp_path: Path, text: str, paths: object, event: str) -> None:
    (tmp_path / "file").write_text("old\n")
    (tmp_path / "link").symlink_to("file")
    assert results(executor, sh(text, folder=tmp_path, changes=paths))[0][0].event == event


def test_changes_over_all_tries(executor: LocalExecutor, tmp_path: Path) -> None:
    text = "test -e file || { echo new > file; exit 1; }"
    said, again = results(executor, sh(text, folder=tmp_path, changes="file", retry=1, delay=0.01))
    assert (said[0].event, len(again)) == ("changed", 1)


def test_changes_of_a_folder(executor: LocalExecutor, tmp_path: Path) -> None:
    said, _ = results(executor, sh("touch ran", folder=tmp_path, changes=["."]))
    assert said[0].event == "error"
    assert said[0].reason == "`changes` names `.`, which is a folder; name the files in it"
    assert not (tmp_path / "ran").exists()


# tries and time


def test_tries(executor: LocalExecutor, tmp_path: Path) -> None:
    text = "echo x >> tries; test $(wc -l < tries) -ge 3"
    said, again = results(executor, sh(text, folder=tmp_path, retry=5, delay=0.03))
    assert said[0].event == "changed"
    assert [(a.number, a.outcome.event, a.pause) for a in again] == [(1, "failed", 0.03), (2, "failed", 0.06)]
    assert said[0].seconds >= 0.09


def test_only_the_last_try_counts(executor: LocalExecutor, tmp_path: Path) -> None:
    text = 'echo x >> tries; n=$(wc -l < tries); echo "data.n$n=$n" > "$EVDSL_EVENT"; echo $n; test $n -lt 0'
    said, again = results(executor, sh(text, folder=tmp_path, retry=2, delay=0.01))
    assert (said[0].event, said[0].data) == ("failed", {"n3": "3"})
    assert said[0].output.text.strip() == "3"
    assert [a.outcome.output.text.strip() for a in again] == ["1", "2"]


def test_a_pause_keeps_no_place() -> None:
    executor = LocalExecutor(1)
    try:
        executor.start([sh("false", 0, retry=1, delay=30)])
        assert executor.wait(10)[0].step == 0
        assert executor.free == 1
        executor.start([sh("true", 1)])
        assert executor.wait(10)[0].step == 1
    finally:
        executor.close()


def test_a_timeout_ends_the_whole_group(executor: LocalExecutor, tmp_path: Path) -> None:
    text = "sh -c 'echo $$ > grand; exec sleep 60' & echo $$ > child; sleep 60"
    said, _ = results(executor, sh(text, folder=tmp_path, timeout=0.5))
    assert said[0].event == "error"
    assert said[0].reason.startswith("timed out after 0.5 s (`sh -c 'echo $$ > grand")
    assert said[0].seconds < 4
    assert gone(pid_in(tmp_path / "child"))
    assert gone(pid_in(tmp_path / "grand"))


def test_what_does_not_heed_term_is_killed(tmp_path: Path) -> None:
    text = "sh -c 'trap \"\" TERM; echo $$ > grand; while :; do sleep 0.1; done' & echo $$ > child; wait"
    said = outcome(sh(text, folder=tmp_path, timeout=0.5), grace=0.4)
    assert said.event == "error"
    assert 0.8 < said.seconds < 10
    assert gone(pid_in(tmp_path / "grand"))


def test_a_timeout_leaves_time_to_clean_up(executor: LocalExecutor, tmp_path: Path) -> None:
    text = "sh -c 'trap \"sleep 0.3; touch cleaned; exit\" TERM; echo $$ > grand; while :; do sleep 0.05; done' & wait"
    said, _ = results(executor, sh(text, folder=tmp_path, timeout=0.5))
    assert said[0].event == "error"
    assert (tmp_path / "cleaned").exists()


def test_a_timeout_is_for_each_try(executor: LocalExecutor) -> None:
    said, again = results(executor, sh("sleep 60", timeout=0.1, retry=1, delay=0.01))
    assert (said[0].event, len(again)) == ("error", 1)


# output


def test_a_flood_of_output(executor: LocalExecutor) -> None:
    import resource

    said, _ = results(executor, sh("echo begin; head -c 1000000 /dev/zero; echo end"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    said, _ = results(executor, sh("echo begin; head -c 1000000000 /dev/zero; echo end"))
    kept = said[0].output
    assert kept.head.startswith(b"begin\n\0")
    assert kept.tail.endswith(b"\0end\n")
    assert len(kept.head) == len(kept.tail) == 65536
    assert kept.dropped == 1_000_000_010 - 2 * 65536
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8_000


def test_both_streams_in_order(executor: LocalExecutor) -> None:
    said, _ = results(executor, sh("echo a; echo b >&2; echo c"))
    assert said[0].output.text == "a\nb\nc\n"


def test_secrets_are_hidden_before_they_are_kept() -> None:
    text = "printf 'a hunt'; sleep 0.1; echo 'er2 b'; head -c 65521 /dev/zero; printf hunter2; head -c 200000 /dev/zero; printf hunt"
    said = outcome(sh(text), redactor=Redactor(["hunter2"]))
    assert said.output.head.startswith(b"a *** b\n\0")
    assert said.output.head.endswith(b"\0***\0\0\0\0")
    assert said.output.tail.endswith(b"\0hunt")
    assert b"hunter" not in said.output.head


def test_all_output_of_a_short_process(executor: LocalExecutor) -> None:
    said, _ = results(executor, *[sh("head -c 60000 /dev/zero", step) for step in range(20)])
    assert {len(s.output.head) for s in said.values()} == {60000}


def test_a_background_child_that_holds_the_pipe(executor: LocalExecutor, tmp_path: Path) -> None:
    said, _ = results(executor, sh("sleep 30 & echo $! > pid; echo hi", folder=tmp_path))
    assert (said[0].event, said[0].output.text) == ("changed", "hi\n")
    assert said[0].seconds < 5
    pid = pid_in(tmp_path / "pid")
    assert Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z", "it goes on"
    os.kill(pid, 9)


def test_a_background_child_that_floods(executor: LocalExecutor, tmp_path: Path) -> None:
    said, _ = results(executor, sh("yes & echo $! > pid; echo hi", folder=tmp_path))
    assert said[0].event == "changed"
    assert said[0].seconds < 10
    assert gone(pid_in(tmp_path / "pid")), "it has lost its reader"


# running short


def test_running_out_of_descriptors(tmp_path: Path) -> None:
    """Held back and tried again; no job is lost, none becomes an error while others end."""
    script = """if True:
        import resource, sys
        resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))
        sys.path[:0] = sys.argv[1:]
        from run.jobs import results, sh
        from evdsl.run.local import LocalExecutor
        executor = LocalExecutor(40)
        said, _ = results(executor, *[sh("sleep 0.05", step) for step in range(40)])
        executor.close()
        print({s.event for s in said.values()})
    """
    paths = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]
    ran = subprocess.run([sys.executable, "-c", script, *paths], capture_output=True, text=True, timeout=60)
    assert (ran.stdout, ran.stderr) == ("{'changed'}\n", "")


def test_no_descriptor_ever(executor: LocalExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    """An `error`, after it was tried for a while."""
    tried = []

    def none(*arguments: object, **more: object) -> int:
        tried.append(time.monotonic())
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(local, "_HOLDS", 4)
    monkeypatch.setattr(os, "posix_spawn", none)
    said, _ = results(executor, sh("true"))
    assert (said[0].event, said[0].reason) == (
        "error",
        "cannot be started: Too many open files (`true` on localhost)",
    )
    assert len(tried) == 5
    assert tried[-1] - tried[0] > 0.01 + 0.02 + 0.04 + 0.08 - 0.01
    monkeypatch.undo()
    assert results(executor, sh("true", 1))[0][1].event == "changed"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user who has no other process")
def test_running_out_of_processes() -> None:
    script = """if True:
        import os, resource, sys
        sys.path[:0] = sys.argv[1:3]
        from run.jobs import outcome, results, sh
        from evdsl.run.local import LocalExecutor
        outcome(sh("true"))  # imports what is imported late
        os.environ["TMPDIR"] = sys.argv[3]
        os.setgid(54321)
        os.setuid(54321)
        resource.setrlimit(resource.RLIMIT_NPROC, (4, 4))
        executor = LocalExecutor(12)
        said, _ = results(executor, *[sh("exec sleep 0.05", step, sys.argv[3]) for step in range(12)])
        executor.close()
        print({s.event for s in said.values()} or said)
    """
    paths = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o777)
        argv = [sys.executable, "-c", script, *paths, folder]
        ran = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert (ran.stdout, ran.stderr) == ("{'changed'}\n", "")


def test_descriptors_are_given_back(executor: LocalExecutor) -> None:
    results(executor, sh("true"))
    before = len(os.listdir("/proc/self/fd"))
    results(executor, *[sh("sleep 3 & exit 1" if n % 7 == 0 else "true", n) for n in range(1, 30)])
    results(executor, exec_("no-such-program"), sh("true", 1, folder="/nowhere"))
    assert len(os.listdir("/proc/self/fd")) == before


def test_without_pidfd(monkeypatch: pytest.MonkeyPatch, executor: LocalExecutor) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    said, _ = results(
        executor, sh("exit 3"), sh("sleep 60", 1, timeout=0.1), sh("exec >&- 2>&-; sleep 0.2", 2)
    )
    assert [said[n].event for n in range(3)] == ["failed", "error", "changed"]


# the ends of it


def test_interrupts(tmp_path: Path) -> None:
    executor = LocalExecutor(4, grace=30)
    try:
        obstinate = "trap '' TERM; echo $$ > pid; while :; do sleep 0.05; done"
        executor.start([
            sh("sleep 0.4", 0),
            sh("false", 1, retry=3, delay=60),
            sh("sleep 60", 2),
            sh(obstinate, 3, tmp_path),
        ])  # fmt: skip
        assert executor.wait(10)[0].step == 1
        pid = pid_in(tmp_path / "pid")
        executor.interrupt(1)
        said, again = finish(executor, 2)
        assert (said[0].event, said[1].event) == ("changed", "failed")
        assert not again, "no further try"
        executor.interrupt(2)
        said, _ = finish(executor, 1)
        assert (said[2].event, said[2].reason) == ("error", "interrupted (`sleep 60` on localhost)")
        executor.interrupt(3)
        said, _ = finish(executor, 1)
        assert said[3].event == "error"
        assert gone(pid)
    finally:
        executor.close()


def test_the_second_interrupt_kills_after_the_grace(tmp_path: Path) -> None:
    executor = LocalExecutor(4, grace=0.3)
    try:
        executor.start([sh("trap '' TERM; echo $$ > pid; while :; do sleep 0.05; done", 0, tmp_path)])
        pid_in(tmp_path / "pid")
        executor.interrupt(2)
        assert finish(executor, 1)[0][0].event == "error"
    finally:
        executor.close()


def test_close_ends_what_runs(tmp_path: Path) -> None:
    executor = LocalExecutor(4)
    executor.start([sh("sh -c 'echo $$ > grand; exec sleep 60' & echo $$ > pid; wait", 0, tmp_path)])
    pids = [pid_in(tmp_path / "pid"), pid_in(tmp_path / "grand")]
    executor.close()
    assert all(gone(pid) for pid in pids)


def test_wake(executor: LocalExecutor) -> None:
    executor.start([sh("sleep 60")])
    threading.Timer(0.1, executor.wake).start()
    begin = time.monotonic()
    assert executor.wait(20) == []
    assert time.monotonic() - begin < 10


def test_a_limit_of_the_place(tmp_path: Path) -> None:
    """What is begun too early waits; other places go on; a retry waits for room too, and its pause takes none."""
    one, two = Here("one", parallel=1), Here("two", parallel=2)
    count = "n=$(ls | grep -c %s. || :); touch %s.$$; test $n -lt %s; sleep 0.05; rm %s.$$"
    jobs = [
        sh(f"set -e; {count % ('one', 'one', 1, 'one')}", step, tmp_path)._replace(place=one)
        for step in range(4)
    ]
    jobs += [
        sh(f"set -e; {count % ('two', 'two', 2, 'two')}", step, tmp_path)._replace(place=two)
        for step in range(4, 9)
    ]
    jobs.append(sh("false", 9, tmp_path, retry=2, delay=0.02)._replace(place=one))
    jobs.append(sh("true", 10, tmp_path))
    executor = LocalExecutor(16)
    try:
        assert [executor.room(place) for place in (one, two, Here())] == [1, 2, 16]
        executor.start(jobs)
        assert [executor.room(place) for place in (one, two, Here())] == [0, 0, 12]
        said, again = finish(executor, len(jobs))
        assert {step: s.event for step, s in said.items()} == {
            **dict.fromkeys(range(9), "changed"), 9: "failed", 10: "changed",
        }  # fmt: skip
        assert [notice.number for notice in again] == [1, 2]
        assert [executor.room(place) for place in (one, two, Here())] == [1, 2, 16]

        executor.start([job._replace(step=20 + job.step) for job in jobs[:3]])
        executor.interrupt(1)
        said, _ = finish(executor, 3)
        assert [said[step].event for step in (20, 21, 22)] == ["changed", "error", "error"]
    finally:
        executor.close()


def test_places(executor: LocalExecutor, tmp_path: Path) -> None:
    assert executor.free == 4
    executor.start([sh("sleep 60", 0), sh("sleep 60", 1, unless="false")])
    assert executor.free == 2
