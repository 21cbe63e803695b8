"""The tree with back references."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

import evdsl
from evdsl.draw.text import COLUMNS, text
from evdsl.plan.plan import Plan

from .programs import KEYSTONE, ROOT, plan_of, planned_cases


def drawn(plan: Plan) -> str:
    lines = ["".join(p if isinstance(p, str) else p[0] for p in line) for line in text(plan)]
    return "\n".join(lines) + "\n"


def test_a_chain() -> None:
    assert drawn(plan_of("on a.run changed b.run\non b.run changed|failed c.run")) == (
        "a.run\n"
        "└─ changed → b.run\n"
        "   └─ changed|failed → c.run\n"
    )  # fmt: skip


def test_the_second_run_of_a_cycle_an_all_rule_and_an_order() -> None:
    assert drawn(plan_of(KEYSTONE)) == (
        "mariadb.run\n"
        "└─ changed → keystone-config.run\n"
        "   └─ changed → keystone.run  needs mariadb.run\n"
        "      ├─ changed → haproxy.run#0\n"
        "      │  └─ changed → glance-config.run\n"
        "      │     └─ changed → glance.run\n"
        "      │        ├─ changed → haproxy.run#1  runs again\n"
        "      │        ├─ failure → pager.page\n"
        "      │        └─ all success → smoke.run  with keystone.run\n"
        "      └─ all success → smoke.run  (above)  with glance.run\n"
    )


def test_what_was_shown_has_no_children_again() -> None:
    assert drawn(plan_of("on a.run changed c.run\non b.run changed c.run\non c.run changed d.run")) == (
        "a.run\n"
        "└─ changed → c.run\n"
        "   └─ changed → d.run\n"
        "b.run\n"
        "└─ changed → c.run  (above)\n"
    )  # fmt: skip


def test_a_start_stands_at_the_margin_even_where_a_rule_sets_it_off() -> None:
    text = "on a.run changed b.run\non b.run changed c.run\nstart b.run"
    assert drawn(plan_of(text)) == (
        "a.run\n"
        "└─ changed → b.run  (below)\n"
        "b.run\n"
        "└─ changed → c.run\n"
    )  # fmt: skip


def test_a_fold_is_drawn_under_its_last_instance() -> None:
    assert drawn(plan_of("on a.run failed a.run\non a.run success b.run\nc.run after a.run")) == (
        "a.run#0\n"
        "└─ failed → a.run#1  runs again\n"
        "   └─ success → b.run\n"
        "c.run  after a.run\n"
    )  # fmt: skip


def test_rules_between_the_same_two_are_one_branch() -> None:
    assert "└─ ok|changed|failed → b.run" in drawn(
        plan_of("on a.run failed b.run\non a.run changed b.run\non a.run ok b.run")
    )


def test_what_is_too_deep_goes_on_at_the_margin() -> None:
    lines = drawn(plan_of("\n".join(f"on n{i}.run changed n{i + 1}.run" for i in range(30)))).splitlines()
    assert max(map(len, lines)) <= COLUMNS
    assert lines[12] == " " * 33 + "└─ changed → n12.run  (below)"
    assert lines[13] == "n12.run  (from above)"
    assert lines[14] == "└─ changed → n13.run"
    assert lines[-1].endswith("n30.run")


def test_long_lists_of_orders_are_cut() -> None:
    orders = ", ".join(f"before-{i}.run" for i in range(40))
    line = drawn(plan_of(f"last.run after {orders}")).splitlines()[-1]
    assert line == "last.run  after before-0.run, before-1.run, before-2.run and 37 more"


def test_styles_tell_starts_events_and_failures() -> None:
    parts = [part for line in text(plan_of(KEYSTONE)) for part in line]
    assert ("mariadb.run", "strong") in parts
    assert ("changed", "event") in parts
    assert ("failure", "failed") in parts
    assert ("  runs again", "dim") in parts
    assert ("  needs mariadb.run", "dim") in parts


@pytest.mark.parametrize("path", planned_cases(), ids=lambda p: p.stem)
def test_every_step_is_drawn_once_with_its_children(path: Path) -> None:
    plan = evdsl.load(path).plan().inner
    lines = drawn(plan).splitlines()
    assert max(map(len, lines)) <= COLUMNS
    own = [line for line in lines if "(above)" not in line and "(below)" not in line]
    heads = [re.sub(r"^.* → ", "", line).split("  ")[0].strip() for line in own]
    many = {step.of for step in plan.steps if step.instance}
    assert sorted(heads) == sorted(s.id if s.of in many else s.name for s in plan.steps)


def test_a_chain_of_100_000_is_drawn() -> None:
    plan = plan_of("\n".join(f"on n{i:06}.run changed n{i + 1:06}.run" for i in range(100_000)))
    begin = time.process_time()
    lines = text(plan)
    assert time.process_time() - begin < 20
    assert len(lines) > 100_000


def test_the_drawing_is_the_same_under_any_hash_seed() -> None:
    code = (
        "import evdsl; from evdsl.draw.text import text;"
        "print(text(evdsl.load('tests/cases/plain/random-07.events').plan().inner))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT, env={"PYTHONHASHSEED": seed}, capture_output=True, check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }  # fmt: skip
    assert len(said) == 1
