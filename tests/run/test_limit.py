"""What `--limit` names: hosts, and where it names none, actions; patterns of both."""

import pytest

import evdsl
from evdsl.run.begin import outside_of

TEXT = """
host web1 = "10.0.0.1"
host web2 = "10.0.0.2"
host db = "10.0.0.3"
resource a @web1 { run: sh "true" }
resource b @web2 { run: sh "true" }
resource c @db { run: sh "true"; reload: sh "true" }
resource web9 { run: sh "true" }
on a.run changed c.reload
"""


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ("web1", "a.run#0"),
        ("web*", "a.run#0 b.run#0"),
        ("*b*", "a.run#0 b.run#0 c.reload#0 c.run#0"),
        ("web9", "web9.run#0"),
        ("web9*.run", "web9.run#0"),
        ("c.*", "c.reload#0 c.run#0"),
        ("db web9", "c.reload#0 c.run#0 web9.run#0"),
    ],
)
def test_what_is_inside(words: str, ids: str) -> None:
    plan = evdsl.load(TEXT).plan()
    outside, wrong = outside_of(plan.program, plan.inner, words.split())
    assert not wrong
    inside = {step.id for number, step in enumerate(plan.steps) if number not in outside}
    assert inside == set(ids.split())


@pytest.mark.parametrize("word", ["wob1", "wob*", "c.*.run"])
def test_what_names_neither(word: str) -> None:
    plan = evdsl.load(TEXT).plan()
    assert [d.code for d in outside_of(plan.program, plan.inner, [word])[1]] == ["EV601"]


def test_what_was_meant() -> None:
    plan = evdsl.load(TEXT).plan()
    found = [outside_of(plan.program, plan.inner, [word])[1][0].message for word in ("?9", "w*9", "wbe1")]
    assert ["; did you mean" in message for message in found] == [False, True, True]
    assert "`w*9.run`" in found[1]
    assert "`web1`" in found[2]
