"""Secrets are hidden in all their forms, and wherever an output is cut into pieces."""

from __future__ import annotations

import random

from evdsl.base.redact import Redactor


def test_forms() -> None:
    redactor = Redactor(["hunter2!&", "two\nlines here", ""])
    text = 'a hunter2!& b hunter2%21%26 c {"x": "hunter2!&"} d aHVudGVyMiEm e lines here'
    assert redactor.text(text) == 'a *** b *** c {"x": "***"} d *** e ***'
    assert not Redactor([])
    assert Redactor([""]).text("x") == "x"
    assert Redactor([]).stream().feed(b"x") == b"x"


def test_cut_anywhere() -> None:
    rng = random.Random(1)
    redactor = Redactor(["hunter2", "terrier", "hunterhunt"])
    words = [b"hunter2", b"terrier", b"hunterhunt", b"hunt", b"er", b"h", b" ", b"2"]
    for _ in range(300):
        content = b"".join(rng.choice(words) for _ in range(12))
        stream, got, rest = redactor.stream(), b"", content
        while rest:
            size = rng.randint(1, 9)
            got += stream.feed(rest[:size])
            rest = rest[size:]
        got += stream.end()
        assert got == redactor.text(content.decode()).encode()
