"""The option `sudo`, with the real one: who runs what, what gets through, and what is refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from evdsl.drivers.driver import Command, Ended, Try, Unfit
from evdsl.drivers.output import Kept
from evdsl.drivers.sudo import as_user, heard, user_of
from evdsl.drivers.worker import verdict

from .jobs import brief, job, said

REAL = shutil.which("sudo") is not None and os.geteuid() == 0
if not REAL and os.environ.get("EVDSL_REAL") == "1":
    raise RuntimeError("these tests want sudo, and to be run by root")
real = pytest.mark.real
needs_sudo = pytest.mark.skipif(not REAL, reason="no sudo here, or not run by root")


def python_for(user: str) -> str:
    """A Python that this user may run."""
    for path in (sys.executable, "/usr/bin/python3"):
        if (
            subprocess.run(["sudo", "-n", "-u", user, "--", path, "-c", ""], capture_output=True).returncode
            == 0
        ):
            return path
    pytest.skip(f"no Python that {user} may run")


@pytest.fixture
def open_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that other users may enter and write to."""
    path = Path("/tmp") / f"evdsl-test-{os.getpid()}"
    path.mkdir()
    path.chmod(0o777)
    yield path
    shutil.rmtree(path)


# what needs no sudo


def test_who() -> None:
    assert user_of(job("sh", "true")) == ""
    assert user_of(job("sh", "true", sudo=False)) == ""
    assert user_of(job("sh", "true", sudo="no-one-here")) == "no-one-here"
    us = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    assert user_of(job("sh", "true", sudo=us)) == "", "that is us"
    assert user_of(job("sh", "true", sudo=True)) == ("" if os.geteuid() == 0 else "root")


@pytest.mark.parametrize("value", ["plain", "", "a b", "'", "'\"$(x)`y`\\", "two\nlines\n", "\n", "ü\udcff", "$n", "a;b&c"])  # fmt: skip
def test_values_get_through(tmp_path: Path, value: str) -> None:
    """The shell behind sudo, run without it."""
    command = Command(
        ("/bin/sh", "-c", 'printf %s "$A"; cat'),
        str(tmp_path),
        (Try(job("sh", "x"), 1, str(tmp_path / "event")),),
        {"EVDSL_EVENT": str(tmp_path / "event"), "A": value},
        b"given\nmore",
    )
    made = as_user(command, "www")
    assert made.argv[:5] == ("sudo", "-n", "-u", "www", "--")
    assert not made.env
    done = subprocess.run(made.argv[5:], input=made.stdin, capture_output=True, check=True)
    assert done.stdout == os.fsencode(value) + b"given\nmore"
    assert heard(made, Ended(0), "www") == Ended(0)


def test_a_refusal_is_no_verdict(tmp_path: Path) -> None:
    event = str(tmp_path / "event")
    command = Command(("true",), "/", (Try(job("sh", "x"), 1, event),), {"EVDSL_EVENT": event})
    as_user(command, "www")
    said = Kept(b"a warning\nsudo: a password is required\n")
    assert heard(command, Ended(1, "", said), "www") == Ended(None, "sudo refused: a warning; a password is required", said)  # fmt: skip
    assert Path(event).read_bytes() == b"", "an event file says nothing then"
    as_user(command, "www")
    assert heard(command, Ended(1), "www").problem == "sudo refused: exit 1"
    as_user(command, "www")
    assert heard(command, Ended(126), "www").problem == f"`www` cannot write to the event file {event}"
    as_user(command, "www")
    assert heard(command, Ended(None, "timed out"), "www").problem == "timed out"


def test_names_that_the_shell_does_not_know(tmp_path: Path) -> None:
    event = str(tmp_path / "event")
    command = Command(("true",), "/", (Try(job("sh", "x"), 1, event),), {"A;rm": "x"})
    with pytest.raises(Unfit, match="cannot be the name of a variable"):
        as_user(command, "www")


def test_what_the_worker_says() -> None:
    assert verdict(Ended(21)).known == "created"
    assert verdict(Ended(0)).known == "ok"
    assert verdict(Ended(11, "", Kept(b"diff\nno such user\n"))).reason == "no such user"
    assert verdict(Ended(12, "", Kept(b"disk full\n"))) == (None, "disk full", "", "")
    assert verdict(Ended(1)) == (1, "", "", ""), "Python itself failed"


def test_sudo_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    one = said("sh", "id -un", sudo="no-one-here")
    assert brief(one) == ("error", "cannot be started: no such program: sudo (`id -un` on localhost)")


def test_a_request_is_sent_by_us() -> None:
    """There is nothing to gain from sending it as somebody else."""
    one = said("http.get", "http://127.0.0.1:1/", sudo="no-one-here")
    assert "Connection refused" in one.reason


# with the real one


@real
@needs_sudo
def test_who_runs() -> None:
    assert said("sh", "id -un", sudo="nobody").output.text == "nobody\n"
    assert said("exec", ["id", "-un"], sudo="nobody").output.text == "nobody\n"
    assert said("sh", "id -un", sudo=True).output.text == "root\n"


@real
@needs_sudo
def test_the_rules_of_section_9() -> None:
    assert brief(said("sh", "exit 3", sudo="nobody")) == ("failed", "exit 3")
    assert said("sh", "exit 1", sudo="nobody", exits={"1": "ok"}).event == "ok"
    assert said("sh", "no-such-program", sudo="nobody").event == "error"
    one = said("sh", 'echo created > "$EVDSL_EVENT"; echo "data.a=1" >> "$EVDSL_EVENT"', sudo="nobody")
    assert (one.event, one.data) == ("created", {"a": "1"})
    assert (
        said("sh", 'test -z "$(ls $(dirname "$EVDSL_EVENT") 2>/dev/null)"', sudo="nobody").event == "changed"
    )


@real
@needs_sudo
def test_environment_and_folder(open_folder: Path) -> None:
    show = 'echo "$A"; pwd; cat; tr "\\0" "\\n" < /proc/$$/cmdline | grep -c hunter2'
    one = said("sh", show, sudo="nobody", env={"A": "hunter2"}, folder=open_folder)
    assert one.output.text == f"hunter2\n{open_folder}\n1\n", "its own text has the word"
    tree = 'p=$$; while [ $p != 1 ]; do tr "\\0" " " < /proc/$p/cmdline; p=$(ps -o ppid= -p $p | tr -d " "); done'
    assert "B=" not in said("sh", tree, sudo="nobody", env={"B": "x y"}).output.text, "no argument holds it"


@real
@needs_sudo
def test_guards_look_as_that_user(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    tmp_path.chmod(0o700)
    there = str(tmp_path / "there")
    assert said("sh", "true", creates=there).event == "ok"
    assert said("sh", "true", creates=there, sudo="nobody").event == "changed", "nobody cannot see it"
    assert brief(said("sh", "true", creates="/etc/passwd", sudo="nobody")) == ("ok", "`/etc/passwd` exists")
    assert said("sh", "true", unless='test "$(id -un)" = nobody', sudo="nobody").event == "ok"
    assert said("sh", "true", onlyif='test "$(id -un)" = nobody', sudo="nobody").event == "changed"


@real
@needs_sudo
def test_refused() -> None:
    one = said("sh", "true", sudo="no-one-here")
    assert one.event == "error"
    assert one.reason.startswith("sudo refused: ")
    assert "no-one-here" in one.reason
    assert one.reason.endswith("(`true` on localhost)")
    one = said("sh", "true", unless="true", sudo="no-one-here")
    assert one.reason.startswith("the guard `unless`: sudo refused: ")


@real
@needs_sudo
def test_files(open_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The source is read by us, the file is written by the other user."""
    monkeypatch.setattr(sys, "executable", python_for("nobody"))
    tmp_path.chmod(0o700)
    (tmp_path / "a").write_text("port {{ port }}\n")
    (tmp_path / "a").chmod(0o600)
    to = open_folder / "b"
    more = {"folder": tmp_path, "sudo": "nobody", "names": {"port": 80}, "mode": "0640"}
    one = said("template", "a", str(to), **more)
    assert (one.event, to.read_text(), to.owner()) == ("created", "port 80\n", "nobody")
    assert one.output.text.splitlines()[-1] == "+port 80"
    assert to.stat().st_mode & 0o7777 == 0o640
    assert brief(said("template", "a", str(to), **more)) == ("ok", "")
    assert said("copy", "a", str(to), **more).event == "changed"
    one = said("copy", "a", "/etc/evdsl-test", **more)
    assert one.event == "error"
    assert "Permission denied" in one.reason
    assert brief(said("copy", "a", "/none/b", **more)) == ("failed", "the folder `/none` does not exist")
    one = said("copy", "a", str(to), **{**more, "owner": "root"})
    assert one.event == "error"
    assert "Operation not permitted" in one.reason
    assert said("template", "none", str(to), **more).event == "failed"
    assert os.listdir(open_folder) == ["b"]


@real
@needs_sudo
def test_a_user_who_may_and_one_who_has_to_be_asked(open_folder: Path) -> None:
    """Not root but a user whom sudo lets become root; what it started is ended in time, though it is not ours."""
    rules = Path("/etc/sudoers.d/evdsl-test")
    rules.write_text("nobody ALL=(root) NOPASSWD: ALL\n")
    rules.chmod(0o440)
    paths = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]
    script = """if True:
        import sys, time
        sys.path[:0] = sys.argv[1:3]
        from drivers.jobs import said
        one = said("sh", "id -un; echo ok > $EVDSL_EVENT", sudo=True)
        print(one.event, one.output.text.strip())
        begin = time.monotonic()
        one = said("sh", "echo $$ > pid; sleep 60 & wait", folder=sys.argv[3], sudo=True, timeout=0.5)
        print(one.event, one.reason.partition(" (")[0], time.monotonic() - begin < 4)
        print(said("copy", "/etc/hostname", sys.argv[3] + "/b", sudo=True).event)
        one = said("sh", "true", sudo="daemon")
        print(one.event, one.reason)
    """
    env = {"PATH": os.environ["PATH"], "HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [
                *("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
                *(python_for("nobody"), "-c", script, *paths, str(open_folder)),
            ],
            capture_output=True,
            text=True,
            env=env,
            timeout=60,
            cwd="/",
        )
    finally:
        rules.unlink()
    lines = done.stdout.splitlines()
    assert lines[:3] == ["ok root", "error timed out after 0.5 s True", "created"], done
    assert lines[3].startswith("error sudo refused: a password is required (`true` on localhost)"), lines
    assert not Path(f"/proc/{(open_folder / 'pid').read_text().strip()}").exists()
    assert (open_folder / "b").owner() == "root"
