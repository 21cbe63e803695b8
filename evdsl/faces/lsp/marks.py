"""Diagnostics and their fixes, as the protocol has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from lsprotocol import types

from ...base.diagnostic import Diagnostic, Fix
from ...base.source import Source, Span
from ...plan.about import Choice
from ..explain import FILE
from .text import Text

_SEVERITY = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "note": types.DiagnosticSeverity.Information,
}
_UNUSED = {"EV404", "EV405", "EV506"}
"""What stands there does nothing: editors show it pale."""
_SHORT = 40
_NOWHERE = types.Range(types.Position(0, 0), types.Position(0, 0))

Texts = Callable[[Source], Text]
Uris = Callable[[str], str]


@lru_cache(maxsize=1)
def _pages() -> dict[str, str]:
    """For each code the link to its page: the line of the file of all pages."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return {
        line[1:6]: f"{FILE.as_uri()}#L{n}"
        for n, line in enumerate(lines, 1)
        if line[:3] == "[EV" and line[6:7] == "]"
    }


def marked(d: Diagnostic, texts: Texts, uris: Uris) -> types.Diagnostic:
    """One diagnostic; the hint stands below the message."""
    related = [
        types.DiagnosticRelatedInformation(_location(span, texts, uris), said) for span, said in d.labels[:40]
    ]
    page = _pages().get(d.code)
    return types.Diagnostic(
        range=texts(d.span.source).range(d.span.start, d.span.end) if d.span else _NOWHERE,
        message=d.message + (f"\nhelp: {d.hint}" if d.hint else ""),
        severity=_SEVERITY[d.severity],
        code=d.code,
        code_description=types.CodeDescription(page) if page else None,
        source="evdsl",
        tags=[types.DiagnosticTag.Unnecessary] if d.code in _UNUSED else None,
        related_information=related or None,
    )


def _location(span: Span, texts: Texts, uris: Uris) -> types.Location:
    return types.Location(uris(span.source.path), texts(span.source).range(span.start, span.end))


def edit(fix: Fix, text: Text, uri: str) -> types.WorkspaceEdit:
    new = fix.text.replace("\n", text.ending())
    return types.WorkspaceEdit({uri: [types.TextEdit(text.range(fix.span.start, fix.span.end), new)]})


def actions(
    found: Iterable[Diagnostic],
    chosen: Iterable[Choice],
    source: Source,
    start: int,
    end: int,
    texts: Texts,
    uris: Uris,
) -> list[types.CodeAction]:
    """What mends the diagnostics that touch a piece of a source, and what else can be chosen for its cycles."""
    made = []
    for d in found:
        if d.fix is not None and d.span is not None and _touches(d.span, source, start, end):
            title, text = _title(d.fix), texts(d.fix.span.source)
            change, mark = edit(d.fix, text, uris(d.fix.span.source.path)), marked(d, texts, uris)
            kind = types.CodeActionKind.QuickFix
            made.append(types.CodeAction(title, kind, [mark], is_preferred=True, edit=change))
    for choice in chosen:
        if _touches(choice.at, source, start, end):
            text = texts(choice.fix.span.source)
            change = edit(choice.fix, text, uris(choice.fix.span.source.path))
            made.append(types.CodeAction(choice.title, types.CodeActionKind.QuickFix, edit=change))
    return made


def _touches(span: Span, source: Source, start: int, end: int) -> bool:
    return span.source is source and span.start <= end and start <= span.end


def _title(fix: Fix) -> str:
    """What a fix does, on one line."""
    words = " ".join(fix.text.split())
    shown = words if len(words) <= _SHORT else words[: _SHORT - 1] + "…"
    if not fix.text.strip():
        return "Take this out"
    return f"Add `{shown}`" if fix.span.start == fix.span.end else f"Write `{shown}`"
