"""A step on its way into a playbook: all that is known of it, and what its tasks have in common."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from ..base.source import Span
from ..meaning.program import Action, Program
from ..meaning.render import Rendered
from ..meaning.scope import Scope
from ..plan.plan import Plan
from .ansible_drivers import Unfit
from .ansible_files import Files
from .ansible_hosts import alias
from .ansible_names import Names
from .ansible_values import Giving, Marks, Variables
from .ansible_when import conditions
from .ansible_yaml import Jinja, Noted, expression
from .target import Findings

ACTION = "evdsl_action"
"""The module that runs commands, by the name of its file under `library/`."""
GUARDS = ("creates", "unless", "onlyif")


class Ready(NamedTuple):
    """A step with all that is known of it.

    `names`: what a text of it can name, with marks for what only the run knows.
    """

    step: int
    id: str
    action: Action
    driver: str
    rendered: Rendered
    names: Mapping[str, object]
    variables: Variables
    span: Span | None
    host: str | None = None

    @property
    def options(self) -> Mapping[str, object]:
        return self.rendered.options

    @property
    def env(self) -> dict[str, object]:
        """The option `env`."""
        own = self.rendered.options.get("env")
        return {str(name): value for name, value in own.items()} if isinstance(own, Mapping) else {}

    @property
    def scope(self) -> Scope:
        assert self.action.scope is not None
        return self.action.scope

    @property
    def folder(self) -> str:
        """The folder of the file that it stands in."""
        return os.path.abspath(self.scope.unit.folder or "")


class Making:
    """What the tasks of all steps are made with, and what they leave for the playbook as a whole.

    `events`: for each step the template of its event; `handlers`, `variables`, `hosts`: those of the playbook.
    """

    def __init__(
        self, program: Program, names: Names, marks: Marks, files: Files, findings: Findings
    ) -> None:
        self.program, self.names, self.marks = program, names, marks
        self.files, self.findings = files, findings
        self.giving = Giving(program, names, marks)
        self.events: dict[int, Jinja] = {}
        self.handlers: list[Noted] = []
        self.variables: dict[str, object] = {}
        self.hosts: dict[str, None] = {}
        root = self.files.root
        self.places = {u.source.path: os.path.relpath(u.source.path, root) for u in program.units}

    @property
    def plan(self) -> Plan:
        return self.names.plan

    def span(self, action: Action) -> Span | None:
        """The place of an action: where it is declared, else the first rule that names it."""
        if action.span is not None:
            return action.span
        steps = set(self.names.instances.get(action.name, ()))
        for triggers in self.plan.triggers:
            for t in triggers:
                if t.to in steps or any(s in steps for look in t.looks for s in look.steps):
                    return t.origin
        return None

    def head(self, ready: Ready, title: str = "") -> Noted:
        """The name of a task, and above it what the program says of its step."""
        said = [ready.action.doc] if ready.action.doc and not title else []
        for trigger in self.plan.triggers[ready.step] if not title else ():
            said.append(self._statement(trigger.origin))
        for edge in self.plan.orders[ready.step] if not title else ():
            said.append(self._statement(edge.origin))
        name = f"Step {self.names.title(ready.step)}{title}"
        return Noted([line for text in dict.fromkeys(said) for line in text.split("\n")], {"name": name})

    def _statement(self, origin: Span) -> str:
        text = " ".join(origin.text.split())
        text = text if len(text) <= 200 else text[:197] + "..."
        path = origin.source.path
        return f"{text} ({self.places.get(path, path)}:{origin.line})"

    def place(self, ready: Ready) -> dict[str, object]:
        """Where and as whom a task runs, and how much of it is shown."""
        found: dict[str, object] = {}
        if ready.host is not None:
            found["delegate_to"] = alias(ready.host)
        user = ready.rendered.options.get("sudo")
        if user and not ready.driver.startswith("http."):
            found["become"] = True
            if user is not True:
                found["become_user"] = self.resolved(ready, str(user))
        if ready.rendered.options.get("sensitive") is True:
            found["no_log"] = True
        return found

    def when(self, ready: Ready) -> dict[str, object]:
        """The condition of a task."""
        found = conditions(self.names, ready.step)
        return {"when": found[0] if len(found) == 1 else list(found)} if found else {}

    def resolved(self, ready: Ready, value: object) -> object:
        """A value for the playbook."""
        return self.marks.resolve(value, ready.variables)

    def vars(self, ready: Ready) -> dict[str, object]:
        """The variables of a task."""
        return {"vars": dict(ready.variables.values)} if ready.variables.values else {}

    def assembled(self, ready: Ready, head: Noted, *parts: Mapping[str, object]) -> Noted:
        """A task: its call, its condition, and what else it has."""
        call, when, *rest = parts
        said = {"register": self.names.said(ready.step)}
        for part in (call, self.vars(ready), self.place(ready), said, when, *rest):
            head.update(part)
        return head

    def numbers(self, ready: Ready, names: Mapping[str, str]) -> dict[str, object]:
        """Options that are numbers, under other names."""
        found: dict[str, object] = {}
        for option, name in names.items():
            value = ready.rendered.options.get(option)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                if value is not None:
                    raise Unfit(f"`{option}` is known only in a run", "write a number or a duration")
                continue
            found[name] = int(value) if float(value).is_integer() else float(value)
        return found

    def no_tags(self, ready: Ready) -> None:
        """Refuse `tags`."""
        if ready.rendered.options.get("tags") is not None:
            self.findings.refuse(
                f"`tags` of `{ready.action.name}`: tags choose among the tasks of a whole run of Ansible",
                ready.span,
                "leave them out",
            )

    def event_of(self, step: int, by: str, guarded: bool = False) -> Jinja:
        """The template of the event of a step; `by` is the filter that reads it."""
        said = self.names.said(step)
        found = f"{said} | default({{}}) | {by}"
        return expression(f"ev_{said}_guards or ({found})" if guarded else found)
