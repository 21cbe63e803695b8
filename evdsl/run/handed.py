"""What connects hand over while a plan runs (section 8 of docs/language.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import cast

from ..base.source import Span
from ..meaning.program import Handed, Program
from ..meaning.render import LOCAL, Values
from ..meaning.values import Unknown
from ..plan.plan import Plan
from ..syntax import ast
from .live import Reported

Way = tuple[tuple[str, str], ...]
"""Through which names of which resources a value is being looked for."""

_NONE = object()
"""There is no value."""


class Missing(Exception):
    """A value that a connect is to hand over and that nothing has given yet. `why`: what else is wrong with it."""

    def __init__(self, handed: Handed, why: str = "") -> None:
        self.handed = handed
        super().__init__(
            f"`{handed.emitter}` has no value `{handed.taken}` to hand over as `{handed.given}`"
            f" ({place(handed.origin)}): {why or 'no action of it reported one, and it declares none'}"
        )


def place(origin: Span) -> str:
    return f"{origin.source.path}:{origin.line}"


class Connections:
    """The values that each resource is handed. `before`: what actions reported before this run, by resource."""

    def __init__(self, program: Program, plan: Plan, before: Mapping[str, Mapping[str, str]]) -> None:
        self.program = program
        self.plan = plan
        self.before = before
        self.into: dict[str, dict[str, list[Handed]]] = {}
        for handed in _merged(program.handed):
            self.into.setdefault(handed.receiver, {}).setdefault(handed.given, []).append(handed)
        self._instances: dict[tuple[int, int], int] = {}  # step by action and number of instance
        for step, s in enumerate(plan.steps) if self.into else ():
            self._instances[s.of, s.instance] = step
        self._told: dict[tuple[str, str], list[int]] = {}  # by resource and name: the steps that reported it
        self._noted = 0

    def values(self, resource: str, reader: int, reported: Reported) -> dict[str, object]:
        """What the step `reader` of a resource is handed, by name. Raises Missing; a sink takes what there is."""
        names = self.into.get(resource)
        if not names:
            return {}
        self._note(reported)
        look = _Look(self, reader, reported)
        found: dict[str, object] = {}
        for name in names:
            value, missing = look.given(resource, name, ())
            if missing is not None and not self.is_sink(resource):
                raise missing
            if value is not _NONE:
                found[name] = value
        return found

    def _note(self, reported: Reported) -> None:
        """Take in what was reported since the last time."""
        new = len(reported) - self._noted
        # the newest first; what is known already is not looked at again
        for step in islice(reversed(cast("dict[int, Mapping[str, str]]", reported)), new):
            for name in reported[step]:
                self._told.setdefault((self.plan.steps[step].resource, name), []).append(step)
        self._noted = len(reported)

    def said(self, resource: str, name: str, reader: int, reported: Reported) -> object:
        """The value last reported: in this run by a step that the plan puts before the reader, else before this run.

        The last is the one furthest down the plan, so that it does not depend on timing.
        """
        steps = [step for step in self._told.get((resource, name), ()) if step < reader]
        if steps:
            earlier = self.behind(reader, min(steps))
            steps = [step for step in steps if step in earlier]
        if steps:
            return reported[max(steps)][name]
        return self.before.get(resource, {}).get(name, _NONE)

    def behind(self, step: int, first: int) -> set[int]:
        """The steps from `first` on that are settled before this one can begin: what it listens to or is ordered behind,
        what those wait for, and earlier instances. No step stands before one that it waits for."""
        plan, seen, waiting = self.plan, {step}, [step]
        while waiting:
            at = waiting.pop()
            before = [s for trigger in plan.triggers[at] for look in trigger.looks for s in look.steps]
            before += [s for edge in plan.orders[at] for s in edge.before.steps]
            if plan.steps[at].instance:
                before.append(self._instances[plan.steps[at].of, plan.steps[at].instance - 1])
            for s in before:
                if s >= first and s not in seen:
                    seen.add(s)
                    waiting.append(s)
        return seen - {step}

    def is_sink(self, resource: str) -> bool:
        declared = self.program.resources.get(resource)
        return declared is not None and declared.sink

    def declares_list(self, resource: str, name: str) -> bool:
        """Whether a resource declares an attribute as a list."""
        declared = self.program.resources.get(resource)
        own = declared.attributes.get(name) if declared else None
        return own is not None and isinstance(own.value, ast.List)


class _Look:
    """Looks for values as one reader sees them."""

    def __init__(self, connections: Connections, reader: int, reported: Reported) -> None:
        self.connections, self.reader, self.reported = connections, reader, reported

    def given(self, resource: str, name: str, way: Way) -> tuple[object, Missing | None]:
        """What is handed to a resource under a name, and what is missing for it. A sink's list has what there is."""
        connections = self.connections
        sources = connections.into.get(resource, {}).get(name, [])
        if not sources or (resource, name) in way:
            return _NONE, None
        items: list[object] = []
        missing: Missing | None = None
        for handed in sources:
            try:
                value = self.taken(handed, (*way, (resource, name)))
            except Missing as error:
                value, missing = _NONE, missing or error
            if value is not _NONE:
                items.append(value)
            elif missing is None:
                missing = Missing(handed)
        if missing is not None and not connections.is_sink(resource):
            return _NONE, missing
        if len(sources) > 1:
            return items, missing
        if connections.declares_list(resource, name):
            return (items[0] if items and isinstance(items[0], list) else items), missing
        return (items[0] if items else _NONE), missing

    def taken(self, handed: Handed, way: Way) -> object:
        """What a connect takes from its emitter: last reported, else declared, else handed to that in turn."""
        connections, source, name = self.connections, handed.emitter, handed.taken
        said = connections.said(source, name, self.reader, self.reported)
        if said is not _NONE:
            return said
        resource = connections.program.resources.get(source)
        if resource is not None and name in resource.attributes:
            data = _Given(self, source, way)
            try:
                return Values(connections.program, source, resource.scope, data).attribute(name)
            except Unknown as error:
                raise Missing(handed, error.diagnostics[0].message) from None
        if name == "name":
            return source
        if name == "host":
            return Values(connections.program, source, resource.scope).address() if resource else LOCAL
        return self.given(source, name, way)[0]


class _Given(Mapping[str, object]):
    """What is handed to a resource, each name looked for when it is wanted, so that what is missing harms no other."""

    def __init__(self, look: _Look, resource: str, way: Way) -> None:
        self._look, self._resource, self._way = look, resource, way

    def __getitem__(self, name: str) -> object:
        value, _ = self._look.given(self._resource, name, self._way)
        if value is _NONE:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._look.connections.into.get(self._resource, {}))

    def __len__(self) -> int:
        return len(self._look.connections.into.get(self._resource, {}))


def _merged(handed: list[Handed]) -> list[Handed]:
    """Exact duplicates merged (section 4): said twice, a value is still one value."""
    found: dict[tuple[str, ...], Handed] = {}
    for one in handed:
        found.setdefault(one[:4], one)
    return list(found.values())
