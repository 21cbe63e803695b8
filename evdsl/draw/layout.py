"""Where everything in a picture stands: boxes in columns from left to right, edges routed round them.

Layers, a stand-in on every layer that a long edge crosses, the order in the layers, the heights; parts of the picture
that nothing joins are laid out apart and set beside each other. No name, no colour, no event is known here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from .coordinates import heights
from .layers import Pair, acyclic, layers
from .order import ordered

GAP = 22.0
"""Between two boxes of a column."""
LANE = 16.0
"""What an edge takes that passes a column; half of it where edges are DENSE."""
DENSE = 3
"""Above so many edges for each box lines are drawn thin and without words."""
APART = 34.0
"""Between parts of the picture that nothing joins."""
_STRAIGHT = 6.0
"""How much more it counts that a passing edge is straight than that a box is in the middle of its neighbours."""
_WIDE = 1.7
"""Parts of a picture are set so that it is about so many times as wide as high."""

Size = tuple[float, float]


class Box(NamedTuple):
    """The left edge, the top, width and height, all in pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


class Lane(NamedTuple):
    """An edge passes a column at one height from `left` to `right`."""

    left: float
    right: float
    y: float


class Layout(NamedTuple):
    """`boxes` by node. `lanes`: for each edge the columns that it passes, from where it begins to where it ends."""

    width: float
    height: float
    boxes: list[Box]
    lanes: dict[Pair, list[Lane]]


def layout(sizes: Sequence[Size], edges: Sequence[Pair], gap: Callable[[Pair], float]) -> Layout:
    """Lay out nodes of the given sizes (width, height). `gap` is how far apart the ends of an edge must be at least.

    Edges may be given twice and may form cycles; one of a node to itself takes no place. Columns are as wide as the
    widest node in them, and all nodes in one are made as wide, but for those that are less than half of it.
    """
    pairs = list(dict.fromkeys(pair for pair in edges if pair[0] != pair[1]))
    boxes = [Box(0, 0, *size) for size in sizes]
    lanes: dict[Pair, list[Lane]] = {}
    parts = [_part(sizes, nodes, own, gap) for nodes, own in _parts(len(sizes), pairs)]
    width = height = 0.0
    for part, x, y in _set(parts):
        for node, box in part.boxes.items():
            boxes[node] = box._replace(x=box.x + x, y=box.y + y)
        for pair, own_lanes in part.lanes.items():
            moved = [Lane(lane.left + x, lane.right + x, lane.y + y) for lane in own_lanes]
            lanes[pair] = moved
            lanes[pair[::-1]] = moved[::-1]  # an edge that was turned round is asked for as it was given
        width, height = max(width, x + part.width), max(height, y + part.height)
    return Layout(width, height, boxes, lanes)


class _Part(NamedTuple):
    width: float
    height: float
    boxes: dict[int, Box]
    lanes: dict[Pair, list[Lane]]


def _parts(count: int, pairs: Sequence[Pair]) -> list[tuple[list[int], list[Pair]]]:
    """The nodes and edges of each part that nothing joins to another, by its first node."""
    above = list(range(count))

    def root(node: int) -> int:
        while above[node] != node:
            above[node] = node = above[above[node]]
        return node

    for before, after in pairs:
        first, second = sorted((root(before), root(after)))
        above[second] = first
    found: dict[int, tuple[list[int], list[Pair]]] = {}
    for node in range(count):
        found.setdefault(root(node), ([], []))[0].append(node)
    for pair in pairs:
        found[root(pair[0])][1].append(pair)
    return list(found.values())


def _part(sizes: Sequence[Size], nodes: list[int], pairs: list[Pair], gap: Callable[[Pair], float]) -> _Part:
    if len(nodes) == 1:
        (node,) = nodes
        return _Part(*sizes[node], {node: Box(0, 0, *sizes[node])}, {})
    number = {node: at for at, node in enumerate(nodes)}
    laid = acyclic(len(nodes), [(number[a], number[b]) for a, b in pairs])
    layer = layers(len(nodes), laid)
    out: list[list[int]] = [[] for _ in nodes]
    chains: list[list[int]] = []
    for before, after in laid:
        chain = [before]
        for passed in range(layer[before] + 1, layer[after]):
            chain.append(len(out))
            layer.append(passed)
            out.append([])
        chain.append(after)
        for one, next_ in pairwise(chain):
            out[one].append(next_)
        chains.append(chain)
    into: list[list[int]] = [[] for _ in out]
    for node, afters in enumerate(out):
        for after in afters:
            into[after].append(node)
    columns = ordered(layer, out)
    real = len(nodes)
    lane = LANE / 2 if len(pairs) > DENSE * real else LANE
    room = [sizes[node][1] + GAP for node in nodes] + [lane] * (len(out) - real)
    weight = [1.0] * real + [_STRAIGHT] * (len(out) - real)
    middle = heights(columns, into, out, room, weight)
    widest = [max([sizes[nodes[n]][0] for n in column if n < real], default=0.0) for column in columns]
    between = [0.0] * len(columns)
    for chain in chains:
        # the words of an edge stand behind its beginning
        first = layer[chain[0]]
        between[first] = max(between[first], gap((nodes[chain[0]], nodes[chain[-1]])))
    bend = [
        max([abs(middle[n] - middle[after]) for n in column for after in out[n]], default=0.0)
        for column in columns
    ]
    lefts: list[float] = []
    x = 0.0
    for at, across in enumerate(widest):
        lefts.append(x)
        # a steep bend needs room, or it is read as a vertical line
        x += across + max(between[at], min(40 + bend[at] / 6, 150))
    boxes: dict[int, Box] = {}
    for own, node in enumerate(nodes):
        width, high = sizes[node]
        column = widest[layer[own]]
        across = column if width > column / 2 else width
        boxes[node] = Box(lefts[layer[own]] + (column - across) / 2, middle[own] - high / 2, across, high)
    lanes: dict[Pair, list[Lane]] = {}
    for chain in chains:
        lanes[nodes[chain[0]], nodes[chain[-1]]] = [
            Lane(lefts[layer[n]], lefts[layer[n]] + widest[layer[n]], middle[n]) for n in chain[1:-1]
        ]
    top = min([box.y for box in boxes.values()] + [middle[n] for n in range(real, len(out))])
    boxes = {node: box._replace(y=box.y - top) for node, box in boxes.items()}
    lanes = {p: [lane._replace(y=lane.y - top) for lane in found] for p, found in lanes.items()}
    bottom = max([box.y + box.height for box in boxes.values()] + [m - top for m in middle[real:]])
    return _Part(lefts[-1] + widest[-1], bottom, boxes, lanes)


def _set(parts: Sequence[_Part]) -> list[tuple[_Part, float, float]]:
    """Each part and where its corner stands: in rows from left to right, the parts with edges first."""
    first = sorted(parts, key=lambda part: not part.lanes)
    area = sum([(part.width + APART) * (part.height + APART) for part in parts])
    across = max([part.width for part in parts] + [(area * _WIDE) ** 0.5])
    found = []
    x = y = row = 0.0
    for part in first:
        if x and x + part.width > across:
            x, y, row = 0.0, y + row + APART, 0.0
        found.append((part, x, y))
        x, row = x + part.width + APART, max(row, part.height)
    return found
