"""GraphML and node-link JSON: networkx reads them back, and their bytes do not depend on the hash seed."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from io import BytesIO

import networkx
import pytest

import evdsl
from evdsl.draw.export import graphml, node_link

from .programs import KEYSTONE, ROOT, plan_of


def test_graphml_is_read_back() -> None:
    plan = plan_of(KEYSTONE)
    graph = networkx.read_graphml(BytesIO(graphml(plan).encode()), force_multigraph=True)
    assert list(graph.nodes) == [step.id for step in plan.steps]
    assert graph.nodes["mariadb.run#0"]["starts"] is True
    assert graph.nodes["haproxy.run#1"]["instance"] == 1
    (edge,) = graph["glance.run#0"]["haproxy.run#1"].values()
    assert edge["closing"] is True


def test_graphml_edges_have_ids_of_their_own() -> None:
    edges = [e.get("id") for e in ET.fromstring(graphml(plan_of(KEYSTONE))).iter() if e.tag.endswith("}edge")]
    assert len(edges) == len(set(edges)) > 8


def test_graphml_stands_whatever_the_file_is_called() -> None:
    plan = evdsl.load("on a.run changed b.run\n", name="a\x01<&\udcff\n.events").plan().inner
    text = graphml(plan)
    graph = networkx.read_graphml(BytesIO(text.encode()))
    assert graph.edges["a.run#0", "b.run#0"]["file"] == "a\\x01<&\\xdcff\n.events"


def test_node_link_is_read_back() -> None:
    plan = plan_of(KEYSTONE)
    document = json.loads(node_link(plan))
    graph = networkx.node_link_graph(document, edges="edges")
    assert list(graph.nodes) == [step.id for step in plan.steps]
    assert graph.edges["mariadb.run#0", "keystone-config.run#0", 0]["events"] == "changed"
    assert node_link(plan).isascii()


@pytest.mark.parametrize("name", ["graphml", "node_link", "dot"])
def test_the_bytes_are_the_same_under_any_hash_seed(name: str) -> None:
    room = "dot" if name == "dot" else "export"
    code = (
        f"import evdsl, sys; from evdsl.draw.{room} import {name};"
        f"sys.stdout.write({name}(evdsl.load('tests/cases/plain/random-07.events').plan().inner))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT, env={"PYTHONHASHSEED": seed}, capture_output=True, check=True,
        ).stdout
        for seed in ("1", "42")
    }  # fmt: skip
    assert len(said) == 1


def test_networkx_is_not_imported_before_it_is_asked_for() -> None:
    code = (
        "import sys, evdsl.draw.export, evdsl.draw.text, evdsl.draw.dot; sys.exit('networkx' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
