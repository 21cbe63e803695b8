"""`… if env == "prod"`: decided before the plan."""

from __future__ import annotations

from ..base.diagnostic import Diagnostic
from ..syntax import ast
from .scope import Scope
from .values import Unknown, evaluate, kind


def holds(test: ast.Condition, scope: Scope) -> bool:
    """Whether the condition is true with the params and loop variables in scope. Raises Unknown."""
    if isinstance(test, (ast.And, ast.Or)):
        said = [
            holds(t, scope) for t in test.tests
        ]  # all of them: each is checked, not only the first that decides
        return all(said) if isinstance(test, ast.And) else any(said)
    if isinstance(test, ast.Not):
        return not holds(test.test, scope)
    if isinstance(test, ast.Truth):
        value = evaluate(test.value, scope)
        if not isinstance(value, bool):
            raise _unfit(
                test,
                scope,
                f"a condition is true or false, this is {kind(value)}",
                'compare it: `if env == "prod"`',
            )
        return value
    left, right = evaluate(test.left, scope), evaluate(test.right, scope)
    if test.operator in ("in", "not in"):
        if not isinstance(right, (list, dict, str)) or (isinstance(right, str) and not isinstance(left, str)):
            raise _unfit(
                test,
                scope,
                f"`in` looks into a list, this is {kind(right)}",
                'write `env in ["dev", "test"]`',
            )
        return (left in right) == (test.operator == "in")
    return (left == right and isinstance(left, bool) == isinstance(right, bool)) == (test.operator == "==")


def _unfit(test: ast.Condition, scope: Scope, message: str, hint: str) -> Unknown:
    return Unknown(Diagnostic("EV212", message, scope.span(test), hint))
