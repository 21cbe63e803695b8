"""A live run says what `simulate` says: random programs, real processes, random durations, whatever ends first.

200 plans; more of them: `EVDSL_PLANS=1000 python3 tests/all tests/run/test_live_agrees.py`.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence

import pytest
from model.random_programs import random_outcomes, random_program

from evdsl.api import Plan, load
from evdsl.drivers.job import Job
from evdsl.run.engine import Cause
from evdsl.run.live import Reported, run
from evdsl.run.local import LocalExecutor

from .jobs import sh
from .kept import journal

BATCHES = 20
EACH = max(1, int(os.environ.get("EVDSL_PLANS", "200")) // BATCHES)
EXITS = {
    "failed": ("exit 1", "exit 7"),
    "error": ("exit 127", "kill -9 $$", 'echo error > "$EVDSL_EVENT"; exit 2'),
}


def plans(batch: int) -> Iterator[tuple[str, Plan, random.Random]]:
    """Programs of this batch that have a plan of more than one step."""
    rng = random.Random(f"live {batch}")
    made = 0
    while made < EACH:
        text = random_program(rng, rng.randint(2, 14))
        plan, _ = load(text).try_plan()
        if plan is not None and len(plan.steps) > 1:
            made += 1
            yield text, plan, rng


@pytest.mark.parametrize("batch", range(BATCHES))
def test_live_is_as_simulated(batch: int) -> None:
    executors = [LocalExecutor(places, shell_workers=batch % 4 == 3) for places in (1, 2, 4)]
    ran = 0
    try:
        for text, plan, rng in plans(batch):
            outcomes = random_outcomes(rng, [step.id for step in plan.steps])

            def prepare(step: int, because: Sequence[Cause], reported: Reported) -> Job:
                word = outcomes[plan.steps[step].id]  # noqa: B023 - called within the round
                says = rng.choice(EXITS.get(word, (f'echo {word} > "$EVDSL_EVENT"',)))  # noqa: B023
                return sh(f"sleep {rng.randrange(20) / 1000}; {says}", step)  # noqa: B023

            result = run(plan.inner, prepare, rng.choice(executors), journal(plan.inner), lambda event: None)
            expected = plan.simulate(outcomes=outcomes)
            # what a process says of its end is told in words, and is no part of the trace
            assert {line[:3] for line in result.trace} == {line[:3] for line in expected.steps}, text
            skipped = [
                [line for line in lines if line.outcome == "skipped"]
                for lines in (result.trace, expected.steps)
            ]
            assert sorted(skipped[0]) == sorted(skipped[1]), text
            assert result.fold == expected.fold, text
            assert result.unfollowed == expected.unfollowed, text
            ran += sum(line.outcome not in ("idle", "skipped") for line in result.trace)
    finally:
        for executor in executors:
            executor.close()
    assert ran > 2 * EACH
