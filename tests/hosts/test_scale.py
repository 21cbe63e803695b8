"""Many host names at once, small; `python3 bench/hosts.py` has it in full size, beside Ansible."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from .scale import LANES, Fleet, Measured, at_a_time, measured
from .world import World

pytestmark = pytest.mark.real

NAMES, ACTIONS = 20, 5


def run(fleet: Fleet, folder: Path, text: str, watch=lambda: None) -> Measured:  # type: ignore[no-untyped-def]
    (folder / "p.events").write_text(text)
    argv = [sys.executable, "-m", "evdsl", "run", "p.events", "--format", "jsonl", "-j10"]
    return measured(fleet.world.argv(*argv), folder, fleet.world.env(None), watch)


def ends(text: str) -> dict[str, tuple[str, str]]:
    steps = [json.loads(line) for line in text.splitlines()]
    return {
        step["id"].split(".run")[0]: (step["state"], step.get("reason", ""))
        for step in steps
        if step["type"] == "step" and step["state"] != "started"
    }


def test_many_names_share_out_connections_and_take_no_memory(world: World, folder: Path) -> None:
    fleet = Fleet(world, NAMES)
    before = fleet.accepted()
    many = run(fleet, folder, fleet.program(ACTIONS))
    assert many.exit == 0, many.text
    assert fleet.done() == {name: list(range(ACTIONS)) for name in fleet.served}
    assert fleet.accepted() - before == NAMES, "a connection for each name, which its actions share"
    assert max(at_a_time(many.text)) <= LANES
    few = run(fleet, folder, fleet.program(1))
    assert few.exit == 0, few.text
    assert few.peak > 10, "it was measured"
    assert many.peak - few.peak < 8, (many.peak, few.peak)  # MB


def test_a_host_that_dies_in_the_middle_fails_what_is_its_own(world: World, folder: Path) -> None:
    fleet = Fleet(world, NAMES)
    dead = {name for name, server in fleet.served.items() if server == "web2"}
    text = fleet.program(ACTIONS, "sleep 0.2; echo {n} >>/root/{name}")

    def strike() -> None:
        if world.up("web2") and any(done for name, done in fleet.done().items() if name in dead):
            world.stop("web2")

    found = run(fleet, folder, text, strike)
    assert not world.up("web2")
    assert found.exit == 3, found.text
    told = ends(found.text)
    assert len(told) == NAMES * ACTIONS
    lost = {step: reason for step, (state, reason) in told.items() if state == "error"}
    assert {step.split(".")[0] for step in lost} == dead
    assert all(
        f"on {step.split('.')[0]} ({fleet.addresses[step.split('.')[0]]})" in lost[step] for step in lost
    )
    assert {state for step, (state, _) in told.items() if step.split(".")[0] not in dead} == {"changed"}
    done = fleet.done()
    for name in fleet.served:
        well = [
            int(step.rpartition("a")[2])
            for step, (state, _) in told.items()
            if step.startswith(f"{name}.") and state == "changed"
        ]
        assert set(well) <= set(done[name]), "what is told as done is done"
        assert name in dead or done[name] == list(range(ACTIONS))
