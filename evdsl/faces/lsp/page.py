"""What a hover says, as Markdown in which text of users stays text, or as plain text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ...base.events import MATCHES, OUTCOMES
from ...base.source import Span
from ...plan.about import About, Told
from ..terminal import printable

_SIGNS = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~&:@^$])")
_MOST = 12


class Page:
    """Paragraphs of one hover."""

    def __init__(self, markdown: bool) -> None:
        self.markdown = markdown
        self._parts: list[str] = []

    def text(self, said: str) -> None:
        """Text as it is, its lines kept."""
        lines = [printable(line) for line in said.split("\n")]
        self._parts.append("  \n".join(map(self._plain, lines)))

    def head(self, name: str, *about: str) -> None:
        """A name, and a few words on it."""
        self._parts.append(" — ".join([self._code(name), *(self._plain(printable(a)) for a in about if a)]))

    def items(self, title: str, told: Sequence[Told], here: str) -> None:
        """Rules and orders with their lines; the file too where it is not the one that is open."""
        if told:
            rows = [f"{self._code(t.text)} {self._plain(_where(t.origin, here))}" for t in told[:_MOST]]
            if len(told) > _MOST:
                rows.append(self._plain(f"and {len(told) - _MOST} more"))
            self._parts.append("\n".join([self._plain(title), "", *(f"- {row}" for row in rows)]))

    def _code(self, text: str) -> str:
        clean = printable(text).replace("`", "'")
        return f"`{clean}`" if self.markdown else clean

    def _plain(self, text: str) -> str:
        return _SIGNS.sub(r"\\\1", text) if self.markdown else text

    def __str__(self) -> str:
        return "\n\n".join(self._parts)


def _where(origin: Span, here: str) -> str:
    path = origin.source.path
    return f"line {origin.line}" if path == here else f"{path.rpartition('/')[2]}, line {origin.line}"


def action(page: Page, a: About, here: str) -> None:
    """All on one action."""
    by = "file " + a.file.rpartition("/")[2] if a.file else a.driver
    page.head(a.name, by or "nothing says how it is done", f"on {a.host}" if a.host else "")
    if a.doc:
        page.text(a.doc)
    if a.said is not None:
        page.text("Can say " + ", ".join(o for o in OUTCOMES if o in a.said) + ".")
    if a.starts:
        page.text("Starts by itself.")
    elif a.runs == 0:
        page.text("Dormant: nothing in a plain run sets it off.")
    for cycle in a.cycles:
        page.text(f"Runs again, in the cycle {' → '.join([*cycle.path, cycle.path[0]])}: {cycle.reason}.")
        closing = [Told(f"{c.emitter} → {c.subscriber}", c.origin) for c in cycle.closing]
        page.items(f"Its second run, {a.name}#1, is set off by", closing, here)
        if cycle.others:
            page.text("Another would by " + " or ".join(f"again {name}" for name in cycle.others) + ".")
    page.items("Set off by", a.into, here)
    page.items("Sets off", a.out, here)
    page.items("Ordered", a.orders, here)


def event(page: Page, word: str, said: Iterable[str] | None) -> None:
    """What a word of a rule matches."""
    below = MATCHES[word]
    page.head(
        word,
        "matches " + ", ".join(below)
        if below != (word,)
        else "an outcome"
        if word in OUTCOMES
        else "set off, not run",
    )
    if said is not None:
        page.text("The emitter can say " + ", ".join(o for o in OUTCOMES if o in said) + ".")
