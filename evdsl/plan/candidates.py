"""What could be written at a place: names, and words of the language, that the program makes sense of there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..base.drivers import DRIVERS, ON_CUT, OPTION_KINDS
from ..base.events import EVENTS, MATCHES, OUTCOMES
from ..meaning import pattern
from ..meaning.declare import ActionFiles
from ..meaning.names import Names
from ..meaning.program import Program
from ..meaning.scope import Unit
from ..meaning.template import likely_holes
from ..meaning.values import texts
from ..syntax import ast
from ..syntax.faults import FORMS
from ..syntax.place import Place
from ..syntax.trees import Trees
from ..syntax.words import HOST_OPTIONS, OPTIONS
from .plan import Plan
from .says import Says

_OWN_WORDS = ("run", "reload", "remove", "restart")
_MOST_FILES = 200


class Candidate(NamedTuple):
    """`text` to put in place of the word; `kind` what it is, `detail` in a few words what of it, `doc` its comment."""

    text: str
    kind: str
    detail: str = ""
    doc: str = ""


def candidates(
    program: Program, plan: Plan | None, unit: Unit, place: Place, trees: Trees | None = None
) -> list[Candidate]:
    """All that fits at a place of a file, the most likely first; what is typed of the word already is not looked at.

    `trees` are those of files that an import names.
    """
    found = list(_Here(program, plan, unit, place, trees or Trees()).all())
    return list({c.text: c for c in reversed(found)}.values())[::-1]


class _Here:
    """One place in one file of a program."""

    def __init__(self, program: Program, plan: Plan | None, unit: Unit, place: Place, trees: Trees) -> None:
        self.program, self.plan, self.unit, self.place, self.trees = program, plan, unit, place, trees
        self.prefix = unit.prefix
        self.word = unit.source.text[place.start : place.end]
        by_role: dict[str, Callable[[], Iterator[Candidate]]] = {
            **dict.fromkeys(("emitter", "subscriber", "later", "earlier", "action"), self.actions),
            **dict.fromkeys(("from", "to"), self.resources),
            **dict.fromkeys(("own emitter", "own subscriber"), self.own_actions),
            **dict.fromkeys(("condition", "value", "argument", "value of key"), self.values),
            "again": self.again,
            "event": self.events,
            "taken": self.taken,
            "given": self.given,
            "member": self.members,
            "driver": self.drivers,
            "option": self.options,
            "first of list": self.options,
            "argument of import": self.params_of_import,
            "value of option": self.value_of_option,
            "host": self.hosts,
            "list": self.lists,
            "member of group": self.grouped,
            "name": self.names_in_text,
            "path": self.files,
        }
        self.by_role = by_role.get(place.role)

    def all(self) -> Iterator[Candidate]:
        if self.place.quoted and self.place.role not in ("name", "path"):
            return
        if self.place.role == "later":
            yield from self.keywords()
        if self.by_role is not None:
            yield from self.by_role()
        if self.place.role != "later":
            yield from self.keywords()

    def keywords(self) -> Iterator[Candidate]:
        for word in self.place.keywords:
            yield Candidate(word, "keyword", FORMS.get(word, ""))

    # ---- actions and resources

    def actions(self) -> Iterator[Candidate]:
        """All actions, by the names that this file has for them; not what only the word itself mentions."""
        for number, action in enumerate(self.program.actions):
            if action.name.startswith(self.prefix) and not self.is_typed(number):
                what = action.driver if action.driver != "sink" else "sink"
                yield Candidate(action.name[len(self.prefix) :], "action", what, action.doc)
        if self.program.rules_only and self.unit.folder is not None:
            for resource, found in ActionFiles([self.unit]).under(self.unit.folder).items():
                for action_name in found:
                    yield Candidate(f"{resource}.{action_name}", "action", f"actions/{resource}/")

    def is_typed(self, number: int) -> bool:
        """Whether an action of a rules-only program is mentioned nowhere but in what is being typed."""
        action = self.program.actions[number]
        if not self.program.rules_only or action.file:
            return False
        local = action.name[len(self.prefix) :]
        if not self.word or self.word not in (local, local.removesuffix(".run")):
            return False
        source, start = self.unit.source, self.place.start
        mentions = [r.origin for r in self.program.rules if number in (*r.emitters, r.subscriber)]
        mentions += [o.origin for o in self.program.orders if number in (o.before, o.after)]
        return all(m.source is source and m.start <= start <= m.end for m in mentions)

    def resources(self) -> Iterator[Candidate]:
        known = self.program.resources or dict.fromkeys(a.resource for a in self.program.actions)
        for name in known:
            if name.startswith(self.prefix):
                resource = self.program.resources.get(name)
                detail = ", ".join(resource.actions) if resource else ""
                yield Candidate(
                    name[len(self.prefix) :], "resource", detail, resource.doc if resource else ""
                )

    def again(self) -> Iterator[Candidate]:
        for cycle in self.plan.cycles if self.plan else ():
            for name in (*cycle.others, cycle.again):
                if name.startswith(self.prefix):
                    yield Candidate(name[len(self.prefix) :], "action", "can run again in a cycle")
        yield from self.actions()

    def of(self, text: str) -> list[str]:
        """The resources that one side of a connect names."""
        known = list(self.program.resources or dict.fromkeys(a.resource for a in self.program.actions))
        if "{{" in text:
            return known
        return [name for name, _ in pattern.matches(self.prefix + text, known)]

    def ends(self) -> tuple[list[str], list[str]]:
        """The resources on both sides of the connect that this stands in."""
        head = next((a for a in reversed(self.place.around) if a[0] == "connect"), ())
        return (self.of(head[1]), self.of(head[2])) if len(head) > 2 else ([], [])

    def own_actions(self) -> Iterator[Candidate]:
        owners = self.ends()[self.place.role == "own subscriber"]
        for action in self.program.actions:
            if action.resource in owners:
                yield Candidate(action.action, "action", action.driver, action.doc)

    # ---- events

    def events(self) -> Iterator[Candidate]:
        """The words that match something an emitter can say; all where that does not show."""
        said = self.said()
        for word in ("changed", *(e for e in EVENTS if e != "changed")):
            below = MATCHES[word]
            if said is None or not said.isdisjoint(below) or word == "skipped":
                yield Candidate(word, "event", ", ".join(below) if below != (word,) else "")

    def said(self) -> frozenset[str] | None:
        says, found = Says(self.program), frozenset[str]()
        actions = {a.name: a for a in self.program.actions}
        number = {a.name: i for i, a in enumerate(self.program.actions)}
        names = Names(self.program.resources, actions, self.program.hosts, self.program.rules_only)
        own = self.ends()[0] if self.place.around and self.place.around[-1][0] == "connect" else None
        for text in self.place.beside.get("emitter", ()):
            text = text.partition("#")[0]
            if own is not None:
                meant = [f"{resource}.{text}" for resource in own]
            elif "{{" in text:
                return None
            elif pattern.is_pattern(text):
                meant = [name for name, _ in pattern.matches(self.prefix + text, actions)]
            else:
                full = self.prefix + text
                name = full if full in actions else names.meant(full) if not self.program.rules_only else None
                meant = [name] if name else []
            for name in meant:
                one = says(number[name]) if name in number else None
                if one is None:
                    return None
                found |= one
        return found or None

    # ---- connect

    def taken(self) -> Iterator[Candidate]:
        for name in self.ends()[0]:
            resource = self.program.resources.get(name)
            for attribute in resource.attributes if resource else ():
                yield Candidate(attribute, "attribute", f"of {name}")
        yield Candidate("host", "attribute", "the address of its host")
        yield Candidate("name", "attribute", "its own name")

    def given(self) -> Iterator[Candidate]:
        """What the receiver's texts name and nothing gives a value."""
        for name in self.ends()[1]:
            resource = self.program.resources.get(name)
            if resource is None:
                continue
            known = {*resource.attributes, *self.unit.params, *self.unit.secrets, "name", "host"}
            for wanted in self.holes(name):
                if wanted not in known:
                    yield Candidate(wanted, "attribute", f"{name} asks for it")
            for attribute in resource.attributes:
                yield Candidate(attribute, "attribute", f"of {name}")

    def holes(self, resource: str) -> Iterator[str]:
        for action in self.program.actions:
            if action.resource == resource and action.node is not None:
                for value in (*action.node.arguments, *(o.value for o in action.node.options)):
                    for text in texts(value):
                        yield from (hole.name for hole in likely_holes(text.value))

    # ---- resources from inside

    def members(self) -> Iterator[Candidate]:
        words = dict.fromkeys((*_OWN_WORDS, *(a.action for a in self.program.actions if a.node is not None)))
        for word in words:
            yield Candidate(word, "member", "ACTION: driver arguments [options]")

    def drivers(self) -> Iterator[Candidate]:
        for name, driver in DRIVERS.items():
            says = ", ".join(o for o in OUTCOMES if o in driver.says)
            yield Candidate(name, "driver", driver.form, f"says {says}")

    def options(self) -> Iterator[Candidate]:
        holder = self.place.beside.get("holder", ("action",))[0]
        words: tuple[str, ...] = HOST_OPTIONS if holder == "host" else OPTIONS
        if holder == "action":
            driver = DRIVERS.get(next(iter(self.place.beside.get("driver", ())), ""))
            words = (*(driver.options if driver else ()), *OPTIONS)
        for word in words:
            if word not in self.place.beside.get("option", ()):
                yield Candidate(word, "option", " or ".join(OPTION_KINDS.get(word, ())))

    def value_of_option(self) -> Iterator[Candidate]:
        option = next(iter(self.place.beside.get("value", ())), "")
        if option == "on_cut":
            for word in ON_CUT:
                yield Candidate(f'"{word}"', "value")
        if "true or false" in OPTION_KINDS.get(option, ()):
            yield Candidate("true", "value")
            yield Candidate("false", "value")
        yield from self.values()

    # ---- hosts, groups, files

    def hosts(self) -> Iterator[Candidate]:
        unit: Unit | None = self.unit
        while unit is not None:
            for name, host in self.program.hosts.items():
                if name.startswith(unit.prefix):
                    yield Candidate(f"@{name[len(unit.prefix) :]}", "host", host.address)
            unit = unit.importer
        for variable in self.variables():
            yield Candidate(f"@{{{{{variable}}}}}", "variable", "of the loop")

    def grouped(self) -> Iterator[Candidate]:
        for host in self.hosts():
            if host.kind == "host":
                yield host._replace(text=host.text[1:])
        yield from self.resources()
        yield from self.lists()

    def lists(self) -> Iterator[Candidate]:
        for name, members in self.unit.groups.items():
            yield Candidate(name, "group", ", ".join(map(str, members[:6])))
        for name, value in self.unit.params.items():
            if isinstance(value, list):
                yield Candidate(name, "param")

    def files(self) -> Iterator[Candidate]:
        """Files below the folder of this one that a statement here could name."""
        if self.unit.folder is None:
            return
        endings = (".events",) if "path" in self.place.beside else (".yml", ".yaml")
        found = 0
        for folder, folders, names in os.walk(self.unit.folder):
            folders[:] = sorted(f for f in folders if not f.startswith((".", "node_modules")))[:50]
            for name in sorted(names):
                path = os.path.relpath(os.path.join(folder, name), self.unit.folder)
                if name.endswith(endings) and path != os.path.basename(self.unit.source.path):
                    found += 1
                    yield Candidate(path, "file")
            if found > _MOST_FILES or folder.count(os.sep) - self.unit.folder.count(os.sep) > 3:
                folders.clear()

    def params_of_import(self) -> Iterator[Candidate]:
        """What the imported file declares and is not given yet."""
        path = next(iter(self.place.beside.get("path", ())), "")[1:-1]
        if not path or self.unit.folder is None:
            return
        real = os.path.realpath(os.path.join(self.unit.folder, path))
        file = self.trees.at(real, real)[0]
        for s in file.statements if file else ():
            if isinstance(s, (ast.Param, ast.Secret)) and s.name.text not in self.place.beside.get(
                "option", ()
            ):
                yield Candidate(s.name.text, "param" if isinstance(s, ast.Param) else "secret")

    # ---- names in values

    def variables(self) -> list[str]:
        return [head[1] for head in reversed(self.place.around) if head[0] == "for" and len(head) > 1]

    def values(self) -> Iterator[Candidate]:
        if self.place.role == "value of key" and "exits" in self.place.beside.get("value", ()):
            for outcome in OUTCOMES:
                yield Candidate(outcome, "event")
            return
        for variable in self.variables():
            yield Candidate(variable, "variable", "of the loop")
        for name, value in self.unit.params.items():
            yield Candidate(name, "param", str(value)[:40])
        if self.place.role in ("argument", "value of key", "value"):
            yield from (Candidate(name, "secret") for name in self.unit.secrets)

    def names_in_text(self) -> Iterator[Candidate]:
        for variable in self.variables():
            yield Candidate(variable, "variable", "of the loop")
        head = next((a for a in reversed(self.place.around) if a[0] == "resource"), ())
        if len(head) > 1:
            name = self.prefix + head[1]
            resource = self.program.resources.get(name)
            for attribute in resource.attributes if resource else ():
                yield Candidate(attribute, "attribute", f"of {name}")
            for given in self.program.handed:
                if given.receiver == name:
                    yield Candidate(given.given, "attribute", f"`{given.taken}` of {given.emitter}")
            yield Candidate("host", "attribute", "the address of its host")
            yield Candidate("name", "attribute", "its own name")
        for param, value in self.unit.params.items():
            yield Candidate(param, "param", str(value)[:40])
        if len(head) > 1:
            yield from (Candidate(secret, "secret") for secret in self.unit.secrets)
