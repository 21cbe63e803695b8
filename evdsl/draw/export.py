"""The plan for other programs: GraphML (Gephi, yEd, Cytoscape) and node-link JSON (networkx, d3)."""

from __future__ import annotations

import json

from ..plan.export import to_networkx
from ..plan.plan import Plan
from .escape import plain


def graphml(plan: Plan) -> str:
    """GraphML; nodes and edges carry what `to_networkx` gives them."""
    import networkx  # imported late: it takes longer than planning 10 000 rules

    graph = to_networkx(plan)
    graph.graph["path"] = plain(plan.path)
    for number, (_, _, attributes) in enumerate(graph.edges(data=True)):
        attributes["file"] = plain(attributes["file"])
        attributes["number"] = (
            f"e{number}"  # GraphML wants ids that are unique in the file, networkx gives the key
        )
    body = "\n".join(networkx.generate_graphml(graph, named_key_ids=True, edge_id_from_attribute="number"))
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n'


def node_link(plan: Plan) -> str:
    """Node-link JSON, ASCII only: `networkx.node_link_graph(json.loads(text), edges="edges")` reads it back.

    Put together here and not by networkx, whose names for this form differ from release to release.
    """
    graph = to_networkx(plan)
    document = {
        "directed": True,
        "multigraph": True,
        "graph": graph.graph,
        "nodes": [{**attributes, "id": node} for node, attributes in graph.nodes(data=True)],
        "edges": [
            {**attributes, "source": source, "target": target, "key": key}
            for source, target, key, attributes in graph.edges(keys=True, data=True)
        ],
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"
