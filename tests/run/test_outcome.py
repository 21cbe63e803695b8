"""Section 9 as tables: the order of its rules, the event file, the bounds of an output."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from evdsl.drivers.event_file import LARGEST, parse_event_file, read_event_file
from evdsl.drivers.outcome import Facts, decide
from evdsl.drivers.output import Output


@pytest.mark.parametrize(
    ("facts", "event", "reason"),
    [
        # 1 no exit code: nothing else counts
        (Facts(None, "timed out", {0: "ok"}, "ok", "", False, "ok"), "error", "timed out"),
        # 2 exits comes before all that follows
        (Facts(0, exits={0: "ok"}), "ok", ""),
        (Facts(2, exits={0: "ok", 2: "changed"}), "changed", "exit 2"),
        (Facts(127, exits={127: "ok"}), "ok", "exit 127"),
        (Facts(137, exits={137: "failed"}), "failed", "exit 137"),
        (Facts(0, exits={0: "ok"}, word="changed", differs=True, known="changed"), "ok", ""),
        (Facts(0, exits={0: "fine"}), "error", "`exits` has `fine` for exit 0, which is no outcome"),
        # 3 no verdict of the command itself
        (Facts(126), "error", "exit 126, cannot be executed"),
        (Facts(127, word="ok"), "error", "exit 127, command not found"),
        (Facts(129), "error", "exit 129, killed by SIGHUP"),
        (Facts(137), "error", "exit 137, killed by SIGKILL"),
        (Facts(192), "error", "exit 192, killed by SIGRTMAX"),
        # 4 it says that it failed; the event file can only make an error of it
        (Facts(1), "failed", "exit 1"),
        (Facts(2, exits={0: "ok"}), "failed", "exit 2"),
        (Facts(125), "failed", "exit 125"),
        (Facts(128), "failed", "exit 128"),
        (Facts(193), "failed", "exit 193"),
        (Facts(255, known="ok"), "failed", "exit 255"),
        (Facts(3, word="ok", differs=False), "failed", "exit 3"),
        (Facts(3, word="error"), "error", "said error, exit 3"),
        (Facts(3, fault="nonsense"), "failed", "exit 3"),
        # 5 the event file
        (Facts(0, word="ok", differs=True, known="changed"), "ok", ""),
        (Facts(0, word="created"), "created", ""),
        (Facts(0, word="failed"), "failed", "said failed"),
        (Facts(0, word="error"), "error", "said error"),
        (Facts(0, fault="nonsense", differs=False), "error", "nonsense"),
        # 6 changes
        (Facts(0, differs=True, known="ok"), "changed", ""),
        (Facts(0, differs=False, known="changed"), "ok", ""),
        # 7 the driver, 8 a bare success
        (Facts(0, known="created"), "created", ""),
        (Facts(0), "changed", ""),
    ],
)
def test_decide(facts: Facts, event: str, reason: str) -> None:
    said = decide(facts)
    assert said[0] == event
    assert said[1] == reason or (facts.exit == 192 and said[1].startswith("exit 192, killed by"))


@pytest.mark.parametrize("code", range(256))
def test_every_exit_code(code: int) -> None:
    expected = "changed" if code == 0 else "error" if code in (126, 127) or 129 <= code <= 192 else "failed"
    assert decide(Facts(code))[0] == expected


@pytest.mark.parametrize(
    ("content", "word", "data", "fault"),
    [
        (b"", "", {}, ""),
        (b"ok\n", "ok", {}, ""),
        (b"  created \r\n\n", "created", {}, ""),
        (b"changed\nok\n", "ok", {}, ""),
        (b"data.port=80\ndata.url=a=b c\n", "", {"port": "80", "url": "a=b c"}, ""),
        (b"data.a=1\nok\ndata.a=\n", "ok", {"a": ""}, ""),
        (b"done\n", "", {}, "the event file says `done`, which is no outcome (ok, changed, created, removed, failed, error)"),
        (b"ok\nidle", "", {}, "the event file says `idle`, which is no outcome (ok, changed, created, removed, failed, error)"),
        (b"data.port\n", "", {}, "the event file has the line `data.port`, which is no data.KEY=VALUE"),
        (b"data.=1\n", "", {}, "the event file has the line `data.=1`, which is no data.KEY=VALUE"),
        (b"\xff\n", "", {}, "the event file is not UTF-8"),
        (b"x" * 100, "", {}, f"the event file says `{'x' * 57}...`, which is no outcome (ok, changed, created, removed, failed, error)"),
        (b"\n" * (LARGEST + 1), "", {}, f"the event file has more than {LARGEST} bytes"),
    ],
)  # fmt: skip
def test_event_file(content: bytes, word: str, data: dict[str, str], fault: str) -> None:
    said = parse_event_file(content)
    assert said == ((word, data, fault) if not fault else ("", {}, fault))


def test_an_event_file_is_read_once(tmp_path: Path) -> None:
    file = tmp_path / "event"
    assert read_event_file(str(file)) == ("", {}, "")
    file.write_text("ok\n")
    assert read_event_file(str(file)).word == "ok"
    assert not file.exists()


def test_no_event_file_can_hold_the_run(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    (tmp_path / "folder").mkdir()
    assert read_event_file(str(tmp_path / "pipe")).fault == "the event file is no plain file"
    assert read_event_file(str(tmp_path / "folder")).fault == "the event file is no plain file"
    assert "cannot be read" in read_event_file(str(tmp_path / "link")).fault


def test_output_is_bounded() -> None:
    output = Output(side=4)
    assert output.kept().text == ""
    for piece in (b"ab", b"cdef", b"g", b"hijklmnopqrstu", b"vw", b"xyz"):
        output.add(piece)
    assert output.kept() == (b"abcd", b"wxyz", 18)
    assert output.kept().text == "abcd\n[... 18 bytes dropped ...]\nwxyz"
    small = Output(side=4)
    small.add(b"abcdef\xff")
    assert small.kept() == (b"abcd", b"ef\xff", 0)
    assert small.kept().text == "abcdef\\xff"
