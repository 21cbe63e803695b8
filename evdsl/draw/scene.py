"""What is drawn of one view: boxes with their texts, lines with their words; not yet where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from .collapse import View
from .layout import DENSE
from .measure import NAME, SUB, columns, cut
from .network import Arrow, Network, Node

HEIGHT = 44.0
JOIN = 28.0
WORDS = {
    "certain": "certain",
    "possible": "possible",
    "failure": "on failure",
    "again": "runs again",
    "absent": "not in this run",
}
"""What a state is called where that is not its own name; `plan` says the same."""

WORST = ("cut", "error", "failed", "skipped", "removed", "changed", "created", "ok", "idle", "absent")
"""Which state a group shows after a run: the first of these that one in it has."""


class Shape(NamedTuple):
    """A box. `key` tells it from all others of the page: a step's or join's number, `g` and that of a group's picture."""

    key: str
    kind: str  # step, join or group
    state: str
    name: str
    word: str
    note: str
    title: str
    members: tuple[int, ...]
    view: int | None
    around: bool

    @property
    def size(self) -> tuple[float, float]:
        """Width and height, room for a group's second sheet included."""
        if self.kind == "join":
            return JOIN, JOIN
        behind = f"{self.word} {self.note}" if self.note else self.word
        return 40 + max(columns(self.name) * NAME, columns(behind) * SUB) + 14, HEIGHT


class Line(NamedTuple):
    """A line between two shapes, by their places in the scene; so many `rules` of the plan are in it (orders, where it is one);
    `off`: none of them matched."""

    source: int
    to: int
    look: str
    word: str
    closing: bool
    title: str
    rules: int
    off: bool


class Scene(NamedTuple):
    title: str
    shapes: list[Shape]
    lines: list[Line]

    @property
    def dense(self) -> bool:
        """Whether there are too many lines to tell one from another."""
        return len(self.lines) > DENSE * len(self.shapes)


def scene(network: Network, view: View, number: int) -> Scene:
    """The scene of a view. Lines of several steps are one where a group stands at an end."""
    place: dict[int, int] = {}
    shapes: list[Shape] = []
    for at, item in enumerate(view.items):
        members = (item,) if isinstance(item, int) else item.members
        place.update(dict.fromkeys(members, at))
        around = at >= len(view.items) - view.around
        if isinstance(item, int):
            shapes.append(_step(item, network.nodes[item], around))
        else:
            key = f"g{item.view}" if item.view is not None else f"v{number}-{at}"
            shapes.append(
                _group(key, item.name, [network.nodes[m] for m in members], members, item.view, around)
            )
    _place_joins(network, place, shapes)
    lines = [line for line in _lines(network, place, shapes, view.around) if line.source != line.to]
    return Scene(view.title, shapes, lines)


def _step(number: int, node: Node, around: bool) -> Shape:
    word = WORDS.get(node.state, node.state)
    said = [node.id, f"{word} {node.note}".rstrip(), *([node.doc] if node.doc else [])]
    return Shape(
        str(number), "step", node.state, cut(node.label), word, cut(node.note), "\n".join(said), (number,), None, around
    )  # fmt: skip


def _group(
    key: str, name: str, nodes: Sequence[Node], members: tuple[int, ...], view: int | None, around: bool
) -> Shape:
    states = Counter(node.state for node in nodes)
    ran = [state for state in WORST if states[state]]
    if ran:
        state, told = ran[0], [f"{states[s]} {WORDS.get(s, s)}" for s in ran]
    else:
        state = "certain" if states["certain"] else "again" if states["again"] else "possible"
        told = [f"{count} {WORDS.get(s, s)}" for s, count in states.most_common()]
    actions = f"{len(nodes)} steps"
    hosts = sorted({node.host for node in nodes if node.host})
    more = [f"hosts: {', '.join(hosts[:6])}{' …' if len(hosts) > 6 else ''}"] if hosts else []
    title = "\n".join([name, actions + ": " + ", ".join(told), *more])
    note = cut(", ".join(told[:2]), 28) if ran else ""
    return Shape(key, "group", state, cut(name), actions, note, title, members, view, around)


def _place_joins(network: Network, place: dict[int, int], shapes: list[Shape]) -> None:
    """A join stands by itself where its target does, else it is a part of the group of its target."""
    target = {a.source: a.to for a in network.arrows if a.source >= network.steps}
    for number, node in enumerate(network.nodes):
        if not node.join or target[number] not in place:
            continue
        at = place[target[number]]
        if shapes[at].kind == "step" and not shapes[at].around:
            place[number] = len(shapes)
            shapes.append(
                Shape(str(number), "join", "join", "all", "", "", "all of them", (number,), None, False)
            )
        else:
            place[number] = at
            shapes[at] = shapes[at]._replace(members=(*shapes[at].members, number))


def _lines(network: Network, place: dict[int, int], shapes: Sequence[Shape], around: int) -> list[Line]:
    found: dict[tuple[int, int, str], list[Arrow]] = {}
    for arrow in network.arrows:
        source, to = place.get(arrow.source), place.get(arrow.to)
        if source is None or to is None or (shapes[source].around and shapes[to].around):
            continue
        grouped = "group" in (shapes[source].kind, shapes[to].kind)
        found.setdefault((source, to, "" if grouped else arrow.look), []).append(arrow)
    lines = []
    for (source, to, _), arrows in found.items():
        rules = [arrow for arrow in arrows if arrow.rule] or arrows
        looks = list(dict.fromkeys(arrow.look for arrow in rules))
        words = "|".join(dict.fromkeys(arrow.word for arrow in rules if arrow.word))
        closing = any(arrow.closing for arrow in arrows)
        look = looks[0] if len(looks) == 1 else "done"
        word = words if len(rules) == 1 or not _grouped(shapes, source, to) else f"{words} ×{len(rules)}"
        ends = f"{_said(shapes[source])} → {_said(shapes[to])}"
        spots = dict.fromkeys(f"{file}:{line}" for arrow in arrows for file, line in arrow.places)
        title = "\n".join([ends, word + (", closes the cycle" if closing else ""), *list(spots)[:8]])
        off = all(arrow.off for arrow in rules)
        lines.append(Line(source, to, look, word, closing, title, len(rules), off))
    return lines


def _grouped(shapes: Sequence[Shape], source: int, to: int) -> bool:
    return "group" in (shapes[source].kind, shapes[to].kind)


def _said(shape: Shape) -> str:
    return shape.title.partition("\n")[0]
