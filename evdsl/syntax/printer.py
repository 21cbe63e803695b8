"""`fmt`: a file in canonical form, with its comments.

The tree says what is written; where comments and blank lines stand is looked up in the text by the places of the
nodes. A comment keeps its statement: it stays on a line of its own before it, behind it, or inside its brackets.
All choices depend on the tree, on blank lines and on which bodies stand on one line, and these are printed as they
were: so what was formatted once stays as it is.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..base.source import Span
from . import ast
from .columns import Entry, align
from .lexer import MAX_DEPTH
from .oneline import Node, condition, head, key, members, oneline, options, parenthesized, ref, value

LIMIT = 100
"""Columns of a line; a line that nothing can break may be longer."""

_STEP = 2
_FILL = re.compile(r"(?:[ \t\n,;]|\\\n)*")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")

# what may be broken, in this order, until the statement fits
_NOTHING, _BODIES, _OPTIONS, _VALUES, _CONDITIONS = range(5)


class _Item(NamedTuple):
    """One item in brackets: `label` is `name = ` or nothing."""

    start: int
    label: str
    value: ast.Value


@dataclass(slots=True)
class _Brackets:
    """A list, a map, options or arguments: on one line, or one item a line. `must`: it holds comments."""

    items: Sequence[_Item]
    start: int
    end: int
    flat: str
    must: bool
    rank: int


@dataclass(slots=True)
class _Body:
    """The body of a statement, braces included. `must`: it does not stand on one line."""

    items: tuple[Node, ...]
    start: int
    end: int
    flat: str
    must: bool
    rank: int = _BODIES
    broken: str = ""


_Part = str | _Brackets | _Body


def fmt(file: ast.File) -> str:
    """The file in canonical form. `file` was parsed without errors: what an error left out cannot be printed."""
    printer = _Printer(file)
    _, lines = printer.sequence(file.statements, 0, len(file.source.text), 0, in_body=False)
    return "".join(line + "\n" for line in lines)


class _Printer:
    """Prints one file. Offsets are those of its source."""

    def __init__(self, file: ast.File) -> None:
        self.text = file.source.text
        self.comments = file.comments
        self.starts = [c.start for c in file.comments]
        self.ends = {c.start: c.end for c in file.comments}

    # ---- the text

    def between(self, start: int, end: int) -> list[Span]:
        """The comments that begin in `text[start:end]`."""
        return list(self.comments[bisect_left(self.starts, start) : bisect_left(self.starts, end)])

    def any_between(self, start: int, end: int) -> bool:
        at = bisect_left(self.starts, start)
        return at < len(self.starts) and self.starts[at] < end

    def next(self, at: int) -> int:
        """Where the next token begins, commas and `;` apart."""
        while True:
            at = _FILL.match(self.text, at).end()  # type: ignore[union-attr]
            if at not in self.ends:
                return at
            at = self.ends[at]

    def behind(self, end: int, comment: Span) -> bool:
        """Whether the comment stands on the line on which something ended at `end`."""
        return "\n" not in self.text[end : comment.start].replace("\\\n", "")

    # ---- statements and members, one below the other

    def sequence(
        self, nodes: Sequence[Node], start: int, stop: int, indent: int, *, in_body: bool
    ) -> tuple[str, list[str]]:
        """The lines of what stands in `text[start:stop]`, and the comment behind the brace that opens it."""
        opening, pad = "", " " * indent
        entries: list[Entry] = []
        for node in (*nodes, None):
            for comment in self.between(start, node.start if node else stop):
                if (entries or in_body) and self.behind(start, comment):
                    if entries:
                        entries[-1].comment = _behind(comment)
                    else:
                        opening = _behind(comment)
                else:
                    entries.append(Entry(None, self.blank_line(start, comment.start), pad + _shown(comment)))
                start = comment.end
            if node is not None:
                text = pad + self.node(node, indent)
                entries.append(Entry(node, self.blank_line(start, node.start), text))
                start = node.end
        align(entries, indent, LIMIT)
        lines: list[str] = []
        for entry in entries:
            if entry.blank and lines:
                lines.append("")
            lines.append(entry.text + entry.comment)
        return opening, lines

    def blank_line(self, start: int, end: int) -> bool:
        return _BLANK_LINE.search(self.text, start, end) is not None

    def node(self, node: Node, indent: int) -> str:
        """A statement or member; its first line without indentation."""
        flat = self.flat(node)
        if flat is not None and indent + len(flat) <= LIMIT:
            return flat
        parts = self.parts(node, indent)
        for rank in range(_NOTHING, _CONDITIONS + 1):
            text, fits = self.lay(parts, indent, rank)
            if fits:
                break
        return text

    def flat(self, node: Node) -> str | None:
        """The node on one line, None if it cannot or should not be."""
        if self.any_between(node.start, node.end):
            return None
        if isinstance(node, ast.Resource | ast.Connect | ast.For) and members(node):
            if "\n" in self.text[self.next(_head_end(node)) : self.next((members(node) or ())[-1].end)]:
                return None
        text = oneline(node)
        return None if "\n" in text else text

    # ---- one statement

    def parts(self, node: Node, indent: int) -> list[_Part]:
        """What a statement is made of: text, and what may be broken."""
        match node:
            case ast.Resource() | ast.Connect() | ast.For():
                return self.with_body(node, indent)
            case ast.Rule() | ast.Order():
                last = node.subscribers[-1] if isinstance(node, ast.Rule) else node.earlier[-1]
                whole = oneline(node)
                plain = whole[: len(whole) - len(condition(node.when)) - len(" if ")] if node.when else whole
                return [plain, *self.when(node.when, last.end, node.end, indent)]
            case ast.Attribute():
                return [key(node.name), *self.value(node.value)]
            case ast.Action():
                parts: list[_Part] = [f"{ref(node.name)}: {ref(node.driver)}"]
                for argument in node.arguments:
                    parts += [" ", *self.value(argument)]
                if node.options:
                    start = self.next((node.arguments or (node.driver,))[-1].end)
                    parts += [" ", self.options(node.options, start, node.end)]
                return parts
            case ast.Host():
                parts = [f"host {key(node.name)}", *self.value(node.address)]
                end = node.address.end
                if node.options:
                    start, end = self.next(end), self.next(node.options[-1].end) + 1
                    parts += [" ", self.options(node.options, start, end)]
                return parts + self.when(node.when, end, node.end, indent)
            case ast.Inventory():
                return ["hosts ", *self.value(node.path, stiff=True)]
            case ast.Group():
                parts = [f"group {key(node.name)}", *self.value(node.members)]
                return parts + self.when(node.when, node.members.end, node.end, indent)
            case ast.Param():
                return [f"param {key(node.name)}", *self.value(node.default)]
            case ast.Defaults():
                start = self.next(node.start + len("defaults"))
                return ["defaults ", self.options(node.options, start, node.end)]
            case ast.Import():
                return self.import_(node, indent)
        return [oneline(node)]

    def with_body(self, node: ast.Resource | ast.Connect | ast.For, indent: int) -> list[_Part]:
        parts: list[_Part] = [head(node)]
        if isinstance(node, ast.For):
            parts = [f"for {ref(node.variable)} in ", *self.value(node.over, stiff=True)]
        end = _head_end(node)
        inside = members(node)
        if inside is not None:
            start = self.next(end)
            end = self.next(inside[-1].end if inside else start + 1) + 1
            flat = "{}"
            must = self.any_between(start, end)
            if inside:
                lines = [] if must or "\n" in self.text[start:end] else [oneline(m) for m in inside]
                flat = "{ " + "; ".join(lines) + " }"
                must = not lines or len(flat) > LIMIT
            parts += [" ", _Body(inside, start, end, flat, must)]
        return parts + self.when(node.when, end, node.end, indent)

    def import_(self, node: ast.Import, indent: int) -> list[_Part]:
        end = node.prefix.end
        parts: list[_Part] = ["import ", *self.value(node.path, stiff=True), f" as {ref(node.prefix)}"]
        start = self.next(end)
        if start < node.end and self.text[start] == "(":
            last = node.arguments[-1].end if node.arguments else start + 1
            end = self.next(last) + 1
            if node.arguments or self.any_between(start, end):
                parts += [" ", self.options(node.arguments, start, end)]
        return parts + self.when(node.when, end, node.end, indent)

    def value(self, node: ast.Value, *, stiff: bool = False, rank: int = _VALUES) -> list[_Part]:
        """stiff: `{` would open a body there if a line ended behind it, so that a map stays on its line."""
        if isinstance(node, ast.Map) and stiff:
            parts: list[_Part] = ["{"]
            for name, inner in node.pairs:
                parts += [", " if len(parts) > 1 else "", key(name), *self.value(inner, rank=rank)]
            return [*parts, "}"]
        if isinstance(node, ast.List | ast.Map):
            return [self.brackets(node, rank)]
        return [value(node)]

    def brackets(self, node: ast.List | ast.Map, rank: int = _VALUES) -> _Brackets:
        if isinstance(node, ast.List):
            items = [_Item(i.start, "", i) for i in node.items]
        else:
            items = [_Item(k.start, key(k), v) for k, v in node.pairs]
        return _Brackets(
            items, node.start, node.end, value(node), self.any_between(node.start, node.end), rank
        )

    def options(self, nodes: Iterable[ast.Option], start: int, end: int) -> _Brackets:
        flat = options(nodes, self.text[start], self.text[end - 1])
        items = [_Item(o.start, key(o.name), o.value) for o in nodes]
        return _Brackets(items, start, end, flat, self.any_between(start, end), _OPTIONS)

    def when(self, test: ast.Condition | None, start: int, end: int, indent: int) -> list[_Part]:
        """` if …`. Comments inside of parentheses that may go are put at the beginning of a pair that stays."""
        if test is None:
            return []
        parts: list[_Part] = [" if ", *self.condition(test)]
        brackets = [p for p in parts if isinstance(p, _Brackets)]
        comments = self.between(start, end)
        if all(any(b.start < c.start < b.end for b in brackets) for c in comments):
            return parts
        pad = " " * (indent + _STEP)
        opening = "\n".join(["(", *(pad + _shown(c) for c in comments), pad])
        close = f"\n{' ' * indent})"
        return [" if " + parenthesized(test, opening, close, MAX_DEPTH)]

    def condition(self, test: ast.Condition) -> list[_Part]:
        match test:
            case ast.Compare():
                left = self.value(test.left, stiff=True, rank=_CONDITIONS)
                return [*left, f" {test.operator} ", *self.value(test.right, stiff=True, rank=_CONDITIONS)]
            case ast.Truth():
                return self.value(test.value, stiff=True, rank=_CONDITIONS)
            case ast.Not():
                return ["not ", *self.inner(test.test, (ast.Or, ast.And))]
        word, looser = (" or ", (ast.Or,)) if isinstance(test, ast.Or) else (" and ", (ast.Or, ast.And))
        parts: list[_Part] = []
        for each in test.tests:
            parts += [word if parts else "", *self.inner(each, looser)]
        return parts

    def inner(self, test: ast.Condition, looser: tuple[type, ...]) -> list[_Part]:
        return ["(", *self.condition(test), ")"] if isinstance(test, looser) else self.condition(test)

    # ---- lines

    def lay(self, parts: Sequence[_Part], indent: int, rank: int) -> tuple[str, bool]:
        """The parts one behind the other, those up to `rank` broken where need be, and whether the lines fit."""
        tails = [0]  # for each part, how many columns follow up to the next place that may be broken
        for part in reversed(parts):
            text = part if isinstance(part, str) else part.flat
            if not isinstance(part, str) and (part.must or (part.items and part.rank <= rank)):
                tails.append(1)
            else:
                tails.append(text.find("\n") if "\n" in text else len(text) + tails[-1])
        out, column, fits = "", indent, True
        for part, tail in zip(parts, tails[-2::-1], strict=True):
            text = part if isinstance(part, str) else part.flat
            if not isinstance(part, str):
                width = text.find("\n") if "\n" in text else len(text) + tail
                may = part.rank <= rank and part.items and (column < LIMIT or indent + len(text) > LIMIT)
                if part.must or (may and column + width > LIMIT):
                    text = self.broken(part, indent)
            out += text
            if "\n" in text:
                fits = fits and column + text.find("\n") <= LIMIT
                column = len(text) - text.rfind("\n") - 1
            else:
                column += len(text)
        return out, fits and column <= LIMIT

    def broken(self, part: _Brackets | _Body, indent: int) -> str:
        if isinstance(part, _Body):
            if not part.broken:  # once, whatever else of the statement is tried
                behind, lines = self.sequence(
                    part.items, part.start + 1, part.end - 1, indent + _STEP, in_body=True
                )
                part.broken = "\n".join(["{" + behind, *lines, " " * indent + "}"])
            return part.broken
        return self.broken_brackets(part, indent)

    def broken_brackets(self, part: _Brackets, indent: int) -> str:
        inner = indent + _STEP
        pad = " " * inner
        lines = [self.text[part.start]]
        at, free = part.start + 1, True  # free: the last line has no comment behind it yet
        for item in (*part.items, None):
            for comment in self.between(at, item.value.start if item else part.end):
                if free and self.behind(at, comment):
                    lines[-1] += _behind(comment)
                else:
                    lines.append(pad + _shown(comment))
                free = False
            if item is not None:
                room = LIMIT - inner - len(item.label) - 1
                lines.append(pad + item.label + self.nested(item.value, inner, room) + ",")
                at, free = item.value.end, True
        return "\n".join([*lines, " " * indent + self.text[part.end - 1]])

    def nested(self, node: ast.Value, indent: int, room: int) -> str:
        """A value in brackets that are broken."""
        if not isinstance(node, ast.List | ast.Map):
            return value(node)
        part = self.brackets(node)
        first = part.flat.partition("\n")[0]
        if part.must or (part.items and len(first) > room):
            return self.broken_brackets(part, indent)
        return part.flat


def _head_end(node: ast.Resource | ast.Connect | ast.For) -> int:
    """Where what stands before the body ends."""
    if isinstance(node, ast.Resource):
        return (node.host or node.name).end
    return node.receiver.end if isinstance(node, ast.Connect) else node.over.end


def _shown(comment: Span) -> str:
    return comment.text.rstrip(" \t")


def _behind(comment: Span) -> str:
    return "  " + _shown(comment)
