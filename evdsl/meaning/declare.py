"""Declarations → resources and their actions, declared or found under `actions/`."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Container

from ..base.diagnostic import Diagnostic
from ..base.spell import nearest
from ..syntax import ast
from .links import ends
from .names import Names
from .naming import filled
from .program import Action, Resource
from .scope import Scope, Unit
from .unroll import Placed, Unrolled

FOUND = {".sh": "sh", ".yml": "ansible.playbook", ".pp": "puppet.manifest", ".sls": "salt.state"}
"""What the ending of a file under actions/ says of its driver; an executable without one of them is run as it is."""


class ActionFiles:
    """The names under the `actions/` folders: `actions/<resource>/<action>`, beside the file that names the action."""

    def __init__(self, units: list[Unit]) -> None:
        self.units = sorted(units, key=lambda u: -len(u.prefix))
        self._folders: dict[str, dict[str, dict[str, str]]] = {}

    def of(self, resource: str) -> dict[str, str]:
        """Action name → path of its file, for the resource of that full name; sorted by name."""
        for unit in self.units:
            if resource.startswith(unit.prefix):
                if unit.folder is None:
                    return {}
                return self.under(unit.folder).get(resource[len(unit.prefix) :], {})
        return {}

    def under(self, folder: str) -> dict[str, dict[str, str]]:
        """All that lies under `actions/` in a folder: resource → action → path."""
        if folder not in self._folders:
            found: dict[str, dict[str, str]] = {}
            root = os.path.join(folder, "actions")
            for resource in _names(root):
                actions: dict[str, str] = {}
                for name in _names(os.path.join(root, resource)):
                    path = os.path.join(root, resource, name)
                    stem, ending = os.path.splitext(name)
                    action = stem if ending in FOUND else name
                    usable = os.path.isfile(path) and (ending in FOUND or os.access(path, os.X_OK))
                    if usable and action not in actions:
                        actions[action] = path
                if actions:
                    found[resource] = actions
            self._folders[folder] = found
        return self._folders[folder]


def _names(folder: str) -> list[str]:
    try:
        return sorted(n for n in os.listdir(folder) if not n.startswith("."))
    except OSError:
        return []


def found_driver(path: str) -> str:
    """The driver of a file under actions/."""
    return FOUND.get(os.path.splitext(path)[1], "exec")


def declare(unrolled: Unrolled, files: ActionFiles) -> Names:
    """All resources and actions of the program. A program that declares no resource at all is rules-only."""
    declared = [p for p in unrolled.placed if type(p.statement) is ast.Resource]
    names = Names(
        {}, {}, unrolled.hosts, not declared, unrolled.units, absent_prefixes=unrolled.absent_prefixes
    )
    names.diagnostics = unrolled.diagnostics
    for placed in declared:
        _resource(placed, names, unrolled, files)
    if declared:
        _sinks(unrolled, names)
    return names


def _resource(placed: Placed, names: Names, unrolled: Unrolled, files: ActionFiles) -> None:
    s, scope = placed.statement, placed.scope
    assert isinstance(s, ast.Resource)
    written = filled(s.name.text, scope, s.name, names.diagnostics)
    name = scope.unit.prefix + written
    if placed.absent:
        names.absent.setdefault(name, placed)
        return
    if name in names.resources:
        if scope.unit.lost.may_declare(written):  # what stands in its name is wrong, and told
            return
        first = names.resources[name].span
        names.diagnostics.append(
            Diagnostic(
                "EV203",
                f"resource `{name}` is declared twice",
                scope.span(s.name),
                "keep one of them",
                ((first, "first declared here"),),
            )
        )
        return
    host = None
    if s.host is not None:
        wanted = filled(s.host.text, scope, s.host, names.diagnostics)
        host = seen(wanted, scope.unit, unrolled.hosts)
        if host is None and seen(wanted, scope.unit, unrolled.absent_hosts) is not None:
            names.absent.setdefault(name, placed)
            names.left_out(placed, wanted, s.host, scope)
            return
        if host is None and _may_be_seen(wanted, scope.unit):
            host = wanted
        if host is None:
            host, near = wanted, nearest(wanted, unrolled.hosts)
            said = f"; did you mean `{near}`?" if near else ""
            hint = f'declare it: `host {wanted} = "address"`'
            names.say("EV204", f"no host is called `{wanted}`{said}", scope, s.host, hint, near)
    elif "@" in written and (tail := written.partition("@")[2]) in unrolled.hosts:
        names.say(
            "EV220",
            f"a blank is missing before `@{tail}`",
            scope,
            s.name,
            f"write `resource {written.partition('@')[0]} @{tail}`",
        )
    docs = scope.unit.docs
    resource = Resource(name, host, {}, [], scope, scope.span(s.name), docs.above(s.start))
    unread = scope.unit.file.unread
    if unread:
        at = bisect_left(unread, s.start, key=lambda span: span.start)
        resource.partial = at < len(unread) and unread[at].start < s.end
    names.resources[name] = resource
    for member in s.members or ():
        _member(member, resource, scope, names)
    for action, path in files.of(name).items():
        if action not in resource.actions:
            resource.actions.append(action)
            names.actions[f"{name}.{action}"] = Action(
                f"{name}.{action}", name, action, found_driver(path), None, scope, resource.span, path
            )


def seen(name: str, unit: Unit | None, hosts: Container[str]) -> str | None:
    """The full name of a host as a file sees it: its own, else its importer's, and so on; None if there is none."""
    while unit is not None:
        if unit.prefix + name in hosts:
            return unit.prefix + name
        unit = unit.importer
    return None


def _may_be_seen(name: str, unit: Unit | None) -> bool:
    """Whether a host of that name may be declared in what could not be read."""
    while unit is not None:
        if unit.lost.may_declare(name):
            return True
        unit = unit.importer
    return False


def _member(member: ast.Attribute | ast.Action, resource: Resource, scope: Scope, names: Names) -> None:
    if isinstance(member, ast.Attribute):
        own = member.name.text
        if own in resource.attributes:
            names.say("EV203", f"attribute `{own}` is given twice", scope, member.name, "keep one of them")
            return
        resource.attributes[own] = member
        return
    own = filled(member.name.text, scope, member.name, names.diagnostics)
    if own in resource.actions:
        names.say("EV203", f"action `{own}` is declared twice", scope, member.name, "keep one of them")
        return
    resource.actions.append(own)
    name = f"{resource.name}.{own}"
    span, doc = scope.span(member.name), scope.unit.docs.above(member.start)
    names.actions[name] = Action(name, resource.name, own, member.driver.text, member, scope, span, "", doc)


def _sinks(unrolled: Unrolled, names: Names) -> None:
    """A resource without host and actions is a sink if a connect names it, else an error."""
    bare = {n: r for n, r in names.resources.items() if not r.actions}
    if not bare:
        return
    named: set[str] = set()
    pool = list(names.resources)
    for p in unrolled.placed:
        if type(p.statement) is ast.Connect and not p.absent:
            for side in ends(p.statement, p.scope, names, pool):
                named.update(name for name, _ in side.found)
    for name, resource in bare.items():
        if resource.host is None and name in named:
            resource.sink = True
            resource.actions.append("run")
            names.actions[f"{name}.run"] = Action(
                f"{name}.run", name, "run", "sink", None, resource.scope, resource.span
            )
        elif not resource.partial and not any(unit.lost.says("connect") for unit in names.units):
            why = (
                "it has a host, so it is no sink"
                if name in named
                else "no connect names it, so it is no sink"
            )
            names.diagnostics.append(
                Diagnostic(
                    "EV205",
                    f"resource `{name}` has no action; {why}",
                    resource.span,
                    f"give it one: `resource {name} {{ run: … }}`, or put a file into actions/{name}/",
                )
            )
    order = {f"{r.name}.{a}": None for r in names.resources.values() for a in r.actions}
    names.actions = {n: names.actions[n] for n in order}
