"""What connects hand over while a plan runs (section 8 of docs/language.md)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from ..base.source import Span
from ..meaning.program import Handed, Program
from ..meaning.render import LOCAL, Values
from ..meaning.values import Unknown
from ..plan.plan import Plan
from ..syntax import ast
from .live import Reported


class Missing(Exception):
    """A value that a connect is to hand over and that nothing has given yet."""

    def __init__(self, handed: Handed) -> None:
        self.handed = handed
        super().__init__(
            f"`{handed.emitter}` has no value `{handed.taken}` to hand over as `{handed.given}`"
            f" ({place(handed.origin)}): no action of it reported one, and it declares none"
        )


def place(origin: Span) -> str:
    return f"{origin.source.path}:{origin.line}"


class Connections:
    """The values that each resource is handed. `before`: what actions reported before this run, by resource."""

    def __init__(self, program: Program, plan: Plan, before: Mapping[str, Mapping[str, str]]) -> None:
        self.program = program
        self.plan = plan
        self.before = before
        self.into: dict[str, list[Handed]] = {}
        for handed in program.handed:
            self.into.setdefault(handed.receiver, []).append(handed)
        self._upstream = lru_cache(maxsize=None)(self._ancestors)

    def values(self, resource: str, reader: int, reported: Reported) -> dict[str, object]:
        """What the step `reader` of a resource is handed, by name. Raises Missing; a sink takes what there is."""
        return self._values(resource, reader, reported, ())

    def _values(
        self, resource: str, reader: int, reported: Reported, way: tuple[str, ...]
    ) -> dict[str, object]:
        found: dict[str, object] = {}
        fed: dict[str, list[Handed]] = {}
        for handed in self.into.get(resource, ()):
            fed.setdefault(handed.given, []).append(handed)
        for given, sources in fed.items():
            items = []
            for handed in sources:
                value = self._value(handed, reader, reported, (*way, resource))
                if value is not None:
                    items.append(value)
                elif not self._is_sink(resource):
                    raise Missing(handed)
            if len(sources) > 1 or self._declared_list(resource, given):
                found[given] = items
            elif items:
                found[given] = items[0]
        return found

    def _value(self, handed: Handed, reader: int, reported: Reported, way: tuple[str, ...]) -> object | None:
        """What was last reported, else the attribute declared, else a value handed on; None if there is none."""
        source, name = handed.emitter, handed.taken
        said = self._said(source, name, reader, reported)
        if said is not None:
            return said
        resource = self.program.resources.get(source)
        if resource is not None and name in resource.attributes:
            onward = _onward(self, source, reader, reported, way)
            return Values(self.program, source, resource.scope, onward).attribute(name)
        if name == "name":
            return source
        if name == "host":
            return Values(self.program, source, resource.scope).address() if resource else LOCAL
        if source in way:
            return None
        return _onward(self, source, reader, reported, way).get(name)

    def _said(self, resource: str, name: str, reader: int, reported: Reported) -> str | None:
        """The value last reported before the reader: in this run by a step that the plan puts before it."""
        upstream = None
        for step in sorted(reported, reverse=True):
            if self.plan.steps[step].resource == resource and name in reported[step]:
                upstream = self._upstream(reader) if upstream is None else upstream
                if step in upstream:
                    return reported[step][name]
        return self.before.get(resource, {}).get(name)

    def _ancestors(self, step: int) -> frozenset[int]:
        """Every step that the plan settles before this one can begin."""
        plan, seen, waiting = self.plan, {step}, [step]
        while waiting:
            at = waiting.pop()
            before = [s for t in plan.triggers[at] for look in t.looks for s in look.steps]
            before += [s for edge in plan.orders[at] for s in edge.before.steps]
            for s in before:
                if s not in seen:
                    seen.add(s)
                    waiting.append(s)
        return frozenset(seen - {step})

    def _is_sink(self, resource: str) -> bool:
        declared = self.program.resources.get(resource)
        return declared is not None and declared.sink

    def _declared_list(self, resource: str, name: str) -> bool:
        declared = self.program.resources.get(resource)
        return (
            declared is not None
            and name in declared.attributes
            and isinstance(declared.attributes[name].value, ast.List)
        )


def _onward(
    connections: Connections, resource: str, reader: int, reported: Reported, way: tuple[str, ...]
) -> dict[str, object]:
    """What a resource on the way is itself handed, as far as there is something; never round in a circle."""
    if resource in way:
        return {}
    try:
        return connections._values(resource, reader, reported, way)
    except (Missing, Unknown):
        return {}
