"""The graph tools against networkx, and against depth and size."""

from __future__ import annotations

import random
from itertools import pairwise

import networkx
import pytest

from evdsl.plan.graph import Flow, arranged, components, condense, cyclic, depths, reach, shortest_path

LONG = 50_000


def random_graph(rng: random.Random) -> list[list[int]]:
    size = rng.randint(1, 14)
    return [[rng.randrange(size) for _ in range(rng.randint(0, rng.choice([1, 2, 4])))] for _ in range(size)]


def as_networkx(out: list[list[int]]) -> networkx.DiGraph[int]:
    graph: networkx.DiGraph[int] = networkx.DiGraph()
    graph.add_nodes_from(range(len(out)))
    graph.add_edges_from((a, b) for a, onto in enumerate(out) for b in onto)
    return graph


@pytest.mark.parametrize("seed", range(150))
def test_against_networkx(seed: int) -> None:
    rng = random.Random(seed)
    out = random_graph(rng)
    graph = as_networkx(out)
    expected = sorted(sorted(c) for c in networkx.strongly_connected_components(graph))
    assert sorted(map(sorted, components(out, range(len(out))))) == expected

    peeled, rest = condense(out)
    groups = [[node] for node in peeled] + rest
    assert sorted(map(sorted, groups)) == expected
    at = {node: place for place, group in enumerate(groups) for node in group}
    assert all(at[a] <= at[b] for a, b in graph.edges)
    assert {n for group in cyclic(out, rest) for n in group} == {
        n for n in graph if any(networkx.has_path(graph, m, n) for m in graph[n])
    }

    through = depths(out, peeled, rest)
    for group in groups:
        before = [through[a] for a, b in graph.edges if b in group and a not in group]
        assert {through[n] for n in group} == {max(before, default=0) + len(group)}

    begin, ends = rng.randrange(len(out)), {rng.randrange(len(out)) for _ in range(2)}
    reachable = [
        networkx.shortest_path_length(graph, begin, e) for e in ends if networkx.has_path(graph, begin, e)
    ]
    path = shortest_path(out, begin, ends)
    assert len(path) == (min(reachable) + 1 if reachable else 0)
    assert all(b in out[a] for a, b in pairwise(path))

    rank = list(range(len(out)))
    rng.shuffle(rank)
    order = arranged(out, rank, range(len(out)))
    if networkx.is_directed_acyclic_graph(graph):
        assert order == list(networkx.lexicographical_topological_sort(graph, key=rank.__getitem__))
    else:
        behind = {
            n for group in cyclic(out, rest) for c in group for n in {c, *networkx.descendants(graph, c)}
        }
        assert set(order) == set(graph) - behind


def test_shortest_path_takes_the_first_of_several() -> None:
    assert shortest_path([[2, 1], [3], [3], []], 0, {3}) == [0, 2, 3]
    assert shortest_path([[0]], 0, {0}) == [0]
    assert shortest_path([[], []], 0, {1}) == []


def test_reach_of_any_and_all() -> None:
    joins = Flow([[1], [], [], [], []], [(2, 3), (1, 4)], {1: [0], 2: [0], 3: [1]})
    assert list(reach([0], joins)) == [1, 1, 0, 0, 0]
    assert list(reach([0, 2, 2], joins)) == [1, 1, 1, 1, 1]
    assert list(reach([], joins)) == [0] * 5


def test_no_recursion() -> None:
    ring = [[(n + 1) % LONG] for n in range(LONG)]
    assert len(components(ring, [0])) == 1
    assert len(shortest_path(ring, 0, {LONG - 1})) == LONG
    chain = [*([n + 1] for n in range(LONG)), []]
    peeled, rest = condense(chain)
    assert (len(peeled), rest) == (LONG + 1, [])
    assert depths(chain, peeled, rest)[-1] == LONG + 1
    assert all(reach([0], Flow(chain, [], {})))
