"""`after`, `needs` and `serial` → orders."""

from __future__ import annotations

from ..syntax import ast
from .pattern import Bound
from .reference import References, joined
from .relations import Relations
from .scope import Scope


def order(s: ast.Order, scope: Scope, references: References, relations: Relations) -> None:
    """`later after earlier`: each of the one side behind each of the other whose `<h>` agree."""
    references.unnumbered((*s.later, *s.earlier), scope, "an order")
    later, earlier = references.each(s.later, scope), references.each(s.earlier, scope)
    if not later or not earlier:
        return
    number, origin, made = relations.names.number, scope.span(s), 0
    if not any(n.variables for n in (*later, *earlier)):
        for n in (*later, *earlier):
            for name, _ in n.found:
                number(name)
    for b in later:
        for a in earlier:
            for after, before in joined(b, a):
                made += 1
                number(after)  # the later one stands first in the text
                relations.order(number(before), number(after), s.kind, origin)
    if not made:
        relations.nothing(origin)


def serial(s: ast.Serial, scope: Scope, references: References, relations: Relations) -> None:
    """For each next `<h>`, every named action needs every named action of the one before."""
    names = relations.names
    references.unnumbered(s.actions, scope, "`serial`")
    named = references.each(s.actions, scope)
    if len(named) < len(s.actions):
        return
    for n in named:
        if not n.variables or set(n.variables) != set(named[0].variables):
            message = f"`{n.ref.text}`: `serial` goes over the values of `<h>`"
            hint = "every reference in it holds the same `<h>`: `serial app.<h>.restart, app.<h>.smoke`"
            names.say("EV221", message, scope, n.ref, hint)
            return
    position = {name: i for i, name in enumerate(references.pool)}
    rows: dict[Bound, list[str]] = {}
    for _, bound in sorted((position[name], bound) for n in named for name, bound in n.found):
        rows.setdefault(bound, [])
    for n in named:
        for name, bound in n.found:
            if name not in rows[bound]:
                rows[bound].append(name)
    before: list[str] = []
    origin = scope.span(s)
    for row in rows.values():
        for name in row:
            names.number(name)
            for earlier in before:
                relations.order(names.number(earlier), names.number(name), "needs", origin)
        before = row
