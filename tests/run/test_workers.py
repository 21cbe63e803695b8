"""Shell workers: what runs in one does as it would in a shell of its own, and nothing gets from one to the next."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from evdsl.drivers.outcome import Outcome
from evdsl.run import workers
from evdsl.run.executor import Done
from evdsl.run.local import LocalExecutor
from evdsl.run.lock import Lock, holders

from .jobs import exec_, finish, outcome, results, sh
from .test_local import gone, pid_in

SHELLS = [shell for shell in ("/bin/dash", "/bin/bash") if os.access(shell, os.X_OK)]


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(workers, "SHELL", request.param)
    return str(request.param)


@pytest.fixture
def one(shell: str) -> Iterator[LocalExecutor]:
    """With one place, so that all is run by the same worker as long as it lives."""
    made = LocalExecutor(1, shell_workers=True)
    yield made
    made.close()


def said(executor: LocalExecutor, text: str, **more: object) -> Outcome:
    return results(executor, sh(text, **more))[0][0]  # type: ignore[arg-type]


def started(executor: LocalExecutor) -> int:
    assert executor._processes.workers is not None
    return executor._processes.workers._count


@pytest.mark.parametrize(
    "text",
    [
        "",
        "true",
        "exit 3",
        "false",
        "(exit 4)",
        "exit 200",
        "set -e; false; echo not here",
        "set -u; echo $not_there; echo not here",
        "trap 'echo bye' EXIT; exit 4",
        "trap 'echo caught; exit 5' TERM; sh -c 'kill -TERM $PPID'; sleep 1",
        "sh -c 'kill -KILL $PPID'; sleep 5",
        "sh -c 'kill -TERM $PPID'; sleep 5",
        "exec sh -c 'exit 6'",
        "exec 3>&1; echo three >&3",
        "exec >&- 2>&-; exit 7",
        "exec </dev/null; cat; echo end",
        "cat; echo at the end of nothing; read x; echo $?",
        "return 3",
        "break; continue; echo on",
        "while :; do break; done; echo on",
        "no-such-program",
        "/dev/null",
        'echo "$0 $# $@"',
        'echo "$?"',
        "cat <<E\none 'two' \"three\" $((1 + 1))\n E\nE\necho on",
        "cat <<'E'\n$x `y` \\z\nE\n",
        "# a comment",
        "echo a # b",
        "echo a; # b\n\n\n  echo c\n",
        "echo 'it''s' \"a\\\"b\" $(echo c) `echo d`",
        "f() { echo in f $1; return 9; }; f x; exit $?",
        "echo a\\\nb",
        "echo out; echo err >&2; echo out",
        "printf 'no newline'",
        "case x in x) echo ) ;; esac",
        "echo é ü ∀ '\t'",
        "{ echo group; }; (echo subshell)",
        "cd /; pwd; cd -",
        'echo "$OLDPWD|$PWD"',
        "umask 027; umask",
        "ulimit -n 50; ulimit -n",
        "sleep 0 & wait; echo waited",
        "yes | head -n 2",
        "head -c 200000 /dev/zero | tr '\\0' x",
        "test -t 0; echo $?; test -t 1; echo $?",
        "echo $-x | tr -d 'a-zA-Z'",
        "env | grep -c '^_='; env | sort | grep -v '^_=\\|EVDSL\\|^SHLVL'",
        "readlink /proc/self/fd/0; ls /proc/self/fd | grep -vx 8 | wc -l",
        "grep Sig[IB] /proc/self/status",
        "ps -o pgid= $PPID | wc -l",
    ],
)
def test_as_in_a_shell_of_its_own(one: LocalExecutor, text: str, shell: str, tmp_path: Path) -> None:
    if shell.endswith("bash") and "set -u" in text:
        pytest.skip("bash itself ends with 127 where it has a `-c`, and with 1 in a subshell")
    own = outcome(exec_(shell, "-c", text, folder=tmp_path)) if text else Outcome("changed")
    if shell.endswith("bash"):  # `sh` is what it is called by then
        (tmp_path / "sh").symlink_to(shell)
        own = outcome(exec_(str(tmp_path / "sh"), "-c", text, folder=tmp_path)) if text else own
    for _ in range(2):
        here = said(one, text, folder=tmp_path)
        assert here.event == own.event
        if own.event == "changed":
            name = str(tmp_path / "sh") if shell.endswith("bash") else shell
            assert here.output.text == own.output.text.replace(name, "/bin/sh")
        if "exit" in own.reason and "return" not in text:
            assert here.reason.split(" (")[0] == own.reason.split(" (")[0]
    assert started(one) == 1


@pytest.mark.parametrize(
    "text",
    ["echo 'unclosed", 'echo "', "(", ")", "}", "if", "$(", "`", "case", "fi", "&&", "cat <<E\nno end"],
)
def test_a_text_that_is_no_command(one: LocalExecutor, text: str) -> None:
    end = said(one, text)
    assert end.event == "changed" if "<<" in text else end.event == "failed", end
    assert said(one, "echo on").output.text == "on\n"
    assert started(one) == 1


def test_nothing_gets_to_the_next(one: LocalExecutor, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    before = said(one, "set; pwd; umask; trap; alias; ulimit -a", folder=tmp_path).output.text
    for text in (
        "cd in; x=1; export y=2 EVDSL_RUN=9; readonly z=3; umask 077; f() { :; }; echo() { :; }",
        "trap 'echo no' EXIT INT TERM; set -e; set -u; set -f; set -x; set -- a b c",
        "alias true=false ls=no; ulimit -n 40; IFS=x; PATH=/nowhere; unset HOME; PS1=no; OPTIND=5",
        "exec 3>/dev/null 4>&1 8>&- 1>&- 2>&-",
        "exec sh -c 'exit 4'",
        "set -o noexec",
        "LC_ALL=C; LANG=no; exit 250",
        "hash -r; readonly PATH HOME PWD IFS",
    ):
        said(one, text, folder=tmp_path)
    after = said(one, "set; pwd; umask; trap; alias; ulimit -a", folder=tmp_path).output.text

    def steady(text: str) -> list[str]:
        own = ("EVDSL_EVENT=", "_=", "RANDOM", "SECONDS", "LINENO", "BASH", "EPOCH", "SRANDOM", "PIPESTATUS")
        return [line for line in text.splitlines() if not line.startswith(own)]

    assert steady(after) == steady(before)
    assert started(one) == 1


def test_environment(one: LocalExecutor, tmp_path: Path) -> None:
    odd = "".join(map(chr, range(1, 0x250))) + "'\"$`\\\n 'x'"
    environment = {"A": odd, "B": "", "EVDSL_CAUSE": '[{"from": "a"}]'}
    text = 'printf "%s|%s|%s" "$A" "$B" "$EVDSL_CAUSE"'
    assert (
        said(one, text, folder=tmp_path, environment=environment).output.text == f'{odd}||[{{"from": "a"}}]'
    )
    assert said(one, 'echo "${A-none}"').output.text == "none\n"
    assert said(one, "env | grep ^A=", environment={"A": "x"}).output.text == "A=x\n"
    assert said(one, "echo $PATH", env={"PATH": "/nowhere"}).output.text == "/nowhere\n"
    assert started(one) == 1


@pytest.mark.parametrize("name", ["a.b", "A-B", "IFS", "UID", "BASH_ENV", "1A", "é"])
def test_a_variable_that_a_worker_cannot_have(one: LocalExecutor, name: str) -> None:
    end = said(one, "env | grep -c ^EVDSL_EVENT=", env={name: "1"})
    assert (end.event, end.output.text) == ("changed", "1\n")
    assert started(one) == 0


def test_every_byte(one: LocalExecutor) -> None:
    every = bytes(range(1, 256)).replace(b"'", b"").replace(b"\n", b"")
    text = "printf %s '" + os.fsdecode(every) + "'"
    end = said(one, text)
    assert end.output.head == every, (end, started(one))
    assert said(one, "echo a\0b").event == "error"


def test_a_long_text_and_much_output(one: LocalExecutor) -> None:
    end = said(one, "x=" + "y" * 150_000 + "; echo ${#x}")
    assert end.output.text == "150000\n"
    end = said(one, "head -c 30000000 /dev/zero; echo end")
    assert end.output.tail.endswith(b"\0end\n")
    assert end.output.dropped == 30_000_004 - 2 * 65536
    assert started(one) == 1
    assert said(one, ": " + "y" * 300_000).event == "error", "too long for any process"


def test_folder(one: LocalExecutor, tmp_path: Path) -> None:
    odd = tmp_path / 'it\'s "odd"\n$x'
    odd.mkdir()
    (tmp_path / "link").symlink_to(odd)
    assert said(one, 'pwd; echo "$PWD"', folder=odd).output.text == f"{odd}\n{odd}\n"
    assert (
        said(one, 'echo "$PWD"; pwd -P', folder=tmp_path / "link").output.text == f"{tmp_path}/link\n{odd}\n"
    )
    end = said(one, "pwd", folder=tmp_path / "nowhere")
    assert end.event == "error"
    assert "No such file or directory" in end.reason
    odd.rmdir()
    odd.mkdir()
    (odd / "new").touch()
    assert said(one, "ls", folder=odd).output.text == "new\n"


def test_event_file_guards_and_tries(one: LocalExecutor, tmp_path: Path) -> None:
    end = said(one, 'echo ok >"$EVDSL_EVENT"; echo data.x=1 >>"$EVDSL_EVENT"')
    assert (end.event, end.data) == ("ok", {"x": "1"})
    assert said(one, "touch ran", folder=tmp_path, unless="test -e here || touch here; true").event == "ok"
    assert not (tmp_path / "ran").exists()
    done, again = results(one, sh("echo x >>n; test $(wc -l <n) = 3", 0, tmp_path, retry=3, delay=0.01))
    assert (done[0].event, len(again)) == ("changed", 2)


# ends


def test_a_timeout(one: LocalExecutor, tmp_path: Path) -> None:
    text = "sh -c 'echo $PPID >sub; sleep 60 & echo $! >grand; wait' & wait"
    end = said(one, text, folder=tmp_path, timeout=0.5)
    assert end.event == "error"
    assert end.reason.startswith("timed out after 0.5 s")
    assert end.seconds < 3
    assert gone(pid_in(tmp_path / "sub"))
    assert gone(pid_in(tmp_path / "grand"))
    assert said(one, "echo on").output.text == "on\n"
    assert started(one) == 2


def test_a_timeout_leaves_time_to_clean_up(one: LocalExecutor, tmp_path: Path) -> None:
    text = "trap 'sleep 0.3; touch cleaned; exit' TERM; while :; do sleep 0.05; done"
    assert said(one, text, folder=tmp_path, timeout=0.5).event == "error"
    assert (tmp_path / "cleaned").exists()


def test_what_does_not_heed_term(shell: str, tmp_path: Path) -> None:
    text = "trap '' TERM; sh -c 'echo $PPID >sub'; while :; do sleep 0.1; done"
    end = outcome(sh(text, folder=tmp_path, timeout=0.5), grace=0.4, shell_workers=True)
    assert end.event == "error"
    assert gone(pid_in(tmp_path / "sub"))


def test_interrupts(shell: str, tmp_path: Path) -> None:
    executor = LocalExecutor(2, shell_workers=True)
    try:
        executor.start([sh(f"sh -c 'echo $PPID >{i}'; sleep 60", i, tmp_path) for i in (0, 1)])
        pids = [pid_in(tmp_path / str(i)) for i in (0, 1)]
        executor.interrupt(1)
        executor.interrupt(2)
        done, _ = finish(executor, 2)
        assert [done[i].reason.split(" (")[0] for i in (0, 1)] == ["interrupted"] * 2
        assert all(gone(pid) for pid in pids)
    finally:
        executor.close()


def test_a_worker_that_is_killed(one: LocalExecutor, tmp_path: Path) -> None:
    """By its action: that one is an error, whatever `exits` says. While idle: nobody notices."""
    end = said(one, "sh -c 'kill -KILL $(cut -d\" \" -f4 /proc/$PPID/stat)'; sleep 9", exits={137: "ok"})
    assert end.event == "error"
    assert end.reason.startswith("its shell worker was killed by SIGKILL")
    assert end.seconds < 5
    assert said(one, "echo on").output.text == "on\n"
    assert one._processes.workers is not None
    (idle,) = one._processes.workers._idle
    os.kill(idle.pid, signal.SIGKILL)
    assert gone(idle.pid)
    assert said(one, "echo on").output.text == "on\n"
    assert started(one) == 3


def test_kill_0(one: LocalExecutor) -> None:
    assert said(one, "kill -TERM 0; sleep 5").event == "error"
    assert said(one, "echo on").output.text == "on\n"


def test_the_number_of_the_shell(one: LocalExecutor, tmp_path: Path) -> None:
    """A text that asks for it gets a shell of its own."""
    assert said(one, "echo $$ >pid; kill -TERM $$", folder=tmp_path).reason.startswith("exit 143")
    assert started(one) == 0


def test_what_is_left_behind_goes_on(one: LocalExecutor, tmp_path: Path) -> None:
    texts = {
        "plain": "sleep 60 & echo $! >plain",
        "quiet": "sleep 60 >/dev/null 2>&1 & echo $! >quiet",
        "loop": "(while :; do sleep 1; done) >/dev/null 2>&1 & echo $! >loop",
        "grand": "sh -c 'sleep 60 >/dev/null 2>&1 & echo $! >grand'",
        "nohup": "nohup sleep 60 >/dev/null 2>&1 & echo $! >nohup",
    }
    for text in texts.values():
        assert said(one, text, folder=tmp_path).event == "changed"
    assert said(one, "sleep 60", timeout=0.1).event == "error"
    for name in texts:
        pid = pid_in(tmp_path / name)
        os.kill(pid, 0)
        assert Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        os.killpg(os.getpgid(pid), signal.SIGKILL)


def test_output_of_what_is_left_behind_gets_to_no_other(one: LocalExecutor, tmp_path: Path) -> None:
    text = "(for i in 1 2 3 4 5 6 7 8 9; do sleep 0.05; echo stray; done) & echo mine"
    first = said(one, text)
    assert first.output.text.startswith("mine\n")
    for _ in range(6):
        assert said(one, "echo own; sleep 0.05").output.text == "own\n"


def test_closed_at_the_end(shell: str, tmp_path: Path) -> None:
    executor = LocalExecutor(4, shell_workers=True)
    folder = executor._folder
    results(executor, *[sh("true", i) for i in range(4)])
    executor.start([sh("sh -c 'echo $PPID >sub'; sleep 60", 9, tmp_path)])
    sub = pid_in(tmp_path / "sub")
    assert executor._processes.workers is not None
    pids = [worker.pid for worker in executor._processes.workers._idle]
    before = len(os.listdir("/proc/self/fd"))
    executor.close()
    assert gone(sub)
    for pid in pids:
        with pytest.raises(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
    assert not os.path.exists(folder)
    assert len(os.listdir("/proc/self/fd")) < before - 12


def test_many_in_turn_on_few(shell: str, tmp_path: Path) -> None:
    executor = LocalExecutor(3, shell_workers=True)
    jobs = [sh(f"echo {i}; echo x >>effects; exit {i % 3}", i, tmp_path) for i in range(150)]
    done: dict[int, Outcome] = {}
    try:
        while len(done) < 150:
            executor.start([jobs.pop() for _ in range(min(executor.free, len(jobs)))])
            for notice in executor.wait(10):
                assert isinstance(notice, Done)
                done[notice.step] = notice.outcome
    finally:
        executor.close()
    assert [done[i].output.text for i in range(150)] == [f"{i}\n" for i in range(150)]
    assert [done[i].event for i in range(6)] == ["changed", "failed", "failed"] * 2
    assert (tmp_path / "effects").read_text() == "x\n" * 150
    assert started(executor) == 3


def test_it_holds_the_lock(shell: str, tmp_path: Path) -> None:
    with Lock.take(str(tmp_path), "x") as lock:
        executor = LocalExecutor(1, lock=lock.file, shell_workers=True)
        try:
            executor.start([sh("sh -c 'echo $PPID >sub'; sleep 60; :", 0, tmp_path)])
            sub = pid_in(tmp_path / "sub")
            assert sub in [pid for pid, _ in holders(str(tmp_path / "lock"))]
        finally:
            executor.close()
    assert gone(sub)


def test_it_is_faster() -> None:
    """Twice, on a builtin: generously, for a machine that is busy."""
    spent = {}
    for used in (True, False):
        executor = LocalExecutor(2, shell_workers=used)
        try:
            best = 9.0
            for _ in range(3):
                begin = time.monotonic()
                for step in range(60):
                    results(executor, sh("true", step))
                best = min(best, time.monotonic() - begin)
            spent[used] = best
        finally:
            executor.close()
    assert spent[True] * 1.3 < spent[False]
