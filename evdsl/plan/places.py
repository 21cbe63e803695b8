"""Where things are written: from the origin of a rule to its statement, and to the references in it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import NamedTuple

from ..base.source import Span
from ..meaning.pattern import is_pattern, matches
from ..meaning.program import Order, Program, Rule
from ..meaning.scope import Unit
from ..syntax import ast

Related = ast.Rule | ast.Order | ast.Serial | ast.Start | ast.Again | ast.Connect | ast.OwnRule
"""The statements that name actions or resources."""

MOST_PATTERNS = 200
"""More patterns than that, in loops and behind `if`, are not tried one by one."""
_start = attrgetter("start")
_OPEN = r"\{\{[^{}]*\}\}|\*\*|\*|<\w+>"


class Written(NamedTuple):
    """A statement of a file. `free`: in a `for` or behind an `if`, so that it may have made nothing."""

    node: Related
    unit: Unit
    free: bool


def key(span: Span) -> tuple[int, int, int]:
    """What two spans of the same place have in common; quicker than the span itself."""
    return id(span.source), span.start, span.end


def written(program: Program) -> Iterator[Written]:
    """All statements that name actions, of all files; the rules inside of a connect behind it."""
    for unit in program.units:
        yield from _written(unit.file.statements, unit, False)


def conditional(program: Program) -> Iterator[Written]:
    """Those of them that stand in a `for` or behind an `if`."""
    for unit in program.units:
        statements = unit.file.statements
        free = [s for s in statements if isinstance(s, ast.For) or getattr(s, "when", None) is not None]
        yield from _written(free, unit, False)


def _written(statements: Iterable[ast.Statement], unit: Unit, free: bool) -> Iterator[Written]:
    for s in statements:
        if isinstance(s, ast.BriefRule):
            s = s.rule
        kind = type(s)
        if kind is ast.Rule or kind is ast.Order:
            yield Written(s, unit, free or s.when is not None)  # type: ignore[arg-type, union-attr]
        elif isinstance(s, ast.For):
            yield from _written(s.body, unit, True)
        elif isinstance(s, ast.Connect):
            when = free or s.when is not None
            yield Written(s, unit, when)
            for link in s.links or ():
                if isinstance(link, ast.OwnRule):
                    yield Written(link, unit, when)
        elif isinstance(s, (ast.Serial, ast.Start, ast.Again)):
            yield Written(s, unit, free)


def references(node: Related) -> tuple[ast.Ref, ...]:
    """The references of a statement, left to right; none for a rule inside of a connect, which names half of them."""
    if isinstance(node, ast.Rule):
        return (*node.emitters, *node.subscribers)
    if isinstance(node, ast.Order):
        return (*node.later, *node.earlier)
    if isinstance(node, ast.Connect):
        return (node.emitter, node.receiver)
    return () if isinstance(node, ast.OwnRule) else node.actions


def is_open(text: str) -> bool:
    """Whether a reference can stand for several names: a pattern, or `{{ }}` in it."""
    return is_pattern(text) or "{{" in text


class Places:
    """Looks up the statements of a program by what came from them. Nothing is made before it is asked for."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._units = {id(unit.source): unit for unit in program.units}
        self._free: tuple[_Names, _Names] | None = None

    def at(self, origin: Span) -> Written | None:
        """The statement that a rule or order came from."""
        unit = self._units.get(id(origin.source))
        body: tuple[ast.Statement, ...] = unit.file.statements if unit else ()
        free = False
        while unit and body:
            s = body[bisect_right(body, origin.start, key=_start) - 1]
            if isinstance(s, ast.BriefRule):
                s = s.rule
            free = free or getattr(s, "when", None) is not None
            if (s.start, s.end) == (origin.start, origin.end):
                return Written(s, unit, free) if isinstance(s, Related) else None
            if isinstance(s, ast.Connect):
                for link in s.links or ():
                    if isinstance(link, ast.OwnRule) and link.start == origin.start:
                        return Written(link, unit, free)
            body, free = (s.body, True) if isinstance(s, ast.For) else ((), free)
        return None

    def by_author(self, origin: Span) -> bool:
        """Whether the statement says the rule itself; `connect` makes some that its author did not write."""
        found = self.at(origin)
        return found is not None and not isinstance(found.node, ast.Connect)

    def is_several(self, origin: Span) -> bool:
        """Whether the statement stands for several: by a pattern or a loop."""
        found = self.at(origin)
        return found is not None and (found.free or any(is_open(ref.text) for ref in references(found.node)))

    def events(self, origin: Span) -> Span:
        """The event words of the statement that a rule came from."""
        found = self.at(origin)
        if found is None or not isinstance(found.node, (ast.Rule, ast.OwnRule)):
            return origin
        return Span(origin.source, found.node.events[0].start, found.node.events[-1].end)

    def emitters(self, origin: Span) -> Span:
        """From `all`, or the first emitter, up to the event words."""
        found = self.at(origin)
        if found is None or not isinstance(found.node, ast.Rule):
            return origin
        return Span(origin.source, found.node.emitters[0].start, found.node.events[-1].end)

    def reference(self, origin: Span, name: str) -> Span:
        """The first reference of the statement that names this action; the whole statement if none does plainly."""
        found = self.at(origin)
        if found is not None:
            for ref in references(found.node):
                if f".{name}".endswith((f".{ref.text}", f".{ref.text}.run")):
                    return Span(origin.source, ref.start, ref.end)
        return origin

    def mention(self, by: Iterable[Rule | Order], action: int) -> Span | None:
        """Where an action is first mentioned in these rules and orders, None if it is not."""
        name = self.program.actions[action].name
        for item in by:
            among = (
                (item.before, item.after) if isinstance(item, Order) else (*item.emitters, item.subscriber)
            )
            if action in among:
                return self.reference(item.origin, name)
        return None

    def started(self, action: str) -> Span | None:
        """The reference of the `start` statement that names an action, None if none does."""
        for w in written(self.program):
            if isinstance(w.node, ast.Start):
                for ref in w.node.actions:
                    if matches(w.unit.prefix + ref.text, (action, action.removesuffix(".run"))):
                        return Span(w.unit.source, ref.start, ref.end)
        return None

    def may_set_off(self, action: str) -> bool:
        """Whether a statement in a loop or behind an `if` would set an action off with other values."""
        return action in self._conditional()[0]

    def may_mention(self, action: str) -> bool:
        """Whether a statement in a loop or behind an `if` would name an action with other values."""
        return action in self._conditional()[1]

    def _conditional(self) -> tuple[_Names, _Names]:
        if self._free is None:
            off, named = _Names(), _Names()
            for node, unit, _ in conditional(self.program):
                connects = isinstance(node, ast.Connect)
                for ref in references(node):
                    text = unit.prefix + ref.text + (".**" if connects else "")
                    named.add(text)
                    is_subscriber = isinstance(node, ast.Rule) and ref in node.subscribers
                    if connects or is_subscriber or isinstance(node, ast.Start):
                        off.add(text)
            self._free = off, named
        return self._free


class _Names:
    """The actions that some references could stand for. With very many patterns it takes every name for one."""

    def __init__(self) -> None:
        self._plain: set[str] = set()
        self._open: dict[str, None] = {}
        self._compiled: re.Pattern[str] | None = None

    def add(self, text: str) -> None:
        if is_open(text):
            self._open[text] = None
        else:
            self._plain.add(text)

    def __contains__(self, action: str) -> bool:
        if action in self._plain or action.removesuffix(".run") in self._plain:
            return True
        if not self._open or len(self._open) > MOST_PATTERNS:
            return bool(self._open)
        if self._compiled is None:
            self._compiled = re.compile("|".join(_expression(text) + r"(?:\.run)?" for text in self._open))
        return self._compiled.fullmatch(action) is not None


def _expression(text: str) -> str:
    """A regular expression for all that a reference could stand for."""
    parts, at = [], 0
    for found in re.finditer(_OPEN, text):
        parts.append(re.escape(text[at : found.start()]))
        parts.append(".*" if found[0][:2] in ("{{", "**") else "[^.]*")
        at = found.end()
    return "".join(parts) + re.escape(text[at:])
