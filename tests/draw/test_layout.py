"""Where boxes and lines stand: nothing on anything else, and as near to what was wanted as can be."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evdsl.draw.coordinates import spread
from evdsl.draw.layers import acyclic, layers
from evdsl.draw.layout import Layout, layout
from evdsl.draw.order import crossings, ordered


def test_layers_are_longest_paths() -> None:
    assert layers(4, [(0, 1), (1, 2), (0, 3), (2, 3)]) == [0, 1, 2, 3]


def test_a_source_stands_before_what_it_leads_to() -> None:
    assert layers(5, [(0, 1), (1, 2), (2, 3), (4, 3)]) == [0, 1, 2, 3, 2]


def test_edges_turn_round_in_cycles_alone() -> None:
    # 3 comes before 0, but nothing leads back from 0 to 3
    assert acyclic(4, [(3, 0), (0, 1), (1, 2), (2, 0)]) == [(3, 0), (0, 1), (1, 2), (0, 2)]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    count = draw(st.integers(1, 14))
    node = st.integers(0, count - 1)
    return count, draw(st.lists(st.tuples(node, node), max_size=30))


def laid(count: int, edges: list[tuple[int, int]]) -> Layout:
    return layout([(60.0 + 10 * (n % 5), 44.0) for n in range(count)], edges, lambda pair: 50.0)


@settings(deadline=None)
@given(graphs())
def test_no_box_on_another_and_no_line_through_one(graph: tuple[int, list[tuple[int, int]]]) -> None:
    count, edges = graph
    found = laid(count, edges)
    for one, other in combinations(found.boxes, 2):
        apart = (
            one.x + one.width <= other.x + 1e-6
            or other.x + other.width <= one.x + 1e-6
            or one.y + one.height <= other.y + 1e-6
            or other.y + other.height <= one.y + 1e-6
        )
        assert apart
    for box in found.boxes:
        assert box.x >= -1e-6
        assert box.y >= -1e-6
        assert box.x + box.width <= found.width + 1e-6
        assert box.y + box.height <= found.height + 1e-6
        for lanes in found.lanes.values():
            for lane in lanes:
                beside = lane.right <= box.x or box.x + box.width <= lane.left
                assert beside or not box.y < lane.y < box.y + box.height


@settings(deadline=None)
@given(graphs())
def test_all_edges_lead_on_but_where_a_cycle_must_be_broken(graph: tuple[int, list[tuple[int, int]]]) -> None:
    count, edges = graph
    boxes = laid(count, edges).boxes
    back = {(a, b) for a, b in edges if a != b and boxes[a].x >= boxes[b].x}
    out = [[b for a, b in edges if a == n] for n in range(count)]
    for before, after in back:  # each lies on a cycle, so what it leads to leads back to it
        reached, todo = {after}, [after]
        while todo:
            for follows in out[todo.pop()]:
                if follows not in reached:
                    reached.add(follows)
                    todo.append(follows)
        assert before in reached


@given(graphs())
@settings(deadline=None)
def test_a_turned_edge_has_its_lanes_in_its_own_direction(graph: tuple[int, list[tuple[int, int]]]) -> None:
    count, edges = graph
    found = laid(count, edges)
    for source, to in edges:
        if source != to:
            xs = [lane.left for lane in found.lanes[source, to]]
            ends = [found.boxes[source].x, *xs, found.boxes[to].x]
            assert ends == sorted(ends) or ends == sorted(ends, reverse=True)


def test_nothing_is_laid_out() -> None:
    assert layout([], [], lambda pair: 0).boxes == []


def test_parts_that_nothing_joins_stand_apart() -> None:
    found = laid(9, [(0, 1)])
    assert len({(box.x, box.y) for box in found.boxes}) == 9
    assert found.width < 700  # single boxes are set in rows


def test_a_tree_has_no_crossing() -> None:
    edges = [(0, 3), (0, 1), (0, 2), (1, 6), (2, 5), (3, 4), (3, 7)]
    out: list[list[int]] = [[] for _ in range(8)]
    for a, b in edges:
        out[a].append(b)
    columns = ordered(layers(8, edges), out)
    assert crossings(columns, out) == 0


def test_crossings_that_can_be_avoided_are() -> None:
    out = [[5], [4], [3], [], [], []]
    columns = ordered([0, 0, 0, 1, 1, 1], out)
    assert crossings(columns, out) == 0


@given(st.integers(1, 6), st.integers(1, 6), st.data())
def test_crossings_are_counted(left: int, right: int, data: st.DataObject) -> None:
    ends = st.lists(st.integers(left, left + right - 1), max_size=5, unique=True)
    out = [data.draw(ends) for _ in range(left)] + [[] for _ in range(right)]
    edges = [(a, b) for a in range(left) for b in out[a]]
    wanted = sum((a - c) * (b - d) < 0 for (a, b), (c, d) in combinations(edges, 2))
    assert crossings([list(range(left)), list(range(left, left + right))], out) == wanted


rows = st.lists(
    st.tuples(st.floats(-100, 100), st.floats(1, 30), st.floats(0.5, 8)), min_size=1, max_size=8
)  # fmt: skip


@given(rows)
def test_spread_keeps_order_and_room(given_: list[tuple[float, float, float]]) -> None:
    wanted, room, weight = map(list, zip(*given_, strict=True))
    found = spread(wanted, room, weight)
    for (a, b), (one, other) in zip(pairwise(found), pairwise(room), strict=True):
        assert b - a >= (one + other) / 2 - 1e-6


@given(rows, st.integers(0, 7), st.floats(-3, 3))
def test_spread_is_the_nearest(given_: list[tuple[float, float, float]], which: int, by: float) -> None:
    """Moving one, or one and all that it pushes, never brings all nearer to what they want."""
    wanted, room, weight = map(list, zip(*given_, strict=True))
    found = spread(wanted, room, weight)

    def cost(heights: list[float]) -> float:
        return sum(w * (h - want) ** 2 for w, h, want in zip(weight, heights, wanted, strict=True))

    moved = list(found)
    at = which % len(moved)
    moved[at] += by
    order = range(at + 1, len(moved)) if by > 0 else range(at - 1, -1, -1)
    for n in order:
        beside = n - 1 if by > 0 else n + 1
        least = (room[n] + room[beside]) / 2
        moved[n] = max(moved[n], moved[beside] + least) if by > 0 else min(moved[n], moved[beside] - least)
    assert cost(moved) >= cost(found) - 1e-6


@pytest.mark.parametrize("count", [2, 7, 40])
def test_a_chain_is_a_straight_line(count: int) -> None:
    boxes = laid(count, [(n, n + 1) for n in range(count - 1)]).boxes
    assert len({box.middle for box in boxes}) == 1
    assert [box.x for box in boxes] == sorted(box.x for box in boxes)
