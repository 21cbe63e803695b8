"""The way of each line through a layout: where it leaves and enters its boxes, its curves, where its word stands."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from .layout import Box, Lane, Layout
from .measure import WORD, columns

HEAD = 7.0
"""How long the head of an arrow is."""
_PORT = 9.0
"""Between two lines at the side of a box, at most."""
_BESIDE = 4.0
"""Between lines that have both ends in common, where they pass a column."""
_TALL = 14.0
"""What a word takes."""
_ALONG = (0.5, 0.36, 0.64, 0.24, 0.76, 0.14, 0.86)
_MOST_WORDS = 500

Point = tuple[float, float]
Curve = tuple[Point, Point, Point, Point]


class Route(NamedTuple):
    """`line`: path data of the line, `head` of its arrow head; `word`: the middle of the word, None if there is no room."""

    line: str
    head: str
    word: Point | None


def routes(ends: Sequence[tuple[int, int]], words: Sequence[str], layout: Layout) -> list[Route]:
    """A route for each line; `ends` are its boxes, `words` what stands at it."""
    ways = _ways(ends, layout)
    curves = [_curves(way) for way in ways]
    spots = _spots(curves, words, layout.boxes) if len(ends) <= _MOST_WORDS else [None] * len(ends)
    return [_route(way, own, spot) for way, own, spot in zip(ways, curves, spots, strict=True)]


def _ways(ends: Sequence[tuple[int, int]], layout: Layout) -> list[list[tuple[Point, Point]]]:
    """For each line the level stretches that it consists of, curves apart; the first and the last are its ends."""
    boxes = layout.boxes
    alike: dict[tuple[int, int], list[int]] = {}
    for number, (source, to) in enumerate(ends):
        alike.setdefault((min(source, to), max(source, to)), []).append(number)
    passed: list[list[Lane]] = []
    for number, (source, to) in enumerate(ends):
        same = alike[min(source, to), max(source, to)]
        aside = (same.index(number) - (len(same) - 1) / 2) * _BESIDE
        passed.append([lane._replace(y=lane.y + aside) for lane in layout.lanes.get((source, to), [])])
    # at the sides of boxes: lines in the order of where they come from
    sides: dict[tuple[int, bool], list[tuple[float, int, bool]]] = {}
    for number, (source, to) in enumerate(ends):
        onward = boxes[source].x < boxes[to].x
        lanes = passed[number]
        first = lanes[0].y if lanes else boxes[to].middle
        final = lanes[-1].y if lanes else boxes[source].middle
        sides.setdefault((source, onward), []).append((first, number, True))
        sides.setdefault((to, not onward), []).append((final, number, False))
    at: dict[tuple[int, bool], float] = {}
    for (box, _), met in sides.items():
        met.sort()
        room = boxes[box].height - 14
        step = min(_PORT, room / (len(met) - 1)) if len(met) > 1 else 0.0
        for place, (_, number, leaves) in enumerate(met):
            at[number, leaves] = boxes[box].middle + (place - (len(met) - 1) / 2) * step
    found = []
    for number, (source, to) in enumerate(ends):
        onward = boxes[source].x < boxes[to].x
        begin = (_side(boxes[source], onward), at[number, True])
        end = (_side(boxes[to], not onward), at[number, False])
        stretches = [(begin, begin)]
        for lane in passed[number]:
            near, far = (lane.left, lane.right) if onward else (lane.right, lane.left)
            stretches.append(((near, lane.y), (far, lane.y)))
        before = (end[0] - HEAD if onward else end[0] + HEAD, end[1])
        found.append([*stretches, (before, end)])
    return found


def _side(box: Box, right: bool) -> float:
    return box.x + box.width if right else box.x


def _curves(way: Sequence[tuple[Point, Point]]) -> list[Curve]:
    found = []
    for (_, begin), (end, _) in pairwise(way):
        bend = (end[0] - begin[0]) / 2
        found.append((begin, (begin[0] + bend, begin[1]), (end[0] - bend, end[1]), end))
    return found


def _route(way: Sequence[tuple[Point, Point]], curves: Sequence[Curve], spot: Point | None) -> Route:
    parts = [f"M{_at(way[0][1])}"]
    for number, (_, one, two, end) in enumerate(curves):
        parts.append(f"C{_at(one)} {_at(two)} {_at(end)}")
        if number < len(curves) - 1:
            parts.append(f"L{_at(way[number + 1][1])}")
    back, tip = way[-1]
    wing = HEAD / 2
    head = f"M{_at(tip)}L{_at((back[0], back[1] - wing))}L{_at((back[0], back[1] + wing))}Z"
    return Route("".join(parts), head, spot)


def _at(point: Point) -> str:
    return f"{number(point[0])} {number(point[1])}"


def number(value: float) -> str:
    """A coordinate to a tenth of a pixel, as short as it goes."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _spots(
    curves: Sequence[Sequence[Curve]], words: Sequence[str], boxes: Sequence[Box]
) -> list[Point | None]:
    """Where each word stands: on its line, on no box and on no other word; None where there is no room."""
    taken = _Taken()
    for box in boxes:
        taken.add(box.x, box.y, box.x + box.width, box.y + box.height)
    found: list[Point | None] = []
    for own, word in zip(curves, words, strict=True):
        spot = None
        if word:
            half = columns(word) * WORD / 2 + 2
            for point in _along(own):
                x, y = point
                sides = (x - half, y - _TALL / 2, x + half, y + _TALL / 2)
                if taken.free(*sides):
                    taken.add(*sides)
                    spot = point
                    break
        found.append(spot)
    return found


def _along(curves: Sequence[Curve]) -> list[Point]:
    """Points on a line where a word could stand, the best first: on its first curve, on its last, on all others."""
    first, last, between = curves[:1], curves[-1:] if len(curves) > 1 else [], curves[1:-1]
    return [_on(curve, t) for some in (first, last, between) for t in _ALONG for curve in some]


def _on(curve: Curve, t: float) -> Point:
    s = 1 - t
    a, b, c, d = s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = curve
    return a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3


class _Taken:
    """Rectangles that nothing may be put on, in squares of a grid so that few have to be looked at."""

    _GRID = 120.0

    def __init__(self) -> None:
        self._squares: dict[tuple[int, int], list[tuple[float, float, float, float]]] = {}

    def _met(self, x: float, y: float, right: float, bottom: float) -> list[tuple[int, int]]:
        grid = self._GRID
        return [
            (column, row)
            for column in range(int(x // grid), int(right // grid) + 1)
            for row in range(int(y // grid), int(bottom // grid) + 1)
        ]

    def add(self, x: float, y: float, right: float, bottom: float) -> None:
        for square in self._met(x, y, right, bottom):
            self._squares.setdefault(square, []).append((x, y, right, bottom))

    def free(self, x: float, y: float, right: float, bottom: float) -> bool:
        return not any(
            x < other[2] and other[0] < right and y < other[3] and other[1] < bottom
            for square in self._met(x, y, right, bottom)
            for other in self._squares.get(square, ())
        )
