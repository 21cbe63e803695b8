"""What a compiled script does beside the order of things: options, interrupts, crashes, files, secrets, odd bytes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from emit.runs import SHELLS, Script, compiled, needed
from evdsl.api import load_file

pytestmark = pytest.mark.real
EVERY = pytest.mark.parametrize("shell", SHELLS)


def script(folder: Path, text: str, shell: str = "dash", name: str = "p.events", **settings: str) -> Script:
    """The script of a program, in the folder where the program is."""
    (folder / name).write_text(text, "utf-8")
    here = Path.cwd()
    os.chdir(folder)
    try:
        made = load_file(name, settings)
        plan, found = made.try_plan()
        assert plan is not None, (made.diagnostics, found)
        return Script(folder, compiled(plan, allow=["sudo", "redirects"]), shell)
    finally:
        os.chdir(here)


def waited(condition: object, seconds: float = 30.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.02)
    return False


def alive(mark: str) -> list[str]:
    """The processes that have a mark in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                if (
                    mark.encode() in (entry / "environ").read_bytes()
                    and b") Z" not in (entry / "stat").read_bytes()
                ):
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
    return found


@EVERY
def test_every_byte(shell: str, tmp_path: Path) -> None:
    """What is copied may hold any byte, and so may a text: both come out as they went in."""
    content = bytes(range(256)) * 2
    (tmp_path / "all").write_bytes(content)
    (tmp_path / "text").write_bytes(bytes(range(1, 256)) + b"\n\n'it''s' $x `y` \\ \\n\n")
    odd = "".join(chr(n) for n in range(0x20, 0x250) if chr(n).isprintable() and chr(n) not in "'\\")
    made = script(
        tmp_path,
        'resource a { run: copy "all" "all.out"; reload: copy "text" "text.out" }\n'
        f"resource b {{ run: exec ['sh', '-c', 'printf %s \"$1\" >odd', '-', '''{odd} -- \\''']; v = '{odd}' }}\n"
        'resource c { v = "it\'s"; run: sh \'printf %s "$v" >v; printf %s {{v}} >>v\' }\n'
        'resource d { v = "it\'s $(echo no) `no` \\""; run: sh "printf %s {{v}} >d" }\n'
        "on a.run created a.reload\n",
        shell,
    )
    trace, code, output = made.run()
    assert code == 0, output
    assert (trace["a.run#0"], trace["a.reload#0"]) == ("created", "created")
    assert (tmp_path / "all.out").read_bytes() == content
    assert (tmp_path / "text.out").read_bytes() == (tmp_path / "text").read_bytes()
    assert (tmp_path / "odd").read_text("utf-8") == odd + " -- \\"
    assert (tmp_path / "v").read_text() == "it's{{v}}"
    assert (tmp_path / "d").read_text() == "it's $(echo no) `no` \""
    trace, code, output = made.run()
    assert (trace["a.run#0"], trace["a.reload#0"]) == ("ok", "idle"), output


@EVERY
def test_under_e_and_u(shell: str, tmp_path: Path) -> None:
    made = script(
        tmp_path, "resource a { run: sh 'exit 3'; page: sh 'true' }\non a.run failed a.page\n", shell
    )
    done = subprocess.run([*SHELLS[shell], "-eu", str(made.path), "--trace", "t"], cwd=tmp_path, timeout=60)
    assert done.returncode == 1
    assert (tmp_path / "t").read_text() == "a.run#0 failed\na.page#0 changed\n"


@EVERY
def test_an_action_sees_what_it_sees_live(shell: str, tmp_path: Path) -> None:
    text = (
        'param zone = "eu-1"\nresource a { run: sh "true" }\n'
        'resource b { port = 5432; names = ["x y", 2]; UID = "7"; ifs-like = "k"; IFS = "x"\n'
        '  run: sh "env | sort >seen; pwd >>seen; umask >>seen" [env = {EXTRA = "it\'s"}, cwd = "sub"] }\n'
        "on a.run changed b.run\n"
    )
    (tmp_path / "sub").mkdir()
    made = script(tmp_path, text, shell)
    made.run(env={"LANG": "C.UTF-8", "step": "mine", "name": "theirs"})
    compiled_sees = (tmp_path / "sub" / "seen").read_text().splitlines()
    env = {**os.environ, "LANG": "C.UTF-8", "step": "mine", "name": "theirs"}
    import sys

    subprocess.run([sys.executable, "-m", "evdsl", "run", "p.events"], cwd=tmp_path, env=env, check=True)
    live_sees = (tmp_path / "sub" / "seen").read_text().splitlines()
    passing = (
        "EVDSL_EVENT=",
        "_=",
        "SHLVL=",
        "OLDPWD=",
        "TMPDIR=",
        "A__z=",
        "PWD=",
        "HISTORY",
        "TMOUT",
        "RANDOM=",
        "_AST_FEATURES=",
    )

    def kept(lines: list[str]) -> list[str]:
        return [line for line in lines if not line.startswith(passing)]

    assert kept(compiled_sees) == kept(live_sees)
    assert (
        'EVDSL_CAUSE=[{"from": "a.run", "event": "changed", "file": "p.events", "line": 5}]' in compiled_sees
    )


@EVERY
@pytest.mark.parametrize("times", [1, 2, 3])
def test_interrupted(shell: str, times: int, tmp_path: Path) -> None:
    """1: what runs may end, nothing more is started. 2: it is asked to end. 3: it is ended. No process is left."""
    stubborn = "trap '' TERM; " if times == 3 else ""
    nap = "sleep 1" if times == 1 else "sleep 300; sleep 300"
    made = script(
        tmp_path,
        f"resource a {{ run: sh '''{stubborn}: >began; {nap}''' ; x: sh 'true' }}\n"
        "resource b { run: sh 'sleep 300' [timeout = 200s]; x: sh 'true' }\n".replace(
            "sleep 300' [", "true' [" if times == 1 else "sleep 300' ["
        )
        + "on a.run changed a.x\non b.run changed b.x\n",
        shell,
    )
    mark = f"EVDSL_TEST_MARK={tmp_path}"
    env = {**os.environ, "EVDSL_TEST_MARK": str(tmp_path)}
    with subprocess.Popen(
        [*SHELLS[shell], str(made.path), "-j4"], cwd=tmp_path, env=env, stderr=-2, stdout=-1
    ) as run:
        assert waited(lambda: (tmp_path / "began").exists())
        time.sleep(0.3)
        for _ in range(times):
            run.send_signal(signal.SIGINT)
            time.sleep(0.5)
        output, _ = run.communicate(timeout=60)
    assert run.returncode == 130, output
    assert waited(lambda: not alive(mark), 10), alive(mark)
    if times == 1:
        assert "a.run:cnr:a.x" in (tmp_path / "p.sh.state" / "debts").read_text()


@EVERY
def test_a_timeout_ends_all_of_it(shell: str, tmp_path: Path) -> None:
    made = script(
        tmp_path,
        "resource a { run: sh 'sleep 300 & sleep 300' [timeout = 300ms, exits = {143 = ok}]; page: sh 'true' }\n"
        "on a.run error a.page\n",
        shell,
    )
    trace, code, output = made.run(env={"EVDSL_TEST_MARK": str(tmp_path)})
    assert trace == {"a.run#0": "error", "a.page#0": "changed"}, output
    assert code == 3
    assert waited(lambda: not alive(f"EVDSL_TEST_MARK={tmp_path}"), 10)


CRASH = (
    "resource a { run: sh 'true'; late: sh 'if [ -e go ]; then echo ok >\"$EVDSL_EVENT\"; else : >began; sleep 300; fi'; "
    "last: sh 'echo x >>lasts' }\non a.run changed a.late\non a.late changed a.last\n"
)


def crashed(folder: Path, shell: str) -> Script:
    """A script of which all processes were killed while the second of its actions was in flight."""
    made = script(folder, CRASH, shell)
    env = {**os.environ, "EVDSL_TEST_MARK": str(folder), "TMPDIR": str(folder)}
    with subprocess.Popen([*SHELLS[shell], str(made.path)], cwd=folder, env=env, stdout=-3) as run:
        assert waited(lambda: (folder / "began").exists())
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and int(entry.name) != run.pid:
                try:
                    if f"EVDSL_TEST_MARK={folder}".encode() in (entry / "environ").read_bytes():
                        os.kill(int(entry.name), signal.SIGKILL)
                except OSError:
                    continue
        run.kill()
    (folder / "go").touch()
    return made


@EVERY
def test_after_a_crash_nothing_is_lost(shell: str, tmp_path: Path) -> None:
    """The next run does what was in flight, though nothing sets it off now, and its `ok` counts as changed."""
    made = crashed(tmp_path, shell)
    (tmp_path / "p.sh").write_text(
        (tmp_path / "p.sh").read_text().replace("sh_ 'true'", "sh_ 'echo ok >\"$EVDSL_EVENT\"'")
    )
    trace, code, output = made.run()
    assert trace == {"a.run#0": "ok", "a.late#0": "changed", "a.last#0": "changed"}, output
    assert code == 0
    trace, code, output = made.run()
    assert trace == {"a.run#0": "ok", "a.late#0": "idle", "a.last#0": "idle"}, output


@EVERY
def test_resume(shell: str, tmp_path: Path) -> None:
    """What had ended is not done again; what was in flight is, and its `ok` counts as changed."""
    made = crashed(tmp_path, shell)
    trace, code, output = made.run("--resume")
    assert trace == {"a.run#0": "changed", "a.late#0": "changed", "a.last#0": "changed"}, output
    assert (tmp_path / "lasts").read_text() == "x\n"
    trace, code, output = made.run("--resume")
    assert (trace, code) == ({}, 2), "nothing is there to go on with"


def test_one_run_at_a_time(tmp_path: Path) -> None:
    made = script(tmp_path, "resource a { run: sh ': >began; sleep 2' }\n")
    with subprocess.Popen(["dash", str(made.path)], stdout=-3) as run:
        assert waited(lambda: (tmp_path / "began").exists())
        _, code, output = made.run()
        assert (code, "is under way" in output) == (4, True)
        run.wait()
    assert made.run()[1] == 0


@EVERY
def test_one_run_at_a_time_though_the_first_process_was_killed(shell: str, tmp_path: Path) -> None:
    """What it has started goes on and writes what it leaves; a second run beside it would be lost in that."""
    made = script(
        tmp_path, "resource a { run: sh 'echo x >>began; while [ ! -e go ]; do sleep 0.05; done' }\n", shell
    )
    with subprocess.Popen([*SHELLS[shell], str(made.path)], stdout=-3) as run:
        assert waited(lambda: (tmp_path / "began").exists())
        run.kill()
    _, code, output = made.run()
    (tmp_path / "go").touch()
    assert (code, "is under way" in output) == (4, True), output
    assert waited(lambda: made.run()[1] == 0)
    assert (tmp_path / "began").read_text() == "x\nx\n"


@EVERY
def test_dry_run_writes_nothing(shell: str, tmp_path: Path) -> None:
    (tmp_path / "s").write_text("new")
    (tmp_path / "same").write_text("new")
    made = script(
        tmp_path,
        "resource a { run: sh ': >done'; copy: copy 's' 'same'; x: copy 's' 'd' }\n"
        "on a.run changed a.copy, a.x\non a.copy changed a.run#1\n",
        shell,
    )
    before = sorted(p.name for p in tmp_path.iterdir())
    output = made.run("--dry-run")[2]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*before, "trace"])
    assert "would run" in output
    assert (tmp_path / "trace").read_text().splitlines()[:1] == ["a.run#0 changed"]
    assert "a.copy#0 ok" in (tmp_path / "trace").read_text()


def test_list_and_help(tmp_path: Path) -> None:
    made = script(tmp_path, "resource a {\n  run: sh 'true' # no\n}\n")
    assert made.run("--list")[2] == "a.run  p.events:2  run: sh 'true'\n"
    assert "--resume" in made.run("--help")[2]
    assert made.run("--nonsense")[1] == 2


def test_limit_leaves_a_debt(tmp_path: Path) -> None:
    made = script(
        tmp_path,
        "resource a { run: sh 'true'; x.y: sh 'true' }\n".replace("x.y", "x") + "on a.run changed a.x\n",
    )
    assert made.run("--limit", "a")[:2] == ({"a.run#0": "changed", "a.x#0": "skipped"}, 4)
    assert made.run("--limit", "*.x")[0] == {"a.run#0": "skipped", "a.x#0": "changed"}
    assert made.run("--limit", "none")[1] == 2


def test_secrets(tmp_path: Path) -> None:
    """The value is never in the script, not in logs, and a missing one is told before anything starts."""
    text = "secret token\nresource a { run: sh 'echo $T; : >ran' [env = {T = token}] }\n"
    made = script(tmp_path, text, token="hunter2hunter2")
    assert b"hunter2" not in made.path.read_bytes()
    _, code, output = made.run()
    assert (code, (tmp_path / "ran").exists()) == (2, False)
    assert "EVDSL_SET_token" in output
    assert made.run(env={"EVDSL_SET_token": "hunter2hunter2"})[1] == 0
    everything = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert b"***" in everything
    assert b"hunter2" not in everything


@EVERY
def test_what_is_told_holds_no_secret_and_nothing_that_drives_a_terminal(shell: str, tmp_path: Path) -> None:
    text = (
        "secret token\n"
        'resource a { run: sh \'echo "$T" >"$EVDSL_EVENT"\' [env = {T = token}]; '
        """x: sh 'printf "\\033[2Jx" >"$EVDSL_EVENT"' }\n"""
        "on a.run error a.x\n"
    )
    made = script(tmp_path, text, shell, token="hunter2hunter2")
    trace, _, output = made.run(env={"EVDSL_SET_token": "hunter2hunter2"})
    assert set(trace.values()) == {"error"}, output
    assert "the event file says ***, which" in output
    assert "the event file says [2Jx, which" in output
    assert "hunter2" not in output
    assert "\x1b" not in output


def test_confirm(tmp_path: Path) -> None:
    made = script(tmp_path, "resource a { run: sh ': >ran' [confirm = \"Really?\"] }\n")
    _, code, output = made.run()
    assert (code, (tmp_path / "ran").exists()) == (4, False)
    assert "Really?" in output
    assert made.run("--yes")[1] == 0


def test_state_that_cannot_be(tmp_path: Path) -> None:
    made = script(tmp_path, "resource a { run: sh ': >ran' }\n")
    (tmp_path / "file").touch()
    _, code, output = made.run("--state", str(tmp_path / "file" / "x"))
    assert (code, (tmp_path / "ran").exists()) == (2, False), output


@EVERY
def test_values_and_sinks(shell: str, tmp_path: Path) -> None:
    made = script(
        tmp_path,
        "resource a { run: sh '[ ! -e v ] || cat v >\"$EVDSL_EVENT\"'; ip = 'x' }\n"
        "resource b { run: sh 'true'; ip = 5 }\nresource s\n"
        'resource c { run: sh """printf "%s|" {{ips}} >got; printf "%s\\\\n" "$ips" >>got""" }\n'
        "connect a s { ip -> ips; no events }\nconnect b s { ip -> ips; no events }\nconnect s c { ips -> ips; no events }\n"
        "s.run after a.run, b.run\nc.run after s.run\non s.run changed c.run\n",
        shell,
    )
    assert made.run()[0]["s.run#0"] == "changed"
    assert (tmp_path / "got").read_text() == 'x|5|["x", 5]\n'
    assert made.run()[0] == {"a.run#0": "changed", "b.run#0": "changed", "s.run#0": "ok", "c.run#0": "idle"}
    value = 'it\'s "q" \\ \t é {'
    (tmp_path / "v").write_text(f"data.ip={value}\n", "utf-8")
    assert made.run()[0]["s.run#0"] == "changed"
    said = (tmp_path / "got").read_text("utf-8")
    assert said == f"{value}|5|{json.dumps([value, 5], ensure_ascii=False)}\n"
    (tmp_path / "v").unlink()
    assert made.run()[0]["s.run#0"] == "ok", "the value last reported holds"


@EVERY
def test_a_value_is_a_word_whatever_stands_beside_it(shell: str, tmp_path: Path) -> None:
    """No assignment, and no word of the shell's grammar together with its neighbour."""
    made = script(
        tmp_path,
        'resource a { run: sh """printf "data.x=f\\ndata.y=v=1\\n" >"$EVDSL_EVENT" """; z = "f" }\n'
        'resource d { run: sh "i{{x}} true; then true; fi"; other: sh "i{{z}} true; then true; fi" }\n'
        'resource e { run: sh "{{y}}" }\n'
        "connect a d { x -> x; z -> z; no events }\nconnect a e { y -> y; no events }\n"
        "d.run, e.run after a.run\non d.run done d.other\n",
        shell,
    )
    outcomes = made.run()[0]
    assert outcomes.pop("a.run#0") == "changed"
    assert set(outcomes) == {"d.run#0", "d.other#0", "e.run#0"}
    assert set(outcomes.values()) <= {"failed", "error"}


@pytest.fixture
def server() -> Iterator[str]:
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path != "/none" else 404)
            self.end_headers()
            self.wfile.write(b"all is well")

        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            same = (self.rfile.read(size), self.headers["Content-Type"], self.headers["X-Key"])
            self.send_response(200 if same == (b'{"a": "it\'s"}', "application/json", "k\"'") else 500)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answers) as found:
        Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()


def test_http(tmp_path: Path, server: str) -> None:
    needed("curl")
    made = script(
        tmp_path,
        f"resource a {{ run: http.get '{server}/x' [expect = [200, 'well']]; w: http.get '{server}/none'\n"
        f"  x: http.get '{server}/x' [expect = 'ill']; y: http.get 'http://127.0.0.1:1/'\n"
        f"  z: http.post '{server}/p' [body = {{a = \"it's\"}}, headers = {{X-Key = 'k\"''k'}}] }}\n".replace(
            "'k\"''k'", '"k\\"\'"'
        )
        + "on a.run ok a.w, a.x, a.y, a.z\n",
    )
    trace, _, output = made.run()
    words = ["ok", "failed", "failed", "error", "changed"]
    assert trace == dict(zip(["a.run#0", "a.w#0", "a.x#0", "a.y#0", "a.z#0"], words, strict=True)), output


HOSTS = """
host gate = "192.0.2.1" [user = "ops", key = "~/k"]
host web1 = "192.0.2.11" [user = "deploy", port = 2222, key = "keys/deploy", jump = "gate", parallel = 4]
resource e @web1 { run: sh "true" [sudo = true, changes = "f", creates = "g"]; x: systemd.stop "x"; y: copy "s" "d" }
resource f { run: systemd.start "x" }
on e.run changed e.x, e.y
"""


@EVERY
def test_a_unit_is_asked_for_before_it_is_started(shell: str, tmp_path: Path) -> None:
    (tmp_path / "systemctl").write_text(
        '#!/bin/sh\necho "$@" >>calls\ncase $1 in is-active) [ -e on ]; exit $((3 * $?)) ;; esac\n'
        'case $* in *bad*) echo "Job failed: bad"; exit 1 ;; *) : >on ;; esac\n'
    )
    (tmp_path / "systemctl").chmod(0o755)
    text = (
        "resource a { run: systemd.start 'it''s'; x: systemd.restart 'bad' }\non a.run success a.x\n".replace(
            "''", "-"
        )
    )
    made = script(tmp_path, text, shell)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    trace, _, output = made.run(env=env)
    assert trace == {"a.run#0": "changed", "a.x#0": "failed"}, output
    assert "a.x  Job failed: bad\n" in output
    assert (tmp_path / "calls").read_text().splitlines() == [
        "is-active -- it-s",
        "--no-ask-password start -- it-s",
        "--no-ask-password restart -- bad",
    ]
    assert made.run(env=env)[0] == {"a.run#0": "ok", "a.x#0": "failed"}


@pytest.mark.parametrize("hosts", ["", HOSTS])
def test_shellcheck(hosts: str, tmp_path: Path) -> None:
    """Of a script in which every part of the runtime is."""
    (tmp_path / "s").write_text("it's\n")
    made = script(
        tmp_path,
        "secret key\nresource a { run: sh 'true' [timeout = 1s, retry = 1, confirm = true, env = {K = key}]; v = \"it's $x\" }\n"
        "resource b { run: copy 's' 'd'; x: http.post 'http://x/' [expect = 'y']; y: exec ['a', \"{{v}}\"] [changes = ['d']] }\n"
        "connect a b { v -> v }\non b.run changed b.x, b.y\non b.y changed b.run#1\non all a.run, b.run done b.y\n"
        + hosts,
    )
    done = subprocess.run([needed("shellcheck"), str(made.path)], capture_output=True, text=True)
    assert done.stdout == ""
    assert done.returncode == 0
