"""The plan as Graphviz text: `evdsl graph site.events --format dot | dot -Tsvg`."""

from __future__ import annotations

from collections.abc import Mapping

from ..plan.plan import Plan
from .labels import Branch, branches, names, only_failure, seen_at

_INK, _RULE, _FAILURE, _ORDER, _AGAIN = "#33415c", "#5b6780", "#c0392b", "#9aa3b2", "#b7791f"
_GRAPH = {"rankdir": "LR", "nodesep": "0.3", "ranksep": "0.55", "bgcolor": "white", "pad": "0.3"}
_FONT = {"fontname": "Helvetica"}
_NODE = {
    **_FONT,
    "fontsize": "12",
    "fontcolor": _INK,
    "shape": "box",
    "style": "rounded,filled",
    "fillcolor": "#f5f7fa",
    "color": "#8793a8",
    "margin": "0.16,0.07",
    "height": "0.36",
}
_EDGE = {
    **_FONT,
    "fontsize": "10",
    "fontcolor": _RULE,
    "color": _RULE,
    "arrowsize": "0.7",
}
_START = {"penwidth": "2.2", "color": _INK, "fillcolor": "#e3ecfb", "fontname": "Helvetica-Bold"}
_SECOND = {"style": "rounded,filled,dashed", "color": _AGAIN, "fillcolor": "#fdf6e7"}
_JOIN = {
    "label": "all",
    "shape": "circle",
    "style": "filled",
    "fontsize": "9",
    "margin": "0",
    "height": "0.3",
    "fixedsize": "true",
}


def dot(plan: Plan) -> str:
    """The `digraph`, left to right: a node for each step, an edge for each pair that rules or orders join.

    Starts are bold, second instances dashed, failure edges red and dashed, what
    closes a cycle in two lines, orders grey and dotted. The edges of an
    `all` rule meet in a small circle. A look at the fold of several instances begins at the last one.
    """
    shown = names(plan)
    lines = ["digraph plan {"]
    lines += [
        f"  {kind} [{_attributes(a)}];" for kind, a in (("graph", _GRAPH), ("node", _NODE), ("edge", _EDGE))
    ]
    starts = set(plan.start)
    for number, step in enumerate(plan.steps):
        look: dict[str, str] = {"label": shown[number], "tooltip": step.id}
        if number in starts:
            look |= _START
        if step.instance:
            look |= {**_SECOND, "tooltip": f"{step.id} runs again"}
        lines.append(f"  {quoted(step.id)} [{_attributes(look)}];")
    lines += _rules(plan)
    lines += _orders(plan)
    return "\n".join([*lines, "}", ""])


def _rules(plan: Plan) -> list[str]:
    ids = [step.id for step in plan.steps]
    lines: list[str] = []
    joined: dict[tuple[frozenset[int], Branch], str] = {}
    for source, own in enumerate(branches(plan)):
        for branch in own:
            target = ids[branch.to]
            if branch.beside:
                # the same rule seen from each of its emitters: they differ in what is beside
                key = (frozenset((source, *branch.beside)), branch._replace(beside=()))
                if key not in joined:
                    joined[key] = f"all {len(joined) + 1}"
                    lines.append(f"  {quoted(joined[key])} [{_attributes(_JOIN | _place(branch))}];")
                    lines.append(_edge(joined[key], target, _look(branch)))
                lines.append(_edge(ids[source], joined[key], {**_look(branch), "label": branch.word[4:]}))
            else:
                lines.append(_edge(ids[source], target, {**_look(branch), "label": branch.word}))
    return lines


def _look(branch: Branch) -> dict[str, str]:
    look = _place(branch)
    if only_failure(branch.events):
        look |= {"color": _FAILURE, "fontcolor": _FAILURE, "style": "dashed"}
    if branch.closing:
        look |= {"color": f"{look.get('color', _RULE)}:{_AGAIN}", "penwidth": "1.6"}
    return look


def _place(branch: Branch) -> dict[str, str]:
    place = ", ".join(f"{file}:{line}" for file, line in branch.places)
    return {"tooltip": place, "labeltooltip": place}


def _orders(plan: Plan) -> list[str]:
    lines = []
    for after, orders in enumerate(plan.orders):
        words: dict[int, dict[str, None]] = {}
        for order in orders:
            words.setdefault(seen_at(order.before), {})["needs" if order.needs else "after"] = None
        for before, said in sorted(words.items()):
            look = {
                "style": "dotted",
                "color": _ORDER,
                "fontcolor": _ORDER,
                "arrowhead": "vee",
                "weight": "0",
            }
            look["label"] = ", ".join(sorted(said, reverse=True))
            lines.append(_edge(plan.steps[before].id, plan.steps[after].id, look))
    return lines


def _edge(before: str, after: str, look: Mapping[str, str]) -> str:
    return f"  {quoted(before)} -> {quoted(after)} [{_attributes(look)}];"


def _attributes(values: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={quoted(value)}" for name, value in values.items())


def quoted(text: str) -> str:
    """A quoted string of the DOT language that reads as this text, in a label as well: nothing in it has a meaning.

    A label knows escapes such as `\\N` and `\\l` and entities such as `&lt;`, so that a backslash is doubled and `&` is
    written as an entity. Control characters are written out: no NUL can stand in the file, and a line end would begin
    another line of the picture.
    """
    safe = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
    return '"' + safe.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;") + '"'
