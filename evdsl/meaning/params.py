"""`param` and `secret`: what they are set to, from outside or by an importer."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..base.diagnostic import Diagnostic
from ..base.duration import LONGEST, Seconds, duration
from ..base.record import field, record
from ..base.spell import nearest
from ..syntax import ast
from .scope import Scope, Unit
from .values import Unknown, bounded, evaluate, kind, names_in


@record
class Given:
    """Values for params and secrets from outside: `settings` from `--set`, `environment` for `EVDSL_SET_name`."""

    settings: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    def value(self, name: str) -> str | None:
        """What was given for a param of that full name; `--set` comes first."""
        if name in self.settings:
            return self.settings[name]
        return self.environment.get("EVDSL_SET_" + name.replace("-", "_").replace(".", "_"))


def unknown_settings(units: list[Unit], given: Given) -> list[Diagnostic]:
    """EV213 for each `--set` that no `param` or `secret` takes; one of an import is named under its prefix.

    So is one that the import sets: what it says would be lost in silence.
    """
    known = [unit.prefix + name for unit in units for name in (*unit.params, *unit.secrets)]
    passed = {unit.prefix + name for unit in units for name in unit.passed}
    found = []
    for name in given.settings:
        if name in passed:
            message = f"`--set {name}=…` has no effect: the import sets it"
            hint = "take it out here, or out of the import"
            found.append(Diagnostic("EV213", message, None, hint, path=units[0].source.path))
        elif name not in known and not any(
            unit.lost.may_declare(name.removeprefix(unit.prefix))
            for unit in units
            if name.startswith(unit.prefix)
        ):
            near = nearest(name, known)
            said = f"; did you mean `{near}`?" if near else ""
            message = f"`--set {name}=…`: there is no param or secret of that name{said}"
            hint = (
                "params and secrets are " + ", ".join(known[:12]) if known else "the file declares no param"
            )
            found.append(Diagnostic("EV213", message, None, hint, path=units[0].source.path))
    return found


def set_params(
    scope: Scope, arguments: dict[str, ast.Option], importer: Scope, given: Given
) -> list[Diagnostic]:
    """Set the params and secrets of a file; what is wrong. `arguments` are those of its import.

    Params may be made of each other in any order.
    """
    unit, found = scope.unit, list[Diagnostic]()
    own: dict[str, ast.Param | ast.Secret] = {}
    for s in unit.file.statements:
        if isinstance(s, (ast.Param, ast.Secret)):
            if s.name.text in own:
                message = f"`{s.name.text}` is declared twice"
                found += _wrong("EV203", message, scope, s.name, "keep one of them").diagnostics
            else:
                own[s.name.text] = s
    params = {name: s for name, s in own.items() if isinstance(s, ast.Param)}
    unit.passed = frozenset(own) & frozenset(arguments)
    for name, s in own.items():
        if isinstance(s, ast.Secret):
            unit.secrets[name] = given.value(unit.prefix + name)
            try:
                if name in arguments:
                    unit.secrets[name] = _passed_on(name, arguments[name].value, importer)
            except Unknown as error:
                found.extend(error.diagnostics)
    order, circles = _by_need({n: s for n, s in params.items() if n not in arguments})
    for name in circles:
        message, hint = f"param `{name}` is made of itself", "give one of the params a value of its own"
        found += _wrong("EV208", message, scope, params[name].name, hint).diagnostics
        unit.lost.name(name)
    for name in (*arguments, *order):
        if name not in params or name in circles:
            continue
        try:
            unit.params[name] = _param(params[name], scope, arguments, importer, given)
        except Unknown as error:
            found.extend(error.diagnostics)
            unit.lost.name(name)
    unit.params = {name: unit.params[name] for name in params if name in unit.params}
    for name, option in arguments.items():
        if name not in own and not unit.lost.may_declare(name):
            near = nearest(name, own)
            said = f"; did you mean `{near}`?" if near else ""
            message = f"the imported file has no param `{name}`{said}"
            hint = "an import sets the params that its file declares"
            found.append(_wrong("EV213", message, importer, option.name, hint).diagnostics[0])
    return found


def _by_need(params: dict[str, ast.Param]) -> tuple[list[str], dict[str, None]]:
    """The params so that each stands behind those that its default is made of; and one of each circle.

    With a list in place of recursion: a chain of them may be long.
    """
    order: list[str] = []
    circles: dict[str, None] = {}
    done: dict[str, bool] = {}  # False: begun, so that it stands on the way to what is looked at
    for first in params:
        waiting = [first]
        while waiting:
            at = waiting[-1]
            if at in done:
                waiting.pop()
                if not done[at]:
                    done[at] = True
                    order.append(at)
                continue
            done[at] = False
            for need in names_in(params[at].default):
                if need in params and not done.get(need, False):
                    if need in done:
                        circles[need] = None
                    else:
                        waiting.append(need)
    return order, circles


def _wrong(code: str, message: str, scope: Scope, node: ast.Node, hint: str) -> Unknown:
    return Unknown(Diagnostic(code, message, scope.span(node), hint))


def _passed_on(name: str, value: ast.Value, importer: Scope) -> str | None:
    """The value of a secret that an import is given: a secret of the importer, nothing else."""
    if not (isinstance(value, ast.Word) and value.text in importer.unit.secrets):
        hint = f"declare `secret {name}` here and pass it on: `({name} = {name})`"
        raise _wrong("EV223", f"the secret `{name}` takes a secret of the importer", importer, value, hint)
    importer.unit.used.add(value.text)
    return importer.unit.secrets[value.text]


def _param(
    s: ast.Param, scope: Scope, arguments: dict[str, ast.Option], importer: Scope, given: Given
) -> object:
    """The value of a param: by its import, else from outside, else its default."""
    name = s.name.text
    if name in arguments:
        return bounded(evaluate(arguments[name].value, importer), importer, arguments[name])
    default = bounded(evaluate(s.default, scope), scope, s)
    text = given.value(scope.unit.prefix + name)
    if text is None:
        return default
    try:
        return _as(default, text)
    except (KeyError, ValueError, RecursionError):
        message = f"param `{scope.unit.prefix}{name}` is {kind(default)}, and was given `{text}`"
        raise _wrong("EV214", message, scope, s.name, _FORMS[kind(default)]) from None


_FORMS = {
    "true or false": "give `true` or `false`",
    "a number": "give a number of at most 18 digits, whole if the default is",
    "a duration": "give a number and its unit: `500ms`, `30s`, `5m`, `1h`",
    "a list": 'give a list as JSON: `["a", 1]`',
    "a map": 'give a map as JSON: `{"a": 1}`',
}


def _as(default: object, text: str) -> object:
    """A text from outside as what the default is. Raises KeyError or ValueError where it is not."""
    if isinstance(default, bool):
        return {"true": True, "false": False}[text]
    if isinstance(default, Seconds):
        span = duration(text)
        if span is None or len(text) > LONGEST:
            raise ValueError(text)
        return span
    if isinstance(default, (int, float)):
        if (
            not re.fullmatch(r"-?[0-9]+" if isinstance(default, int) else r"-?[0-9]+(\.[0-9]+)?", text)
            or len(text) > LONGEST
        ):
            raise ValueError(text)
        return type(default)(text)
    if isinstance(default, (list, dict)):
        import json

        value = json.loads(text, parse_constant=_no_constant)
        if type(value) is not type(default):
            raise ValueError(text)
        return value
    return text


def _no_constant(word: str) -> object:
    """NaN and Infinity, which are no JSON."""
    raise ValueError(word)
