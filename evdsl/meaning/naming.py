"""Names with `{{x}}` in them: `rmq.{{n}}` in a loop over n is `rmq.1`, `rmq.2`, …"""

from __future__ import annotations

import re

from ..base.diagnostic import Diagnostic
from ..base.spell import nearest
from ..syntax import ast
from . import template
from .lost import Unknown
from .scope import Scope

_NAME = r"\w+(?:[-+@]+\w+)*(?:\.\w+(?:[-+@]+\w+)*)*"


def filled(text: str, scope: Scope, node: ast.Node, out: list[Diagnostic]) -> str:
    """A name with `{{x}}` replaced by loop variables and params; what cannot be is told and left as written."""

    if "{{" not in text:
        return text

    def value(hole: template.Hole) -> str:
        try:
            found = scope.static(hole.name)
        except Unknown:  # told already
            scope.unit.lost.name(text)
            return "x"
        span = scope.span(node)
        if found is None:
            near = nearest(hole.name, [*scope.loop, *scope.unit.params])
            out.append(
                Diagnostic(
                    "EV208",
                    f"`{{{{{hole.name}}}}}` has no value here"
                    + (f"; did you mean `{near}`?" if near else ""),
                    span,
                    "in a name stand loop variables and params",
                )
            )
            scope.unit.lost.name(text)
            return "x"
        word = template.plain(found)
        if isinstance(found, (list, dict)) or not re.fullmatch(_NAME, word):
            out.append(
                Diagnostic(
                    "EV209",
                    f"`{word}` cannot stand in a name",
                    span,
                    "names are made of letters, digits, `_`, dots, and between those `-`, `+`, `@`",
                )
            )
            scope.unit.lost.name(text)
            return "x"
        return word

    try:
        return template.fill(text, value)
    except template.Unclosed:
        message = f"`{text}` holds `{{{{ }}}}` without a name"
        out.append(
            Diagnostic("EV209", message, scope.span(node), "write `{{name}}`: a letter or `_` comes first")
        )
        scope.unit.lost.name(text)
        return "x"
