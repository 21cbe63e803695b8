"""Semantic tokens: what each word is, by the program where its meaning shows, else by how it is written."""

from __future__ import annotations

from lsprotocol import types

from ...meaning.occurrences import Occurrences
from ...syntax import ast
from ...syntax.classes import classes
from .text import Text

_KINDS = {
    "keyword": "keyword", "event": "enumMember", "driver": "function", "option": "property", "number": "number",
    "constant": "keyword", "string": "string", "comment": "comment", "resource": "class", "action": "method",
    "import": "namespace", "host": "type", "group": "enum", "param": "parameter", "secret": "parameter",
    "variable": "variable", "attribute": "property",
}  # fmt: skip
TYPES = list(dict.fromkeys(_KINDS.values()))
MODIFIERS = ["declaration"]
LEGEND = types.SemanticTokensLegend(TYPES, MODIFIERS)
_NUMBER = {kind: TYPES.index(name) for kind, name in _KINDS.items()}

Token = tuple[int, int, int, int]


def encoded(file: ast.File, known: Occurrences | None, text: Text, start: int, end: int) -> list[int]:
    """The tokens of `[start, end)` in the numbers of the protocol."""
    data: list[int] = []
    written, place, units = text.source.text, text.place, text.units
    line = character = 0
    for at, upto, kind, modifiers in _tokens(file, known, start, end):
        while at < upto:  # line by line: a token stands on one
            stop = written.find("\n", at, upto)
            if stop < 0:
                stop = upto
            if length := units(written[at:stop]):
                here, first = place(at)
                data += (here - line, first if here > line else first - character, length, kind, modifiers)
                line, character = here, first
            at = stop + 1
    return data


def _tokens(file: ast.File, known: Occurrences | None, start: int, end: int) -> list[Token]:
    """Start, end, type and modifiers of each, none overlapping."""
    named = [
        (o.start, o.end, _NUMBER[o.kind], int(o.declares))
        for o in (known.files.get(file.source.path, ()) if known else ())
        if o.start < o.end and o.kind in _NUMBER and start < o.end and o.start < end
    ]
    written = [
        (p.start, p.end, _NUMBER[p.kind], 0)
        for p in classes(file, start, end)
        if p.kind in _NUMBER and start < p.end and p.start < end
    ]
    found: list[Token] = []
    for token in sorted([*written, *named], key=lambda t: (t[0], t[0] - t[1])):
        # a name in a name (`app.{{h}}`) cuts the outer one, and of an import's argument the param is shown
        while found and token[0] < found[-1][1]:
            outer = found.pop()
            if token[0] > outer[0]:
                found.append((outer[0], token[0], *outer[2:]))
                break
        found.append(token)
    return found
