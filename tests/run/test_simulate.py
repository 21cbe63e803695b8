"""Simulate: its document, and what `--when`, `--outcomes` and `--rest` ask for (section 10)."""

from __future__ import annotations

import pytest

from evdsl.run.simulate import chosen_outcomes, simulate

from .plans import plan_of

CYCLE = (
    "on ha.run changed gc.run",
    "on gc.run changed ha.run",
    "start ha.run",
    "on ha.run failed pager.page",
)


def test_document() -> None:
    document = simulate(
        plan_of("on a.run changed b.run", "on b.run failed c.run"), {"a.run#0": "created"}
    ).to_json()
    assert document == {
        "version": 1,
        "steps": [
            {"id": "a.run#0", "outcome": "created", "because": []},
            {
                "id": "b.run#0",
                "outcome": "changed",
                "because": [{"from": "a.run", "event": "created", "line": 1}],
            },
            {"id": "c.run#0", "outcome": "idle", "because": []},
        ],
        "fold": {"a.run": "created", "b.run": "changed", "c.run": "idle"},
    }


def test_outcomes_by_function() -> None:
    trace = simulate(plan_of(*CYCLE), lambda id_: "failed" if id_ == "ha.run#1" else "changed")
    assert trace.fold == {"ha.run": "failed", "gc.run": "changed", "pager.page": "changed"}


def test_a_wrong_word_is_refused() -> None:
    with pytest.raises(ValueError, match="idle"):
        simulate(plan_of("on a.run changed b.run"), {"a.run#0": "idle"})


def chosen(
    *when: str, file: dict[str, object] | None = None, rest: str = "changed"
) -> tuple[dict[str, str], list[str]]:
    outcomes, found = chosen_outcomes(plan_of(*CYCLE, "on x.remove changed y.reload"), when, file or {}, rest)
    assert all(d.span is None for d in found)
    return outcomes, [f"{d.code} {d.message} {d.hint}" for d in found]


ALL = {"ha.run#0": "changed", "ha.run#1": "changed", "gc.run#0": "changed", "pager.page#0": "changed"}


@pytest.mark.parametrize(
    ("when", "file", "differs"),
    [
        ([], {}, {}),
        (["ha.run=ok"], {}, {"ha.run#0": "ok", "ha.run#1": "ok"}),
        (["ha=ok"], {}, {"ha.run#0": "ok", "ha.run#1": "ok"}),
        (["ha.run#1=ok", "ha.run=failed"], {}, {"ha.run#0": "failed", "ha.run#1": "ok"}),
        (["ha.run=failed", "ha.run=ok"], {}, {"ha.run#0": "ok", "ha.run#1": "ok"}),
        (["ha.run=failed"], {"ha.run#0": "ok", "gc.run#0": "ok"}, dict.fromkeys(["ha.run#0", "ha.run#1"], "failed") | {"gc.run#0": "ok"}),
        (["x.remove=failed"], {}, {}),
    ],
)  # fmt: skip
def test_chosen(when: list[str], file: dict[str, object], differs: dict[str, str]) -> None:
    assert chosen(*when, file=file) == ({**ALL, **differs}, [])


def test_rest() -> None:
    assert chosen("gc.run=ok", rest="failed")[0] == dict.fromkeys(ALL, "failed") | {"gc.run#0": "ok"}


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("gcc.run=ok", "EV601 no action is called `gcc.run` (in `--when`) did you mean `gc.run`?"),
        ("zzz=ok", "EV601 no action is called `zzz` (in `--when`) `evdsl plan` lists the actions"),
        ("gc.run#1=ok", "EV601 the plan has no `gc.run#1` (in `--when`) it has `gc.run#0`"),
        ("gc.run=chnaged", "EV602 `chnaged` is no outcome (in `--when gc.run`) did you mean `changed`?"),
        ("gc.run=idle", "EV602 `idle` is no outcome (in `--when gc.run`) an action says one of ok, changed, created, removed, failed, error"),
        ("gc.run", "EV602 `--when gc.run` has no outcome write `--when gc.run=failed`"),
    ],
)  # fmt: skip
def test_wrong_when(when: str, message: str) -> None:
    assert chosen(when) == (ALL, [message])


def test_wrong_file_and_rest() -> None:
    _, found = chosen(file={"gc.run": 3, "nope.run": "ok"}, rest="skipped")
    assert [text[:5] for text in found] == ["EV602", "EV601", "EV602"]
