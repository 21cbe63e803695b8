"""Outputs while they come: every line once, whole, and what was dropped is told."""

from __future__ import annotations

import random

from evdsl.drivers.output import Output
from evdsl.faces.following import Following


def test_every_line_once_however_it_comes() -> None:
    rng = random.Random(3)
    for _ in range(200):
        content = b"".join(rng.choice([b"a", b"bc", b"\n", "ü".encode(), b"\xff"]) for _ in range(60))
        output, following, told = Output(), Following(), []
        rest = content
        while rest:
            size = rng.randint(1, 12)
            output.add(rest[:size])
            rest = rest[size:]
            if rng.random() < 0.5:
                told += [line for step, line in following.news({4: output})]
        told += following.rest(4, output.kept())
        lines = content.decode("utf-8", "backslashreplace").split("\n")
        assert told == (lines if lines[-1] else lines[:-1])


def test_more_than_is_kept() -> None:
    output, following = Output(side=10), Following()
    output.add(b"first\n")
    assert list(following.news({0: output})) == [(0, "first")]
    output.add(b"x" * 100 + b"\nlast\n")
    assert [line for _, line in following.news({0: output})] == [
        "xxxx", "[... 92 bytes dropped ...]", "xxxx", "last",
    ]  # fmt: skip
    assert following.rest(0, output.kept()) == []


def test_a_try_begins_anew() -> None:
    following, first, second = Following(), Output(), Output()
    first.add(b"one\n")
    list(following.news({0: first}))
    assert following.rest(0, first.kept()) == []
    second.add(b"two\n")
    assert list(following.news({0: second})) == [(0, "two")]


def test_a_line_without_an_end_is_told_in_pieces() -> None:
    following, output = Following(), Output()
    output.add(b"x" * 5000)
    assert [len(line) for _, line in following.news({0: output})] == [5000]
