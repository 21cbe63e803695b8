"""How high each node of a column stands: near its neighbours, in its order, with room between.

Ten rounds to and fro over the columns. Each node wants the median of its neighbours; isotonic regression (pool adjacent
violators) finds the heights nearest to what all want that keep the order and the room. What then lies nearly in a line
is put in one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import inf

ROUNDS = 10
ENOUGH = 300_000
"""Rounds times edges; a large picture takes fewer rounds, but never less than two."""


def heights(
    columns: Sequence[Sequence[int]],
    into: Sequence[Sequence[int]],
    out: Sequence[Sequence[int]],
    room: Sequence[float],
    weight: Sequence[float],
) -> list[float]:
    """The middle of each node, counted from the top of the picture.

    `room[n]`: the height that a node takes, the distance to others included. `weight[n]`: how much it counts that
    node `n` stands where it wants to.
    """
    found = [0.0] * len(room)
    for column in columns:
        at = 0.0
        for node in column:
            found[node] = at + room[node] / 2
            at += room[node]
    edges = sum(map(len, out))
    rounds = max(2, min(ROUNDS, ENOUGH // max(edges, 1)))
    for number in range(rounds):
        forward = number % 2 == 0
        # at the end both sides count, so that what leads on is not left crooked
        both = number >= rounds - 2
        for column in columns if forward else reversed(columns):
            _settle(column, into, out, found, room, weight, forward, both)
    _straighten(columns, into, out, found, room)
    top = min([found[node] - room[node] / 2 for column in columns for node in column], default=0.0)
    return [height - top for height in found]


def _settle(
    column: Sequence[int],
    into: Sequence[Sequence[int]],
    out: Sequence[Sequence[int]],
    found: list[float],
    room: Sequence[float],
    weight: Sequence[float],
    forward: bool,
    both: bool,
) -> None:
    wanted: list[float] = []
    for node in column:
        near = into[node] if forward else out[node]
        if both:
            near = [*into[node], *out[node]]
        wanted.append(_median([found[n] for n in near]) if near else found[node])
    settled = spread(wanted, [room[node] for node in column], [weight[node] for node in column])
    for node, height in zip(column, settled, strict=True):
        found[node] = height


def _median(values: list[float]) -> float:
    """The median; of an even number the mean of the two in the middle."""
    if len(values) == 1:
        return values[0]
    values.sort()
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def _straighten(
    columns: Sequence[Sequence[int]],
    into: Sequence[Sequence[int]],
    out: Sequence[Sequence[int]],
    found: list[float],
    room: Sequence[float],
) -> None:
    """Put nodes of neighbouring columns that are each other's middle neighbour at one height where there is room."""
    above: dict[int, int] = {}
    below: dict[int, int] = {}
    for column in columns:
        for upper, lower in pairwise(column):
            above[lower], below[upper] = upper, lower

    def limits(node: int) -> tuple[float, float]:
        over, under = above.get(node), below.get(node)
        low = -inf if over is None else found[over] + (room[over] + room[node]) / 2
        high = inf if under is None else found[under] - (room[under] + room[node]) / 2
        return low, high

    follow = {node: _middle(out[node], found) for column in columns for node in column if out[node]}
    spines: list[list[int]] = []
    led: set[int] = set()
    for column in columns:
        for node in column:
            if node in led:
                continue
            spine = [node]
            while spine[-1] in follow and _middle(into[follow[spine[-1]]], found) == spine[-1]:
                spine.append(follow[spine[-1]])
            led.update(spine)
            if len(spine) > 1:
                spines.append(spine)
    spines.sort(key=len, reverse=True)
    for spine in spines:
        at = 0
        while at < len(spine):
            low, high = limits(spine[at])
            end = at + 1
            while end < len(spine):
                next_low, next_high = limits(spine[end])
                if max(low, next_low) > min(high, next_high):
                    break
                low, high = max(low, next_low), min(high, next_high)
                end += 1
            run = spine[at:end]
            height = min(max(_median([found[node] for node in run]), low), high)
            for node in run:
                found[node] = height
            at = end


def _middle(near: Sequence[int], found: Sequence[float]) -> int:
    """The neighbour in the middle; the upper one of two."""
    return near[0] if len(near) == 1 else sorted(near, key=found.__getitem__)[(len(near) - 1) // 2]


def spread(wanted: Sequence[float], room: Sequence[float], weight: Sequence[float]) -> list[float]:
    """The middles nearest to `wanted` (least weighted squares) that keep the order and leave everyone its room."""
    below: list[float] = []
    at = 0.0
    for number, own in enumerate(room):
        at += (room[number - 1] + own) / 2 if number else 0.0
        below.append(at)
    # each pool: its sum of weights, its weighted sum, how many are in it
    pools: list[tuple[float, float, int]] = []
    for want, offset, heavy in zip(wanted, below, weight, strict=True):
        total, weighted, members = heavy, heavy * (want - offset), 1
        while pools and pools[-1][1] * total >= weighted * pools[-1][0]:
            before = pools.pop()
            total, weighted, members = total + before[0], weighted + before[1], members + before[2]
        pools.append((total, weighted, members))
    found: list[float] = []
    for total, weighted, members in pools:
        found.extend([weighted / total] * members)
    return [height + offset for height, offset in zip(found, below, strict=True)]
