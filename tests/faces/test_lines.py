"""Lines: what a text takes, what is cut off it, and what of an output is shown."""

from __future__ import annotations

import pytest

from evdsl.base.redact import Redactor
from evdsl.faces.columns import clock_time, duration
from evdsl.faces.stream import Redacted
from evdsl.faces.terminal import Out, as_shown, padded, width

from .runs import Memory, out


@pytest.mark.parametrize(
    ("text", "columns"),
    [("abc", 3), ("中文", 4), ("é", 1), ("e\u0301", 1), ("한", 2), ("\u1112\u1161\u11ab", 2), ("☁\ufe0f", 1), ("กำ", 2), ("Ａ", 2)],
)  # fmt: skip
def test_width(text: str, columns: int) -> None:
    assert width(text) == columns
    assert width(padded(text, 7)) == 7


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("中文字", 5, "中文…"), ("中文字", 4, "中…"), ("abc", 1, "…"), ("abc", 0, ""), ("a\tb", 9, "a   b")],
)  # fmt: skip
def test_cut(text: str, columns: int, shown: str) -> None:
    assert out(Memory()).cut(text, columns) == shown
    assert width(out(Memory(), plain=True).cut(text, columns)) <= columns


def test_a_secret_is_hidden_before_it_is_cut() -> None:
    shown = Out(Redacted(Memory(), Redactor(["geheimnis"])))
    assert shown.cut("the geheimnis", 8) == "the ***"
    assert shown.wrapped("the geheimnis", 3, 3) == ["the ***"]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("plain", "plain"), ("a\tb", "a\tb"), ("dos\r", "dos"), ("10%\r20%\r30%", "30%"), ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b[2Jx", "\\x1b[2Jx"), ("\x1b]0;t\x07", "\\x1b]0;t\\x07"), ("\x9b1m", "\\x9b1m"), ("\u202e", "\\u202e"), ("\x08", "\\x08"),
    ],
)  # fmt: skip
def test_a_line_of_an_output(line: str, shown: str) -> None:
    assert as_shown(line) == shown


def test_colour_is_all_or_nothing() -> None:
    for color, expected in (("always", "a\x1b[1;31mb\x1b[0m\x1b[2mc\x1b[0m\n"), ("never", "abc\n")):
        memory = Memory()
        out(memory, color).line("a", ("b", "failed"), ("c  ", "dim"), "  ")
        assert memory.getvalue() == expected


def test_times() -> None:
    assert [clock_time(s) for s in (0, 65.9, 3599, 3600, 36060)] == [
        "00:00",
        "01:05",
        "59:59",
        "1h00",
        "10h01",
    ]
    assert [duration(s) for s in (0.04, 99.94, 100, 3600)] == ["0.0s", "99.9s", "1m40s", "1h00m"]
    assert [duration(s, whole=True) for s in (0.9, 59.9, 65, 7260)] == ["0s", "59s", "1m05s", "2h01m"]
