"""Programs for the tests of `plan/`, made from rules-only text without the passes before: spans point into it."""

from __future__ import annotations

import re

from evdsl.base.events import MATCHES
from evdsl.base.source import Source, Span
from evdsl.meaning.program import Action, Order, Program, Rule

Ref = tuple[int, int | None]

_LIST = r"[\w.+@#-]+(?:\s*,\s*[\w.+@#-]+)*"
_RULE = re.compile(rf"on\s+(all\s+)?({_LIST})\s+([\w|]+)\s+({_LIST})")
_ORDER = re.compile(rf"({_LIST})\s+(after|needs)\s+({_LIST})")
_NAMING = re.compile(r"(connect|start|again)\s+(\S+(?:\s*,?\s*\S+)*)")


class NumberedOrder(Exception):
    """A number on an order, which the passes before refuse."""


class Builder:
    def __init__(self, text: str, path: str) -> None:
        self.source = Source(path, text)
        self.numbers: dict[str, int] = {}
        self.rules: dict[tuple[object, ...], Rule] = {}
        self.orders: dict[tuple[object, ...], Order] = {}
        self.starts: list[int] = []
        self.agains: list[tuple[str, Span]] = []

    def refs(self, text: str) -> list[Ref]:
        refs: list[Ref] = []
        for item in text.split(","):
            name, _, number = item.strip().partition("#")
            refs.append((self.action(name), int(number) if number else None))
        return refs

    def action(self, name: str) -> int:
        return self.numbers.setdefault(name if "." in name else f"{name}.run", len(self.numbers))

    def bare(self, text: str) -> list[int]:
        if "#" in text:
            raise NumberedOrder(text)
        return [action for action, _ in self.refs(text)]

    def rule(
        self, emitters: list[Ref], events: str, every: bool, to: Ref, span: Span, removal: bool = False
    ) -> None:
        words = tuple(events.split("|"))
        assert all(word in MATCHES for word in words)
        actions, numbers = zip(*emitters, strict=True)
        key = (actions, numbers, frozenset(words), every, to)
        known = self.rules.get(key)
        if known is None:
            self.rules[key] = Rule(actions, numbers, words, every, *to, span, removal)
        elif known.removal and not removal:
            self.rules[key] = known._replace(removal=False)

    def order(self, before: int, after: int, kind: str, weak: bool, span: Span) -> None:
        self.orders.setdefault((before, after, kind, weak), Order(before, after, kind, weak, span))

    def line(self, line: str, span: Span) -> None:
        if m := _RULE.fullmatch(line):
            emitters, subscribers = self.refs(m[2]), self.refs(m[4])
            for to in subscribers:
                for group in [emitters] if m[1] else [[e] for e in emitters]:
                    self.rule(group, m[3], bool(m[1]), to, span)
        elif m := _NAMING.fullmatch(line):
            names = re.split(r"[\s,]+", m[2])
            if m[1] == "connect":
                self.connect(*names, span)
            elif m[1] == "start":
                self.starts += self.bare(m[2])
            else:
                self.agains += [(name, span) for name in names]
        elif m := _ORDER.fullmatch(line):
            later, earlier = self.bare(m[1]), self.bare(m[3])
            for after in later:
                for before in earlier:
                    self.order(before, after, m[2], False, span)
        else:
            raise ValueError(line)

    def connect(self, a: str, b: str, span: Span) -> None:
        if a == b:
            return
        a_run, b_reload, a_remove, b_run, b_remove = map(
            self.action, (f"{a}.run", f"{b}.reload", f"{a}.remove", f"{b}.run", f"{b}.remove")
        )
        self.rule([(a_run, None)], "changed", False, (b_reload, None), span)
        self.rule([(a_remove, None)], "changed", False, (b_run, None), span, removal=True)
        self.order(a_run, b_run, "needs", True, span)
        self.order(b_run, b_reload, "needs", True, span)
        self.order(b_remove, a_remove, "after", True, span)


def rules_only(text: str, path: str = "t.events") -> Program:
    """The program of a rules-only text: rules, orders, connect without a body, start and again, one a line."""
    builder = Builder(text, path)
    at = 0
    for line in text.split("\n"):
        bare = re.sub(r"(^|(?<=\s))#.*", "", line).strip()
        if bare:
            start = at + line.index(bare)
            builder.line(bare, Span(builder.source, start, start + len(bare)))
        at += len(line) + 1
    actions = [Action(name, *name.rsplit(".", 1)) for name in builder.numbers]
    known = builder.numbers
    agains = [(known[name], span) for name, span in builder.agains if name in known]
    return Program(
        path, actions, list(builder.rules.values()), list(builder.orders.values()), builder.starts, agains,
        rules_only=True, mentioned=len(actions),
    )  # fmt: skip
