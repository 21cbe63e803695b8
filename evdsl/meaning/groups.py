"""`group web = [web1, web2]`: lists of names for loops."""

from __future__ import annotations

from ..base.diagnostic import Diagnostic
from ..syntax import ast
from .condition import holds
from .naming import filled
from .scope import Scope
from .values import LARGEST, Unknown, bounded, evaluate, kind


def set_groups(scope: Scope) -> list[Diagnostic]:
    """Work out the groups of a file; what is wrong. They may name each other in any order."""
    found: list[Diagnostic] = []
    pending: dict[str, ast.Group] = {}
    for s in scope.unit.file.statements:
        if isinstance(s, ast.Group):
            if s.name.text in pending:
                message = f"group `{s.name.text}` is declared twice"
                found.append(Diagnostic("EV203", message, scope.span(s.name), "keep one of them"))
            else:
                pending[s.name.text] = s
    while pending:
        left = {name: s for name, s in pending.items() if not _set(s, scope, pending, found)}
        if len(left) == len(pending):
            for name, s in left.items():
                message = f"group `{name}` is made of itself"
                found.append(Diagnostic("EV207", message, scope.span(s.name), "name its members"))
                scope.unit.lost.name(name)
            break
        pending = left
    return found


def _set(s: ast.Group, scope: Scope, pending: dict[str, ast.Group], found: list[Diagnostic]) -> bool:
    """Work out one group; False if it needs one that is not known yet."""
    unit, name = scope.unit, s.name.text
    unit_groups = unit.groups
    try:
        if s.when is not None and not holds(s.when, scope):
            unit.absent.add(name)
            unit_groups[name] = []
            return True
        if not isinstance(s.members, ast.List):
            unit_groups[name] = items(evaluate(s.members, scope), s.members, scope)
            return True
        members: list[object] = []
        for member in s.members.items:
            if not isinstance(member, ast.Word):
                members.append(evaluate(member, scope))
            elif member.text in unit_groups:
                unit.used.add(member.text)
                members += unit_groups[member.text]
                if len(members) > LARGEST:
                    break
            elif member.text in pending:
                return False
            elif isinstance(value := scope.static(member.text), list):
                members += value
            else:  # the name of a host or a resource
                members.append(filled(member.text, scope, member, found))
        unit_groups[name] = members
        bounded(members, scope, s)
    except Unknown as error:
        found.extend(error.diagnostics)
        unit.lost.name(name)
    return True


def items(value: object, node: ast.Value, scope: Scope) -> list[object]:
    """The value as a list, for a loop or a group. Raises Unknown."""
    if isinstance(value, list):
        return value
    message = f"a list is wanted here, this is {kind(value)}"
    raise Unknown(Diagnostic("EV214", message, scope.span(node), "write `[a, b]`"))
