"""Graphs of integers as adjacency lists: reach, components, depths, shortest paths, an order to go in.

Everything is linear in nodes and edges (the order: but for a heap), and nothing recurs: a chain may be as long as
memory allows. A graph is what gives each node its successors; a successor that stands twice counts as once, but for
time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from heapq import heapify, heappop, heappush
from itertools import chain
from typing import NamedTuple, Protocol

DONE = 1 << 60
"""A number above that of any node."""


class Successors(Protocol):
    """A list or a dict of lists of nodes."""

    def __getitem__(self, node: int, /) -> Sequence[int]: ...


class Flow(NamedTuple):
    """What reaches what, for `reach`.

    `single[a]`: what `a` reaches by itself. `joins`: how many nodes must be reached, and what then is; `joined[a]`:
    the numbers of the joins that wait for `a`.
    """

    single: list[list[int]]
    joins: list[tuple[int, int]]
    joined: dict[int, list[int]]


def reach(begin: Iterable[int], flow: Flow) -> bytearray:
    """A flag for each node: whether it is among `begin` or reached from there."""
    single, joins, joined = flow
    reached = bytearray(len(single))
    todo: list[int] = []
    for node in begin:
        if not reached[node]:
            reached[node] = 1
            todo.append(node)
    if len(todo) == len(single):
        return reached
    missing = [count for count, _ in joins]
    while todo:
        node = todo.pop()
        for after in single[node]:
            if not reached[after]:
                reached[after] = 1
                todo.append(after)
        if node in joined:
            for join in joined[node]:
                missing[join] -= 1
                after = joins[join][1]
                if not missing[join] and not reached[after]:
                    reached[after] = 1
                    todo.append(after)
    return reached


def components(out: Successors, nodes: Iterable[int]) -> list[list[int]]:
    """The strongly connected components of all that can be reached from `nodes`, each behind those it leads to.

    Tarjan's algorithm; a node that is done has the number DONE, so that no second mark is needed.
    """
    low: dict[int, int] = {}
    found: list[list[int]] = []
    open_: list[int] = []
    for root in nodes:
        if root in low:
            continue
        low[root] = len(low)
        open_.append(root)
        work = [(root, low[root], iter(out[root]))]
        while work:
            node, number, successors = work[-1]
            least = low[node]
            for after in successors:
                seen = low.get(after)
                if seen is None:
                    low[node] = least
                    low[after] = number = len(low)
                    open_.append(after)
                    work.append((after, number, iter(out[after])))
                    break
                if seen < least:
                    least = seen
            else:
                low[node] = least
                work.pop()
                if least == number:
                    at = len(open_) - 1
                    while open_[at] != node:
                        at -= 1
                    group = open_[at:]
                    del open_[at:]
                    for member in group:
                        low[member] = DONE
                    found.append(group)
                elif least < low[work[-1][0]]:
                    low[work[-1][0]] = least
    return found


def condense(out: Sequence[Sequence[int]]) -> tuple[list[int], list[list[int]]]:
    """The nodes of a graph in an order in which nothing leads back, but inside of components.

    First come those that no cycle leads to, then the components of all others. Peeling off the first is several
    times faster than looking for components, and often nothing else is left.
    """
    waits = [0] * len(out)
    for successors in out:
        for after in successors:
            waits[after] += 1
    peeled = [node for node, count in enumerate(waits) if not count]
    for node in peeled:  # it grows as we go
        for after in out[node]:
            waits[after] -= 1
            if not waits[after]:
                peeled.append(after)
    rest = components(out, [node for node, count in enumerate(waits) if count])
    rest.reverse()
    return peeled, rest


def cyclic(out: Successors, groups: Iterable[list[int]]) -> list[list[int]]:
    """Those of some components that hold a cycle: of more than one node, or of one that leads to itself."""
    return [group for group in groups if len(group) > 1 or group[0] in out[group[0]]]


def depths(out: Sequence[Sequence[int]], peeled: list[int], rest: list[list[int]]) -> list[int]:
    """For each node the depth of its component plus the number of nodes in it (section 6, step 2).

    `peeled` and `rest` are what `condense` gives. A component's depth is the largest such sum over all that leads
    into it, 0 if nothing does.
    """
    depth = [0] * len(out)
    for group in chain(([node] for node in peeled), rest):
        through = max([depth[node] for node in group]) + len(group)
        for node in group:
            for after in out[node]:
                if depth[after] < through:
                    depth[after] = through
        for node in group:
            depth[node] = through
    return depth


def shortest_path(out: Successors, begin: int, ends: Collection[int]) -> list[int]:
    """The shortest path from `begin` to one of `ends`, both included; empty if there is none.

    Of several that are as short it is the first, where successors stand in their order.
    """
    came: dict[int, int] = {begin: begin}
    queue = [begin]
    for node in queue:  # it grows as we go
        if node in ends:
            path = [node]
            while path[-1] != begin:
                path.append(came[path[-1]])
            path.reverse()
            return path
        for after in out[node]:
            if after not in came:
                came[after] = node
                queue.append(after)
    return []


def arranged(out: Sequence[Sequence[int]], rank: Sequence[int], nodes: Sequence[int]) -> list[int]:
    """`nodes` in an order in which nothing leads back: of all that could come next, the lowest rank does.

    Ranks are distinct and below `len(rank)`. No node outside of `nodes` leads into one. What a cycle leads to is
    missing in the result.
    """
    waits = [0] * len(out)
    for node in nodes:
        for after in out[node]:
            waits[after] += 1
    at = [0] * len(rank)
    for node in nodes:
        at[rank[node]] = node
    ready = [rank[node] for node in nodes if not waits[node]]
    heapify(ready)
    order: list[int] = []
    while ready:
        node = at[heappop(ready)]
        order.append(node)
        for after in out[node]:
            waits[after] -= 1
            if not waits[after]:
                heappush(ready, rank[after])
    return order
