"""The plan as Mermaid text, for READMEs and pull requests: `evdsl graph --format mermaid`."""

from __future__ import annotations

import re

from .collapse import views
from .measure import columns
from .network import Network
from .scene import Line, Shape, scene

MOST_LINES = 450
MOST_TEXT = 45_000
"""Mermaid draws no more than 500 edges or 50 000 characters unless its page says so."""

_CLASSES = {
    "certain": "stroke-width:2px,stroke:#3f3cbb",
    "failure": "stroke:#c8202f,stroke-dasharray:5 3",
    "again": "stroke:#a85b00,stroke-dasharray:5 3",
    "join": "stroke:#5c6980",
}
_ARROWS = {"needs": "-.->", "after": "-.->", "again": "-.->", "failure": "-.->"}
_COLOURS = {"changed": "#1d5fd1", "success": "#157a3c", "failure": "#c8202f", "skipped": "#8334c4"} | {
    "again": "#a85b00",
    "needs": "#8e9aab",
    "after": "#8e9aab",
}


_LINE = re.compile(r"^  n\d+ -", re.MULTILINE)


def mermaid(network: Network, way: str = "auto") -> str:
    """A `flowchart LR`; what is collapsed is a box with counts. See `too_large`."""
    given = scene(network, views(network, way)[0], 0)
    found = ["flowchart LR"]
    found += [f"  n{at}{_box(shape)}" for at, shape in enumerate(given.shapes)]
    found += [_arrow(line) for line in given.lines]
    found += [f"  classDef {name} {style}" for name, style in _CLASSES.items() if _with(given.shapes, name)]
    for name in _CLASSES:
        there = _with(given.shapes, name)
        if there:
            found.append(f"  class {','.join(there)} {name}")
    looks: dict[str, list[str]] = {}
    for at, line in enumerate(given.lines):
        looks.setdefault("again" if line.closing else line.look, []).append(str(at))
    for look, numbers in looks.items():
        if look in _COLOURS:
            found.append(f"  linkStyle {','.join(numbers)} stroke:{_COLOURS[look]}")
    return "\n".join([*found, ""])


def too_large(text: str) -> str:
    """What Mermaid would refuse a text for; empty if it takes it."""
    lines = len(_LINE.findall(text))
    if lines > MOST_LINES:
        return f"{lines} arrows, and Mermaid draws {MOST_LINES} at most"
    if len(text) > MOST_TEXT:
        return f"{len(text)} characters, and Mermaid draws {MOST_TEXT} at most"
    return ""


def _with(shapes: list[Shape], state: str) -> list[str]:
    return [f"n{at}" for at, shape in enumerate(shapes) if shape.state == state]


def _box(shape: Shape) -> str:
    if shape.kind == "join":
        return '(("all"))'
    name = quoted(shape.name)
    if shape.kind == "group":
        return f'[["{name}<br/>{quoted(shape.word)}"]]'
    return f'("{name}<br/>runs again")' if shape.state == "again" else f'("{name}")'


def _arrow(line: Line) -> str:
    arrow = _ARROWS.get(line.look, "-->")
    word = f"{line.word} (closes the cycle)" if line.closing else line.word
    label = f'|"{quoted(word)}"|' if columns(word) else ""
    return f"  n{line.source} {arrow}{label} n{line.to}"


def quoted(text: str) -> str:
    """A text for a quoted label: what is neither a letter, a digit nor harmless there is written as its number."""
    return "".join(c if c.isalnum() or c in " .,-_@|×…" else f"#{ord(c)};" for c in text)
