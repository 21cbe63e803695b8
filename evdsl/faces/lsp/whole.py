"""Answers about a whole file: symbols, folds, the colours of words, the instances behind names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from ...meaning.occurrences import Occurrences
from ...plan import about as told
from ...syntax.outline import Symbol, folds, symbols
from . import tokens
from .text import Text

if TYPE_CHECKING:
    from .server import Server

from .asking import Plain, open_file

_MOST_SYMBOLS = 500


def document_symbol(ls: Server, params: types.DocumentSymbolParams) -> Plain | None:
    text, file = ls.open_text(params.text_document.uri), open_file(ls, params.text_document.uri)
    return Plain([_symbol(s, text) for s in symbols(file)]) if text is not None and file is not None else None


_S = types.SymbolKind
_SYMBOL = {
    "resource": _S.Class, "action": _S.Method, "attribute": _S.Field, "host": _S.Object, "group": _S.Enum,
    "param": _S.Variable, "secret": _S.Key, "import": _S.Module, "loop": _S.Array, "rule": _S.Event,
    "order": _S.Operator, "connect": _S.Interface, "statement": _S.Event,
}  # fmt: skip


def _symbol(s: Symbol, text: Text) -> dict[str, Any]:
    def spot(offset: int) -> dict[str, int]:
        line, character = text.place(offset)
        return {"line": line, "character": character}

    made: dict[str, Any] = {"name": s.text, "kind": _SYMBOL[s.kind].value}
    made["range"] = {"start": spot(s.start), "end": spot(s.end)}
    made["selectionRange"] = {"start": spot(s.name[0]), "end": spot(s.name[1])}
    if s.below:
        made["children"] = [_symbol(b, text) for b in s.below]
    return made


def workspace_symbol(ls: Server, params: types.WorkspaceSymbolParams) -> list[types.SymbolInformation]:
    """What the files of the workspace declare whose names hold the words of the query."""
    query, found = params.query.lower(), list[types.SymbolInformation]()
    for key in ls.projects.all_files():
        file = ls.projects.trees.at(key, key)[0]
        text = ls.texts(file.source) if file is not None else None
        for name, s in _declared(symbols(file)) if file is not None else ():
            if query in name.lower() and text is not None:
                where = types.Location(ls.uris(file.source.path), text.range(*s.name))  # type: ignore[union-attr]
                found.append(types.SymbolInformation(where, name, _SYMBOL[s.kind]))
                if len(found) == _MOST_SYMBOLS:
                    return found
    return found


def _declared(inside: Iterable[Symbol], prefix: str = "") -> Iterator[tuple[str, Symbol]]:
    for s in inside:
        if s.kind not in ("rule", "order", "connect", "statement", "loop", "attribute"):
            yield prefix + s.text, s
        yield from _declared(s.below, f"{s.text}." if s.kind == "resource" else "")


def folding(ls: Server, params: types.FoldingRangeParams) -> list[types.FoldingRange] | None:
    text, file = ls.open_text(params.text_document.uri), open_file(ls, params.text_document.uri)
    if text is None or file is None:
        return None
    made = []
    for fold in folds(file):
        kind = types.FoldingRangeKind.Comment if fold.comment else None
        made.append(
            types.FoldingRange(text.position(fold.start).line, text.position(fold.end).line, kind=kind)
        )
    return made


def inlay_hint(ls: Server, params: types.InlayHintParams) -> list[types.InlayHint] | None:
    """The instances of actions that run more than once, behind their mentions."""
    text = ls.open_text(params.text_document.uri)
    if text is None:
        return None
    analysis = ls.roots(params.text_document.uri)[0]
    if analysis.inner is None or analysis.plan is None or analysis.occurrences is None:
        return None
    start, end = text.offset(params.range.start), text.offset(params.range.end)
    found = told.numbers(analysis.inner, analysis.plan, analysis.occurrences, text.source.path)
    return [
        types.InlayHint(text.position(n.at), n.text, padding_left=True) for n in found if start <= n.at <= end
    ]


def semantic_tokens(
    ls: Server, params: types.SemanticTokensParams | types.SemanticTokensRangeParams
) -> Plain | None:
    text, file = ls.open_text(params.text_document.uri), open_file(ls, params.text_document.uri)
    if text is None or file is None:
        return None
    known: Occurrences | None = ls.roots(params.text_document.uri)[0].occurrences
    start, end = 0, len(text.source.text)
    if isinstance(params, types.SemanticTokensRangeParams):
        start, end = text.offset(params.range.start), text.offset(params.range.end)
    return Plain({"data": tokens.encoded(file, known, text, start, end)})
