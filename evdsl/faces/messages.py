"""Diagnostics as people and programs read them: excerpts with a caret, JSON, GitHub annotations, SARIF."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..base.diagnostic import Diagnostic, in_order
from ..base.source import Span
from .terminal import Out, printable, width
from .workflow import command

MOST_LABELS = 40
_WIDEST = 100  # columns of an excerpt; a longer line is shown around its caret


def show(diagnostics: Iterable[Diagnostic], out: Out, *, notes: bool = True) -> None:
    """Each with its excerpt, by file and place, a blank line between two."""
    first = True
    for d in in_order(diagnostics):
        if d.severity == "note" and not notes:
            continue
        if not first:
            out.line()
        first = False
        _one(d, out)


def _one(d: Diagnostic, out: Out) -> None:
    head = f"{d.severity}[{d.code}]"
    first, *rest = out.wrapped(printable(d.message), len(head) + 2, 4)
    out.line((head, d.severity), (": " + first, "strong"))
    for line in rest:
        out.line("    ", (line, "strong"))
    span = d.span
    margin = " " * (len(str(span.line)) if span else 1)
    if span is not None:
        line, caret = _excerpt(span)
        out.line(margin, ("--> ", "place"), printable(f"{span.source.path}:{span.line}:{span.column}"))
        out.line(margin, (" |", "place"))
        out.line((f"{span.line} | ", "place"), line)
        out.line(margin, (" | ", "place"), (caret, d.severity))
    elif d.path:
        out.line(margin, ("--> ", "place"), printable(d.path))
    for place, text in d.labels[:MOST_LABELS]:
        where = printable(f"{place.source.path}:{place.line}")
        out.line(margin, (" = ", "place"), f"{where}: {printable(text)}")
    if len(d.labels) > MOST_LABELS:
        out.line(margin, (" = ", "place"), f"and {len(d.labels) - MOST_LABELS} more places")
    if d.hint:
        indent = len(margin) + 9
        first, *rest = out.wrapped(printable(d.hint), indent, indent)
        out.line(margin, (" = ", "place"), ("help", "strong"), ": " + first)
        for line in rest:
            out.line(" " * indent, line)


def _excerpt(span: Span) -> tuple[str, str]:
    """The line of a span, ready to show, and the line of carets under it."""
    text = span.source.line(span.line) if span.line <= len(span.source.starts) else ""
    begin = span.column - 1
    end = min(begin + max(span.end - span.start, 1), max(len(text), begin + 1))
    low, high = 0, len(text)
    if len(text) > _WIDEST or width(printable(text)) > _WIDEST:
        low = max(0, min(begin - 30, len(text) - _WIDEST))
        high = low + _WIDEST
        end = min(end, high)
    cut = text[low:high]
    before = printable(cut[: begin - low]).replace("\t", "    ")
    marked = printable(cut[begin - low : end - low]).replace("\t", "    ")
    after = printable(cut[end - low :]).replace("\t", "    ")
    lead, tail = ("…" if low else ""), ("…" if high < len(text) else "")
    return lead + before + marked + after + tail, " " * width(lead + before) + "^" * max(width(marked), 1)


def summary(diagnostics: Iterable[Diagnostic], files: int) -> str:
    """`1 error, 2 warnings in 3 files`."""
    count = counts(diagnostics)
    words = [f"{n} {name if n == 1 else name + 's'}" for name, n in count.items() if n and name != "note"]
    where = f" in {files} file{'' if files == 1 else 's'}"
    return (", ".join(words) if words else "no errors") + where


def counts(diagnostics: Iterable[Diagnostic]) -> dict[str, int]:
    found = {"error": 0, "warning": 0, "note": 0}
    for d in diagnostics:
        found[d.severity] += 1
    return found


def as_json(diagnostics: list[Diagnostic], files: int) -> dict[str, Any]:
    """The document of `check --json` (section 10 of docs/language.md)."""
    count = counts(diagnostics)
    return {
        "version": 1,
        "diagnostics": [_record(d) for d in in_order(diagnostics)],
        "summary": {
            "errors": count["error"],
            "warnings": count["warning"],
            "notes": count["note"],
            "files": files,
        },
    }


def _record(d: Diagnostic) -> dict[str, Any]:
    line = column = end_line = end_column = None
    if d.span is not None:
        line, column = d.span.line, d.span.column
        end_line, end_column = d.span.source.position(d.span.end)
    return {
        "code": d.code,
        "severity": d.severity,
        "message": d.message,
        "file": d.file,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "hint": d.hint,
    }


def github(diagnostics: Iterable[Diagnostic]) -> str:
    """Workflow commands: one annotation for each diagnostic."""
    lines = []
    for d in in_order(diagnostics):
        r = _record(d)
        text = d.message + (f"\nhelp: {d.hint}" if d.hint else "")
        level = "notice" if d.severity == "note" else d.severity
        place = {
            "line": r["line"],
            "endLine": r["end_line"],
            "col": r["column"],
            "endColumn": r["end_column"],
        }
        lines.append(command(level, text, file=r["file"], **place, title=d.code))
    return "".join(lines)


def sarif(diagnostics: Iterable[Diagnostic], version: str) -> dict[str, Any]:
    """SARIF 2.1.0, one run."""
    from urllib.parse import quote

    ordered = in_order(diagnostics)
    results = []
    for d in ordered:
        r = _record(d)
        location: dict[str, Any] = {"artifactLocation": {"uri": quote(r["file"])}}
        if r["line"] is not None:
            location["region"] = {
                "startLine": r["line"],
                "startColumn": r["column"],
                "endLine": r["end_line"],
                "endColumn": r["end_column"],
            }
        results.append(
            {
                "ruleId": d.code,
                "level": d.severity,
                "message": {"text": d.message + (f" ({d.hint})" if d.hint else "")},
                "locations": [{"physicalLocation": location}],
            }
        )
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "evdsl",
                        "version": version,
                        "rules": [_rule(code) for code in sorted({d.code for d in ordered})],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }


def _rule(code: str) -> dict[str, Any]:
    """A code with its page, which code scanning shows beside each result."""
    from .explain import pages

    page = pages()[code]
    return {
        "id": code,
        "shortDescription": {"text": page["title"]},
        "fullDescription": {"text": page["about"]},
        "defaultConfiguration": {"level": Diagnostic(code, "", None).severity},
    }
