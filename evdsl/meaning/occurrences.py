"""Where each name of a program is declared and mentioned, in all its files: what an editor asks of an offset."""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from operator import itemgetter
from typing import NamedTuple

from ..base.memory import all_kept
from ..base.source import Source, Span
from ..syntax import ast
from . import pattern
from .declare import seen
from .links import ends, occurring
from .names import Names
from .naming import filled
from .program import Program
from .scope import Scope, Unit
from .values import hole_spans, texts, words

_HOLE = re.compile(r"\{\{[ \t]*([A-Za-z_][\w-]*)")
_new = tuple.__new__
Part = tuple[int, int, str, tuple[str, ...]]


class Occurrence(NamedTuple):
    """A piece `[start, end)` of a source that stands for something of that `kind`: for all of `names`.

    Kinds: resource, action, host, group, param, secret, variable (of a loop), attribute (declared or handed over),
    import (its prefix), file. Names are full, with the prefixes of imports; several where a pattern or a loop names
    several. An action that is meant and not written (`on haproxy changed …`) is an empty piece behind its resource.
    """

    source: Source
    start: int
    end: int
    kind: str
    names: tuple[str, ...]
    declares: bool

    @property
    def span(self) -> Span:
        return Span(self.source, self.start, self.end)

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    def shares(self, other: Occurrence) -> bool:
        """Whether both stand for one thing."""
        return self.kind == other.kind and not set(self.names).isdisjoint(other.names)


class Occurrences:
    """All occurrences in the files of a program, by path, each list in order of place."""

    def __init__(self, program: Program) -> None:
        self.program = program
        with all_kept():
            self._walk = _Walk(program)
            self.files = self._walk.files()
        self._starts: dict[str, list[int]] = {}

    def at(self, path: str, offset: int) -> Occurrence | None:
        """What stands at an offset, or ends there; of two that touch, the one that begins there."""
        inside = self.files.get(path, [])
        if path not in self._starts:
            self._starts[path] = [o.start for o in inside]
        found = None
        for o in reversed(inside[: bisect_right(self._starts[path], offset)]):
            if (
                o.start < o.end
                and offset <= o.end
                and (found is None or o.end - o.start < found.end - found.start)
            ):
                found = o
            if offset - o.start > 1000:
                break
        return found

    def meant(self, unit: Unit, ref: ast.Ref, offset: int, *, resource: bool) -> Occurrence | None:
        """What a reference would stand for at an offset, if its statement stood; `resource`: in a connect."""
        for start, end, kind, names in self._walk.divided(ref, Scope(unit), resource):
            if start <= offset - ref.start <= end and start < end:
                return Occurrence(unit.source, ref.start + start, ref.start + end, kind, names, False)
        return None

    def all(self) -> Iterator[Occurrence]:
        for inside in self.files.values():
            yield from inside

    def same(self, wanted: Occurrence) -> list[Occurrence]:
        """All that stand for one of its names, itself included, declarations first."""
        return sorted((o for o in self.all() if o.shares(wanted)), key=lambda o: not o.declares)


class _Walk:
    """One look at every statement: at what loops and imports placed, then at the files as they are written."""

    def __init__(self, program: Program) -> None:
        self.program = program
        actions = {action.name: action for action in program.actions}
        self.names = Names(program.resources, actions, program.hosts, program.rules_only)
        self.pool = list(actions)
        self.occurring = occurring(self.names)
        self.units = {unit.prefix: unit for unit in program.units}
        self.handed = {(h.receiver, h.given) for h in program.handed}
        self.found: dict[int, list[tuple[int, int, str, tuple[str, ...], bool]]] = {}
        self.sources: dict[int, Source] = {}
        self.loops: dict[int, dict[str, str]] = {}  # by statement: the loop variables that it sees
        self.parts: dict[tuple[int, str, bool], list[Part]] = {}

    def files(self) -> dict[str, list[Occurrence]]:
        for unit in self.program.units:
            self.see(unit.file.statements, unit, {}, [0])
        visited: set[int] = set()
        for s, scope, _ in self.program.placed:
            visited.add(id(s))
            self.placed(s, scope)
        for unit in self.program.units:
            self.unit(unit.file.statements, unit, visited)
        files: dict[str, list[Occurrence]] = {}
        for key, inside in self.found.items():
            source = self.sources[key]
            files.setdefault(source.path, []).extend(_merged(source, inside))
        for made in files.values():
            made.sort(key=_place)
        return files

    def add(
        self, unit: Unit, start: int, end: int, kind: str, names: Iterable[str], declares: bool = False
    ) -> None:
        source = unit.source
        inside = self.found.get(id(source))
        if inside is None:
            inside = self.found[id(source)] = []
            self.sources[id(source)] = source
        inside.append((start, end, kind, tuple(names), declares))

    def see(
        self, statements: tuple[ast.Statement, ...], unit: Unit, seen: dict[str, str], count: list[int]
    ) -> None:
        """Note which loop variables each statement sees, and name each variable by its loop."""
        for s in statements:
            self.loops[id(s)] = seen
            if isinstance(s, ast.For):
                count[0] += 1
                name = f"{unit.source.path}:{count[0]}.{s.variable.text}"
                self.add(unit, s.variable.start, s.variable.end, "variable", (name,), True)
                self.see(s.body, unit, {**seen, s.variable.text: name}, count)

    # ---- statements that loops and imports place

    def placed(self, s: ast.Statement, scope: Scope) -> None:
        loops, unit = self.loops.get(id(s), {}), scope.unit
        if isinstance(s, ast.Rule):
            for ref in (*s.emitters, *s.subscribers):
                self.reference(ref, scope, loops)
        elif isinstance(s, ast.Order):
            for ref in (*s.later, *s.earlier):
                self.reference(ref, scope, loops)
        elif isinstance(s, (ast.Serial, ast.Start, ast.Again)):
            for ref in s.actions:
                self.reference(ref, scope, loops)
        elif isinstance(s, ast.Connect):
            self.connect(s, scope, loops)
        elif isinstance(s, ast.Resource):
            self.resource(s, scope, loops)
        self.condition(getattr(s, "when", None), unit, loops)

    def reference(self, ref: ast.Ref, scope: Scope, loops: Mapping[str, str], resource: bool = False) -> None:
        """A reference to actions, or in a connect to resources."""
        unit, text = scope.unit, ref.text
        key = (id(unit), text, resource)
        parts = self.parts.get(key)
        if parts is None:
            parts = self.divided(ref, scope, resource)
            if "{{" not in text:
                self.parts[key] = parts
        for start, end, kind, names in parts:
            self.add(unit, ref.start + start, ref.start + end, kind, names)
        self.holes(ref, unit, loops)

    def holes(self, ref: ast.Ref, unit: Unit, loops: Mapping[str, str]) -> None:
        """The `{{x}}` in a name."""
        for hole in _HOLE.finditer(ref.text) if "{{" in ref.text else ():
            self.named(hole[1], ref.start + hole.start(1), unit, loops)

    def divided(self, ref: ast.Ref, scope: Scope, resource: bool) -> list[Part]:
        """A reference as its parts, places counted from its begin: prefixes of imports, resource, action."""
        text, unit = ref.text, scope.unit
        full = unit.prefix + filled(text, scope, ref, [])
        rest, parts = self.prefixes(text, unit)
        if resource:
            known = pattern.matches(full, self.occurring) if pattern.is_pattern(full) else [(full, ())]
            owners = [n for n, _ in known if self.program.rules_only or n in self.program.resources]
            return [*parts, (rest, len(text), "resource", tuple(owners))] if owners else parts
        if pattern.is_pattern(full):
            names = tuple(name for name, _ in pattern.matches(full, self.pool))
            whole = False
        else:
            local = full[len(unit.prefix) :]
            name = full + ".run" if self.program.rules_only and "." not in local else full
            meant = (
                self.names.meant(name) if not self.program.rules_only or name in self.names.actions else None
            )
            names, whole = ((meant,) if meant else ()), meant == full + ".run"
        if not names:
            return parts
        cut = text.rfind(".", rest)
        owners = list(dict.fromkeys(name.rpartition(".")[0] for name in names))
        if whole:
            return [
                *parts,
                (rest, len(text), "resource", tuple(owners)),
                (len(text), len(text), "action", names),
            ]
        if cut >= 0:
            parts.append((rest, cut, "resource", tuple(owners)))
        parts.append((max(rest, cut + 1), len(text), "action", names))
        return parts

    def prefixes(self, text: str, unit: Unit) -> tuple[int, list[Part]]:
        """The prefixes of imports that a reference begins with, and where what follows begins."""
        at, parts = 0, list[Part]()
        while True:
            own = (p for p in unit.prefixes if text.startswith(p[len(unit.prefix) :], at))
            prefix = max(own, key=len, default=None)
            if prefix is None:
                return at, parts
            end = at + len(prefix) - len(unit.prefix)
            parts.append((at, end - 1, "import", (prefix[:-1],)))
            at = end
            if prefix not in self.units:
                return at, parts
            unit = self.units[prefix]

    def connect(self, s: ast.Connect, scope: Scope, loops: Mapping[str, str]) -> None:
        for ref in (s.emitter, s.receiver):
            self.reference(ref, scope, loops, resource=True)
        if not s.links:
            return
        sides = [[name for name, _ in side.found] for side in ends(s, scope, self.names, self.occurring)]
        for link in s.links:
            if isinstance(link, ast.Handover):
                for ref, side in ((link.taken, sides[0]), (link.given, sides[1])):
                    own = ref is link.given and not any(self.declares(n, ref.text) for n in side)
                    self.add(
                        scope.unit, ref.start, ref.end, "attribute", [f"{n}.{ref.text}" for n in side], own
                    )
            elif isinstance(link, ast.OwnRule):
                for ref, side in ((link.emitter, sides[0]), (link.subscriber, sides[1])):
                    names = [f"{n}.{filled(ref.text, scope, ref, [])}" for n in side]
                    known = [n for n in names if n in self.names.actions]
                    if known:
                        self.add(scope.unit, ref.start, ref.end, "action", known)

    def declares(self, resource: str, attribute: str) -> bool:
        own = self.program.resources.get(resource)
        return own is not None and attribute in own.attributes

    def resource(self, s: ast.Resource, scope: Scope, loops: Mapping[str, str]) -> None:
        unit = scope.unit
        name = unit.prefix + filled(s.name.text, scope, s.name, [])
        self.add(unit, s.name.start, s.name.end, "resource", (name,), True)
        self.holes(s.name, unit, loops)
        if s.host is not None:
            host = seen(filled(s.host.text, scope, s.host, []), unit, self.program.hosts)
            if host is not None:
                self.add(unit, s.host.start, s.host.end, "host", (host,))
            self.holes(s.host, unit, loops)
        for member in s.members or ():
            if isinstance(member, ast.Attribute):
                self.add(
                    unit,
                    member.name.start,
                    member.name.end,
                    "attribute",
                    (f"{name}.{member.name.text}",),
                    True,
                )
                self.value(member.value, unit, loops, name)
                continue
            own = filled(member.name.text, scope, member.name, [])
            self.add(unit, member.name.start, member.name.end, "action", (f"{name}.{own}",), True)
            self.holes(member.name, unit, loops)
            for argument in member.arguments:
                self.value(argument, unit, loops, name)
            for option in member.options:
                if option.name.text != "exits":
                    self.value(option.value, unit, loops, name)

    # ---- statements as they are written

    def unit(self, statements: tuple[ast.Statement, ...], unit: Unit, visited: set[int]) -> None:
        for s in statements:
            loops = self.loops[id(s)]
            if isinstance(s, ast.For):
                self.value(s.over, unit, loops)
                self.condition(s.when, unit, loops)
                self.unit(s.body, unit, visited)
            elif isinstance(s, (ast.Param, ast.Secret)):
                kind = "param" if isinstance(s, ast.Param) else "secret"
                self.add(unit, s.name.start, s.name.end, kind, (unit.prefix + s.name.text,), True)
                if isinstance(s, ast.Param):
                    self.value(s.default, unit, loops)
            elif isinstance(s, ast.Group):
                self.add(unit, s.name.start, s.name.end, "group", (unit.prefix + s.name.text,), True)
                self.condition(s.when, unit, loops)
                self.value(s.members, unit, loops, members=True)
            elif isinstance(s, ast.Host):
                self.host(s, unit, loops)
            elif isinstance(s, ast.Import):
                self.import_(s, unit, loops)
            elif isinstance(s, ast.Inventory):
                if isinstance(s.path, ast.Text) and unit.folder is not None:
                    self.add(
                        unit, s.path.start, s.path.end, "file", (os.path.join(unit.folder, s.path.value),)
                    )
            elif isinstance(s, ast.Defaults):
                for option in s.options:
                    if option.name.text != "exits":
                        self.value(option.value, unit, loops)
            elif id(s) not in visited:  # in a loop that goes over nothing
                self.placed(s, Scope(unit))

    def host(self, s: ast.Host, unit: Unit, loops: Mapping[str, str]) -> None:
        """A host; in a loop it declares all that its name, with `{{ }}` in it, could be."""
        name = unit.prefix + s.name.text
        names = (
            [name]
            if "{{" not in name
            else [n for n, h in self.program.hosts.items() if h.span.start == s.start]
        )
        self.add(unit, s.name.start, s.name.end, "host", names, True)
        self.holes(s.name, unit, loops)
        self.value(s.address, unit, loops)
        for option in s.options:
            self.value(option.value, unit, loops)
        self.condition(s.when, unit, loops)

    def import_(self, s: ast.Import, unit: Unit, loops: Mapping[str, str]) -> None:
        name = unit.prefix + s.prefix.text
        self.add(unit, s.prefix.start, s.prefix.end, "import", (name,), True)
        child = self.units.get(name + ".")
        if child is not None:
            self.add(unit, s.path.start, s.path.end, "file", (child.source.path,))
        for option in s.arguments:
            if child is not None:
                kind = "secret" if option.name.text in child.secrets else "param"
                self.add(unit, option.name.start, option.name.end, kind, (f"{name}.{option.name.text}",))
            self.value(option.value, unit, loops)
        self.condition(s.when, unit, loops)

    # ---- names in values

    def condition(self, test: ast.Condition | None, unit: Unit, loops: Mapping[str, str]) -> None:
        if isinstance(test, (ast.And, ast.Or)):
            for part in test.tests:
                self.condition(part, unit, loops)
        elif isinstance(test, ast.Not):
            self.condition(test.test, unit, loops)
        elif isinstance(test, ast.Truth):
            self.value(test.value, unit, loops)
        elif isinstance(test, ast.Compare):
            self.value(test.left, unit, loops)
            self.value(test.right, unit, loops)

    def value(
        self,
        value: ast.Value,
        unit: Unit,
        loops: Mapping[str, str],
        resource: str = "",
        members: bool = False,
    ) -> None:
        for word in words(value):
            self.named(word.text, word.start, unit, loops, resource, members)
        for text in texts(value):
            for span in hole_spans(text, Scope(unit)) if "{{" in text.written else ():
                if hole := _HOLE.match(span.text):
                    self.named(hole[1], span.start + hole.start(1), unit, loops, resource)

    def named(
        self,
        name: str,
        start: int,
        unit: Unit,
        loops: Mapping[str, str],
        resource: str = "",
        members: bool = False,
    ) -> None:
        """A name in a value, looked up as section 1 says; `members`: of a group, where hosts and resources stand too."""
        found: tuple[str, str] | None = None
        own = self.program.resources.get(resource)
        if name in loops:
            found = "variable", loops[name]
        elif (resource, name) in self.handed or (own is not None and name in own.attributes):
            found = "attribute", f"{resource}.{name}"
        else:
            for kind, known in (("param", unit.params), ("secret", unit.secrets), ("group", unit.groups)):
                if name in known:
                    found = kind, unit.prefix + name
                    break
        if found is None and members:
            host = seen(name, unit, self.program.hosts)
            if host is not None:
                found = "host", host
            elif unit.prefix + name in self.program.resources:
                found = "resource", unit.prefix + name
        if found is not None:
            self.add(unit, start, start + len(name), found[0], (found[1],))


_place = itemgetter(1, 2, 3)


def _merged(
    source: Source, inside: list[tuple[int, int, str, tuple[str, ...], bool]]
) -> Iterator[Occurrence]:
    """What was found at one place several times, in loops and files imported twice, as one with all names."""
    inside.sort(key=itemgetter(0, 1, 2))  # what was found first stays first
    at = 0
    while at < len(inside):
        start, end, kind, names, declares = inside[at]
        upto = at + 1
        while upto < len(inside) and inside[upto][:3] == (start, end, kind):
            upto += 1
        if upto > at + 1:
            names = tuple(dict.fromkeys(name for one in inside[at:upto] for name in one[3]))
            declares = any(one[4] for one in inside[at:upto])
        yield _new(Occurrence, (source, start, end, kind, names, declares))
        at = upto
