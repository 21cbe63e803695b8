"""A text parsed version by version is a text parsed anew."""

from __future__ import annotations

import random

import pytest

from evdsl.base.source import Source
from evdsl.syntax import split
from evdsl.syntax.parser import parse
from evdsl.syntax.reparse import Reparse

from .sentences import Sentences

TYPED = (
    "\n", "\n\n", " ", "#", "# note\n", '"', "'", '"""', "{", "}", "[", "]", "(", ")", ";", "\\\n", "on ", "x", ".run",
    "resource y { run: sh \"true\" }\n", "on a.run changed b.run\n", "on a.run chnaged b.run\n", "|", ",", "{{n}}", "\U0001f600",
)  # fmt: skip


def same(again: Reparse, text: str) -> None:
    source = Source("t.events", text)
    (file, found), (fresh, told) = again(source), parse(source)
    assert (file, found) == (fresh, told), text
    assert again.pieces == split.statements(text), text
    types = [type(a) for a in file.statements]
    assert types == [type(b) for b in fresh.statements]


@pytest.mark.parametrize("seed", range(12))
def test_edits(seed: int) -> None:
    rng = random.Random(seed)
    sentences = Sentences(rng)
    text = "".join(sentences.file(6) for _ in range(2))
    again = Reparse()
    same(again, text)
    for _ in range(60):
        at = rng.randrange(len(text) + 1)
        if rng.random() < 0.5:
            cut = at + rng.randrange(12)
            text = text[:at] + text[cut:]
        else:
            text = text[:at] + rng.choice(TYPED) + text[at:]
        same(again, text)


def test_typed_letter_by_letter() -> None:
    text = '# head\nresource a { run: sh "x" # why\n  x = """\non\n""" }\n\non a.run changed b.run\n'
    again = Reparse()
    for end in range(len(text) + 1):
        same(again, text[:end] + "\non c.run ok d.run\n")


def test_what_did_not_change_is_the_same_object() -> None:
    again = Reparse()
    text = "on a.run ok b.run\non c.run ok d.run\non e.run ok f.run\n"
    before = again(Source("t", text))[0].statements
    after = again(Source("t", text.replace("c.run", "cc.run")))[0].statements
    assert after[0] is before[0]
    assert after[1] != before[1]
    assert after[2].start == before[2].start + 1


def test_places_are_those_of_the_text() -> None:
    again = Reparse()
    again(Source("t", "on a.run ok b.run\n"))
    text = "# one more line\non a.run ok b.run\n"
    (rule,) = again(Source("t", text))[0].statements
    assert text[rule.start : rule.end] == "on a.run ok b.run"
