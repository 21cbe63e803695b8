"""The Python interface."""

from __future__ import annotations

from pathlib import Path

import networkx
import pytest

import evdsl

CYCLE = """\
on kc.run changed ha.run
on ha.run changed gc.run
on gc.run changed ha.run
"""


def test_text_to_plan_to_trace() -> None:
    plan = evdsl.load(CYCLE).plan()
    assert plan.start == ["kc.run"]
    assert [s.id for s in plan.steps] == ["kc.run#0", "ha.run#0", "gc.run#0", "ha.run#1"]
    assert [c.again for c in plan.cycles] == ["ha.run"]
    assert plan.dormant == []
    trace = plan.simulate(when={"gc.run": "ok"})
    assert trace.outcomes() == {
        "kc.run#0": "changed",
        "ha.run#0": "changed",
        "gc.run#0": "ok",
        "ha.run#1": "idle",
    }
    assert trace.fold["ha.run"] == "changed"
    assert plan.simulate(outcomes={"kc.run#0": "ok"}).fold["gc.run"] == "idle"
    assert plan.simulate(rest="failed").fold == {"kc.run": "failed", "ha.run": "idle", "gc.run": "idle"}


def test_path_settings_and_environment(tmp_path: Path) -> None:
    path = tmp_path / "two words.events"
    path.write_text(
        'param env = "dev"\nresource a { run: sh ":" }\nresource b { run: sh ":" } if env == "prod"\n'
    )
    assert evdsl.load(path).actions == ["a.run"]
    assert evdsl.load(str(path)).actions == ["a.run"], "a str that names a file is a path, blanks or not"
    assert evdsl.load(path, {"env": "prod"}).actions == ["a.run", "b.run"]
    assert evdsl.load(path, environment={"EVDSL_SET_env": "prod"}).actions == ["a.run", "b.run"]
    assert evdsl.load(path, {"env": "dev"}, {"EVDSL_SET_env": "prod"}).actions == ["a.run"], "--set wins"


def test_what_does_not_stand_is_a_value_until_it_is_planned() -> None:
    program = evdsl.load("on a.run chnaged b.run\n", name="x.events")
    assert not program.stands
    (found,) = program.diagnostics
    assert (found.code, found.span and (found.span.line, found.span.column)) == ("EV103", (1, 10))
    with pytest.raises(evdsl.Refused, match=r"x\.events:1:10: EV103"):
        program.plan()
    missing = evdsl.load(Path("/nowhere/at-all.events"))
    assert [d.code for d in missing.diagnostics] == ["EV001"]
    with pytest.raises(evdsl.Refused):
        missing.plan()


def test_unknown_names_are_refused_with_the_nearest() -> None:
    program = evdsl.load(CYCLE)
    with pytest.raises(evdsl.Refused, match=r"did you mean `kc\.run`"):
        program.plan(start=["kx.run"])
    with pytest.raises(evdsl.Refused, match="did you mean `run`"):
        program.plan(action="rum")
    with pytest.raises(evdsl.Refused, match="EV602"):
        program.plan().simulate(when={"kc.run": "chnaged"})


def test_start_takes_actions_resources_and_patterns() -> None:
    program = evdsl.load("on a.run changed b.run\non b.run changed c.reload\n")
    assert program.plan(start=["b"]).start == ["b.run"]
    assert [s.id for s in program.plan(start=["b.run"]).steps] == ["b.run#0", "c.reload#0"]
    assert program.plan(start=["*.run"]).start == ["a.run", "b.run"]


def test_networkx_is_the_same_graph() -> None:
    graph = evdsl.load(CYCLE).plan().to_networkx()
    assert networkx.is_directed_acyclic_graph(graph)
    assert sorted(graph.nodes) == ["gc.run#0", "ha.run#0", "ha.run#1", "kc.run#0"]
    assert set(graph.edges()) >= {
        ("kc.run#0", "ha.run#0"),
        ("ha.run#0", "gc.run#0"),
        ("gc.run#0", "ha.run#1"),
    }


def test_json_is_the_document_of_section_10() -> None:
    document = evdsl.load(CYCLE, name="site.events").plan().to_json()
    assert document["version"] == 1
    assert document["start"] == ["kc.run"]
    assert document["steps"][3] == {"id": "ha.run#1", "resource": "ha", "action": "run", "instance": 1}
    closing = [r for r in document["rules"] if r["closing"]]
    assert closing == [
        {
            "from": ["gc.run#0"],
            "event": ["changed"],
            "all": False,
            "to": "ha.run#1",
            "closing": True,
            "file": "site.events",
            "line": 3,
        }
    ]
    (cycle,) = document["cycles"]
    assert (cycle["path"], cycle["again"]) == (["ha.run", "gc.run"], "ha.run")


def test_importing_evdsl_imports_nothing_more() -> None:
    import subprocess
    import sys

    code = "import sys, evdsl; print(sorted(m for m in sys.modules if m.startswith('evdsl')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['evdsl', 'evdsl.version']"
