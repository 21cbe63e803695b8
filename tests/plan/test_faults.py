"""Every message of the planner, whole: what, where, what to do, and the steps of the path."""

from __future__ import annotations

import pytest

from evdsl.base.diagnostic import Diagnostic
from evdsl.plan.build import plan

from .programs import rules_only
from .test_cycles import PICTURE, TWO_WAYS


def shown(found: list[Diagnostic]) -> str:
    """`CODE line message`, the hint after `=`, the labels after `|`."""
    lines = []
    for d in found:
        lines.append(f"{d.code} {d.span.line if d.span else '-'} {d.message}")
        lines += [f"= {d.hint}"] if d.hint else []
        lines += [f"| {span.line} {text}" for span, text in d.labels]
    return "\n".join(lines)


def said(text: str, *codes: str, entry: str = "run") -> str:
    found = plan(rules_only(text), entry)[1]
    return shown([d for d in found if d.code in codes])


def test_every_error_refuses_the_plan() -> None:
    for text in (
        "a.run after a.run",
        "on a.run#1 changed b.run",
        "on a.run done b.run\na.run after b.run",
        "",
    ):
        made, found = plan(rules_only(text))
        assert made is None
        assert [d.severity for d in found] == ["error"]


# ---- errors


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "on r0.run done r1.run\nr0.run after r1.run",
            """\
EV301 2 the cycle r0.run → r1.run → r0.run cannot be opened: its only way in is `r0.run`, and `r0.run after r1.run` \
binds it from within
= take `r0.run after r1.run` out, or set off from outside an action of the cycle that no order leads into
| 1 r0.run → r1.run on done
| 2 r1.run → r0.run by after""",
        ),
        (
            TWO_WAYS + "\na.run after b.run\nb.run needs a.run",
            """\
EV301 4 the cycle a.run → b.run → a.run cannot be opened: each of its ways in is bound from within, `a.run` by \
`a.run after b.run`
= take `a.run after b.run` out, or set off from outside an action of the cycle that no order leads into
| 2 a.run → b.run on changed
| 4 b.run → a.run by after""",
        ),
        (
            "on s.run changed a.run\non a.run changed b.run\non b.run changed|failed a.run#0",
            """\
EV301 3 the cycle a.run → b.run → a.run cannot be opened: its only way in is `a.run`, and \
`on b.run changed|failed a.run#0` binds it from within
= take the `#0` out of `on b.run changed|failed a.run#0`, or set off another action of the cycle from outside
| 2 a.run → b.run on changed
| 3 b.run → a.run#0 on changed|failed""",
        ),
        (
            "\n".join(f"a{n + 1}.run after a{n}.run" for n in range(9)) + "\na0.run after a9.run",
            """\
EV301 10 the cycle a0.run → a1.run → a2.run → a3.run → … → a7.run → a8.run → a9.run → a0.run cannot be opened: it is \
made of orders alone
= take one of these orders out, or make a rule of it
| 1 a0.run → a1.run by after
| 2 a1.run → a2.run by after
| 3 a2.run → a3.run by after
| 4 a3.run → a4.run by after
| 5 a4.run → a5.run by after
| 6 a5.run → a6.run by after
| 7 a6.run → a7.run by after
| 8 a7.run → a8.run by after
| 9 a8.run → a9.run by after
| 10 a9.run → a0.run by after""",
        ),
        (
            "on s.run changed a.run\non a.run success b.run\non all a.run, b.run success c.run\na.run needs c.run",
            """\
EV301 4 the cycle a.run → c.run → a.run cannot be opened: its only way in is `a.run`, and `a.run needs c.run` \
binds it from within
= take `a.run needs c.run` out, or set off from outside an action of the cycle that no order leads into
| 3 a.run → c.run on all success
| 4 c.run → a.run by needs""",
        ),
    ],
)
def test_ev301(text: str, expected: str) -> None:
    assert said(text, "EV301") == expected


def test_ev301_once_for_each_part() -> None:
    text = "on a.run done b.run\na.run after b.run\non c.run done d.run\nc.run after d.run"
    assert [d.code for d in plan(rules_only(text))[1]] == ["EV301", "EV301"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "on a.run changed a.run#1\non a.run#1 changed b.run\non b.run changed a.run#1",
            """\
EV302 2 `a.run#1` would wait for itself: a.run#1 → b.run#0 → a.run#1
= take an explicit `#N` of this path out, or let it name another run
| 2 a.run#1 → b.run on changed
| 3 b.run → a.run#1 on changed""",
        ),
        (
            "on s.run changed a.run, a.run#1\non a.run#1 changed a.run",
            """\
EV302 1 `a.run#0` would wait for itself: a.run#0 → a.run#1 → a.run#0
= take an explicit `#N` of this path out, or let it name another run
| 1 a.run#0 → a.run#1 by their numbers
| 2 a.run#1 → a.run on changed""",
        ),
        (
            "on s.run changed a.run, a.run#1\non a.run#1 changed b.run\na.run after b.run",
            """\
EV302 1 `a.run#0` would wait for itself: a.run#0 → a.run#1 → b.run#0 → a.run#0
= take an explicit `#N` of this path out, or let it name another run
| 1 a.run#0 → a.run#1 by their numbers
| 2 a.run#1 → b.run on changed
| 3 b.run → a.run by after""",
        ),
    ],
)
def test_ev302(text: str, expected: str) -> None:
    assert said(text, "EV302") == expected


def test_ev303() -> None:
    assert (
        said("a.run, b.run needs a.run", "EV303")
        == """\
EV303 1 `a.run needs a.run`: an action cannot wait for itself
= take `a.run` out on one side
| 1 a.run → a.run by needs"""
    )


def test_ev303_alone() -> None:
    """The circle that such an order makes is not reported once more."""
    assert [d.code for d in plan(rules_only("a.run after a.run\non a.run changed b.run"))[1]] == ["EV303"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "on a.run#1 changed b.run",
            """\
EV304 1 the plan makes no `a.run#1`
= `a.run` runs once: write `a.run`
| 1 a.run#1 → b.run on changed""",
        ),
        (
            "on s.run changed a.run\non a.run changed a.run\non a.run#3 failed p.page",
            """\
EV304 3 the plan makes no `a.run#3`
= the last one is `a.run#1`
| 3 a.run#3 → p.page on failed""",
        ),
    ],
)
def test_ev304(text: str, expected: str) -> None:
    assert said(text, "EV304") == expected


def test_ev305() -> None:
    assert (
        said("on a.run changed b.run#1\non a.run failed b.run#3, b.run#5", "EV305")
        == """\
EV305 2 the numbers of `b.run` leave a gap: there is a `#3` and no `#2`
= write `b.run#2`
| 2 a.run → b.run#3 on failed"""
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "on a.run changed b.run\nagain b.run",
            """\
EV306 2 `again b.run` is not obeyed: no cycle of this plan goes through it
= take the line out""",
        ),
        (
            "on s.run changed a.run\non a.run changed b.run\non b.run changed a.run\nagain b.run",
            """\
EV306 4 `again b.run` is not obeyed: nothing from outside of its cycle sets it off
= write `again a.run`, or take the line out
| 3 b.run → a.run on changed
| 2 a.run → b.run on changed""",
        ),
        (
            TWO_WAYS + "\nagain b.run, a.run",
            """\
EV306 4 `again b.run` is not obeyed: the same cycle obeys `again a.run`
= keep one of the two lines
| 3 b.run → a.run on changed
| 2 a.run → b.run on changed""",
        ),
        (
            TWO_WAYS + "\nb.run needs a.run\nagain b.run",
            """\
EV306 5 `again b.run` is not obeyed: `b.run needs a.run` binds it from within its cycle
= write `again a.run`, or take the line out
| 3 b.run → a.run on changed
| 2 a.run → b.run on changed""",
        ),
        (
            "on a.run changed b.run\non b.run changed a.run#1\nagain a.run",
            """\
EV306 3 `again a.run` is not obeyed: its cycle goes through explicit numbers, which say themselves what runs again
= take the line out""",
        ),
        # for a dormant action it is ignored
        (TWO_WAYS + "\non x.never changed y.never\non y.never changed x.never\nagain x.never", ""),
        # for a part that cannot be opened nothing more is said
        ("on a.run done b.run\na.run after b.run\nagain b.run", ""),
    ],
)
def test_ev306(text: str, expected: str) -> None:
    assert said(text, "EV306") == expected


def test_ev307() -> None:
    expected = """\
EV307 - this plan has no steps: nothing starts by itself under the entry action `run`
= name what starts: `start RESOURCE.ACTION` in the file, or `--start` or `--action`"""
    assert said("on a.x changed b.x\non b.x changed a.x", "EV307") == expected
    (fault,) = plan(rules_only("", "site.events"))[1]
    assert (fault.span, fault.file) == (None, "site.events")


# ---- notes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "on s.run changed a.run\non a.run changed b.run\non b.run changed a.run",
            """\
EV501 3 in the cycle a.run → b.run → a.run `a.run` runs again: it is the only way in
| 2 a.run → b.run on changed
| 3 b.run → a.run on changed""",
        ),
        (
            PICTURE,
            """\
EV501 2 in the cycle ha.run → gc.run → ha.run `ha.run` runs again: it is tied in as closely as `gc.run` and lies deeper
= write `again gc.run` to choose another
| 3 ha.run → gc.run on changed
| 2 gc.run → ha.run on changed""",
        ),
        (
            PICTURE + "\nagain gc.run",
            """\
EV501 3 in the cycle gc.run → ha.run → gc.run `gc.run` runs again: an `again` line names it
= in place of `again gc.run` you could write `again ha.run`
| 2 gc.run → ha.run on changed
| 3 ha.run → gc.run on changed""",
        ),
        (
            TWO_WAYS,
            """\
EV501 3 in the cycle a.run → b.run → a.run `a.run` runs again: it is tied in as closely as `b.run`, lies as deep \
and is mentioned first
= write `again b.run` to choose another
| 2 a.run → b.run on changed
| 3 b.run → a.run on changed""",
        ),
        (
            TWO_WAYS + "\non s.run changed c.run\non b.run changed c.run\non c.run changed b.run",
            """\
EV501 2 in the cycle b.run → a.run → b.run `b.run` runs again: it is tied in most closely, 2 of the cycle lead \
into it and it leads to 2
= write `again a.run` or `again c.run` to choose another
| 3 b.run → a.run on changed
| 2 a.run → b.run on changed""",
        ),
        (
            TWO_WAYS + "\nb.run after a.run",
            """\
EV501 3 in the cycle a.run → b.run → a.run `a.run` runs again: the other ways in are bound from within, by an order \
or a `#0`
| 2 a.run → b.run on changed
| 3 b.run → a.run on changed""",
        ),
        (
            "on s.run changed a.run\non a.run failed a.run",
            """\
EV501 2 in the cycle a.run → a.run `a.run` runs again: it is the only way in
| 2 a.run → a.run on failed""",
        ),
        (
            "on s.run changed a.run\non a.run changed b.run\non b.run changed c.run\non c.run changed b.run\n"
            "on c.run changed a.run",
            """\
EV501 5 in the cycle a.run → b.run → c.run → a.run `a.run` runs again: it is the only way in
| 2 a.run → b.run on changed
| 3 b.run → c.run on changed
| 5 c.run → a.run on changed
EV501 4 in the cycle b.run → c.run → b.run `b.run` runs again: it is the only way in
| 3 b.run → c.run on changed
| 4 c.run → b.run on changed""",
        ),
    ],
)
def test_ev501(text: str, expected: str) -> None:
    assert said(text, "EV501") == expected


def test_ev502() -> None:
    text = "on a.ACTION changed b.ACTION\non b.ACTION failed a.ACTION"
    assert (
        said(text.replace("ACTION", "run"), "EV502")
        == """\
EV502 1 nothing from outside sets off the cycle a.run → b.run → a.run: `a.run` starts it
= write `start a.run` to settle it
| 1 a.run → b.run on changed
| 2 b.run → a.run on failed"""
    )
    assert (
        said(text.replace("ACTION", "update"), "EV502", entry="update")
        == """\
EV502 1 nothing from outside sets off the cycle a.update → b.update → a.update: `a.update` starts it
= write a rule that sets off `a.update`
| 1 a.update → b.update on changed
| 2 b.update → a.update on failed"""
    )
    assert said(text.replace("ACTION", "run") + "\nstart a.run", "EV502") == ""


def test_ev503() -> None:
    assert (
        said("on rmq.cluster changed rmq.1.create\non rmq.1.create changed rmq.2.join", "EV503")
        == """\
EV503 1 no action is called `run`: what no rule sets off starts, `rmq.cluster`
= write `start rmq.cluster` to settle it"""
    )
    assert (
        said("b.check after a.check\non c.update changed d.update", "EV503", entry="go")
        == """\
EV503 1 no action is called `go`: what no rule sets off starts, `b.check`, `a.check` and `c.update`
= name what starts with `--start`, or write `--action check` or `--action update`"""
    )


def test_ev504() -> None:
    assert (
        said("connect a b\na.run after b.run", "EV504")
        == """\
EV504 1 `b.run needs a.run` gives way: it lies in a cycle
= write a rule or an order of your own if one must come before the other"""
    )


def test_ev505() -> None:
    assert (
        said("connect a b\nstart a.remove, b.remove", "EV505")
        == """\
EV505 1 `on a.remove changed b.run` is left out: this plan holds `b.remove`
= write the rule yourself if it must hold there too"""
    )
    assert said("connect a b", "EV505") == ""
