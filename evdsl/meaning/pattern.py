"""`*`, `**` and `<h>` in references: which names they match, and with what bound."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

Bound = tuple[tuple[str, str], ...]
"""Values of `<h>` variables, sorted by name."""

_PART = r"\*\*|\*|<(\w+)>"


def is_pattern(text: str) -> bool:
    return "*" in text or "<" in text


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """A regular expression for the pattern, and its variables. A variable that stands twice matches the same twice."""
    parts: list[str] = []
    names: list[str] = []
    at = 0
    for found in re.finditer(_PART, pattern):
        parts.append(re.escape(pattern[at : found.start()]))
        at = found.end()
        name = found[1]
        if name is None:
            parts.append(".*" if found[0] == "**" else "[^.]*")
        elif name in names:
            parts.append(f"(?P=v_{name})")
        else:
            names.append(name)
            parts.append(f"(?P<v_{name}>[^.]+)")
    parts.append(re.escape(pattern[at:]))
    return re.compile("".join(parts)), tuple(names)


def variables(pattern: str) -> tuple[str, ...]:
    """The names in `< >`, in order of appearance."""
    return _compiled(pattern)[1] if "<" in pattern else ()


def too_wild(pattern: str) -> bool:
    """Whether so much in a pattern can match so many ways that looking for all of them has no bound.

    `<h>` remembers what it matched, so these are regular expressions, which go back: three a segment, two `**`.
    """
    if "<" not in pattern:
        return False
    most = max(len(re.findall(_PART, segment)) for segment in pattern.replace("**", "\0").split("."))
    return most > 3 or pattern.count("**") > 2


def matches(pattern: str, names: Iterable[str]) -> list[tuple[str, Bound]]:
    """The names that the pattern matches, in the order given, each with what its variables are then.

    A name that a pattern with variables fits in several ways is taken the way a regular expression takes it:
    the leftmost variable as long as possible. One that is `too_wild` matches nothing.
    """
    if pattern.count("*") > 3 and "<" not in pattern:
        return [(name, ()) for name in names if _fits(pattern, name)]
    if too_wild(pattern):
        return []
    compiled, bound = _compiled(pattern)
    match = compiled.fullmatch
    if not bound:
        return [(name, ()) for name in names if match(name)]
    ordered = sorted(bound)
    return [
        (name, tuple((v, found[f"v_{v}"]) for v in ordered))
        for name in names
        if (found := match(name)) is not None
    ]


def _fits(pattern: str, name: str) -> bool:
    """Whether a pattern of stars matches, however many: all places are followed at once, none is gone back to."""
    places = {0}
    for part in re.split(r"(\*\*|\*)", pattern):
        if part == "**":
            places = set(range(min(places), len(name) + 1))
        elif part == "*":
            ends = [name.find(".", at) for at in places]
            places = {
                to
                for at, end in zip(places, ends, strict=True)
                for to in range(at, (end if end >= 0 else len(name)) + 1)
            }
        else:
            places = {at + len(part) for at in places if name.startswith(part, at)}
        if not places:
            return False
    return len(name) in places
