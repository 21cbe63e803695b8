"""The plan as a networkx graph."""

from __future__ import annotations

import io
import subprocess
import sys

import networkx

from evdsl.plan.build import plan
from evdsl.plan.export import to_networkx

from .programs import rules_only
from .test_cycles import PICTURE


def test_graph() -> None:
    made, _ = plan(rules_only(PICTURE + "\non all ha.run, k.run ok|failed out.x\nout.x needs g.run"))
    assert made
    graph = to_networkx(made)
    assert list(graph) == [step.id for step in made.steps]
    assert networkx.is_directed_acyclic_graph(graph)
    assert graph.nodes["ha.run#1"] == {"resource": "ha", "action": "run", "instance": 1, "starts": False}
    assert graph.nodes["g.run#0"]["starts"]
    edges = {(a, b): data for a, b, data in graph.edges(data=True)}
    assert {pair: data["kind"] for pair, data in edges.items() if pair[1] in ("ha.run#1", "out.x#0")} == {
        ("gc.run#0", "ha.run#1"): "on",
        ("ha.run#0", "ha.run#1"): "again",
        ("ha.run#0", "out.x#0"): "on all",
        ("ha.run#1", "out.x#0"): "on all",
        ("k.run#0", "out.x#0"): "on all",
        ("g.run#0", "out.x#0"): "needs",
    }
    assert edges["ha.run#1", "out.x#0"] == {
        "kind": "on all", "events": "ok|failed", "closing": False, "weak": False, "fold": True,
        "file": "t.events", "line": 6,
    }  # fmt: skip
    assert edges["gc.run#0", "ha.run#1"]["closing"]


def test_graphml_and_back() -> None:
    made, _ = plan(rules_only(PICTURE))
    assert made
    graph = to_networkx(made)
    written = io.BytesIO()
    networkx.write_graphml(graph, written)
    written.seek(0)
    back = networkx.read_graphml(written, force_multigraph=True)
    assert dict(back.nodes(data=True)) == dict(graph.nodes(data=True))
    assert sorted(back.edges(data="events")) == sorted(graph.edges(data="events"))


def test_networkx_is_not_imported_before() -> None:
    code = "import sys, evdsl.plan.build, evdsl.plan.json, evdsl.plan.export; sys.exit('networkx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
