"""In which order the nodes of each column stand, so that few edges cross: barycenter sweeps, the best one kept."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from itertools import pairwise

SWEEPS = 12
ENOUGH = 300_000
"""Sweeps times edges: a large picture is swept less often, but never less than twice."""


def ordered(layer: Sequence[int], out: Sequence[Sequence[int]]) -> list[list[int]]:
    """The nodes of each layer from top to bottom. Each edge leads from its layer to the next one.

    Begins with the nodes as a walk from the lowest numbers on meets them, which leaves no crossing in a tree.
    """
    count = len(layer)
    into: list[list[int]] = [[] for _ in range(count)]
    for node, afters in enumerate(out):
        for after in afters:
            into[after].append(node)
    columns = _walked(layer, out, into)
    edges = sum(map(len, out))
    sweeps = max(2, min(SWEEPS, ENOUGH // max(edges, 1)))
    best, fewest = columns, crossings(columns, out)
    for sweep in range(sweeps):
        if not fewest:
            break
        columns = _swept(best if sweep % 4 == 0 else columns, into if sweep % 2 == 0 else out, sweep % 2 == 0)
        if edges <= ENOUGH // SWEEPS:
            columns = _switched(columns, into, out)
        found = crossings(columns, out)
        if found < fewest:
            best, fewest = columns, found
    return best


def _walked(
    layer: Sequence[int], out: Sequence[Sequence[int]], into: Sequence[Sequence[int]]
) -> list[list[int]]:
    columns: list[list[int]] = [[] for _ in range(max(layer, default=-1) + 1)]
    seen = bytearray(len(layer))
    roots = [node for node in range(len(layer)) if not into[node]]
    for root in roots:
        todo = [root]
        while todo:
            node = todo.pop()
            if not seen[node]:
                seen[node] = 1
                columns[layer[node]].append(node)
                todo.extend(reversed(out[node]))
    return columns


def _swept(
    columns: Sequence[Sequence[int]], beside: Sequence[Sequence[int]], forward: bool
) -> list[list[int]]:
    """Each column sorted by the mean place of its neighbours in the column that was sorted before it.

    A node without neighbours there keeps its place.
    """
    found = [list(column) for column in columns]
    numbers = range(1, len(found)) if forward else range(len(found) - 2, -1, -1)
    place: dict[int, int] = {}
    for number in numbers:
        place = {node: at for at, node in enumerate(found[number - 1 if forward else number + 1])}
        keyed = []
        for at, node in enumerate(found[number]):
            near = beside[node]
            keyed.append((sum([place[n] for n in near]) / len(near) if near else float(at), at, node))
        keyed.sort()
        found[number] = [node for _, _, node in keyed]
    return found


def _switched(
    columns: list[list[int]], into: Sequence[Sequence[int]], out: Sequence[Sequence[int]]
) -> list[list[int]]:
    """Neighbours in a column change places where fewer of their edges cross then."""
    place = [0] * len(out)
    for column in columns:
        for at, node in enumerate(column):
            place[node] = at
    for column in columns:
        for at in range(len(column) - 1):
            upper, lower = column[at], column[at + 1]
            gain = 0
            for near in (into, out):
                if near[upper] and near[lower]:
                    first = sorted([place[n] for n in near[upper]])
                    second = sorted([place[n] for n in near[lower]])
                    gain += _inversions(first, second) - _inversions(second, first)
            if gain > 0:
                column[at], column[at + 1] = lower, upper
                place[lower], place[upper] = at, at + 1
    return columns


def _inversions(upper: list[int], lower: list[int]) -> int:
    """How many pairs of the one above and the one below cross; both sorted."""
    return sum([len(upper) - bisect_right(upper, place) for place in lower])


def crossings(columns: Sequence[Sequence[int]], out: Sequence[Sequence[int]]) -> int:
    """How many pairs of edges cross."""
    total = 0
    for left, right in pairwise(columns):
        place = {node: at for at, node in enumerate(right)}
        seen: list[int] = []
        for node in left:
            ends = sorted([place[after] for after in out[node]])
            for end in ends:
                total += len(seen) - bisect_right(seen, end)
            for end in ends:
                insort(seen, end)
    return total
