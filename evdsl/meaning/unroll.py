"""Files, loops, conditions and imports → one list of statements, each with the scope that it stands in.

What an `if` leaves out stays in the list, marked: statements that name it are left out too, with a note.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import NamedTuple

from ..base.diagnostic import Diagnostic
from ..base.reading import read
from ..base.record import field, record
from ..base.source import Source
from ..base.spell import nearest
from ..syntax import ast
from ..syntax.parser import parse
from ..syntax.words import HOST_OPTIONS
from . import template
from .condition import holds
from .program import Host
from .scope import Scope, Unit
from .values import Unknown, evaluate, kind

MOST_STATEMENTS = 1_000_000
"""More than that after all loops and imports is taken for a mistake."""
DEEPEST_IMPORT = 16
_NAME = r"\w+(?:[-+@]+\w+)*(?:\.\w+(?:[-+@]+\w+)*)*"


class Placed(NamedTuple):
    """A statement and its scope. `absent`: an `if` around or behind it was false."""

    statement: ast.Statement
    scope: Scope
    absent: bool


@record
class Unrolled:
    """All statements in their order, an import's at the import. `units` are the files, the root first."""

    units: list[Unit]
    placed: list[Placed] = field(default_factory=list)
    hosts: dict[str, Host] = field(default_factory=dict)
    absent_hosts: set[str] = field(default_factory=set)
    absent_prefixes: dict[str, Placed] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)


@record
class Given:
    """Values for params and secrets from outside: `settings` from `--set`, `environment` for `EVDSL_SET_name`."""

    settings: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    def value(self, name: str) -> str | None:
        if name in self.settings:
            return self.settings[name]
        return self.environment.get("EVDSL_SET_" + name.replace("-", "_").replace(".", "_"))


def unroll(source: Source, folder: str | None, given: Given) -> Unrolled:
    """Load the root source and all that it imports, and unroll them. `folder` is the project folder."""
    return _Unroll(folder, given).root(source)


class _Unroll:
    def __init__(self, folder: str | None, given: Given) -> None:
        self.project = os.path.realpath(folder) if folder is not None else None
        self.given = given
        self.out = Unrolled([])
        self.parsed: dict[str, ast.File] = {}
        self.full = False  # MOST_STATEMENTS is reached, and said so

    def say(
        self, code: str, message: str, scope: Scope, node: ast.Ref | ast.Value | ast.Statement, hint: str
    ) -> None:
        self.out.diagnostics.append(Diagnostic(code, message, scope.span(node), hint))

    def root(self, source: Source) -> Unrolled:
        file, found = parse(source)
        self.out.diagnostics += found
        unit = Unit(file, self.project)
        known = set()
        for s in file.statements:
            if isinstance(s, (ast.Param, ast.Secret)):
                known.add(s.name.text)
        for name in self.given.settings:
            if "." not in name and name not in known:
                near = nearest(name, known)
                self.out.diagnostics.append(
                    Diagnostic(
                        "EV213",
                        f"`--set {name}=…`: there is no param or secret of that name"
                        + (f"; did you mean `{near}`?" if near else ""),
                        None,
                        f"declare it: `param {name}`",
                        path=source.path,
                    )
                )
        self.unit(unit, {}, Scope(unit), False)
        return self.out

    # ---- one file

    def unit(self, unit: Unit, arguments: dict[str, ast.Option], importer: Scope, absent: bool) -> None:
        """Params, hosts and groups of a file first, wherever in it they stand; then its statements in order."""
        self.out.units.append(unit)
        scope = Scope(unit)
        own = [s for s in unit.file.statements if isinstance(s, (ast.Param, ast.Secret))]
        for s in own:
            self._param(s, scope, arguments, importer)
        for name, option in arguments.items():
            if name not in unit.params and name not in unit.secrets:
                near = nearest(name, [s.name.text for s in own])
                self.say(
                    "EV213",
                    f"the imported file has no param `{name}`"
                    + (f"; did you mean `{near}`?" if near else ""),
                    importer,
                    option.name,
                    "an import sets the params that its file declares",
                )
        unit.defaults = [s for s in unit.file.statements if isinstance(s, ast.Defaults)]
        self._groups(unit, scope)
        self.body(unit.file.statements, scope, absent)

    def _param(
        self, s: ast.Param | ast.Secret, scope: Scope, arguments: dict[str, ast.Option], importer: Scope
    ) -> None:
        unit, name = scope.unit, s.name.text
        if name in unit.params or name in unit.secrets:
            self.say("EV203", f"`{name}` is declared twice", scope, s.name, "keep one of them")
            return
        given = self.given.value(unit.prefix + name)
        if isinstance(s, ast.Secret):
            unit.secrets[name] = given
            if name in arguments:
                value = arguments[name].value
                if isinstance(value, ast.Word) and value.text in importer.unit.secrets:
                    importer.unit.used.add(value.text)
                    unit.secrets[name] = importer.unit.secrets[value.text]
                else:
                    self.say(
                        "EV223",
                        f"the secret `{name}` takes a secret of the importer",
                        importer,
                        value,
                        f"declare `secret {name}` here and pass it on: `({name} = {name})`",
                    )
            return
        try:
            if name in arguments:
                unit.params[name] = evaluate(arguments[name].value, importer)
                return
            default = evaluate(s.default, scope)
            unit.params[name] = default if given is None else self._as(default, given, s, scope)
        except Unknown as error:
            unit.params[name] = ""
            self.out.diagnostics.append(error.diagnostic)

    def _as(self, default: object, given: str, s: ast.Param, scope: Scope) -> object:
        """A value from the command line, as what the default is."""
        try:
            if isinstance(default, bool):
                return {"true": True, "false": False}[given]
            if isinstance(default, int):
                return int(given) if len(given) < 19 else given
            if isinstance(default, float):
                return float(given)
            if isinstance(default, (list, dict)):
                import json

                value = json.loads(given)
                if type(value) is type(default):
                    return value
                raise ValueError
        except (KeyError, ValueError, RecursionError):
            self.say(
                "EV214",
                f"param `{s.name.text}` is {kind(default)}, and was given `{given}`",
                scope,
                s.name,
                "a list or a map is given as JSON",
            )
            return default
        return given

    def _groups(self, unit: Unit, scope: Scope) -> None:
        """Groups may name each other in any order: go round until nothing more is known."""
        pending = [s for s in unit.file.statements if isinstance(s, ast.Group)]
        names = {s.name.text for s in pending}
        for s in unit.file.statements:
            if isinstance(s, ast.Inventory):
                self._inventory(s, scope)
        while pending:
            left = [s for s in pending if not self._group(s, scope, names)]
            if len(left) == len(pending):
                for s in left:
                    self.say(
                        "EV207", f"group `{s.name.text}` is made of itself", scope, s.name, "name its members"
                    )
                    unit.groups[s.name.text] = []
                return
            pending = left

    def _group(self, s: ast.Group, scope: Scope, names: set[str]) -> bool:
        """Work out one group; False if it needs one that is not known yet."""
        unit, name = scope.unit, s.name.text
        try:
            if s.when is not None and not holds(s.when, scope):
                unit.absent.add(name)
                unit.groups[name] = []
                return True
            if not isinstance(s.members, ast.List):
                unit.groups[name] = self._items(evaluate(s.members, scope), s.members, scope)
                return True
            items: list[object] = []
            for member in s.members.items:
                if isinstance(member, ast.Word):
                    other = member.text
                    if other in unit.groups:
                        unit.used.add(other)
                        items += unit.groups[other]
                    elif other in names:
                        return False
                    elif isinstance(value := scope.static(other), list):
                        items += value
                    else:
                        items.append(self.named(member.text, scope, member) if "{{" in other else other)
                else:
                    items.append(evaluate(member, scope))
            unit.groups[name] = items
        except Unknown as error:
            self.out.diagnostics.append(error.diagnostic)
            unit.groups[name] = []
        return True

    def _items(self, value: object, node: ast.Value, scope: Scope) -> list[object]:
        if isinstance(value, list):
            return value
        self.say("EV214", f"a list is wanted here, this is {kind(value)}", scope, node, "write `[a, b]`")
        return []

    def _inventory(self, s: ast.Inventory, scope: Scope) -> None:
        from .inventory import inventory  # imported late: few programs name one

        unit = scope.unit
        try:
            path = str(evaluate(s.path, scope))
        except Unknown as error:
            self.out.diagnostics.append(error.diagnostic)
            return
        full = self._inside(path, scope, s.path)
        if full is None:
            return
        hosts, groups, problem = inventory(full, scope.span(s))
        if problem:
            self.say(
                "EV224", f"`{path}`: {problem}", scope, s.path, "it must be an Ansible inventory in YAML"
            )
            return
        for host in hosts:
            self.out.hosts.setdefault(host.name, host)
        for name, members in groups.items():
            unit.groups.setdefault(name, list(members))

    # ---- statements

    def body(self, statements: tuple[ast.Statement, ...], scope: Scope, absent: bool) -> None:
        place = self.out.placed.append
        for s in statements:
            kind_ = type(s)
            if kind_ is ast.Rule or kind_ is ast.Order or kind_ is ast.Connect or kind_ is ast.Resource:
                gone = absent or (s.when is not None and not self.true(s.when, scope))  # type: ignore[union-attr]
                place(Placed(s, scope, gone))
            elif kind_ is ast.For:
                self._for(s, scope, absent)  # type: ignore[arg-type]
            elif kind_ is ast.Import:
                self._import(s, scope, absent)  # type: ignore[arg-type]
            elif kind_ is ast.Host:
                self._host(s, scope, absent)  # type: ignore[arg-type]
            elif kind_ in (ast.Param, ast.Secret, ast.Defaults, ast.Group, ast.Inventory):
                if scope.loop:
                    self.say(
                        "EV216", "this statement cannot stand in a `for`", scope, s, "move it out of the loop"
                    )
            else:
                place(Placed(s, scope, absent))
        if len(self.out.placed) > MOST_STATEMENTS and not self.full:
            self.full = True
            self.say(
                "EV215",
                f"loops and imports make more than {MOST_STATEMENTS:,} statements of this",
                scope,
                statements[0],
                "make the lists shorter",
            )

    def true(self, test: ast.Condition, scope: Scope) -> bool:
        try:
            return holds(test, scope)
        except Unknown as error:
            self.out.diagnostics.append(error.diagnostic)
            return True

    def named(self, text: str, scope: Scope, node: ast.Ref | ast.Value | ast.Statement) -> str:
        """A name with its `{{ }}` filled in; on error the name as written."""
        if "{{" not in text:
            return text
        return filled(text, scope, node, self.out.diagnostics)

    def _for(self, s: ast.For, scope: Scope, absent: bool) -> None:
        if s.when is not None and not self.true(s.when, scope):
            absent = True
        try:
            if isinstance(s.over, ast.Word) and s.over.text in scope.unit.absent:
                return
            items = self._items(evaluate(s.over, scope), s.over, scope)
        except Unknown as error:
            self.out.diagnostics.append(error.diagnostic)
            return
        for item in items:
            if self.full:
                return
            self.body(s.body, Scope(scope.unit, {**scope.loop, s.variable.text: item}), absent)

    def _host(self, s: ast.Host, scope: Scope, absent: bool) -> None:
        name = self.named(s.name.text, scope, s.name)
        if absent or (s.when is not None and not self.true(s.when, scope)):
            self.out.absent_hosts.add(name)
            return
        if name in self.out.hosts:
            self.say("EV203", f"host `{name}` is declared twice", scope, s.name, "keep one of them")
            return
        try:
            address = template.plain(evaluate(s.address, scope))
            options = {o.name.text: evaluate(o.value, scope) for o in s.options}
        except Unknown as error:
            self.out.diagnostics.append(error.diagnostic)
            address, options = "", {}
        for o in s.options:
            if o.name.text not in HOST_OPTIONS:
                near = nearest(o.name.text, HOST_OPTIONS)
                self.say(
                    "EV219",
                    f"a host has no option `{o.name.text}`" + (f"; did you mean `{near}`?" if near else ""),
                    scope,
                    o.name,
                    "its options are " + ", ".join(HOST_OPTIONS),
                )
        self.out.hosts[name] = Host(name, address, options, scope.span(s))

    # ---- imports

    def _inside(self, path: str, scope: Scope, node: ast.Value) -> str | None:
        """The real path of a file that a statement names, if it lies in the project folder."""
        if scope.unit.folder is None or self.project is None:
            self.say(
                "EV211", "a text that is in no file cannot name other files", scope, node, "save it first"
            )
            return None
        try:
            full = os.path.realpath(os.path.join(scope.unit.folder, path))
        except (OSError, ValueError):
            full = os.sep
        if os.path.isabs(path) or "\0" in path or not full.startswith(os.path.join(self.project, "")):
            self.say(
                "EV211",
                f"`{path}` lies outside of the project folder",
                scope,
                node,
                "paths are relative to the file they stand in and stay in the root file's folder",
            )
            return None
        return full

    def _import(self, s: ast.Import, scope: Scope, absent: bool) -> None:
        unit = scope.unit
        prefix = self.named(s.prefix.text, scope, s.prefix) + "."
        if prefix in unit.prefixes:
            self.say(
                "EV203", f"two imports are called `{prefix[:-1]}`", scope, s.prefix, "give one another name"
            )
            return
        unit.prefixes.append(prefix)
        if absent or (s.when is not None and not self.true(s.when, scope)):
            self.out.absent_prefixes[unit.prefix + prefix] = Placed(s, scope, True)
            return
        try:
            path = str(evaluate(s.path, scope))
        except Unknown as error:
            self.out.diagnostics.append(error.diagnostic)
            return
        full = self._inside(path, scope, s.path)
        if full is None:
            return
        chain: list[Unit] = []
        above: Unit | None = unit
        while above is not None:
            chain.append(above)
            above = above.importer
        shown = (
            os.path.join(os.path.dirname(unit.source.path), path) if unit.source.path != "<stdin>" else path
        )
        if full in (os.path.realpath(u.source.path) for u in chain):
            self.say(
                "EV211",
                f"`{path}` imports itself: " + " → ".join([*(u.source.path for u in reversed(chain)), shown]),
                scope,
                s.path,
                "take one of these imports out",
            )
            return
        if len(chain) > DEEPEST_IMPORT:
            self.say(
                "EV211",
                f"imports are nested deeper than {DEEPEST_IMPORT}",
                scope,
                s.path,
                "import less deeply",
            )
            return
        file = self.parsed.get(full)
        if file is None:
            source, found = read(full, os.path.normpath(shown))
            if source is None:
                d = found[0]
                if d.span is None:
                    self.say("EV211", d.message, scope, s.path, "check the path: it is relative to this file")
                else:
                    self.out.diagnostics.append(d)
                return
            file, found = parse(source)
            self.out.diagnostics += found
            self.parsed[full] = file
        child = Unit(file, os.path.dirname(full), unit.prefix + prefix, unit)
        self.unit(child, {o.name.text: o for o in s.arguments}, scope, absent)


def filled(text: str, scope: Scope, node: ast.Ref | ast.Value | ast.Statement, out: list[Diagnostic]) -> str:
    """A name with `{{x}}` replaced by loop variables and params; what cannot be is told and left as written."""

    def value(hole: template.Hole) -> str:
        found = scope.static(hole.name)
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
            return "x"
        return word

    return template.fill(text, value)
