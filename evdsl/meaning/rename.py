"""Give a name of a program another one, everywhere it is written; and tell whether the program still means the same."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from ..base.source import Source
from .occurrences import Occurrence, Occurrences

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_SEGMENT = re.compile(r"\w+(?:[-+@]+\w+)*")
_NAME = re.compile(rf"{_SEGMENT.pattern}(?:\.{_SEGMENT.pattern})*")
_KINDS = {
    "resource": _NAME, "host": _NAME, "group": _NAME, "import": _NAME, "action": _SEGMENT, "param": _PLAIN,
    "secret": _PLAIN, "variable": _PLAIN, "attribute": _PLAIN,
}  # fmt: skip
"""What can be renamed, and how such a name is written."""


class Edit(NamedTuple):
    """Put `text` in place of `source.text[start:end]`."""

    source: Source
    start: int
    end: int
    text: str


class Refused(Exception):
    """A name that cannot be changed so; the message says why."""


def written(wanted: Occurrence) -> str:
    """The name that would be changed, as it is written there. Raises Refused where it cannot be."""
    name = wanted.text
    if wanted.kind not in _KINDS:
        raise Refused("only names can be renamed")
    if not all(f".{n}".endswith(f".{name}") for n in wanted.names):
        raise Refused(f"`{name}` stands for {_few(wanted.names)}: rename where the name itself is written")
    return name


def edits(known: Occurrences, wanted: Occurrence, new: str) -> list[Edit]:
    """What is to be written where so that all of this name is called `new`. Raises Refused."""
    old = written(wanted)
    if not _KINDS[wanted.kind].fullmatch(new):
        raise Refused(f"`{new}` cannot be the name of {_article(wanted.kind)}")
    alike = _alike(known, wanted)
    declared = [o for o in alike if o.declares]
    for o in declared:
        if o.text != old:
            raise Refused(f"`{old}` is made of `{o.text}` in line {o.span.line}: rename what is put in there")
    _found_as_file(known, wanted.kind, {name for o in alike for name in o.names})
    made = [Edit(o.source, o.start, o.end, new) for o in alike if o.text == old]
    made += [Edit(o.source, o.start, o.end, f".{new}") for o in alike if o.start == o.end]
    return list(dict.fromkeys(made))


def _alike(known: Occurrences, wanted: Occurrence) -> list[Occurrence]:
    """All that stand for its names, and for the names of those, as a file imported twice is written once."""
    names, found = set(wanted.names), list[Occurrence]()
    while True:
        found = [o for o in known.all() if o.kind == wanted.kind and not names.isdisjoint(o.names)]
        more = {n for o in found if o.text == wanted.text and o.declares for n in o.names}
        if more <= names:
            return found
        names |= more


def _found_as_file(known: Occurrences, kind: str, names: set[str]) -> None:
    """Refuse what would leave a file under actions/ without its name."""
    for action in known.program.actions:
        name = {"action": action.name, "resource": action.resource}.get(kind)
        if action.file and name in names:
            raise Refused(f"`{action.name}` is the file {action.file}: rename that, then its mentions")


def applied(text: str, made: Iterable[Edit]) -> str:
    """The text with edits of it carried out, which do not overlap."""
    parts, at = [], 0
    for edit in sorted(made, key=lambda e: e.start):
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join(parts) + text[at:]


def verified(before: Occurrences, after: Occurrences, told: list[str], now: list[str], new: str) -> None:
    """Raise Refused unless the renamed program says the same in other words, without an error more.

    Every piece of text must stand for what it stood for: between the names before and after there is one way to call
    each the other, and no two become one. So a name that exists already, one that a pattern would no longer match, and
    one that a `{{ }}` would take for another are all found. `told` are the errors before, `now` those after.
    """
    for message in now:
        if message not in told and len(now) > len(told):
            raise Refused(f"`{new}` does not fit: {message}")
    forth: dict[tuple[str, str], str] = {}
    back: dict[tuple[str, str], str] = {}
    for path, was in before.files.items():
        here = after.files.get(path, [])
        for a, b in zip(was, here, strict=False):
            same = a.kind == b.kind and a.declares == b.declares and len(a.names) == len(b.names)
            for x, y in zip(a.names, b.names, strict=False):
                same = same and forth.setdefault((a.kind, x), y) == y and back.setdefault((b.kind, y), x) == x
            if not same:
                raise Refused(f"`{new}` would change what `{_line(a)}` in line {a.span.line} means")
        if len(was) != len(here):
            raise Refused(f"`{new}` would change what something in {path} means")


def _line(o: Occurrence) -> str:
    return o.source.line(o.span.line).strip()[:80]


def _few(names: tuple[str, ...]) -> str:
    shown = ", ".join(f"`{n}`" for n in names[:3])
    return shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
