"""`connect` → rules, weak orders and values handed over (section 8 of docs/language.md)."""

from __future__ import annotations

from ..base.spell import nearest
from ..syntax import ast
from . import pattern
from .names import Names
from .naming import filled
from .program import Handed
from .reference import Named, joined
from .relations import Relations, bounded, words
from .scope import Scope
from .unroll import Placed


def ends(s: ast.Connect, scope: Scope, names: Names, resources: list[str]) -> tuple[Named, Named]:
    """What the two sides of a connect name, patterns matched against `resources`; nothing is told."""
    sides = []
    for ref in (s.emitter, s.receiver):
        text = scope.unit.prefix + filled(ref.text, scope, ref, [])
        if pattern.is_pattern(text):
            sides.append(Named(ref, pattern.matches(text, resources), pattern.variables(text), True))
        else:
            sides.append(Named(ref, [(text, ())], (), False))
    return sides[0], sides[1]


def connect(s: ast.Connect, scope: Scope, relations: Relations) -> None:
    """Every pair of emitter and receiver that the statement joins."""
    names, origin = relations.names, scope.span(s)
    resources = occurring(names)
    stand = [_stands(ref, scope, names, resources) for ref in (s.emitter, s.receiver)]
    if not all(stand):
        return
    made = 0
    for a, b in joined(*ends(s, scope, names, resources)):
        bounded(made)
        made += 1
        _pair(a, b, s, scope, relations)
    if not made:
        relations.nothing(origin)


def occurring(names: Names) -> list[str]:
    """The resources that a pattern in connect can match."""
    if not names.rules_only:
        return list(names.resources)
    return list(dict.fromkeys(a.resource for a in names.actions.values()))


def _stands(ref: ast.Ref, scope: Scope, names: Names, resources: list[str]) -> bool:
    """Whether one side of a connect names a resource; else it is told."""
    text = names.text(ref, scope)
    if pattern.is_pattern(text):
        if pattern.matches(text, resources):
            return True
        gone = pattern.matches(text, names.absent)
        if gone:
            names.left_out(names.absent[gone[0][0]], text, ref, scope)
        elif not any(unit.lost for unit in names.units):
            names.say("EV206", f"`{ref.text}` matches no resource", scope, ref, "connect joins resources")
        return False
    if placed := names.gone(text):
        names.left_out(placed, text, ref, scope)
        return False
    if names.rules_only or text in names.resources:
        return True
    if names.lost(text):
        return False
    resource, _, action = text.rpartition(".")
    if resource in names.resources and action in names.resources[resource].actions:
        message = f"`{text}` is an action; connect joins resources"
        names.say("EV201", message, scope, ref, f"write `{resource}`")
        return False
    near = nearest(text, names.resources)
    message = f"no resource is called `{text}`" + (f"; did you mean `{near}`?" if near else "")
    fix = near[len(scope.unit.prefix) :] if near else None
    names.say("EV201", message, scope, ref, f"declare it: `resource {text} {{ … }}`", fix)
    return False


def _pair(a: str, b: str, s: ast.Connect, scope: Scope, relations: Relations) -> None:
    """What `connect a b` makes of one emitter and one receiver."""
    names, links = relations.names, s.links or ()
    for link in links:
        if isinstance(link, ast.Handover):
            relations.handed.append(Handed(a, link.taken.text, b, link.given.text, scope.span(link)))
    if a == b or any(isinstance(link, ast.NoEvents) for link in links):
        return

    def number(resource: str, action: str) -> int | None:
        """The action's number where it exists; a rules-only program has every action that connect speaks of."""
        if names.rules_only:
            names.mention(resource, action)
        name = f"{resource}.{action}"
        return names.number(name) if name in names.actions else None

    a_run, b_reload, a_remove = number(a, "run"), number(b, "reload"), number(a, "remove")
    b_run, b_remove = number(b, "run"), number(b, "remove")
    origin = scope.span(s)
    own = [link for link in links if isinstance(link, ast.OwnRule)]
    for rule in own:
        _own(rule, a, b, scope, relations)
    if not own and a_run is not None and b_reload is not None:
        relations.rule((a_run,), (None,), ("changed",), False, b_reload, None, origin)
    if not own and a_remove is not None and b_run is not None:
        relations.rule((a_remove,), (None,), ("changed",), False, b_run, None, origin, removal=True)
    weak = ((a_run, b_run, "needs"), (b_run, b_reload, "needs"), (b_remove, a_remove, "after"))
    for before, after, kind in weak:
        if before is not None and after is not None:
            relations.order(before, after, kind, origin, weak=True)


def _own(rule: ast.OwnRule, a: str, b: str, scope: Scope, relations: Relations) -> None:
    """`on run changed restart` inside a connect: each name is an action of its side."""
    names = relations.names
    numbers: list[int] = []
    for resource, ref in ((a, rule.emitter), (b, rule.subscriber)):
        action = filled(ref.text, scope, ref, names.diagnostics)
        if names.rules_only:
            names.mention(resource, action)
        elif f"{resource}.{action}" not in names.actions:
            if names.resources[resource].partial:
                return
            message = f"`{resource}` has no action `{action}`"
            names.say("EV202", message, scope, ref, names.actions_of(resource))
            return
        numbers.append(names.number(f"{resource}.{action}"))
    origin = scope.span(rule)
    relations.rule((numbers[0],), (None,), words(rule.events), False, numbers[1], None, origin)


def occur(placed: list[Placed], names: Names) -> None:
    """In a rules-only program: make the actions that connects speak of, so that patterns can match them.

    Connects without patterns first, as theirs match what these name.
    """
    for patterned in (False, True):
        for p in placed:
            s = p.statement
            if type(s) is not ast.Connect or p.absent or has_pattern(s) != patterned:
                continue
            if any(isinstance(link, ast.NoEvents) for link in s.links or ()):
                continue
            for count, (a, b) in enumerate(joined(*ends(s, p.scope, names, occurring(names)))):
                bounded(count)
                if a != b:
                    for resource, action in (
                        (a, "run"),
                        (b, "reload"),
                        (a, "remove"),
                        (b, "run"),
                        (b, "remove"),
                    ):
                        names.mention(resource, action)


def has_pattern(s: ast.Connect) -> bool:
    return pattern.is_pattern(s.emitter.text) or pattern.is_pattern(s.receiver.text)
