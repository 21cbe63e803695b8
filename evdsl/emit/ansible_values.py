"""Values of the moment, before the moment: what only a run knows stands as a mark, and becomes an expression.

An action is rendered as for a run, but a value that a connect may hand over from an action, and every secret, is a
text that nobody else has. Wherever it comes out in a rendered text, an expression of Ansible takes its place, and all
around it is a variable that Ansible does not evaluate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ..base.drivers import DRIVERS
from ..drivers.registry import for_file
from ..meaning.program import Handed, Program
from ..meaning.render import LOCAL, Values, names_of
from ..meaning.scope import Unit
from ..meaning.template import plain
from ..plan.plan import Plan
from ..run.handed import Connections
from ..syntax import ast
from .ansible_names import Names, identifier, unique
from .ansible_yaml import expression

_NONE = object()
"""There is no value, and never will be."""
_PRIVATE = range(0xE000, 0xF8FF)


class Marks:
    """Texts that stand for expressions."""

    def __init__(self, program: Program) -> None:
        used = set[str]().union(*(unit.file.source.text for unit in program.units))
        for unit in program.units:
            used.update(*(plain(value) for value in unit.params.values()))
        first = next(c for c in _PRIVATE if chr(c) not in used and chr(c + 1) not in used)
        self._begin, self._end = chr(first), chr(first + 1)
        self._expressions: list[tuple[str, bool]] = []
        # A mark holds a quote, so that it differs where it was quoted for the shell.
        quote = f"'{self._begin}" + re.escape("'\\''") + f"([0-9]+){self._end}'"
        self._pattern = re.compile(f"{quote}|{self._begin}'([0-9]+){self._end}")

    def put(self, text: str, *, secret: bool = False) -> str:
        """A mark that stands for an expression."""
        self._expressions.append((text, secret))
        return f"{self._begin}'{len(self._expressions) - 1}{self._end}"

    def within(self, value: object) -> bool:
        """Whether a value holds a mark."""
        if isinstance(value, str):
            return self._begin in value
        if isinstance(value, Mapping):
            return any(self.within(item) for pair in value.items() for item in pair)
        return isinstance(value, (list, tuple)) and any(map(self.within, value))

    def secret(self, value: object) -> bool:
        """Whether a value holds the mark of a secret."""
        if isinstance(value, str):
            return any(self._expressions[int(m[1] or m[2])][1] for m in self._pattern.finditer(value))
        if isinstance(value, Mapping):
            return any(self.secret(item) for item in value.values())
        return isinstance(value, (list, tuple)) and any(map(self.secret, value))

    def resolve(self, value: object, variables: Variables) -> object:
        """The value for Ansible: data as it is, and templates where it holds marks."""
        if isinstance(value, str):
            return self._text(value, variables) if self._begin in value else str(value)
        if isinstance(value, Mapping):
            return {str(key): self.resolve(item, variables) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.resolve(item, variables) for item in value]
        return value

    def _text(self, text: str, variables: Variables) -> object:
        parts, at = [], 0
        for found in self._pattern.finditer(text):
            if found.start() > at:
                parts.append(variables.add("text", text[at : found.start()]))
            name, _ = self._expressions[int(found[1] or found[2])]
            if found[0] == text and not found[1]:
                return expression(name)
            parts.append(f"({name} | {'evdsl_word' if found[1] else 'evdsl_plain'})")
            at = found.end()
        if at < len(text):
            parts.append(variables.add("text", text[at:]))
        return expression(" ~ ".join(parts))


class Variables:
    """The variables of one task: texts of the user, and what was handed over."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}
        self._taken: set[str] = set()

    def add(self, name: str, value: object) -> str:
        """A variable that has this value; its name."""
        found = unique(f"my_{name}", self._taken)
        self.values[found] = value
        return found


class Giving:
    """What connects hand to each step, as far as it is known now (section 8)."""

    def __init__(self, program: Program, names: Names, marks: Marks) -> None:
        self.program, self.names, self.marks = program, names, marks
        self.connections = Connections(program, names.plan, {})
        self._reporting: dict[str, list[int]] = {}
        for number, step in enumerate(names.plan.steps if self.connections.into else ()):
            if _reports(program, step.of):
                self._reporting.setdefault(step.resource, []).append(number)

    def handed(self, resource: str, reader: int, variables: Variables) -> dict[str, object]:
        """What a step is handed, by name: values, with marks in place of what only the run knows."""
        look = _Look(self, reader, variables)
        found: dict[str, object] = {}
        for name in self.connections.into.get(resource, {}):
            value = look.given(resource, name, ())
            if value is not _NONE:
                found[name] = look.single(name, value)
        return found

    def reporters(self, resource: str, reader: int) -> list[int]:
        """The steps of a resource that can report something to a step, the last one first."""
        steps = [step for step in self._reporting.get(resource, ()) if step < reader]
        if steps:
            behind = self.connections.behind(reader, min(steps))
            steps = [step for step in steps if step in behind]
        return sorted(steps, reverse=True)


def _reports(program: Program, number: int) -> bool:
    """Whether an action can write the event file."""
    action = program.actions[number]
    driver = for_file(action.file)[0] if action.file else action.driver
    return driver in DRIVERS and DRIVERS[driver].commands


class _Look:
    """Looks for values as one reader will see them; as `run.handed` does, with expressions for what is not known."""

    def __init__(self, giving: Giving, reader: int, variables: Variables) -> None:
        self.giving, self.reader, self.variables = giving, reader, variables
        self.marks, self.connections = giving.marks, giving.connections

    def single(self, name: str, value: object) -> object:
        """The value, if it is known; else one mark for a variable that has it."""
        if not self.marks.within(value):
            return value
        return self.marks.put(self.variables.add(name, self.marks.resolve(value, self.variables)))

    def given(self, resource: str, name: str, way: tuple[tuple[str, str], ...]) -> object:
        sources = self.connections.into.get(resource, {}).get(name, [])
        if not sources or (resource, name) in way:
            return _NONE
        takes_what_is_there = self.connections.is_sink(resource)
        items = [self.taken(handed, (*way, (resource, name))) for handed in sources]
        if takes_what_is_there:
            items = [item for item in items if item is not _NONE]
        else:
            items = [
                self.missing(handed) if item is _NONE else item
                for handed, item in zip(sources, items, strict=True)
            ]
        as_list = len(sources) > 1
        if takes_what_is_there and as_list and self.marks.within(items):
            known = [f"{self._name(item)} | default(none)" for item in items]
            return self.marks.put(f"([{', '.join(known)}] | reject('none') | list)")
        if as_list:
            return items
        if self.connections.declares_list(resource, name):
            if not items or isinstance(items[0], list):
                return items[0] if items else items
            if not self.marks.within(items[0]):
                return items
            return self.marks.put(f"([{self._name(items[0])}] | flatten(levels=1))")
        return items[0] if items else _NONE

    def _name(self, value: object) -> str:
        return self.variables.add("part", self.marks.resolve(value, self.variables))

    def missing(self, handed: Handed) -> str:
        """What stands for a value that nothing has given. Names of the language cannot end a text of ours."""
        said = f"{handed.emitter} has no value {handed.taken} to hand over as {handed.given}"
        return self.marks.put(f"undef(hint='{said}')")

    def taken(self, handed: Handed, way: tuple[tuple[str, str], ...]) -> object:
        """What a connect takes: the last that is reported, else what is declared or handed on."""
        source, name = handed.emitter, handed.taken
        reporters = self.giving.reporters(source, self.reader)
        known = self._declared(handed, way)
        if not reporters:
            return known
        names = self.giving.names
        last = "" if known is _NONE else self._name(known)
        if not last and not self.connections.is_sink(handed.receiver):
            said = f"{source} has no value {name} to hand over as {handed.given}"
            last = f"undef(hint='{said}')"
        for step in reversed(reporters):
            data = f"{names.said(step)}.data['{name}']"
            last = f"{data} | default({last})" if last else data
        return self.marks.put(f"({last})")

    def _declared(self, handed: Handed, way: tuple[tuple[str, str], ...]) -> object:
        program, source, name = self.giving.program, handed.emitter, handed.taken
        resource = program.resources.get(source)
        if resource is not None and name in resource.attributes:
            data = {
                given: self.single(given, value)
                for given in self.connections.into.get(source, {})
                if (value := self.given(source, given, way)) is not _NONE
            }
            return Values(program, source, resource.scope, data).attribute(name)
        if name == "name":
            return source
        if name == "host":
            return Values(program, source, resource.scope).address() if resource else LOCAL
        return self.given(source, name, way)


class Seen:
    """What an action sees: what is handed to it, and its own attributes where those are made of that."""

    def __init__(self, giving: Giving, step: int, variables: Variables) -> None:
        program, marks = giving.program, giving.marks
        plan: Plan = giving.names.plan
        action = program.actions[plan.steps[step].of]
        assert action.scope is not None
        self.data = giving.handed(action.resource, step, variables)
        values = Values(program, action.resource, action.scope, self.data)
        own = program.resources.get(action.resource)
        made: dict[str, object] = {}
        for name in own.attributes if own and self.data else ():
            value = self.data.get(name)
            if (
                value is None
                and name not in action.scope.loop
                and marks.within(found := values.attribute(name))
            ):
                made[name] = marks.put(variables.add(name, marks.resolve(found, variables)))
        self.data = {**made, **self.data}
        self.names = names_of(Values(program, action.resource, action.scope, self.data), action.scope)


def secret_variable(unit: Unit, name: str) -> str:
    """The variable that a secret is expected in."""
    prefix, own = secret_of(unit, name)
    return "secret_" + identifier(prefix + own)


def secret_of(unit: Unit, name: str) -> tuple[str, str]:
    """Which secret this one is, as prefix and name: itself, or that of the importer that passes it on."""
    importer = unit.importer
    for s in importer.file.statements if importer else ():
        if importer and isinstance(s, ast.Import) and f"{importer.prefix}{s.prefix.text}." == unit.prefix:
            for option in s.arguments:
                if option.name.text == name and isinstance(option.value, ast.Word):
                    return secret_of(importer, option.value.text)
    return unit.prefix, name


@contextmanager
def secrets_as_marks(program: Program, marks: Marks) -> Iterator[None]:
    """Within it every secret is a mark: its value is in no artifact, whether or not it is known now."""
    before = [dict(unit.secrets) for unit in program.units]
    try:
        for unit in program.units:
            for name in unit.secrets:
                unit.secrets[name] = marks.put(secret_variable(unit, name), secret=True)
        yield
    finally:
        for unit, secrets in zip(program.units, before, strict=True):
            unit.secrets.clear()
            unit.secrets.update(secrets)
