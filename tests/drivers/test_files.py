"""`copy` and `template` with real files: what they say, what they leave, what they show."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest
from run.jobs import results, sh

from evdsl.drivers import placing
from evdsl.drivers.driver import Try, Would
from evdsl.drivers.job import Job
from evdsl.drivers.registry import load
from evdsl.run.local import LocalExecutor

from .jobs import brief, job, said

ROOT = os.geteuid() == 0


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def would(one: Job) -> Would | None:
    driver = load(one.driver)
    found: Would | None = driver.would(Try(one, 1, ""))  # type: ignore[attr-defined]
    return found


def left(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


# copy


def test_created_then_ok_then_changed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one\0\r\n\xff")
    assert brief(said("copy", "a", "b", folder=tmp_path)) == ("created", "")
    assert (tmp_path / "b").read_bytes() == b"one\0\r\n\xff"
    before = (tmp_path / "b").stat()
    assert brief(said("copy", "a", "b", folder=tmp_path)) == ("ok", "")
    assert (tmp_path / "b").stat() == before, "not touched"
    (tmp_path / "a").write_text("two\n")
    assert said("copy", "a", "b", folder=tmp_path).event == "changed"
    assert (tmp_path / "b").read_text() == "two\n"
    (tmp_path / "b").unlink()
    (tmp_path / "a").write_text("")
    assert said("copy", "a", "b", folder=tmp_path).event == "created", "an empty file is one too"
    assert left(tmp_path) == ["a", "b"]


def test_where_the_paths_begin(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "to").mkdir()
    (tmp_path / "a").write_text("x")
    assert said("copy", "../a", "b", folder=tmp_path / "project", cwd="../to").event == "created"
    assert left(tmp_path / "to") == ["b"]
    to = str(tmp_path / "to" / "c")
    assert said("copy", str(tmp_path / "a"), to, folder=tmp_path / "project").event == "created"


def test_the_difference_is_shown(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("port 80\nuser www\n")
    (tmp_path / "b").write_text("port 81\nuser www\n")
    text = said("copy", "a", "b", folder=tmp_path, mode="0600").output.text
    lines = ["--- b", "+++ b", "@@ -1,2 +1,2 @@", "-port 81", "+port 80", " user www", "mode 0644 -> 0600"]
    assert text.splitlines() == lines
    assert said("copy", "a", "b", folder=tmp_path, mode="0600").output.text == ""


def test_nothing_of_a_sensitive_one_is_shown(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("password = hunter2\n")
    one = said("copy", "a", "b", folder=tmp_path, sensitive=True)
    assert one.event == "created"
    assert "hunter2" not in one.output.text
    assert one.output.text.endswith(" bytes, not shown: sensitive]\n")
    assert said("copy", "a", "b", folder=tmp_path, sensitive=True).output.text == ""


@pytest.mark.parametrize(
    ("source", "there", "wanted", "after", "event"),
    [
        (0o644, None, None, 0o644, "created"),
        (0o755, None, None, 0o755, "created"),
        (0o777, None, None, 0o755, "created"),  # the umask of the tests is 022
        (0o4755, None, None, 0o755, "created"),
        (0o644, None, "0600", 0o600, "created"),
        (0o644, None, "0666", 0o666, "created"),
        (0o644, None, 644, 0o644, "created"),
        (0o755, 0o640, None, 0o640, "changed"),
        (0o755, 0o4750, None, 0o750, "changed"),
        (0o755, 0o640, "0755", 0o755, "changed"),
        (0o644, 0o600, "02755", 0o2755, "changed"),
    ],
)
def test_modes(
    tmp_path: Path, source: int, there: int | None, wanted: object, after: int, event: str
) -> None:
    umask = os.umask(0o022)
    try:
        (tmp_path / "a").write_text("new")
        (tmp_path / "a").chmod(source)
        if there is not None:
            (tmp_path / "b").write_text("old")
            (tmp_path / "b").chmod(there)
        options = {} if wanted is None else {"mode": wanted}
        assert said("copy", "a", "b", folder=tmp_path, **options).event == event
        assert mode(tmp_path / "b") == after
        assert said("copy", "a", "b", folder=tmp_path, **options).event == "ok"
    finally:
        os.umask(umask)


def test_only_the_mode_differs(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text("same")
    (tmp_path / "b").chmod(0o600)
    inode = (tmp_path / "b").stat().st_ino
    one = said("copy", "a", "b", folder=tmp_path, mode="0644")
    assert (one.event, one.output.text) == ("changed", "mode 0600 -> 0644\n")
    assert ((tmp_path / "b").stat().st_ino, mode(tmp_path / "b")) == (inode, 0o644)


@pytest.mark.skipif(not ROOT, reason="only root gives files away")
def test_owner_and_group(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    one = said("copy", "a", "b", folder=tmp_path, owner="nobody", group="daemon")
    assert one.event == "created"
    found = (tmp_path / "b").stat()
    assert (tmp_path / "b").owner() == "nobody"
    assert (tmp_path / "b").group() == "daemon"
    assert said("copy", "a", "b", folder=tmp_path, owner="nobody", group="daemon").event == "ok"
    (tmp_path / "a").write_text("y")
    assert said("copy", "a", "b", folder=tmp_path).event == "changed"
    assert (tmp_path / "b").stat().st_uid == found.st_uid, "kept"
    assert (tmp_path / "b").stat().st_gid == found.st_gid, "kept"
    one = said("copy", "a", "b", folder=tmp_path, owner="0", group="0")
    assert (one.event, one.output.text) == ("changed", "owner nobody -> 0\ngroup daemon -> 0\n")


def test_extended_attributes_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("new")
    (tmp_path / "b").write_text("old")
    try:
        os.setxattr(tmp_path / "b", "user.note", b"kept")
    except OSError:
        pytest.skip("this file system has no such attributes")
    assert said("copy", "a", "b", folder=tmp_path).event == "changed"
    assert os.getxattr(tmp_path / "b", "user.note") == b"kept"


@pytest.mark.parametrize(
    ("source", "destination", "options", "event", "reason"),
    [
        ("none", "b", {}, "failed", "the source `{}/none` does not exist"),
        ("a/x", "b", {}, "failed", "the source `{}/a/x` does not exist"),
        ("folder", "b", {}, "failed", "the source `{}/folder` is a folder"),
        ("fifo", "b", {}, "failed", "the source `{}/fifo` is no plain file"),
        ("a", "folder", {}, "failed", "`folder` is a folder; name the file in it"),
        ("a", "folder/", {}, "error", "`folder/` is a folder; name the file in it (on localhost)"),
        ("a", "none/b", {}, "failed", "the folder `{}/none` does not exist"),
        ("a", "link", {}, "failed", "`link` is a link; name the file that it leads to"),
        ("a", "dangling", {}, "failed", "`dangling` is a link; name the file that it leads to"),
        ("a", "fifo", {}, "failed", "`fifo` is no plain file"),
        ("a", "socket", {}, "failed", "`socket` is no plain file"),
        ("a", "a/b", {}, "error", "Not a directory: {}/a/b (`copy a a/b` on localhost)"),
        ("a", "b", {"owner": "no-one-here"}, "failed", "there is no user `no-one-here`"),
        ("a", "b", {"group": "no-one-here"}, "failed", "there is no group `no-one-here`"),
        ("a", "b", {"mode": "rw"}, "error", "`mode` takes octal digits such as 0644, this is `rw` (on localhost)"),
        ("a\0", "b", {}, "error", "a path of `copy` holds a NUL byte (on localhost)"),
        ("a", "", {}, "error", "`copy` takes two texts: the source and the destination (on localhost)"),
        ("none", "b", {"exits": {"1": "ok"}}, "ok", "the source `{}/none` does not exist"),
        ("a", "b", {"changes": []}, "ok", ""),
        ("none", "b", {"changes": []}, "failed", None),
        ("a", "b", {"creates": "a"}, "ok", "`a` exists"),
        ("a", "b", {"unless": "true"}, "ok", None),
    ],
)  # fmt: skip
def test_what_is_said(
    tmp_path: Path, source: str, destination: str, options: dict[str, object], event: str, reason: str | None
) -> None:
    (tmp_path / "a").write_text("x")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "dangling").symlink_to("gone")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "socket"))
        one = said("copy", source, destination, folder=tmp_path, **options)
    assert one.event == event, one
    assert reason is None or one.reason == reason.replace("{}", str(tmp_path))
    assert not any(name.startswith(".evdsl-") for name in left(tmp_path))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no file system that can be full")
def test_a_fault_of_the_system_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_text("new")
    (tmp_path / "b").write_text("old")

    def full(file: int, content: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(placing.os, "write", full)
        answer = load("copy").commands([Try(job("copy", "a", "b", folder=tmp_path), 1, "")], None)[0].work(lambda: False)  # type: ignore  # fmt: skip
    assert answer.verdict.exit is None
    assert "No space left on device" in answer.verdict.problem
    assert (tmp_path / "b").read_text() == "old"
    assert left(tmp_path) == ["a", "b"], "nothing is left behind"


def test_one_that_was_stopped_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("new")
    (tmp_path / "b").write_text("old")
    answer = load("copy").commands([Try(job("copy", "a", "b", folder=tmp_path), 1, "")], None)[0].work(lambda: True)  # type: ignore  # fmt: skip
    assert answer.verdict.exit is None
    assert (tmp_path / "b").read_text() == "old"
    assert left(tmp_path) == ["a", "b"]


def test_nobody_sees_a_half(tmp_path: Path) -> None:
    """While it is replaced again and again, every reader sees one of the two contents whole."""
    sizes = {3_000_000, 2_000_000}
    (tmp_path / "a").write_bytes(b"a" * 3_000_000)
    (tmp_path / "b").write_bytes(b"b" * 2_000_000)
    watch = "n=0; while [ $n -lt 200 ]; do wc -c < to; n=$((n+1)); done"
    executor = LocalExecutor(2)
    try:
        results(executor, job("copy", "a", "to", folder=tmp_path))
        executor.start([sh(watch, 99, tmp_path)])
        seen: dict[int, object] = {}
        for n in range(8):
            executor.start([job("copy", "ab"[n % 2], "to", folder=tmp_path, step=n)])
            while n not in seen:
                seen.update({d.step: d.outcome for d in executor.wait(20)})
        while 99 not in seen:
            seen.update({d.step: d.outcome for d in executor.wait(20)})
    finally:
        executor.close()
    counted = {int(line) for line in seen[99].output.text.split()}  # type: ignore[attr-defined]
    assert counted <= sizes


def test_a_large_file_costs_no_memory(tmp_path: Path) -> None:
    import resource

    with open(tmp_path / "a", "wb") as file:
        file.truncate(200_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert said("copy", "a", "b", folder=tmp_path).event == "created"
    assert said("copy", "a", "b", folder=tmp_path).event == "ok"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_many_at_a_time(tmp_path: Path) -> None:
    executor = LocalExecutor(4)
    try:
        jobs = []
        for n in range(60):
            (tmp_path / f"a{n}").write_text(str(n))
            jobs += [job("copy", f"a{n}", f"b{n}", folder=tmp_path, step=2 * n), sh("true", 2 * n + 1)]
        found, _ = results(executor, *jobs)
    finally:
        executor.close()
    assert [found[2 * n].event for n in range(60)] == ["created"] * 60
    assert [(tmp_path / f"b{n}").read_text() for n in range(60)] == [str(n) for n in range(60)]


# template


NAMES = {"port": 8080, "nodes": ["192.0.2.1", "192.0.2.2"], "server-name": "www", "name": "app", "on": True}


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("port {{ port }}\n", "port 8080\n"),
        ("no line end", "no line end"),
        ("{% for n in nodes %}{{ n }}\n{% endfor %}", "192.0.2.1\n192.0.2.2\n"),
        ("{{ server_name }} & <{{ name }}>\n\n", "www & <app>\n\n"),
        ("{% if on %}yes{% endif %}\n", "yes\n"),
        ("a\r\nb {{ port }}\r\n", "a\r\nb 8080\r\n"),
        ("{{ missing | default('none') }}", "none"),
        ("{% include 'part' %}!", "part 8080!"),
        ("ü {{ 'ü' }}", "ü ü"),
    ],
)
def test_rendered(tmp_path: Path, text: str, made: str) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "a.j2").write_bytes(text.encode())
    (tmp_path / "t" / "part").write_text("part {{ port }}")
    assert said("template", "t/a.j2", "b", folder=tmp_path, names=NAMES).event == "created"
    assert (tmp_path / "b").read_bytes() == made.encode()
    assert said("template", "t/a.j2", "b", folder=tmp_path, names=NAMES).event == "ok"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a\n{{ missing }}\n", "t/a.j2:2: 'missing' is undefined"),
        ("a\n\n{{ port.x.y }}\n", "t/a.j2:3: 'int object' has no attribute 'x'"),
        ("a\n{% if %}\n", "t/a.j2:2: Expected an expression, got 'end of statement block'"),
        ("a\n{{ port + 'x' }}\n", "t/a.j2:2: unsupported operand type(s) for +: 'int' and 'str'"),
        ("{{ 1 / 0 }}", "t/a.j2:1: division by zero"),
        ("{% include 'none' %}", "t/a.j2:1: there is no `none` in its folder or below"),
        ("{% include '../secret' %}", "t/a.j2:1: there is no `../secret` in its folder or below"),
        ("x\n{% include 'broken' %}", "t/broken:3: 'what' is undefined"),
        ("{{ ''.__class__.__mro__ }}", "t/a.j2:1: access to attribute '__class__' of 'str' object is unsafe."),
        ("a\nb\udcff", "the template `t/a.j2` is not UTF-8 (line 2)"),
    ],
)  # fmt: skip
def test_faults_of_a_template(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "secret").write_text("hunter2")
    (tmp_path / "t" / "a.j2").write_bytes(text.encode("utf-8", "surrogateescape"))
    (tmp_path / "t" / "broken").write_text("\n\n{{ what }}")
    assert brief(said("template", "t/a.j2", "b", folder=tmp_path, names=NAMES)) == ("failed", reason)
    assert not (tmp_path / "b").exists()


def test_a_secret_in_a_template_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("password {{ TOKEN }}\n")
    (tmp_path / "b").write_text("password old-secret\n")
    one = said("template", "a", "b", folder=tmp_path, names={"TOKEN": "hunter2"}, secrets=("hunter2",))
    assert one.event == "changed"
    assert one.output.text == "b: the content differs; not shown, it holds a secret\n"
    assert (tmp_path / "b").read_text() == "password hunter2\n"


# what they would do


def test_what_they_would_do(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("{{ port }}\n")
    one = job("template", "a", "b", folder=tmp_path, names=NAMES)
    told = would(one)
    assert told == Would("created", "", "--- /dev/null\n+++ b\n@@ -0,0 +1 @@\n+8080\n")
    assert left(tmp_path) == ["a"]
    (tmp_path / "b").write_text("8080\n")
    assert would(one) == Would("ok")
    (tmp_path / "b").write_text("80\n")
    told = would(one)
    assert told is not None
    assert (told.event, "-80" in told.shown) == ("changed", True)
    assert would(job("copy", "none", "b", folder=tmp_path)) == Would("failed", f"the source `{tmp_path}/none` does not exist")  # fmt: skip
    assert (tmp_path / "b").read_text() == "80\n"
