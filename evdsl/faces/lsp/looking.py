"""Answers about what is written: hover, definition, references."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lsprotocol import types

from ...base.drivers import DRIVERS, OPTION_KINDS
from ...base.events import MATCHES
from ...meaning.occurrences import Occurrence
from ...plan import about as told
from ...syntax.classes import Piece, classes
from . import page

if TYPE_CHECKING:
    from .server import Server

from .asking import At, at_position, location, open_file


def hover(ls: Server, params: types.HoverParams) -> types.Hover | None:
    """What is known of the word at a position; else what the statement stands for."""
    at = at_position(ls, params)
    file = open_file(ls, params.text_document.uri)
    if at is None or file is None or at.analysis.inner is None:
        return None
    wanted = ls.client_capabilities.text_document
    formats = (wanted.hover.content_format if wanted and wanted.hover else None) or [
        types.MarkupKind.Markdown
    ]
    markdown = types.MarkupKind.Markdown in formats
    made, span = page.Page(markdown), None
    word = at.occurrence
    piece = next((p for p in classes(file, at.offset, at.offset) if p.start <= at.offset < p.end), None)
    if word is not None and _named(made, at, word):
        span = (word.start, word.end)
    elif piece is not None and _written(made, at, piece):
        span = (piece.start, piece.end)
    statement = told.statement_at(at.analysis.inner, at.path, at.offset)
    if (
        statement is not None
        and told.is_several(statement[0])
        and (span is None or word is None or word.kind == "resource")
    ):
        made.items("This stands for", told.expanded(at.analysis.inner, statement[1]), at.path)
    said = str(made)
    if not said:
        return None
    kind = types.MarkupKind.Markdown if markdown else types.MarkupKind.PlainText
    return types.Hover(types.MarkupContent(kind, said), at.text.range(*span) if span else None)


def _named(made: page.Page, at: At, word: Occurrence) -> bool:
    """What a name stands for."""
    inner, plan = at.analysis.inner, at.analysis.plan
    assert inner is not None
    if word.kind == "action":
        facts = [f for f in (told.about(inner, plan, name) for name in word.names[:3]) if f is not None]
        for fact in facts:
            page.action(made, fact, at.path)
        if len(word.names) > 3:
            made.text(f"and {len(word.names) - 3} more")
        return bool(facts)
    if word.kind == "file":
        made.head(os.path.basename(word.names[0]), word.names[0])
        return True
    made.head(word.names[0] if word.kind != "variable" else word.text, word.kind, *_value(at, word))
    resource = inner.resources.get(word.names[0]) if word.kind == "resource" else None
    if resource is not None and resource.doc:
        made.text(resource.doc)
    if len(word.names) > 1:
        made.text("All of " + ", ".join(word.names[:8]) + (" …" if len(word.names) > 8 else ""))
    if word.kind == "resource" and not word.declares:
        for name in word.names[:1]:
            only = told.about(inner, plan, f"{name}.run")
            if only is not None and resource is not None and resource.actions == ["run"]:
                page.action(made, only, at.path)
    return True


def _value(at: At, word: Occurrence) -> Iterator[str]:
    """What a name holds, as far as that is known and no secret."""
    inner = at.analysis.inner
    assert inner is not None
    name = word.names[0]
    if word.kind == "host" and name in inner.hosts:
        yield inner.hosts[name].address
    elif word.kind == "resource" and name in inner.resources:
        resource = inner.resources[name]
        yield f"on {resource.host}" if resource.host else ""
        yield ", ".join(resource.actions)
    elif word.kind in ("param", "group"):
        for unit in inner.units:
            values = unit.params if word.kind == "param" else unit.groups
            for own, value in values.items():
                if unit.prefix + own == name:
                    yield str(value)[:200]


def _written(made: page.Page, at: At, piece: Piece) -> bool:
    """What a word of the language means."""
    word = at.text.source.text[piece.start : piece.end]
    if piece.kind == "event" and word in MATCHES:
        page.event(made, word, None)
    elif piece.kind == "driver" and word in DRIVERS:
        driver = DRIVERS[word]
        made.head(driver.form, "says " + ", ".join(sorted(driver.says)))
        made.text(
            "Its own options: " + ", ".join(driver.options)
            if driver.options
            else "It has no options of its own."
        )
    elif piece.kind == "option" and word in OPTION_KINDS:
        made.head(word, " or ".join(OPTION_KINDS[word]))
    else:
        return False
    return True


def definition(ls: Server, params: types.DefinitionParams) -> list[types.Location] | None:
    """Where a name is declared; the file under actions/; in a program that declares nothing, where it is first said."""
    at = at_position(ls, params)
    word = at.occurrence if at is not None else None
    if at is None or word is None or at.analysis.occurrences is None:
        return None
    if word.kind == "file":
        return [types.Location(ls.uris(path), types.Range(_START, _START)) for path in word.names]
    same = at.analysis.occurrences.same(word)
    declared = [location(ls, o.span) for o in same if o.declares and o.start < o.end]
    if word.kind == "action":
        files = {a.name: a.file for a in at.analysis.occurrences.program.actions if a.file}
        declared += [
            types.Location(ls.uris(files[n]), types.Range(_START, _START)) for n in word.names if n in files
        ]
    return declared or [location(ls, o.span) for o in same[:1]] or None


_START = types.Position(0, 0)


def _everywhere(ls: Server, uri: str, word: Occurrence) -> Iterator[Occurrence]:
    """All that stand for the same, in all programs that a file is part of."""
    done: set[tuple[str, int, int]] = set()
    for analysis in ls.roots(uri):
        known = analysis.occurrences
        here = known.at(word.source.path, word.start + (word.end > word.start)) if known is not None else None
        for o in known.same(here) if known is not None and here is not None else ():
            if (key := (o.source.path, o.start, o.end)) not in done:
                done.add(key)
                yield o


def references(ls: Server, params: types.ReferenceParams) -> list[types.Location] | None:
    at = at_position(ls, params)
    word = at.occurrence if at is not None else None
    if word is None:
        return None
    found = _everywhere(ls, params.text_document.uri, word)
    return [location(ls, o.span) for o in found if params.context.include_declaration or not o.declares]


def highlight(ls: Server, params: types.DocumentHighlightParams) -> list[types.DocumentHighlight] | None:
    at = at_position(ls, params)
    word = at.occurrence if at is not None else None
    if at is None or word is None or at.analysis.occurrences is None:
        return None
    here = (o for o in at.analysis.occurrences.files[at.path] if o.shares(word) and o.start < o.end)
    return [types.DocumentHighlight(at.text.range(o.start, o.end)) for o in here]
