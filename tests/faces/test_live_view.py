"""A run on a terminal, as the terminal shows it: what moves while it runs, and what is left of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .terminals import Terminal, masked

WAITS = "while [ ! -e {0} ]; do sleep 0.05; done"
"""A text for the shell that ends once a file is there."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    return work


def program(folder: Path, text: str) -> None:
    (folder / "t.events").write_text(text, "utf-8")


SITE = f"""
resource db {{ run: sh "echo installing; {WAITS.format("db")}; echo done" }}
resource app {{ run: sh "echo starting; {WAITS.format("app")}; echo no such port >&2; exit 4" }}
resource page {{ run: sh "true" }}
resource quiet {{ run: sh "true" [changes = []] }}
on db.run changed app.run
on app.run failed page.run
"""


@pytest.mark.parametrize("more", [{}, {"NO_COLOR": "1"}])
def test_what_runs_moves_and_what_ended_stays(folder: Path, more: dict[str, str]) -> None:
    program(folder, SITE)
    with Terminal(folder, "run", "t.events", "-j", "2", **more) as terminal:
        text = terminal.until(lambda text: "installing" in text and "1/4 settled" in text)
        assert masked(text) == (
            " ▶  db.run  running 0s  installing\n   00:00 ━━━━━━──────────────────  1/4 settled, 2 waiting\n"
        )
        assert terminal.cursor == (1, 0)  # where `^C` does no harm
        (folder / "db").touch()
        text = terminal.until(lambda text: "starting" in text and "1 waiting" in text)
        assert masked(text) == (
            " ● 00:00 db.run  changed 0s\n"
            " ▶  app.run  running 0s  starting\n"
            "   00:00 ━━━━━━━━━━━━────────────  2/4 settled, 1 waiting\n"
        )
        (folder / "app").touch()
        assert masked(terminal.end()) == (
            " ● 00:00 db.run  changed 0s\n"
            " ✗ 00:00 app.run  failed 0s  exit 4  ← db.run changed\n"
            " ● 00:00 page.run  changed 0s  ← app.run failed\n"
            "── app.run failed (exit 4)  t.events:3 ────────────────────────────────────────\n"
            "   starting\n"
            "   no such port\n"
            "   log: .evdsl/runs/1/app.run#0.log\n"
            "───────────────────────────────────────────────────────────────────────────────\n"
            "Run 1 failed in 0s: 2 changed, 1 ok, 1 failed\n"
            "1 debt: db.run changed app.run\n"
            "Next: `evdsl log app.run t.events` shows all that it wrote\n"
            "      `evdsl why app.run t.events` tells what led to it\n"
            "      `evdsl run t.events` sets app.run off, which is owed\n"
        )
        assert terminal.process.returncode == 1
        assert (b"\x1b[31m" in terminal.raw or b"\x1b[33m" in terminal.raw) == (not more)
        assert b"\x1b[?25l" not in terminal.raw  # a process that is killed could not show the cursor again


@pytest.mark.parametrize("many", [1, 2])
def test_after_an_interrupt_nothing_of_it_is_left(folder: Path, many: int) -> None:
    program(
        folder,
        f"resource a {{ run: sh \"echo busy; {WAITS.format('go')}\" }}\nresource b {{ run: sh ':' }}\nb.run after a.run",
    )
    with Terminal(folder, "run", "t.events") as terminal:
        terminal.until(lambda text: "busy" in text)
        terminal.type("\x03")
        row = re.compile(r"^   \d\d:\d\d ─+  nothing more is started", re.MULTILINE)
        text = terminal.until(lambda text: "once more" in text and row.search(text) is not None)
        assert "interrupted: nothing more is started; once more ends what runs\n" in text
        assert "^C" not in text
        if many == 2:
            terminal.type("\x03")
        else:
            (folder / "go").touch()
        text = terminal.end()
        assert terminal.process.returncode == 130
        assert "settled" not in text
        assert "▶" not in text
        assert "^C" not in text
        assert "Run 1 interrupted" in text
        assert (" ● " if many == 1 else " ! ") in text


def test_an_exception_leaves_the_screen_clean(folder: Path) -> None:
    """One of ours, in the middle of a run: the rows go, the traceback stands below the finished lines."""
    program(
        folder, f"resource a {{ run: sh ':' }}\nresource b {{ run: sh \"echo busy; {WAITS.format('go')}\" }}"
    )
    (folder / "sitecustomize.py").write_text(
        "import os\nfrom evdsl.faces import progress\nrows = progress.Progress.rows\n"
        "def broken(*given):\n    if os.path.exists('break'):\n        raise ZeroDivisionError('of the test')\n"
        "    return rows(*given)\nprogress.Progress.rows = broken\n"
    )
    with Terminal(folder, "run", "t.events", PYTHONPATH=str(folder)) as terminal:
        terminal.until(lambda text: "busy" in text)
        (folder / "break").touch()
        text = terminal.end()
    assert masked(text).startswith(" ● 00:00 a.run  changed 0s\nTraceback")
    assert text.rstrip().endswith("ZeroDivisionError: of the test")
    assert "busy" not in text


def test_more_than_there_are_lines_and_a_narrow_terminal(folder: Path) -> None:
    long = "x" * 200
    program(
        folder,
        "".join(f'resource a{i:02d} {{ run: sh "echo {long}; {WAITS.format("go")}" }}\n' for i in range(30)),
    )
    with Terminal(folder, "run", "t.events", "-j", "30", columns=44, lines=10) as terminal:
        text = terminal.until(lambda text: "more" in text and "settled" in text)
        lines = text.splitlines()
        assert len(lines) == 9
        assert lines[-2].strip() == "… and 23 more"
        assert max(map(len, lines)) < 44
        (folder / "go").touch()
        text = terminal.end()
    assert text.count("changed") == 31
    assert "more" not in text
    assert "running" not in text


def test_a_terminal_that_becomes_wider_and_then_lower(folder: Path) -> None:
    program(
        folder,
        "".join(f'resource a{i} {{ run: sh "echo {"x" * 90}; {WAITS.format("go")}" }}\n' for i in range(6))
        + "resource z { run: sh ':' }",
    )
    with Terminal(folder, "run", "t.events", "-j", "7", columns=60) as terminal:
        terminal.until(lambda text: text.count("▶") == 6 and "settled" in text)
        terminal.screen.resize(24, 120)
        terminal.resize(120, 24)
        text = terminal.until(lambda text: "x" * 80 in text and "settled" in text)
        assert text.count("▶") == 6
        terminal.resize(120, 5)
        text = terminal.until(lambda text: "more" in text and "settled" in text)
        assert text.count("▶") == 2
        assert text.count("z.run") == 1
        (folder / "go").touch()
        text = terminal.end()
    assert text.count("changed") == 8
    assert "▶" not in text


def test_output_cannot_drive_the_terminal(folder: Path) -> None:
    evil = r"\033]0;title\007\033[2J\033[31mred\033[0m \302\233 31m \342\200\256bidi \010\010 中文"
    program(
        folder,
        f'resource a {{ run: sh """printf \'{evil}\\n\'; {WAITS.format("go")}; printf \'one\\rtwo\\n\'; exit 1""" }}\n',
    )
    for flags in ((), ("-vv",)):
        (folder / "go").unlink(missing_ok=True)
        with Terminal(folder, "run", "t.events", *flags, columns=160) as terminal:
            text = terminal.until(lambda text: r"\x1b]0" in text and "bidi" in text)
            row = next(line for line in text.splitlines() if r"\x1b]0" in line)
            assert r"\x1b]0;title\x07\x1b[2Jred \x9b 31m \u202ebidi \x08\x08" in row
            (folder / "go").touch()
            text = terminal.end()
            assert "two" in text
            assert "\n   one" not in text
            assert "| one" not in text
            assert terminal.screen.title == ""
            ours = re.sub(rb"\x1b\[(\?2026[hl]|[0-9;]*m|A|2K)", b"", terminal.raw)
            assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae", ours)


@pytest.mark.parametrize(
    ("flags", "more"),
    [(("--ascii",), {}), ((), {"LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})],
)
def test_in_ascii(folder: Path, flags: tuple[str, ...], more: dict[str, str]) -> None:
    program(folder, SITE)
    (folder / "app").touch()
    with Terminal(folder, "run", "t.events", "-j", "2", *flags, **more) as terminal:
        text = terminal.until(lambda text: "installing" in text and "1/4 settled" in text)
        assert masked(text) == (
            " >  db.run  running 0s  installing\n    00:00 ======------------------  1/4 settled, 2 waiting\n"
        )
        (folder / "db").touch()
        text = terminal.end()
    assert text.isascii()
    assert "\n-- app.run failed (exit 4)  t.events:3 ------" in text
    assert terminal.raw.isascii()


def test_a_dumb_terminal_gets_plain_lines(folder: Path) -> None:
    program(folder, "resource a { run: sh 'echo said' }\n")
    with Terminal(folder, "run", "t.events", TERM="dumb") as terminal:
        text = terminal.end()
    assert masked(text) == " ● 00:00 a.run  changed 0s\n   a.run | said\nRun 1 ok in 0s: 1 changed\n"
    assert b"\x1b" not in terminal.raw


def test_a_question_comes_before_anything_moves(folder: Path) -> None:
    program(folder, "resource a { run: sh 'echo said' [confirm = \"Really?\"] }\n")
    with Terminal(folder, "run", "t.events", NO_COLOR="1") as terminal:
        terminal.until(lambda text: "[y/N]" in text)
        terminal.type("y\n")
        text = terminal.end()
    assert (
        masked(text)
        == "a.run: Really?\nGo on? [y/N] y\n ● 00:00 a.run  changed 0s\nRun 1 ok in 0s: 1 changed\n"
    )


def test_commands_and_outputs_while_they_come(folder: Path) -> None:
    program(
        folder,
        f"secret s\nresource a {{ run: sh \"printf 'half '; printf %s {{{{s}}}}; {WAITS.format('go')}; echo; echo end\" }}\n",
    )
    with Terminal(folder, "run", "t.events", "-vv", NO_COLOR="1", EVDSL_SET_s="geheimnis") as terminal:
        text = terminal.until(lambda text: "half" in text.replace("printf 'half", ""))
        assert "   a.run $ printf 'half '" in text
        (folder / "go").touch()
        text = terminal.end()
    assert "   a.run | half ***\n   a.run | end\n ● " in text
    assert "geheimnis" not in text
    assert b"geheim" not in terminal.raw
