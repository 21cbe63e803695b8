"""A plan kept as bytes comes back whole; the fingerprint tells plans that do the same from those that do not."""

from __future__ import annotations

import random
import zlib
from pathlib import Path

import pytest

import evdsl
from evdsl.plan.fingerprint import commands, fingerprint, of_outline, outline
from evdsl.plan.json import to_json
from evdsl.plan.stored import Unreadable, from_bytes, to_bytes
from evdsl.run.simulate import simulate

ROOT = Path(__file__).parents[2]
FILES = sorted([*ROOT.glob("examples/*/*.events"), *ROOT.glob("tests/cases/*/*.events")])
PROGRAM = """
param env = "dev"
secret token
resource a { port = 80; run: sh "serve {{port}} {{env}}" [timeout = 5s, env = {T = token}] }
resource b { run: sh "b"; reload: sh "c" }
on a.run changed|failed b.run
b.reload after a.run
on b.run success b.reload
"""


def planned(text: str | Path, **settings: str) -> tuple[evdsl.Program, evdsl.Plan]:
    program = evdsl.load(text, {"token": "s3cret-word", **settings})
    return program, program.plan()


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_comes_back(path: Path) -> None:
    program = evdsl.load(path)
    plan, _ = program.try_plan()
    if plan is None or program.inner is None:
        return
    doing = commands(program.inner, plan.inner)
    content = to_bytes(plan.inner, doing)
    back = from_bytes(content)
    assert to_json(back.plan) == plan.to_json()
    assert back.commands == doing
    assert to_bytes(back.plan, doing) == content
    assert of_outline(outline(back.plan, doing)) == fingerprint(program.inner, plan.inner)
    draw = random.Random(path.stem)
    words = {step.id: draw.choice(["ok", "changed", "failed", "error"]) for step in plan.steps}
    assert simulate(back.plan, words) == simulate(plan.inner, words) or [
        (line.id, line.outcome, [c[:3] for c in line.because]) for line in simulate(back.plan, words).steps
    ] == [
        (line.id, line.outcome, [c[:3] for c in line.because]) for line in simulate(plan.inner, words).steps
    ]


@pytest.mark.parametrize(
    "content", [b"", b"x", zlib.compress(b"{}"), zlib.compress(b'{"version": 99}'), zlib.compress(b"[")]
)
def test_unreadable(content: bytes) -> None:
    with pytest.raises(Unreadable):
        from_bytes(content)


def of(text: str, **settings: str) -> str:
    program, plan = planned(text, **settings)
    assert program.inner is not None
    return fingerprint(program.inner, plan.inner)


def test_comments_places_and_order_of_lines_do_not_count() -> None:
    lines = PROGRAM.splitlines()
    assert of(PROGRAM) == of("# a comment\n\n" + PROGRAM.replace("5s]", "5s ]"))
    assert of(PROGRAM) == of("\n".join(lines[:-3] + lines[:-4:-1]) + "\n")
    assert of(PROGRAM) == of(PROGRAM.replace("changed|failed", "failed|changed"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("serve", "servo"),
        ("5s", "6s"),
        ("port = 80", "port = 81"),
        ('"dev"', '"prod"'),
        ("changed|failed", "changed"),
        ("b.reload after", "b.reload needs"),
        ("b.reload after a.run\n", ""),
        ("on b.run success b.reload", "start b.reload"),
    ],
)
def test_what_counts(old: str, new: str) -> None:
    assert old in PROGRAM
    assert of(PROGRAM) != of(PROGRAM.replace(old, new))


def test_settings_count_and_secrets_do_not() -> None:
    assert of(PROGRAM) != of(PROGRAM, env="prod")
    assert of(PROGRAM) == of(PROGRAM, token="another")
    program, plan = planned(PROGRAM)
    assert program.inner is not None
    content = zlib.decompress(to_bytes(plan.inner, commands(program.inner, plan.inner)))
    assert b"s3cret" not in content


def test_only_the_step_that_differs_differs() -> None:
    (one, first), (two, second) = planned(PROGRAM), planned(PROGRAM.replace('"c"', '"d"'))
    assert one.inner is not None
    assert two.inner is not None
    old, new = (
        outline(first.inner, commands(one.inner, first.inner)),
        outline(second.inner, commands(two.inner, second.inner)),
    )
    assert [id_ for id_ in old if old[id_] != new[id_]] == ["b.reload#0"]
