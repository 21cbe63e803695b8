"""Statements → rules, orders, starts and connections between actions (sections 2 and 4 of docs/language.md)."""

from __future__ import annotations

from ..base.source import Span
from ..base.spell import nearest
from ..syntax import ast
from . import pattern
from .links import connect, has_pattern, occur
from .names import Names
from .orders import order, serial
from .program import Start
from .reference import Named, References, bindings, joined, under
from .relations import Relations, TooMany, words
from .scope import Scope
from .unroll import Placed

Again = tuple[int, Span]
_new = tuple.__new__


def relate(placed: list[Placed], names: Names) -> tuple[Relations, list[int], list[Again]]:
    """All that the statements relate, and what `start` and `again` name.

    One walk in their order: what each mentions for the first time is numbered on the way, left to right.
    """
    relations, references = Relations(names), References(names)
    present = [p for p in placed if not p.absent]
    starts: dict[int, None] = {}
    at = present[0] if present else None
    try:
        if names.rules_only and any(map(_patterned, present)):
            _occur(present, names)
        for at in present:
            _relate(at.statement, at.scope, references, relations, starts)
    except TooMany:
        assert at is not None
        relations.too_many(at.scope.span(at.statement))
        return relations, [], []
    agains = [
        again
        for p in present
        if isinstance(p.statement, ast.Again)
        for again in _again(p.statement, p.scope, references)
    ]
    return relations, list(starts), agains


def _relate(
    s: ast.Statement, scope: Scope, references: References, relations: Relations, starts: dict[int, None]
) -> None:
    """What one statement relates. Raises TooMany."""
    if isinstance(s, ast.BriefRule):
        _brief(s, scope, relations)
    elif isinstance(s, ast.Rule):
        if not _plain(s, scope, relations):
            _rule(s, scope, references, relations)
    elif isinstance(s, ast.Order):
        order(s, scope, references, relations)
    elif isinstance(s, ast.Connect):
        connect(s, scope, relations)
    elif isinstance(s, ast.Serial):
        serial(s, scope, references, relations)
    elif isinstance(s, ast.Start):
        references.unnumbered(s.actions, scope, "`start`")
        found = references.each(s.actions, scope)
        if scope.unit.importer is None:
            for number in (references.names.number(name) for n in found for name, _ in n.found):
                starts[number] = None
                relations.sequence.append(Start(number))


# ---- rules


def _brief(s: ast.BriefRule, scope: Scope, relations: Relations) -> None:
    """Nearly all of a large file: it looks each text up in what its file has mentioned before."""
    a, event, b, start = s
    known = scope.unit.known
    if a in known and b in known:
        origin = _new(Span, (scope.unit.file.source, start, s.end))
        relations.simple(known[a], event, known[b], origin)
    else:
        _plain(s.rule, scope, relations)


def _plain(s: ast.Rule, scope: Scope, relations: Relations) -> bool:
    """The frequent case, one emitter and one subscriber by name; False if the rule is no such."""
    if len(s.emitters) != 1 or len(s.subscribers) != 1:
        return False
    (a,), (b,) = s.emitters, s.subscribers
    known = scope.unit.known
    number = known[a.text] if a.text in known else _number(a, scope, relations.names)
    if number is None and pattern.is_pattern(a.text):
        return False  # before `b` is looked at: what the pattern matches is mentioned first
    to = known[b.text] if b.text in known else _number(b, scope, relations.names)
    if number is None or to is None:
        return not (pattern.is_pattern(a.text) or pattern.is_pattern(b.text))
    events = (s.events[0].text,) if len(s.events) == 1 else words(s.events)
    origin = _new(Span, (scope.unit.file.source, s.start, s.end))
    relations.rule((number,), (a.number,), events, False, to, b.number, origin)
    return True


def _number(ref: ast.Ref, scope: Scope, names: Names) -> int | None:
    """The number of an action by name; None for a pattern, and where it is left out or at fault, which is told."""
    if pattern.is_pattern(ref.text):
        return None
    name = names.action(ref, scope)
    if name is None:
        return None
    number = names.number(name)
    if "{{" not in ref.text:
        scope.unit.known[ref.text] = number
    return number


def _rule(s: ast.Rule, scope: Scope, references: References, relations: Relations) -> None:
    emitters, subscribers = references.each(s.emitters, scope), references.each(s.subscribers, scope)
    if not emitters or not subscribers or (s.all and len(emitters) < len(s.emitters)):
        return
    names, origin = relations.names, scope.span(s)
    if s.all:
        made = sum(
            _every(emitters, to, name, under_, s, origin, relations)
            for under_ in bindings([*emitters, *subscribers])
            for to in subscribers
            for name in under(to, under_)
        )
    else:
        if not any(n.variables for n in (*emitters, *subscribers)):
            for n in (*emitters, *subscribers):  # lists are mentioned left to right, as they stand
                for name, _ in n.found:
                    names.number(name)
        made, events = 0, words(s.events)
        for a in emitters:
            for b in subscribers:
                for emitter, subscriber in joined(a, b):
                    made += 1
                    number = names.number(emitter)
                    to = names.number(subscriber)
                    relations.rule((number,), (a.ref.number,), events, False, to, b.ref.number, origin)
    if not made:
        relations.nothing(origin)


def _every(
    emitters: list[Named],
    to: Named,
    subscriber: str,
    bound: pattern.Bound,
    s: ast.Rule,
    origin: Span,
    relations: Relations,
) -> int:
    """One `all` rule, the subscriber itself left out where a pattern brought it in; how many it made."""
    patterned = to.patterned or any(n.patterned for n in emitters)
    every = dict.fromkeys((name, n.ref.number) for n in emitters for name in under(n, bound))
    kept = [(name, number) for name, number in every if not (patterned and name == subscriber)]
    if not kept:
        return 0
    names = relations.names
    numbers = tuple([names.number(name) for name, _ in kept])
    number = names.number(subscriber)
    relations.rule(
        numbers, tuple([n for _, n in kept]), words(s.events), len(kept) > 1, number, to.ref.number, origin
    )
    return 1


# ---- again


def _again(s: ast.Again, scope: Scope, references: References) -> list[Again]:
    """The actions that an `again` names. It mentions nothing: what no rule mentions is unknown to it."""
    names, found = references.names, []
    references.unnumbered(s.actions, scope, "`again`")
    for ref in s.actions:
        if pattern.is_pattern(ref.text):
            hint = "patterns stand in rules, orders, connect, serial and start"
            names.say("EV206", f"`{ref.text}`: `again` names one action, no pattern", scope, ref, hint)
            continue
        if names.rules_only:
            text = names.text(ref, scope)
            if (text if "." in text else text + ".run") not in names.actions:
                near = nearest(text, names.actions)
                said = f"; did you mean `{near}`?" if near else ""
                hint = "`again` names an action of a cycle"
                names.say("EV409", f"no rule mentions `{text}`{said}", scope, ref, hint)
                continue
        name = names.action(ref, scope)
        if name is not None:
            found.append((names.number(name), scope.span(ref)))
    return found


# ---- patterns in a rules-only program


def _occur(placed: list[Placed], names: Names) -> None:
    """Make every action that is written out: patterns match what occurs anywhere in the program."""
    kept, names.diagnostics = names.diagnostics, []  # what is wrong is told by the walk itself
    for p in placed:
        for ref in _references(p.statement):
            if not pattern.is_pattern(ref.text):
                names.action(ref, p.scope)
    occur(placed, names)
    names.diagnostics = kept


def _references(s: ast.Statement) -> tuple[ast.Ref, ...]:
    """The references of a statement that make an action of a rules-only program, left to right."""
    if isinstance(s, ast.BriefRule):
        s = s.rule
    if isinstance(s, ast.Rule):
        return (*s.emitters, *s.subscribers)
    if isinstance(s, ast.Order):
        return (*s.later, *s.earlier)
    return s.actions if isinstance(s, (ast.Serial, ast.Start)) else ()


def _patterned(p: Placed) -> bool:
    s = p.statement
    return (
        has_pattern(s)
        if isinstance(s, ast.Connect)
        else any(pattern.is_pattern(r.text) for r in _references(s))
    )
