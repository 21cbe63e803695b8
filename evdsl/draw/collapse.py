"""Large pictures as several: an overview of groups with counts, and for each group a picture of what is in it.

Nobody reads 500 boxes. Groups are resources, what lies under one prefix (an import, `rmq.*`), names that differ in
numbers alone, or hosts: the finest division that leaves a picture readable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from .network import Network, Node

READABLE = 150
"""How many boxes a picture has at most before its steps are collapsed; inside of a group twice as many, where all are alike
and another level would hide more than it shows."""

WAYS = ("auto", "never", "resource", "prefix", "host")


class Group(NamedTuple):
    """Steps shown as one box. `view` is the picture of what is in it, None where it has none."""

    name: str
    members: tuple[int, ...]
    view: int | None = None


Item = int | Group
"""A box: a step by its number, or a group."""


class View(NamedTuple):
    """One picture. `around`: how many of the items, the last ones, only stand round what it is of."""

    title: str
    items: list[Item]
    parent: int | None = None
    around: int = 0


def views(network: Network, way: str = "auto") -> list[View]:
    """The pictures of a network, the first of all of it; each group's stand behind it.

    `way`: `auto` collapses where there are more than READABLE steps; the others are told by WAYS.
    """
    steps = list(range(network.steps))
    few = way == "never" or (way == "auto" and len(steps) <= READABLE)
    found = [View("", list(steps) if few else _divided(network, steps, way))]
    beside = _beside(network)
    at = 0
    while at < len(found):
        view = found[at]
        inside = len(view.items) - view.around
        place = {s: item for item in view.items for s in ([item] if isinstance(item, int) else item.members)}
        for number, item in enumerate(view.items[:inside]):
            if isinstance(item, int):
                continue
            own = set(item.members)
            near = dict.fromkeys(
                _key(place[s]) for m in item.members for s in beside[m] if s in place and s not in own
            )
            around = [it for it in view.items if _key(it) in near]
            few = len(own) <= 2 * READABLE
            items = list(item.members) if few else _divided(network, list(item.members), "auto")
            view.items[number] = item._replace(view=len(found))
            found.append(View(item.name, [*items, *around], at, len(around)))
        at += 1
    for number, view in enumerate(found):  # parents first
        found[number] = _led(view, found)
    return found


def _key(item: Item) -> int:
    """What tells an item from the others of its picture: no step is in two of them."""
    return item if isinstance(item, int) else item.members[0]


def _led(view: View, found: Sequence[View]) -> View:
    """With the groups that stand around led to their own pictures, which their parent knows by now."""
    if view.parent is None or not view.around:
        return view
    known = {_key(item): item for item in found[view.parent].items}
    inside = len(view.items) - view.around
    return view._replace(items=[*view.items[:inside], *(known[_key(it)] for it in view.items[inside:])])


def _beside(network: Network) -> list[list[int]]:
    """The steps that a step has an arrow from or to, those behind an `all` included."""
    count = network.steps
    target = {a.source: a.to for a in network.arrows if a.source >= count}
    found: list[dict[int, None]] = [{} for _ in range(count)]
    for arrow in network.arrows:
        source, to = arrow.source, target.get(arrow.to, arrow.to)
        if source < count and source != to:
            found[source][to] = found[to][source] = None
    return [list(near) for near in found]


def _divided(network: Network, steps: Sequence[int], way: str) -> list[Item]:
    """Groups of the steps, and steps that are alone in theirs, in the order of their first steps."""
    names = [network.nodes[step].resource for step in steps]
    deepest = max((name.count(".") for name in names), default=0)
    if way != "auto":
        return _items(_by(network, steps, {"resource": _resource, "prefix": _prefix(1), "host": _host}[way]))
    prefixes = [_prefix(depth) for depth in range(deepest, 0, -1)]
    best: dict[str, list[int]] = {}
    for name in (_resource, *prefixes, _alike, _alike_actions, _host):
        found = _by(network, steps, name)
        if 1 < len(found) < len(steps) and (not best or len(found) < len(best)):
            best = found
        if 1 < len(found) <= READABLE:
            return _items(found)
    return _items(best) if best and len(best) <= 4 * READABLE else _stretches(network, steps)


def _by(network: Network, steps: Sequence[int], name: Callable[[Node], str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for step in steps:
        found.setdefault(name(network.nodes[step]), []).append(step)
    return found


def _resource(node: Node) -> str:
    return node.resource


def _prefix(depth: int) -> Callable[[Node], str]:
    def name(node: Node) -> str:
        parts = node.resource.split(".")
        return ".".join(parts[:depth]) + (".*" if len(parts) > depth else "")

    return name


def _alike(node: Node) -> str:
    return re.sub(r"\d+", "*", node.resource)


def _alike_actions(node: Node) -> str:
    return re.sub(r"\d+", "*", node.id.partition("#")[0])


def _host(node: Node) -> str:
    return f"@{node.host}" if node.host else "no host"


def _items(groups: dict[str, list[int]]) -> list[Item]:
    return [own[0] if len(own) == 1 else Group(name, tuple(own)) for name, own in groups.items()]


def _stretches(network: Network, steps: Sequence[int]) -> list[Item]:
    """Where names tell nothing: so many in a row, in the order in which they could run."""
    each = -(-len(steps) // READABLE)
    runs = [steps[at : at + each] for at in range(0, len(steps), each)]
    nodes = network.nodes
    return [
        own[0] if len(own) == 1 else Group(f"{nodes[own[0]].label} … {nodes[own[-1]].label}", tuple(own))
        for own in runs
    ]
