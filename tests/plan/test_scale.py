"""Large programs: the real cyclic corpus, deep and wide ones. What is counted is work done, not time."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from evdsl.plan.build import plan

from .programs import rules_only

DEBIAN = Path(__file__).parents[1] / "corpora" / "debian-1k.events"


@pytest.mark.skipif(not DEBIAN.exists(), reason="the corpus is not there")
@pytest.mark.parametrize("seed", [None, 1, 2])
def test_debian(seed: int | None) -> None:
    """The least number of actions to run again, in any order of lines; every rule kept (corpora/README.md)."""
    text = DEBIAN.read_text("utf-8")
    first = plan(rules_only(text), "configure")[0]
    lines = text.split("\n")
    if seed is not None:
        random.Random(seed).shuffle(lines)
    made, _ = plan(rules_only("\n".join(lines)), "configure")
    assert made
    assert first
    assert len({cycle.again for cycle in made.cycles}) == len(made.cycles) == 36
    assert sum(len(into) for into in made.triggers) == 2973
    assert len(made.steps) == 999 + 36
    seen: set[int] = set()
    for step, into in enumerate(made.triggers):
        assert all(looked in seen for trigger in into for look in trigger.looks for looked in look.steps)
        seen.add(step)


@pytest.mark.parametrize("count", [20_000])
def test_deep(count: int) -> None:
    chain = [f"on a{n}.run changed a{n + 1}.run" for n in range(count)]
    made, _ = plan(rules_only("\n".join(chain)))
    assert made
    assert [step.of for step in made.steps] == list(range(count + 1))
    made, found = plan(rules_only("\n".join([*chain, f"on a{count}.run changed a0.run"])))
    assert made
    assert len(made.cycles[0].path) == count + 1
    assert max(len(d.message) for d in found) < 300


def test_many_small_cycles() -> None:
    lines = []
    for n in range(2000):
        lines += [
            f"on a{n}.run changed b{n}.run",
            f"on b{n}.run changed a{n}.run",
            f"on b{n}.run failed c{n}.run",
        ]
    made, _ = plan(rules_only("\n".join(lines)))
    assert made
    assert len(made.cycles) == 2000


def test_one_large_component() -> None:
    rng = random.Random(3)
    lines = {f"on r{rng.randrange(400)}.run changed r{rng.randrange(400)}.run" for _ in range(1200)}
    made, _ = plan(rules_only("start r0.run\n" + "\n".join(sorted(lines))))
    assert made
    assert len(made.cycles) > 50
