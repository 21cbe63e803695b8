"""Files, loops, conditions and imports → one list of statements, each with the scope that it stands in.

What an `if` leaves out stays in the list, marked: statements that name it are left out too, with a note.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from ..base.diagnostic import Diagnostic, Findings
from ..base.record import field, record
from ..base.source import Source
from ..base.spell import nearest
from ..syntax import ast
from ..syntax.trees import Trees
from ..syntax.words import HOST_NUMBERS, HOST_OPTIONS
from . import template
from .condition import holds
from .groups import items, set_groups
from .naming import filled
from .params import Given, set_params, unknown_settings
from .program import Host
from .scope import Scope, Unit
from .values import Unknown, evaluate

MOST_STATEMENTS = 1_000_000
"""More than that after all loops and imports, rounds of loops counted in, is taken for a mistake."""
MOST_IMPORTS = 2_000
DEEPEST_IMPORT = 16


class Placed(NamedTuple):
    """A statement and its scope. `absent`: an `if` around or behind it was false."""

    statement: ast.Statement
    scope: Scope
    absent: bool


@record
class Unrolled:
    """All statements in their order, an import's at the import. `units` are the files, the root first.

    `hosts` are under their full names, which for those of an import begin with its prefix.
    """

    units: list[Unit]
    placed: list[Placed] = field(default_factory=list)
    hosts: dict[str, Host] = field(default_factory=dict)
    absent_hosts: set[str] = field(default_factory=set)
    absent_prefixes: dict[str, Placed] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=Findings)


def unroll(source: Source, folder: str | None, given: Given, trees: Trees) -> Unrolled:
    """Load the root source and all that it imports, and unroll them. `folder` is the project folder."""
    return _Unroll(folder, given, trees).root(source)


class TooMany(Exception):
    """Loops or imports make too much of what they stand around; holds the diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


class _Unroll:
    def __init__(self, folder: str | None, given: Given, trees: Trees) -> None:
        self.trees = trees
        self.project = os.path.realpath(folder) if folder is not None else None
        self.given = given
        self.out = Unrolled([])
        self.parsed: dict[str, ast.File] = {}
        self.rounds = 0  # of loops

    def say(self, code: str, message: str, scope: Scope, node: ast.Node, hint: str) -> None:
        self.out.diagnostics.append(Diagnostic(code, message, scope.span(node), hint))

    def root(self, source: Source) -> Unrolled:
        file, found = self.trees.of(source)
        self.out.diagnostics += found
        unit = Unit(file, self.project)
        try:
            self.unit(unit, {}, Scope(unit), False)
        except TooMany as error:
            # what was made so far is of no use, and a look at all of it would take long
            self.out = Unrolled([unit], diagnostics=Findings([*self.out.diagnostics, error.diagnostic]))
        self.out.diagnostics += unknown_settings(self.out.units, self.given)
        return self.out

    def unit(self, unit: Unit, arguments: dict[str, ast.Option], importer: Scope, absent: bool) -> None:
        """Params, hosts and groups of a file first, wherever in it they stand; then its statements in order."""
        self.out.units.append(unit)
        scope, file = Scope(unit), unit.file
        self.out.diagnostics += set_params(scope, arguments, importer, self.given)
        unit.defaults = [s for s in file.statements if isinstance(s, ast.Defaults)]
        for s in file.statements:
            if isinstance(s, ast.Inventory):
                self._told(self._inventory, s, scope)
        self.out.diagnostics += set_groups(scope)
        if file.statements:
            self.body(file.statements, scope, absent, file.statements[0])

    def _told(self, do: object, s: ast.Statement, scope: Scope, *arguments: object) -> None:
        """Do something with a statement that raises Unknown; tell what it says."""
        try:
            do(s, scope, *arguments)  # type: ignore[operator]
        except Unknown as error:
            self.out.diagnostics.extend(error.diagnostics)
            scope.unit.lost.texts.append(scope.span(s).text)

    # ---- statements

    def body(
        self, statements: tuple[ast.Statement, ...], scope: Scope, absent: bool, around: ast.Node
    ) -> None:
        """Place the statements of a file or of one round of a loop; `around` is told of where they are too many."""
        place = self.out.placed.append
        for s in statements:
            kind = type(s)
            if kind is ast.BriefRule:
                place(Placed(s, scope, absent))
            elif kind is ast.Rule or kind is ast.Order or kind is ast.Connect or kind is ast.Resource:
                gone = absent or (s.when is not None and not self.true(s.when, scope))  # type: ignore[union-attr]
                place(Placed(s, scope, gone))
            elif kind is ast.For:
                self._told(self._for, s, scope, absent)
            elif kind is ast.Import:
                self._told(self._import, s, scope, absent)
            elif kind is ast.Host:
                self._told(self._host, s, scope, absent)
            elif kind not in (ast.Param, ast.Secret, ast.Defaults, ast.Group, ast.Inventory):
                place(Placed(s, scope, absent))
            elif scope.loop:
                hint = "move it out of the loop"
                self.say("EV216", "this statement cannot stand in a `for`", scope, s, hint)
        if len(self.out.placed) + self.rounds > MOST_STATEMENTS:
            message = f"loops and imports make more than {MOST_STATEMENTS:,} statements of this"
            raise TooMany(Diagnostic("EV215", message, scope.span(around), "make the lists shorter"))

    def true(self, test: ast.Condition, scope: Scope) -> bool:
        try:
            return holds(test, scope)
        except Unknown as error:
            self.out.diagnostics.extend(error.diagnostics)
            return True

    def _for(self, s: ast.For, scope: Scope, absent: bool) -> None:
        if s.when is not None and not self.true(s.when, scope):
            absent = True
        for item in items(evaluate(s.over, scope), s.over, scope):
            self.rounds += 1
            self.body(s.body, Scope(scope.unit, {**scope.loop, s.variable.text: item}), absent, s)

    def _host(self, s: ast.Host, scope: Scope, absent: bool) -> None:
        written = filled(s.name.text, scope, s.name, self.out.diagnostics)
        name = scope.unit.prefix + written
        if absent or (s.when is not None and not self.true(s.when, scope)):
            self.out.absent_hosts.add(name)
            return
        if name in self.out.hosts:
            if not scope.unit.lost.may_declare(written):
                self.say("EV203", f"host `{name}` is declared twice", scope, s.name, "keep one of them")
            return
        for o in s.options:
            if o.name.text not in HOST_OPTIONS:
                near = nearest(o.name.text, HOST_OPTIONS)
                said = f"; did you mean `{near}`?" if near else ""
                hint = "its options are " + ", ".join(HOST_OPTIONS)
                self.say("EV219", f"a host has no option `{o.name.text}`{said}", scope, o.name, hint)
        host = self.out.hosts[name] = Host(name, "", {}, scope.span(s))
        host.address = template.plain(evaluate(s.address, scope))
        host.options = {o.name.text: evaluate(o.value, scope) for o in s.options}
        for o in s.options:
            least, most = HOST_NUMBERS.get(o.name.text, (0, 0))
            if most and not _whole(host.options[o.name.text], least, most):
                message = f"`{o.name.text}` takes a whole number from {least} to {most}"
                self.say("EV219", message, scope, o.value, f"write `{o.name.text} = {least or 22}`")

    # ---- other files

    def _path(self, node: ast.Value, scope: Scope) -> tuple[str, str]:
        """A file that a statement names, as written and its real path in the project folder. Raises Unknown."""
        written = str(evaluate(node, scope))
        if scope.unit.folder is None or self.project is None:
            message, hint = "a text that is in no file cannot name other files", "save it first"
            raise Unknown(Diagnostic("EV211", message, scope.span(node), hint))
        try:
            real = os.path.realpath(os.path.join(scope.unit.folder, written))
        except (OSError, ValueError):
            real = os.sep
        if os.path.isabs(written) or "\0" in written or not real.startswith(os.path.join(self.project, "")):
            message = f"`{written}` lies outside of the project folder"
            hint = "paths are relative to the file they stand in and stay in the root file's folder"
            raise Unknown(Diagnostic("EV211", message, scope.span(node), hint))
        return written, real

    def _inventory(self, s: ast.Inventory, scope: Scope) -> None:
        from .inventory import inventory  # imported late: few programs name one

        written, real = self._path(s.path, scope)
        hosts, groups, problem = inventory(real, scope.span(s))
        if problem:
            hint = "it must be an Ansible inventory in YAML"
            self.say("EV224", f"`{written}`: {problem}", scope, s.path, hint)
            scope.unit.lost.all = True  # it may hold any host and any group
        else:
            scope.unit.inventories.append(real)
        for host in hosts:
            host.name = scope.unit.prefix + host.name
            self.out.hosts.setdefault(host.name, host)
        for name, members in groups.items():
            scope.unit.groups.setdefault(name, list(members))

    def _import(self, s: ast.Import, scope: Scope, absent: bool) -> None:
        unit = scope.unit
        name = filled(s.prefix.text, scope, s.prefix, self.out.diagnostics)
        prefix = unit.prefix + name + "."
        if prefix in unit.prefixes:
            if not unit.lost.may_declare(name):
                self.say(
                    "EV203", f"two imports are called `{name}`", scope, s.prefix, "give one another name"
                )
            return
        unit.prefixes.append(prefix)
        if absent or (s.when is not None and not self.true(s.when, scope)):
            self.out.absent_prefixes[prefix] = Placed(s, scope, True)
            return
        if len(self.out.units) > MOST_IMPORTS:
            message = f"files are imported more than {MOST_IMPORTS:,} times"
            raise TooMany(Diagnostic("EV215", message, scope.span(s), "import less"))
        file, real = self._file(s, scope)
        child = Unit(file, os.path.dirname(real), prefix, unit)
        self.unit(child, {o.name.text: o for o in s.arguments}, scope, absent)

    def _file(self, s: ast.Import, scope: Scope) -> tuple[ast.File, str]:
        """The file that an import names, read once however often it is imported. Raises Unknown."""
        written, real = self._path(s.path, scope)
        chain: list[str] = []
        unit: Unit | None = scope.unit
        while unit is not None:
            chain.append(unit.source.path)
            unit = unit.importer
        shown = os.path.normpath(os.path.join(os.path.dirname(chain[0]), written))
        if real in map(os.path.realpath, chain):
            way = " → ".join([*reversed(chain), shown])
            message, hint = f"`{written}` imports itself: {way}", "take one of these imports out"
            raise Unknown(Diagnostic("EV211", message, scope.span(s.path), hint))
        if len(chain) > DEEPEST_IMPORT:
            message, hint = f"imports are nested deeper than {DEEPEST_IMPORT}", "import less deeply"
            raise Unknown(Diagnostic("EV211", message, scope.span(s.path), hint))
        if real not in self.parsed:
            file, found = self.trees.at(real, shown)
            if file is None:
                (d,) = found
                hint = "check the path: it is relative to this file"
                raise Unknown(d if d.span else Diagnostic("EV211", d.message, scope.span(s.path), hint))
            self.parsed[real] = file
            self.out.diagnostics += found
        return self.parsed[real], real


def _whole(value: object, least: int, most: int) -> bool:
    """Whether an option of a host holds such a number, or nothing: a param may leave it open, and gives text."""
    text = str(value)
    return not text or (text.isdecimal() and len(text) < 6 and least <= int(text) <= most)
