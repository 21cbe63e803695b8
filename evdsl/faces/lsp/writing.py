"""Answers that change what is written: completion, fixes, other names, format."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from ...base.diagnostic import has_errors
from ...base.source import Source
from ...meaning import rename as renaming
from ...plan import about as told
from ...plan.candidates import candidates
from ...syntax.place import place
from . import marks
from .project import Analysis, failed

if TYPE_CHECKING:
    from .server import Server

from .asking import at_position


def completion(ls: Server, params: types.CompletionParams) -> types.CompletionList | None:
    at = at_position(ls, params)
    pieces = ls.projects.pieces(ls.projects.key(params.text_document.uri))
    found = place(at.text.source.text, at.offset, pieces) if at is not None else None
    unit = at.analysis.unit(at.path) if at is not None else None
    if at is None or found is None or unit is None or at.analysis.inner is None:
        return None
    made = candidates(at.analysis.inner, at.analysis.plan, unit, found, ls.projects.trees)
    where = at.text.range(found.start, found.end)
    items = []
    for order, c in enumerate(made):
        items.append(
            types.CompletionItem(
                label=c.text,
                kind=_ITEM.get(c.kind, types.CompletionItemKind.Text),
                detail=c.detail or None,
                documentation=c.doc or None,
                sort_text=f"{order:06}",
                filter_text=c.text,
                text_edit=types.TextEdit(where, c.text + _BEHIND.get(c.kind, "")),
            )
        )
    return types.CompletionList(is_incomplete=False, items=items)


_KIND = types.CompletionItemKind
_ITEM = {
    "keyword": _KIND.Keyword, "action": _KIND.Method, "resource": _KIND.Class, "event": _KIND.EnumMember,
    "driver": _KIND.Function, "option": _KIND.Property, "member": _KIND.Method, "attribute": _KIND.Field,
    "host": _KIND.Unit, "group": _KIND.Enum, "param": _KIND.Variable, "secret": _KIND.Variable,
    "variable": _KIND.Variable, "value": _KIND.Value, "file": _KIND.File,
}  # fmt: skip
_BEHIND = {"keyword": " ", "option": " = ", "member": ": ", "driver": " "}
"""What is written behind a word of that kind, as nothing else can follow."""


def code_action(ls: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
    uri = params.text_document.uri
    text = ls.open_text(uri)
    if text is None:
        return []
    start, end = text.offset(params.range.start), text.offset(params.range.end)
    made: list[types.CodeAction] = []
    for analysis in ls.roots(uri):
        stands = (
            analysis.plan is not None and analysis.inner is not None and not has_errors(analysis.diagnostics)
        )
        chosen = told.choices(analysis.inner, analysis.plan) if stands else []  # type: ignore[arg-type]
        found = marks.actions(analysis.diagnostics, chosen, text.source, start, end, ls.texts, ls.uris)
        made += [action for action in found if action not in made]
    return made


def _refuse(message: str) -> JsonRpcException:
    """What a request is told that cannot be fulfilled: the protocol's RequestFailed."""
    return JsonRpcException(message, code=types.LSPErrorCodes.RequestFailed.value)


def prepare_rename(ls: Server, params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder | None:
    at = at_position(ls, params)
    word = at.occurrence if at is not None else None
    if at is None or word is None:
        return None
    try:
        name = renaming.written(word)
    except renaming.Refused as error:
        raise _refuse(str(error)) from None
    return types.PrepareRenamePlaceholder(at.text.range(word.start, word.end), name)


def rename(ls: Server, params: types.RenameParams) -> types.WorkspaceEdit | None:
    at = at_position(ls, params)
    word = at.occurrence if at is not None else None
    if word is None:
        return None
    roots = [a for a in ls.roots(params.text_document.uri) if a.occurrences is not None]
    try:
        made: dict[renaming.Edit, None] = {}
        for analysis in roots:
            known = analysis.occurrences
            here = known.at(word.source.path, word.start + 1) if known is not None else None
            if known is not None and here is not None:
                made.update(dict.fromkeys(renaming.edits(known, here, params.new_name)))
        _verify(ls, roots, list(made), params.new_name)
    except renaming.Refused as error:
        raise _refuse(str(error)) from None
    changes: dict[str, list[types.TextEdit]] = {}
    for e in made:
        where = ls.texts(e.source).range(e.start, e.end)
        changes.setdefault(ls.uris(e.source.path), []).append(types.TextEdit(where, e.text))
    return types.WorkspaceEdit(changes)


def _verify(ls: Server, roots: Iterable[Analysis], made: list[renaming.Edit], new: str) -> None:
    """Raise Refused unless every program says the same after the edits."""
    by_source: dict[str, tuple[Source, list[renaming.Edit]]] = {}
    for e in made:
        by_source.setdefault(e.source.path, (e.source, []))[1].append(e)
    texts = {path: renaming.applied(source.text, own) for path, (source, own) in by_source.items()}
    for analysis in roots:
        after = ls.projects.tried(analysis.root, texts)
        if analysis.occurrences is None or after.occurrences is None:
            raise renaming.Refused("the program cannot be read")
        renaming.verified(
            analysis.occurrences,
            after.occurrences,
            failed(analysis.diagnostics),
            failed(after.diagnostics),
            new,
        )


def formatting(ls: Server, params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
    """What `evdsl fmt` writes, from the first line that differs to the last; nothing where the file has an error."""
    from ...syntax.printer import fmt

    text = ls.open_text(params.text_document.uri)
    key = ls.projects.key(params.text_document.uri)
    if text is None:
        return None
    file, found = ls.projects.trees.at(key, key)
    if file is None or has_errors(found):
        return None
    old, new = text.source.text, fmt(file)
    if old == new:
        return []
    was, now = old.splitlines(keepends=True), new.splitlines(keepends=True)
    head = 0
    while head < min(len(was), len(now)) and was[head] == now[head]:
        head += 1
    tail = 0
    while tail < min(len(was), len(now)) - head and was[-1 - tail] == now[-1 - tail]:
        tail += 1
    start = sum(map(len, was[:head]))
    end = len(old) - sum(map(len, was[len(was) - tail :]))
    piece = "".join(now[head : len(now) - tail]).replace("\n", text.ending())
    return [types.TextEdit(text.range(start, end), piece)]
