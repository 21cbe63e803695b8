"""Which column each node of a picture stands in, and which way each edge is laid.

Nodes are integers from 0, edges pairs of them without doubles and without an edge of a node to itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..plan.graph import components

Pair = tuple[int, int]


def acyclic(count: int, edges: Sequence[Pair]) -> list[Pair]:
    """The edges, those turned round that lead back: along them no node leads to itself.

    What is in no cycle keeps its direction. In a cycle an edge to a lower number leads back, so that numbers should
    follow the order in which the nodes are met.
    """
    out: list[list[int]] = [[] for _ in range(count)]
    for before, after in edges:
        out[before].append(after)
    place = [0] * count
    for number, group in enumerate(components(out, range(count))):
        for node in group:
            place[node] = number
    turned = ((b, a) if place[a] == place[b] and b < a else (a, b) for a, b in edges)
    return list(dict.fromkeys(turned))


def layers(count: int, edges: Sequence[Pair]) -> list[int]:
    """The layer of each node, from 0: the longest path that leads to it, so that every edge leads to a higher layer.

    A node that nothing leads to is drawn to the layer before the first that it leads to. The edges hold no cycle.
    """
    out: list[list[int]] = [[] for _ in range(count)]
    waits = [0] * count
    for before, after in edges:
        out[before].append(after)
        waits[after] += 1
    sources = [node for node in range(count) if not waits[node]]
    layer = [0] * count
    ready = list(sources)
    for node in ready:  # it grows as we go
        for after in out[node]:
            layer[after] = max(layer[after], layer[node] + 1)
            waits[after] -= 1
            if not waits[after]:
                ready.append(after)
    for node in sources:
        if out[node]:
            layer[node] = min([layer[after] for after in out[node]]) - 1
    return layer
