"""Values as written → values. What is known before the run is evaluated here; the rest waits for the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..base.diagnostic import Diagnostic
from ..base.duration import Seconds
from ..base.source import Span
from ..base.spell import nearest
from ..syntax import ast
from . import template
from .lost import Unknown as Unknown

if TYPE_CHECKING:
    from .scope import Scope

Lookup = Callable[[str], object | None]

LARGEST = 1_000_000
"""Characters and items that a value may hold; one made of others could grow without a bound."""


def hole_spans(text: ast.Text, scope: Scope) -> list[Span]:
    """The places in the source of the holes of a text, in order."""
    begin = text.start + (3 if text.long else 1)
    found, at = [], text.written.find("{{")
    while at >= 0:
        end = text.written.find("}}", at)
        end = end + 2 if end >= 0 else at + 2
        found.append(Span(scope.unit.source, begin + at, begin + end))
        at = text.written.find("{{", max(end, at + 2))
    return found


def evaluate(value: ast.Value, scope: Scope, lookup: Lookup | None = None) -> object:
    """The value: str, int, float, bool, list or dict; a duration is a float of its own kind.

    `lookup` finds the value of a name; without it loop variables, params and groups are seen. Raises Unknown.
    """
    if isinstance(value, ast.Text):
        return _text(value, scope, lookup)
    if isinstance(value, (ast.Number, ast.Boolean, ast.Duration)):
        return value.value
    if isinstance(value, ast.Word):
        return _word(value, scope, lookup)
    if isinstance(value, ast.List):
        return [evaluate(item, scope, lookup) for item in value.items]
    pairs: dict[str, object] = {}
    for key, item in value.pairs:
        name = str(_text(key, scope, lookup)) if isinstance(key, ast.Text) else key.text
        pairs[name] = evaluate(item, scope, lookup)
    return pairs


def _word(value: ast.Word, scope: Scope, lookup: Lookup | None) -> object:
    found = lookup(value.text) if lookup else scope.static(value.text)
    if found is None and value.text in scope.unit.groups:
        scope.unit.used.add(value.text)
        found = scope.unit.groups[value.text]
    if found is None and value.text in scope.unit.secrets:
        raise Unknown(secret_seen(value.text, scope.span(value), scope))
    if found is None:
        known = [*scope.loop, *scope.unit.params, *scope.unit.groups]
        near = nearest(value.text, known)
        said = f"; did you mean `{near}`?" if near else ""
        raise Unknown(
            Diagnostic(
                "EV207",
                f"`{value.text}` is no param, secret, loop variable or group{said}",
                scope.span(value),
                f'quote it if it is text: `"{value.text}"`',
            )
        )
    return found


def _text(text: ast.Text, scope: Scope, lookup: Lookup | None) -> str:
    if text.raw or "{{" not in text.value:
        return text.value
    found = checked_holes(text, scope)
    values: dict[int, str] = {}
    for index, hole in enumerate(found):
        known = lookup(hole.name) if lookup else scope.static(hole.name)
        if known is None:
            span = hole_spans(text, scope)[index]
            if hole.name in scope.unit.secrets:
                raise Unknown(secret_seen(hole.name, span, scope))
            raise Unknown(unknown_name(hole.name, span, scope))
        values[hole.start] = template.plain(known)
        if sum(map(len, values.values())) > LARGEST:
            raise Unknown(_too_large(scope, text))
    return template.fill(text.value, lambda hole: values[hole.start])


def secret_seen(name: str, span: Span, scope: Scope) -> Diagnostic:
    """A secret stands where its value would be seen."""
    scope.unit.used.add(name)
    message = f"the secret `{name}` would be seen here"
    hint = f'secrets reach a command by the environment: `env = {{TOKEN = {name}}}`, then "$TOKEN"'
    return Diagnostic("EV223", message, span, hint)


def bounded(value: object, scope: Scope, node: ast.Node) -> object:
    """The value, unless it holds more than LARGEST characters and items. Raises Unknown."""
    left, waiting = LARGEST, [value]
    while waiting and left >= 0:
        at = waiting.pop()
        left -= 1
        if isinstance(at, str):
            left -= len(at)
        elif isinstance(at, (list, dict)):
            waiting += at.values() if isinstance(at, dict) else at
            left -= len(at)
    if left < 0:
        raise Unknown(_too_large(scope, node))
    return value


def _too_large(scope: Scope, node: ast.Node) -> Diagnostic:
    message = f"this value holds more than {LARGEST:,} characters and items"
    return Diagnostic("EV215", message, scope.span(node), "make it of fewer others")


def unknown_name(name: str, span: Span, scope: Scope, known: Iterator[str] | None = None) -> Diagnostic:
    """`{{name}}` that nothing gives a value."""
    near = nearest(name, [*scope.loop, *scope.unit.params, *scope.unit.secrets, *(known or ())])
    return Diagnostic(
        "EV208",
        f"`{{{{{name}}}}}` has no value here" + (f"; did you mean `{near}`?" if near else ""),
        span,
        "it names a loop variable, a value that a connect hands over, an attribute, a param or a secret",
    )


def checked_holes(text: ast.Text, scope: Scope) -> list[template.Hole]:
    """The holes of a text that interpolates. Raises Unknown where `{{` begins none."""
    if text.raw:
        return []
    try:
        return template.holes(text.value)
    except template.Unclosed as error:
        span = hole_spans(text, scope)[text.value.count("{{", 0, error.at)]
        raise Unknown(
            Diagnostic(
                "EV209",
                "`{{` begins no `{{name}}` here",
                Span(span.source, span.start, span.start + 2),
                "write `{{name}}` or `{{name | raw}}`; a literal `{{` goes in a raw string '…'",
            )
        ) from None


def texts(value: ast.Value) -> Iterator[ast.Text]:
    """Every text inside a value that may interpolate, left to right."""
    if isinstance(value, ast.Text):
        if not value.raw:
            yield value
    elif isinstance(value, ast.List):
        for item in value.items:
            yield from texts(item)
    elif isinstance(value, ast.Map):
        for key, item in value.pairs:
            if isinstance(key, ast.Text):
                yield from texts(key)
            yield from texts(item)


def words(value: ast.Value) -> Iterator[ast.Word]:
    """Every bare word inside a value."""
    if isinstance(value, ast.Word):
        yield value
    elif isinstance(value, ast.List):
        for item in value.items:
            yield from words(item)
    elif isinstance(value, ast.Map):
        for _, item in value.pairs:
            yield from words(item)


def names_in(value: ast.Value) -> Iterator[str]:
    """Every name that a value is made of: of `{{name}}` in its texts and of bare words."""
    for text in texts(value):
        for hole in template.likely_holes(text.value):
            yield hole.name
    for word in words(value):
        yield word.text


def kind(value: object) -> str:
    """What a value is, for a message."""
    if isinstance(value, bool):
        return "true or false"
    for kinds, word in _KINDS:
        if isinstance(value, kinds):
            return word
    return type(value).__name__


_KINDS = (
    (str, "text"),
    (Seconds, "a duration"),
    ((int, float), "a number"),
    (list, "a list"),
    (dict, "a map"),
)
