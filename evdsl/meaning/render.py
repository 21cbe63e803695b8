"""An action with the values of the moment: arguments, options and environment, ready for its driver.

`check` renders every action with stand-ins for what only the run knows, so that what is wrong is told before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ..base.diagnostic import Diagnostic
from ..base.record import field, record
from ..syntax import ast
from . import template
from .values import Unknown, checked_holes, evaluate, hole_spans, names_in, unknown_name

if TYPE_CHECKING:
    from .program import Action, Program, Resource
    from .scope import Scope

LOCAL = "localhost"
"""`{{host}}` of a resource without a host."""

_SHELL_OPTIONS = ("unless", "onlyif", "on_cut")
_WORDS = ("exits",)  # options whose bare words are event words
_UNSEEN = ("env", "headers", "body")
"""Options that may name a secret: what they give nobody sees in a list of processes, and evdsl shows it nowhere."""


@record
class Rendered:
    """Values only: str, int, float, bool, list, dict; a duration where one was written, in lists and maps its text.

    `secrets`: the secret values that `environment` holds.
    `names`: what `{{x}}` can name (section 1), without secrets, and what the option `env` gives; for drivers other than
    `sh` and `exec`.
    """

    arguments: tuple[object, ...]
    options: dict[str, object]
    environment: dict[str, str]
    secrets: tuple[str, ...] = ()
    names: dict[str, object] = field(default_factory=dict)


@record
class Values:
    """Looks names up for one resource: loop variables, connected data, its attributes, params, secrets (section 1)."""

    program: Program
    resource: str
    scope: Scope
    data: Mapping[str, object] = field(default_factory=dict)
    _known: dict[str, object] = field(default_factory=dict)

    @property
    def declared(self) -> Resource | None:
        return self.program.resources.get(self.resource)

    def find(self, name: str) -> object | None:
        """The value of a name; None if it has none. A secret has none here."""
        if name in self.scope.loop:
            return self.scope.loop[name]
        if name in self.data:
            return self.data[name]
        own = self.declared
        if own is not None and name in own.attributes:
            return self.attribute(name)
        if name == "name":
            return self.resource
        if name == "host":
            return self.address()
        return self.scope.static(name)

    def attribute(self, name: str) -> object:
        """The value of a declared attribute. Raises Unknown, also where attributes are made of each other.

        What it is made of is worked out first, with a list in place of recursion: a chain of them may be long.
        """
        own, known = self.declared, self._known
        assert own is not None
        waiting, opened = [name], set[str]()
        while waiting:
            at = waiting[-1]
            node = own.attributes[at]
            needs = [] if at in known else self._own_names(node.value, own)
            if at in opened or not needs:
                waiting.pop()
                if at not in known:
                    known[at] = evaluate(node.value, own.scope, self.find)
                continue
            opened.add(at)
            if circle := [need for need in needs if need in opened]:
                span = own.scope.span(own.attributes[circle[0]].name)
                message, hint = (
                    f"attribute `{circle[0]}` is made of itself",
                    "give one of the attributes a value of its own",
                )
                raise Unknown(Diagnostic("EV208", message, span, hint))
            waiting += needs
        return known[name]

    def _own_names(self, value: ast.Value, own: Resource) -> list[str]:
        """The attributes that a value is made of and whose values are not known yet."""
        return [
            n
            for n in dict.fromkeys(names_in(value))
            if n in own.attributes
            and n not in self._known
            and n not in self.scope.loop
            and n not in self.data
        ]

    def address(self) -> str:
        own = self.declared
        if own is None or own.host is None:
            return LOCAL
        host = self.program.hosts.get(own.host)
        return host.address if host else own.host


def options_of(action: Action) -> dict[str, ast.Option]:
    """The options of an action: those of the `defaults` above it in its file, then its own."""
    assert action.scope is not None
    found: dict[str, ast.Option] = {}
    node = action.node
    for s in action.scope.unit.defaults:
        if node is None or s.start < node.start:
            for o in s.options:
                found[o.name.text] = o
    if node is not None:
        for o in node.options:
            found[o.name.text] = o
    return found


def render(
    program: Program, action: Action, data: Mapping[str, object], wrong: list[Diagnostic] | None = None
) -> Rendered:
    """The action with its values; `data` is what connects hand to its resource.

    Raises Unknown; with `wrong`, all that is wrong is gathered there instead, and its places hold None.
    """
    scope = action.scope
    assert scope is not None
    values = Values(program, action.resource, scope, data)

    def part(make: Callable[..., object], *given: object) -> object:
        try:
            return make(*given)
        except Unknown as error:
            if wrong is None:
                raise
            wrong.extend(error.diagnostics)
            return None

    found = part(names_of, values, scope)
    known: dict[str, object] = found if isinstance(found, dict) else {}
    environment, secrets = _environment(known, scope)
    options = {n: _tidy(part(_option, n, o, values)) for n, o in options_of(action).items()}
    extra = options.get("env")
    own = {str(k): template.plain(v) for k, v in extra.items()} if isinstance(extra, dict) else {}
    environment.update(own)
    if action.node is None:
        return Rendered((action.file,), options, environment, tuple(secrets))
    shell = action.driver == "sh"
    arguments = tuple([_tidy(part(_argument, a, values, shell)) for a in action.node.arguments])
    names = {} if action.driver in ("sh", "exec") else {n: template.worded(v) for n, v in known.items()} | own
    return Rendered(arguments, options, environment, tuple(secrets), names)


def _tidy(value: object) -> object:
    return template.worded(value) if isinstance(value, (list, dict)) else value


def _argument(node: ast.Value, values: Values, shell: bool) -> object:
    if shell and isinstance(node, ast.Text):
        return _shell(node, values)
    return evaluate(node, values.scope, values.find)


def names_of(values: Values, scope: Scope) -> dict[str, object]:
    """What the names in a text stand for, secrets apart."""
    found: dict[str, object] = {"name": values.resource, "host": values.address(), **scope.unit.params}
    own = values.declared
    if own is not None:
        for name in own.attributes:
            found[name] = values.attribute(name)
    found.update(values.data)
    found.update(scope.loop)
    return found


def _environment(known: Mapping[str, object], scope: Scope) -> tuple[dict[str, str], list[str]]:
    """The names and the secrets as variables, `_` for `-`. A name of another kind hides a secret."""
    given = {k: v for k, v in scope.unit.secrets.items() if v is not None}
    secrets = [v for v in given.values() if v]
    return {k.replace("-", "_"): template.plain(v) for k, v in {**given, **known}.items()}, secrets


def _option(name: str, option: ast.Option, values: Values) -> object:
    scope, node = values.scope, option.value
    if name in _SHELL_OPTIONS and isinstance(node, ast.Text):
        return _shell(node, values)
    if name in _WORDS and isinstance(node, ast.Map):
        return {
            (k.text if isinstance(k, ast.Ref) else k.value): (
                v.text if isinstance(v, ast.Word) else evaluate(v, scope, values.find)
            )
            for k, v in node.pairs
        }
    if name in _UNSEEN:

        def lookup(word: str) -> object | None:
            found = values.find(word)
            if found is None and word in scope.unit.secrets:
                scope.unit.used.add(word)
                return scope.unit.secrets[word] or ""
            return found

        return evaluate(node, scope, lookup)
    return evaluate(node, scope, values.find)


def _shell(text: ast.Text, values: Values) -> str:
    """A text for the shell: each value one quoted word, a secret the variable that holds it."""
    if text.raw or "{{" not in text.value:
        return text.value
    scope = values.scope
    found = checked_holes(text, scope)
    wrong: list[Diagnostic] = []
    spans = hole_spans(text, scope) if found else []
    places = {hole.start: span for hole, span in zip(found, spans, strict=True)}
    for hole, place in template.in_quotes(text.value) if found else ():
        variable = '"$' + hole.name.replace("-", "_") + '"'
        message = f"`{{{{{hole.name}}}}}` stands in {place}, where its value could end the word"
        hint = f"write `{variable}` there, or `{{{{{hole.name} | raw}}}}` to put it in as it is"
        wrong.append(Diagnostic("EV210", message, places[hole.start], hint))
    words: dict[int, str] = {}
    for index, hole in enumerate(found):
        value = values.find(hole.name)
        if value is not None:
            before, after = text.value[hole.start - 1 : hole.start], text.value[hole.end : hole.end + 1]
            words[hole.start] = (
                template.bare(value) if hole.raw else template.shell_word(value, before, after)
            )
        elif hole.name in scope.unit.secrets:
            scope.unit.used.add(hole.name)
            variable = "$" + hole.name.replace("-", "_")
            words[hole.start] = variable if hole.raw else f'"{variable}"'
        else:
            own = values.declared
            known = iter([*values.data, *(own.attributes if own else ())])
            wrong.append(unknown_name(hole.name, spans[index], scope, known))
    if wrong:
        raise Unknown(*wrong)
    return template.fill(text.value, lambda hole: words[hole.start]) if found else text.value
