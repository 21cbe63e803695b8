"""Every case of the contract (tests/cases) by the way a user goes: from the file to the plan to the trace."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import evdsl
from evdsl.run.simulate import simulate

CASES = Path(__file__).parent / "cases"
ALL = sorted([*CASES.glob("plain/*.json"), *CASES.glob("declared/*.json")])
KNOWN = {path: json.loads(path.read_text("utf-8")) for path in ALL}
REFUSED = [path for path in ALL if KNOWN[path].get("refused")]
PLANNED = [path for path in ALL if not KNOWN[path].get("refused")]


def name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def cli(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "evdsl", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def sets(plan: evdsl.Plan) -> dict[str, Any]:
    return {
        "start": plan.start,
        "steps": sorted(step.id for step in plan.steps),
        "again": sorted(cycle.again for cycle in plan.cycles),
    }


def test_all_cases_are_here() -> None:
    assert len(PLANNED) > 60
    assert len(REFUSED) >= 2


@pytest.mark.parametrize("path", PLANNED, ids=name)
def test_plan_and_traces(path: Path) -> None:
    case = KNOWN[path]
    program = evdsl.load(path.with_suffix(".events"))
    assert program.stands, program.diagnostics
    plan = program.plan()
    assert sets(plan) == {key: case[key] for key in ("start", "steps", "again")}
    document = plan.to_json()
    assert document["start"] == case["start"]
    assert sorted(step["id"] for step in document["steps"]) == case["steps"]
    assert sorted(cycle["again"] for cycle in document["cycles"]) == case["again"]
    for run in case.get("simulate", []):
        assert plan.simulate(outcomes=run["outcomes"]).outcomes() == run["trace"]
        assert plan.simulate(when=run["outcomes"], rest="error").outcomes() == run["trace"]
        assert simulate(plan.inner, run["outcomes"].__getitem__).outcomes() == run["trace"]


@pytest.mark.parametrize("path", [p for p in PLANNED if "same_as" in KNOWN[p]], ids=name)
def test_same_as(path: Path) -> None:
    """A declared program has the plan of the plain one that it says it is the same as (sinks start besides)."""
    starts = [f"start {start}\n" for start in KNOWN[path]["start"]]
    plain = evdsl.load(KNOWN[path]["same_as"] + "".join(starts)).plan()
    assert sets(evdsl.load(path.with_suffix(".events")).plan()) == sets(plain)


def hops(path: Path, message: str) -> list[tuple[int, str, str]]:
    """The path that a message tells, one line a step: number of the line in the file, from, to."""
    found = re.findall(rf" = \S*{re.escape(path.stem)}\.events:(\d+): (\S+) → (\S+)", message)
    return [(int(line), source, to) for line, source, to in found]


@pytest.mark.parametrize("path", REFUSED, ids=name)
def test_refused(path: Path) -> None:
    program = evdsl.load(path.with_suffix(".events"))
    assert program.stands, program.diagnostics
    with pytest.raises(evdsl.Refused) as raised:
        program.plan()
    assert [d.severity for d in raised.value.diagnostics].count("error") >= 1


@pytest.mark.parametrize("path", REFUSED, ids=name)
@pytest.mark.parametrize("command", ["plan", "simulate"])
def test_refused_at_the_command_line(path: Path, command: str) -> None:
    """Exit 2, nothing on standard output, and a message with file and line for each step of the path."""
    done = cli(command, str(path.with_suffix(".events")))
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert re.search(r"^error\[EV\d{3}\]: ", done.stderr, re.MULTILINE)
    told = hops(path, done.stderr)
    assert len(told) >= 2, done.stderr
    lines = path.with_suffix(".events").read_text("utf-8").splitlines()
    for number, (line, source, to) in enumerate(told):
        assert source in lines[line - 1]
        assert to in lines[line - 1]
        assert (
            told[(number + 1) % len(told)][1] == to
        )  # the next hop begins where this one ends, round to the first


@pytest.mark.parametrize("path", REFUSED, ids=name)
def test_check_of_what_has_no_plan(path: Path) -> None:
    """`check` says the same, with its own exit code for an error (section 10)."""
    done = cli("check", "--json", str(path.with_suffix(".events")))
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert document["summary"]["errors"] >= 1
