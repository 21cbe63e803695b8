"""What is being written at an offset of a text, half typed as it is: which part of which statement, by the grammar."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from . import split
from .lexer import Region, Token, TooDeep, Unreadable
from .walk import Branch, Walk

_WORD = re.compile(r"(?:[\w.+@*#-]|<\w*>?|\{\{[ \t]*[\w-]*[ \t]*(?:\}\})?)*\Z")
_HOLE = re.compile(r"\{\{[ \t]*([\w-]*)\Z")
_BODIES = {"resource": "one_member", "connect": "one_link", "for": "file"}
_QUOTES = ('"""', "'''", '"', "'")


class Place(NamedTuple):
    """What is written at an offset.

    `role`: the part of the statement that a word here is, such as `emitter`; empty where no word fits. `text[start:end]`
    is the word so far, `end` the offset asked for. `keywords` can stand here too. `quoted`: inside of a string, of which
    the word is the part that counts. `beside`: words of the same statement that matter here, by their role. `around`:
    the first words of the statements whose bodies this stands in, the outermost first.
    """

    role: str
    start: int
    end: int
    keywords: tuple[str, ...] = ()
    quoted: bool = False
    beside: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    around: tuple[tuple[str, ...], ...] = ()


def place(text: str, at: int, pieces: Sequence[split.Piece] | None = None) -> Place | None:
    """What is written at an offset; None in a comment, and where what stands before does not parse.

    `pieces` are the statements of the text, where they are known already.
    """
    begin, start, around = _innermost(text, at, split.statements(text) if pieces is None else pieces)
    comments = split.comments(text, begin, at)
    if comments and comments[-1][1] == at and at > comments[-1][0]:
        return None
    found = _WORD.search(text, begin, at)
    word = found.start() if found else at
    walk = Walk(start)
    try:
        if not walk.read(Region(text, begin, word)):
            return None
    except Unreadable as error:
        return _quoted(text, error.at, at, begin, start, around)
    except TooDeep:
        return None
    keywords = tuple("no events" if word == "no" else word for word in walk.keywords())
    kind = "AT" if text.startswith("@", word) else "REF"
    role, beside = _role(walk, Token(kind, text[word:at], word, at))
    if not role and word == at and walk.takes("AT"):
        role = "host"
    if hole := _HOLE.search(text, word, at):
        role, word, keywords = ("name" if role else ""), hole.start(1), ()
    return Place(role, word, at, keywords, False, beside, around)


def _quoted(
    text: str, quote: int, at: int, begin: int, start: str, around: tuple[tuple[str, ...], ...]
) -> Place | None:
    """Inside of a string that begins at `quote` and is not closed before the offset."""
    mark = next((q for q in _QUOTES if text.startswith(q, quote)), None)
    walk = Walk(start)
    if mark is None or not walk.read(Region(text, begin, quote)):
        return None
    role, beside = _role(walk, Token("STRING", text[quote:at], quote, at))
    hole = _HOLE.search(text, quote, at) if mark in ('"', '"""') else None
    if hole:
        return Place("name", hole.start(1), at, (), True, beside, around)
    return Place(role, quote + len(mark), at, (), True, beside, around)


def _innermost(
    text: str, at: int, pieces: Sequence[split.Piece]
) -> tuple[int, str, tuple[tuple[str, ...], ...]]:
    """Where the innermost statement or member around an offset begins, its start rule, and what stands around it."""
    piece = next((p for p in reversed(pieces) if p.start <= at), None)
    if piece is None or piece.end < at:
        return at, "file", ()
    begin, start, around = piece.start, "file", list[tuple[str, ...]]()
    while start == "file" and (body := split.open_body(text, begin, at)) is not None:
        words = text[begin : body - 1].split()
        if not words or words[0] not in _BODIES:
            break
        around.append(tuple(words))
        start = _BODIES[words[0]]
        members = split.members_between(text, body, at)
        begin = members[-1].start if members and members[-1].end == at else at
    return begin, start, tuple(around)


# ---- from the tree of the completed text to the part that the word is

_LISTS = {"rule": ("emitter", "event", "subscriber"), "order": ("later", "earlier")}
_SINGLE = {
    "serial": "action", "start": "action", "again": "again", "handover": ("taken", "given"), "connect": ("from", "to"),
    "resource": "declared", "attribute": "member", "host": "declared", "group": "declared", "for_": "declared",
    "param": "declared", "secret": "declared", "import_": "declared", "option": "option", "pair": "key",
}  # fmt: skip
_VALUES = {
    "option": "value of option", "pair": "value of key", "group": "member of group", "for_": "list", "import_": "path",
    "hosts": "path", "attribute": "value", "host": "value", "param": "value", "action": "argument",
    "comparison": "condition", "truth": "condition",
}  # fmt: skip


_HOLDERS = ("action", "defaults", "host", "import_")
"""What options can stand in."""


def _role(walk: Walk, word: Token) -> tuple[str, dict[str, tuple[str, ...]]]:
    """The role of a word fed to the walk, and the words beside it; empty if it does not fit."""
    if not walk.feed(word):
        return "", {}
    tree = walk.completed(word.end)
    path = _path(tree, word) if tree is not None else None
    if path is None:
        return "", {}
    beside: dict[str, tuple[str, ...]] = {}
    role = ""
    for branch, index in path:
        role = _named(branch, index, role)
        if branch.name in ("rule", "rule_all"):
            beside["emitter"] = _words(_branches(branch)[0], word)
        elif branch.name == "own_rule":
            beside["emitter"] = _words(branch.parts[1], word)
        elif branch.name == "action":
            beside["driver"] = _words(branch.parts[2], word) if len(branch.parts) > 2 else ()
        elif branch.name == "list" and role == "argument" and not _words(branch, word):
            role = "first of list"
        elif branch.name in ("options", "arguments"):
            beside["option"] = tuple(
                t for p in _branches(branch) if p.name == "option" for t in _words(p.parts[0], word)
            )
        elif branch.name == "option":
            beside["value"] = _words(branch.parts[0], word)
        elif branch.name == "import_":
            beside["path"] = _words(branch.parts[1], word)
        if branch.name in _HOLDERS:
            beside["holder"] = (branch.name,)
    return role, beside


def _named(branch: Branch, index: int, role: str) -> str:
    """The role of the part at an index of a branch; `role` is what it was in what stands around."""
    name = branch.name.removesuffix("_all") if branch.name == "rule_all" else branch.name
    part = branch.parts[index]
    before = branch.parts[:index]
    if name in _LISTS and not _is_when(part):
        lists = [p for p in before if isinstance(p, Branch)]
        return _LISTS[name][min(len(lists), len(_LISTS[name]) - 1)]
    if name == "own_rule":
        return {1: "own emitter", 2: "event"}.get(index, "own subscriber")
    if name == "action":
        refs = sum(isinstance(p, Token) and p.type == "REF" for p in before)
        if isinstance(part, Token):
            return "driver" if refs else "member"
    if isinstance(part, Token):
        if part.type == "AT":
            return "host"
        if name in _SINGLE:
            given = _SINGLE[name]
            refs = sum(isinstance(p, Token) and p.type == "REF" for p in before)
            found = given if isinstance(given, str) else given[min(refs, len(given) - 1)]
            return "argument of import" if found == "option" and role == "arguments" else found
    if name == "arguments":
        return "arguments"
    if (
        name in _SINGLE
        and isinstance(_SINGLE[name], str)
        and name in ("serial", "start", "again")
        and not _is_when(part)
    ):
        return str(_SINGLE[name])
    if (
        name in _VALUES
        and not _is_when(part)
        and not (isinstance(part, Branch) and part.name in ("options", "arguments"))
    ):
        return _VALUES[name]
    return role


def _is_when(part: Branch | Token) -> bool:
    return isinstance(part, Branch) and part.name == "when"


def _path(tree: Branch, word: Token) -> list[tuple[Branch, int]] | None:
    """The way from the tree down to the word, inner rules of the grammar (`_…`) left out."""
    for index, part in enumerate(tree.parts):
        if part is word:
            return [(tree, index)]
        if isinstance(part, Branch) and (below := _path(part, word)) is not None:
            return below if tree.name.startswith("_") else [(tree, index), *below]
    return None


def _branches(branch: Branch) -> list[Branch]:
    """The branches below, inner rules of the grammar opened."""
    found: list[Branch] = []
    for part in branch.parts:
        if isinstance(part, Branch):
            found += _branches(part) if part.name.startswith("_") else [part]
    return found


def _words(part: Branch | Token, without: Token) -> tuple[str, ...]:
    """The names and texts in a part, but for one word."""
    if isinstance(part, Token):
        return (
            (part.text,)
            if part is not without and part.text and part.type in ("REF", "STRING", "RAW")
            else ()
        )
    return tuple(text for below in part.parts for text in _words(below, without))
