"""A view as SVG: a file of its own, or a part of a page with the same style."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .collapse import views
from .escape import xml
from .icons import icon
from .layout import Box, Layout, layout
from .measure import WORD, columns
from .network import Network
from .routes import Route, number, routes
from .scene import Line, Scene, Shape, scene
from .theme import COLOURS, standing_alone

MARGIN = 24.0
_LEGEND = 34.0
_HITS = 200
"""Up to so many lines each can be pointed at a little beside it."""
LOOKS = {
    "changed": "changed",
    "success": "ok, success",
    "failure": "failure",
    "skipped": "skipped",
    "done": "any or several",
    "needs": "needs",
    "after": "after",
    "again": "runs again",
}
"""The looks of lines in the order of the legend, and what each is called there."""


class Picture(NamedTuple):
    """A scene with its layout."""

    scene: Scene
    layout: Layout
    routes: list[Route]

    @property
    def size(self) -> tuple[float, float]:
        return self.layout.width + 2 * MARGIN, self.layout.height + 2 * MARGIN


def picture(given: Scene) -> Picture:
    """Lay out a scene."""
    ends = [(line.source, line.to) for line in given.lines]
    words = ["" if given.dense else _word(line) for line in given.lines]
    widest: dict[tuple[int, int], int] = {}
    for (source, to), word in zip(ends, words, strict=True):
        for pair in ((source, to), (to, source)):
            widest[pair] = max(widest.get(pair, 0), columns(word))

    def gap(pair: tuple[int, int]) -> float:
        return min(widest[pair] * WORD, 150) + 44

    laid = layout([shape.size for shape in given.shapes], ends, gap)
    return Picture(given, laid, routes(ends, words, laid))


def svg(network: Network, way: str = "auto") -> str:
    """The whole of a network as one file; what is collapsed is a box with counts."""
    drawn = picture(scene(network, views(network, way)[0], 0))
    width, height = drawn.size
    legend, across = _legend(drawn.scene.lines, height)
    width, height = max(width, across), height + (_LEGEND if legend else 0)
    about = f"{network.steps} steps, {network.rules} rules"
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" class="picture" width="{number(width)}" height="{number(height)}"'
        f' viewBox="0 0 {number(width)} {number(height)}" role="img" aria-labelledby="title">\n'
        f'<title id="title">{xml(network.path)}: {about}</title>\n'
        f"<style>.ground{{fill:{COLOURS['ground'][0]}}}@media (prefers-color-scheme: dark){{.ground{{fill:"
        f"{COLOURS['ground'][1]}}}}}{standing_alone()}</style>\n"
        '<rect class="ground" width="100%" height="100%"/>\n'
        f"{body(drawn)}{legend}</svg>\n"
    )


def body(drawn: Picture, interactive: bool = False) -> str:
    """The lines and boxes of a picture. `interactive`: as things that can be reached by keyboard and by script."""
    hits = len(drawn.scene.lines) <= _HITS
    shapes = drawn.scene.shapes
    kind = "all dense" if drawn.scene.dense else "all"
    found = [f'<g class="{kind}" transform="translate({number(MARGIN)} {number(MARGIN)})">\n']
    for line, route in zip(drawn.scene.lines, drawn.routes, strict=True):
        found.append(_line(line, route, shapes, interactive, hits))
    for shape, box in zip(shapes, drawn.layout.boxes, strict=True):
        found.append(_shape(shape, box, interactive))
    found.append("</g>\n")
    return "".join(found)


def _word(line: Line) -> str:
    return f"{line.word} ↻" if line.closing else line.word


def _line(line: Line, route: Route, shapes: Sequence[Shape], interactive: bool, hits: bool) -> str:
    kind = f"edge on-{line.look}" + (" closing" if line.closing else "")
    if line.off:
        kind += " off"
    if line.rules > 1:
        kind += f" thick{min(line.rules.bit_length() - 1, 4)}"
    data = f' data-from="{shapes[line.source].key}" data-to="{shapes[line.to].key}"' if interactive else ""
    parts = [f'<g class="{kind}"{data}><title>{xml(line.title)}</title>']
    if hits:
        parts.append(f'<path class="hit" d="{route.line}"/>')
    if line.closing:
        parts.append(f'<path class="under" d="{route.line}"/>')
    parts.append(f'<path class="line" d="{route.line}"/><path class="head" d="{route.head}"/>')
    if route.word:
        x, y = route.word
        parts.append(
            f'<text class="word" x="{number(x)}" y="{number(y + 3.5)}" text-anchor="middle">{xml(_word(line))}</text>'
        )
    parts.append("</g>\n")
    return "".join(parts)


def _shape(shape: Shape, box: Box, interactive: bool) -> str:
    kind = f"node {shape.kind} {shape.state}" + (" around" if shape.around else "")
    data = ""
    if interactive and shape.kind != "join":
        data = f' data-key="{shape.key}" tabindex="-1" role="button"'
    elif interactive:
        data = f' data-key="{shape.key}"'
    begin = f'<g class="{kind}"{data} transform="translate({number(box.x)} {number(box.y)})"><title>{xml(shape.title)}</title>'
    width, height = number(box.width), number(box.height)
    if shape.kind == "join":
        return (
            f'{begin}<circle class="box" cx="{number(box.width / 2)}" cy="{number(box.height / 2)}" r="12"/>'
            f'<text class="name" x="{number(box.width / 2)}" y="{number(box.height / 2 + 3.5)}" text-anchor="middle">'
            "all</text></g>\n"
        )
    behind = ""
    if shape.kind == "group":
        behind = f'<rect class="behind" x="5" y="-5" width="{width}" height="{height}" rx="8"/>'
    note = f" {xml(shape.note)}" if shape.note else ""
    middle = number(box.height / 2)
    return (
        f'{begin}{behind}<rect class="box" width="{width}" height="{height}" rx="8"/>'
        f'<g transform="translate(20 {middle})"><circle class="badge" r="10"/>{icon(shape.state)}</g>'
        f'<text class="name" x="38" y="19">{xml(shape.name)}</text>'
        f'<text class="sub" x="38" y="34"><tspan class="state">{xml(shape.word)}</tspan>{note}</text></g>\n'
    )


def _legend(lines: Sequence[Line], top: float) -> tuple[str, float]:
    """What the looks of the lines mean, below the picture, and how far it reaches; empty where all look the same."""
    items = samples(lines)
    if len(items) < 2:
        return "", 0.0
    found, x = [], MARGIN
    for kind, told in items:
        found.append(
            f'<g class="{kind}" transform="translate({number(x)} {number(top)})">{SAMPLE}'
            f'<text class="legend" x="42" y="4">{xml(told)}</text></g>\n'
        )
        x += 42 + columns(told) * 6.5 + 22
    return "".join(found), x


SAMPLE = '<path class="under" d="M0 0H34"/><path class="line" d="M0 0H28"/><path class="head" d="M35 0 28 -3.5 28 3.5Z"/>'
"""A line as the legend shows it, 36 wide about the height 0."""


def samples(lines: Sequence[Line]) -> list[tuple[str, str]]:
    """The kinds of lines that a picture has, as classes, and what each means."""
    there = {line.look for line in lines}
    found = [(f"edge on-{look}", told) for look, told in LOOKS.items() if look in there]
    if any(line.closing for line in lines):
        found.append(("edge on-changed closing", "closes a cycle"))
    if any(line.off for line in lines):
        found.append(("edge on-changed off", "did not match"))
    return found
