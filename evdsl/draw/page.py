"""A picture as one page that needs nothing else: search, causes and consequences, pictures of groups, a table.

Nothing is fetched, and nothing could be: the page's own policy allows its one style sheet and its one script alone.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from .collapse import views
from .escape import plain, script_json, xml
from .network import Network
from .routes import number
from .scene import WORDS, Scene, scene
from .svg import SAMPLE, Picture, body, picture, samples
from .theme import sheet, variables


class Extra(NamedTuple):
    """What a page of a run has beside that of a plan.

    `heading`: markup beside the title. `tabs`: name and markup of further tabs. `steps`: by id, further values that
    the script knows: `took`, `because` (a list of texts), `reason`, `log`, `cut`, `path`.
    """

    heading: str
    tabs: list[tuple[str, str]]
    steps: Mapping[str, Mapping[str, Any]]


def page(network: Network, way: str = "auto", run: Extra | None = None) -> str:
    """The page as HTML."""
    shown = views(network, way)
    scenes = [scene(network, view, at) for at, view in enumerate(shown)]
    parents = [view.parent for view in shown]
    pictures = [picture(given) for given in scenes]
    style = variables() + sheet("picture.css") + sheet("page.css")
    script = _script()
    policy = f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    count = f'<span class="count">{network.steps} steps, {network.rules} rules</span>'
    tabs = [
        ("graph", "Graph"),
        *((name.lower(), name) for name, _ in (run.tabs if run else ())),
        ("table", "Table"),
    ]
    columns_ = (
        ["step", "state", "took", "host", "why", "reason"] if run else ["step", "state", "host", "set off by"]
    )
    return "".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n',
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
            f"<title>{xml(network.path)}</title>\n<style>{style}</style>\n</head>\n<body>\n",
            f'<header class="bar"><h1>{xml(network.path)}</h1>{run.heading if run else ""}',
            f"{'' if run else count}\n",
            '<div class="tabs" id="tabs" role="tablist" aria-label="views" hidden>',
            *(_tab(name, title, name == "graph") for name, title in tabs),
            f'</div><span class="grow"></span>\n{_FIND}{_TOOLS}</header>\n<main>\n',
            '<section class="view stage" id="stage" role="tabpanel" aria-labelledby="tab-graph">\n',
            '<nav class="crumbs" id="crumbs" aria-label="groups" hidden></nav>\n',
            f'<div id="view-0">{_svg(pictures[0], network.path)}</div>\n</section>\n',
            *(
                f'<section class="view" id="{name.lower()}" role="tabpanel" aria-labelledby="tab-{name.lower()}" hidden>'
                f"{markup}</section>\n"
                for name, markup in (run.tabs if run else ())
            ),
            '<section class="view" id="table" role="tabpanel" aria-labelledby="tab-table" hidden><table><thead><tr>',
            *(f'<th scope="col">{name}</th>' for name in columns_),
            '</tr></thead><tbody id="rows"></tbody></table></section>\n',
            '<aside class="panel" id="panel" aria-live="polite" aria-label="details" hidden></aside>\n</main>\n',
            _legend(scenes),
            _HELP,
            *(
                f'<template id="view-{at}">{_svg(drawn, drawn.scene.title)}</template>\n'
                for at, drawn in enumerate(pictures)
                if at
            ),
            f'<script type="application/json" id="data">{script_json(_data(network, scenes, parents, run))}</script>\n',
            f"<script>{script}</script>\n</body>\n</html>\n",
        ]
    )


_SCRIPTS = ("data", "graph", "select", "stage", "light", "panel", "keys", "mouse", "search", "table", "tabs")
"""The files of script/, in the order in which they are put together. Names are known from one to the next."""


def _script() -> str:
    parts = "\n".join(sheet(f"script/{name}.js") for name in _SCRIPTS)
    return f'"use strict";\n(() => {{\n{parts}}})();\n'


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _svg(drawn: Picture, name: str) -> str:
    width, height = map(number, drawn.size)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="picture" viewBox="0 0 {width} {height}" role="group"'
        f' aria-label="{xml(name)}" aria-roledescription="graph">\n{body(drawn, interactive=True)}</svg>'
    )


def _tab(name: str, title: str, chosen: bool) -> str:
    controls = "stage" if name == "graph" else name
    return (
        f'<button type="button" role="tab" id="tab-{name}" aria-controls="{controls}" '
        f'aria-selected="{"true" if chosen else "false"}" tabindex="{0 if chosen else -1}">{title}</button>'
    )


_FIND = """<div class="find" id="search" role="search" hidden>
<input id="find" type="search" role="combobox" aria-expanded="false" aria-controls="results" aria-autocomplete="list" \
aria-label="search steps" placeholder="Search: name, rmq.*, x+, +x, @host" autocomplete="off" spellcheck="false">
<ul class="results" id="results" role="listbox" aria-label="found" hidden></ul></div>
"""

_TOOLS = """<div class="tools" id="tools" hidden>
<button type="button" id="out" title="zoom out (-)" aria-label="zoom out">−</button>
<button type="button" id="in" title="zoom in (+)" aria-label="zoom in">+</button>
<button type="button" id="fit" title="show all (0)">Fit</button>
<button type="button" id="theme" title="light or dark (t)" aria-label="light or dark">◐</button>
<button type="button" id="about" title="keys (?)" aria-label="help">?</button></div>
"""

_HELP = """<dialog id="help" aria-labelledby="help-title"><h2 id="help-title">How to look around</h2><dl>
<dt>point</dt><dd>lights up what leads to a step (amber) and what follows from it (blue)</dd>
<dt>click</dt><dd>keeps that, and tells what is known of the step</dd>
<dt>double click</dt><dd>opens the picture of a group</dd>
<dt>wheel, drag</dt><dd>zoom, move</dd>
<dt><kbd>Tab</kbd></dt><dd>into the picture</dd>
<dt><kbd>←</kbd> <kbd>→</kbd></dt><dd>to a cause, to a consequence</dd>
<dt><kbd>↑</kbd> <kbd>↓</kbd></dt><dd>to the box above or below</dd>
<dt><kbd>Enter</kbd></dt><dd>tells of the step, opens a group</dd>
<dt><kbd>Esc</kbd></dt><dd>lets go; out of a group</dd>
<dt><kbd>/</kbd></dt><dd>search: part of a name or text, or a selector: <code>rmq.*</code>, <code>x+</code> what \
follows, <code>+x</code> what leads to it, <code>x+2</code>, <code>@host</code></dd>
<dt><kbd>+</kbd> <kbd>-</kbd> <kbd>0</kbd></dt><dd>zoom in, out, show all</dd>
<dt><kbd>t</kbd></dt><dd>light or dark</dd>
</dl><form method="dialog"><button>Close</button></form></dialog>
"""


def _legend(scenes: list[Scene]) -> str:
    kinds = dict.fromkeys(kind for given in scenes for kind in samples(given.lines))
    items = "".join(
        f'<span><svg class="picture" viewBox="0 -6 38 12" aria-hidden="true"><g class="{kind}">{SAMPLE}</g></svg>{told}</span>'
        for kind, told in kinds
    )
    return f'<footer class="legend">{items}<span class="tip">click a step; ? for keys</span></footer>\n'


def _data(
    network: Network, scenes: list[Scene], parents: list[int | None], run: Extra | None
) -> dict[str, Any]:
    """What the script knows: nodes, arrows between them, and which of them each box of each picture stands for."""
    files = {
        file: at for at, file in enumerate(dict.fromkeys(f for a in network.arrows for f, _ in a.places))
    }
    nodes: list[dict[str, Any]] = []
    for node in network.nodes:
        told: dict[str, Any] = {
            "id": node.id,
            "label": node.label,
            "state": node.state,
            "word": WORDS.get(node.state, node.state),
            "resource": node.resource,
        }
        told |= {
            key: value for key, value in (("host", node.host), ("how", node.how), ("doc", node.doc)) if value
        }
        told |= run.steps.get(node.id, {}) if run else {}
        nodes.append({key: plain(value) if isinstance(value, str) else value for key, value in told.items()})
    return {
        "steps": network.steps,
        "run": run is not None,
        "nodes": nodes,
        "files": [plain(file) for file in files],
        "arrows": [
            {"from": a.source, "to": a.to, "look": a.look, "word": a.word}
            | ({"closing": True} if a.closing else {})
            | ({"off": True} if a.off else {})
            | {"places": [[files[file], line] for file, line in a.places]}
            for a in network.arrows
        ],
        "views": [
            {"title": given.title, "parent": parent, "keys": _keys(given)}
            for given, parent in zip(scenes, parents, strict=True)
        ],
    }


def _keys(given: Scene) -> list[list[Any]]:
    return [[shape.key, list(shape.members)] for shape in given.shapes]
