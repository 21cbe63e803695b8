"""The target `ansible`: a project folder of Ansible in which each step of the plan is a task (docs/compile.md).

One play runs on the machine that it is started on, and delegates each task to the host of its resource. What a task
has registered tells its event, a variable; the tasks of its subscribers have conditions on it. A failure is passed over
until the end, where the play fails if the fold of an action is a failure.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..base.drivers import SINK
from ..base.events import matched
from ..base.source import Span
from ..drivers.registry import for_file
from ..meaning.program import Action
from ..meaning.render import options_of
from ..run.confirm import questions
from ..syntax import ast
from .ansible_files import Files
from .ansible_hosts import Inventory
from .ansible_names import Names
from .ansible_step import ACTION, Making
from .ansible_tasks import tasks
from .ansible_values import Marks, secret_of, secret_variable, secrets_as_marks
from .ansible_when import VARIABLES, follows_one_line
from .ansible_yaml import Jinja, Noted, Titled, comment, document, expression, unsafe_within
from .target import MARK, Artifact, Findings, Order, Output

_DATA = "jinja[invalid] jinja[spacing]"
_ROLE = "var-naming[no-role-prefix]"
LEAST = "2.19"
"""The least version of ansible-core: older ones evaluate what is data here."""


class Ansible:
    """See the module and `target.Target`."""

    about = "an Ansible project: playbook, inventory and files"
    folder = True
    allows: Mapping[str, str] = {
        "parallel": "a host with `parallel` runs one action after the other",
        "created": "a rule on `created` alone never fires for a file, which says `changed`",
        "error": "every failure of a file or of a role counts as `failed`, none as `error`",
    }

    def emit(self, order: Order) -> Artifact:
        """The files of the project. Raises Refusal."""
        return _Project(order, Findings(order, self.allows)).artifact()


class _Project:
    def __init__(self, order: Order, findings: Findings) -> None:
        self.order, self.findings = order, findings
        self.program, self.plan = order.program, order.plan
        root = self.program.units[0].folder or "."
        self.files = Files(root)
        self.marks = Marks(self.program)
        self.names = Names(self.plan)

    def artifact(self) -> Artifact:
        making = Making(self.program, self.names, self.marks, self.files, self.findings)
        self._found_nowhere(making)
        self.findings.settle()
        with secrets_as_marks(self.program, self.marks):
            made = [task for step in range(len(self.plan.steps)) for task in tasks(making, step)]
        self._events_of_files()
        self._general()
        hosts = Inventory(self.program, self.files.root, self.findings).made(making.hosts)
        usage = [line for text in self._usage() for line in comment(text)]
        report = self.findings.report
        head = self._head()
        said = [f"{e.kind}: {self._near(e.span)}{e.text}" for e in report]
        told = [line for text in said for line in comment(text)]
        playbook = document([self._play(made, making)], [*head, *usage, "#", *told])
        files = dict(self.files.made)
        for path, text in {
            "site.yml": playbook,
            "inventory.yml": document(hosts, head),
            "ansible.cfg": "\n".join([*head, "[defaults]", "inventory = inventory.yml", ""]),
            "filter_plugins/evdsl.py": _source("ansible_filters.py"),
            f"library/{ACTION}.py": _source("ansible_module.py"),
        }.items():
            files[path] = Output(text.encode("utf-8", "backslashreplace"))
        if any(self.program.actions[step.of].driver == SINK for step in self.plan.steps):
            files["state/.gitignore"] = Output(b"*\n!.gitignore\n")
        return Artifact(files, report)

    def _head(self) -> list[str]:
        name = os.path.basename(self.plan.path)
        lines = [
            f"{MARK} {self.order.version} from {name}; do not edit, compile again",
            f"plan {self.order.fingerprint}",
        ]
        return [line for text in lines for line in comment(text)]

    def _usage(self) -> list[str]:
        """How the playbook is run, and which variables it expects."""
        found = [
            "run it in its folder: ansible-playbook site.yml",
            "variable evdsl_folder: where local commands run",
        ]
        found += [f"variable {name}: a secret, expected" for name in self._secrets()]
        if questions(self.program, self.plan):
            found.append("variable evdsl_yes: true where what it asks is answered by yes")
        return found

    def _near(self, span: Span | None) -> str:
        if span is None:
            return ""
        return f"{os.path.relpath(span.source.path, self.files.root)}:{span.line}: "

    def _play(self, made: list[Noted], making: Making) -> Noted:
        before = self._before()
        for task in made:
            _linted(task)
        play: dict[str, object] = {
            "name": f"Plan of {_title(self.plan.path)}",
            "hosts": "localhost",
            "gather_facts": False,
            "ignore_errors": True,
            "ignore_unreachable": True,
            "vars": self._variables(making),
            "tasks": [*before, *made, *self._after()],
        }
        if making.handlers:
            play["handlers"] = making.handlers
        return Noted([], play)

    def _variables(self, making: Making) -> dict[str, object]:
        names, plan = self.names, self.plan
        found: dict[str, object] = {
            "evdsl_folder": Jinja("{{ playbook_dir }}"),
            **VARIABLES,
            **making.variables,
        }
        if any(self.program.actions[step.of].driver == SINK for step in plan.steps):
            found["evdsl_state"] = Jinja("{{ playbook_dir }}/state")
        for step in range(len(plan.steps)):
            found[names.event(step)] = making.events.get(step, Jinja("idle"))
        for name, steps in names.instances.items():
            if len(steps) > 1:
                events = ", ".join(names.event(step) for step in steps)
                found[names.fold(name)] = expression(f"[{events}] | evdsl_fold")
        found["evdsl_outcomes"] = {
            step.id: expression(names.event(number)) for number, step in enumerate(plan.steps)
        }
        found["evdsl_folds"] = {name: expression(names.fold(name)) for name in names.instances}
        found["evdsl_failures"] = expression(
            "evdsl_folds | dict2items | selectattr('value', 'in', evdsl_failure) | map(attribute='key') | list"
        )
        return found

    def _before(self) -> list[Noted]:
        """What has to hold before anything starts: the version of Ansible, secrets, what `confirm` asks."""
        secrets = self._secrets()
        asked = questions(self.program, self.plan)
        that: list[object] = [Jinja(f"ansible_version.full is version('{LEAST}', '>=')")]
        that += [Jinja(f"{name} is defined") for name in secrets]
        message = f"This playbook needs ansible-core {LEAST} or newer"
        if secrets:
            message += f", and the variables {', '.join(secrets)}"
        found = [_check("Look whether all is there", that, message)]
        if asked:
            text = "\n".join([*(q.text for q in asked), "To say yes, set evdsl_yes=true."])
            found.append(_check("Ask", [Jinja("evdsl_yes | default(false) | bool")], text))
        return found

    def _secrets(self) -> list[str]:
        """The variables in which secrets are expected: all that a planned action could see."""
        used = {id(a.scope.unit) for a in self._actions() if a.scope is not None and a.driver != SINK}
        found: dict[str, tuple[str, str]] = {}
        for unit in self.program.units:
            for name in unit.secrets if id(unit) in used else ():
                owner = secret_of(unit, name)
                variable = secret_variable(unit, name)
                if found.setdefault(variable, owner) != owner:
                    message = f"two secrets would be expected in the same variable, {variable}"
                    self.findings.refuse(message, None, "give one of them another name")
        return list(found)

    def _after(self) -> list[Noted]:
        shown: dict[str, object] = {
            "name": "Tell what became of each step",
            "ansible.builtin.debug": {"var": "evdsl_outcomes"},
        }
        message = Jinja("These ended in failure: {{ evdsl_failures | join(', ') }}")
        return [
            Noted([], shown),
            _check("Fail if an action ended in failure", [Jinja("evdsl_failures | length == 0")], message),
        ]

    def _actions(self) -> list[Action]:
        return [self.program.actions[number] for number in sorted({step.of for step in self.plan.steps})]

    # what is to be said

    def _found_nowhere(self, making: Making) -> None:
        for action in self._actions():
            if not action.driver and not action.file:
                file = os.path.join("actions", action.resource, action.action)
                message, hint = f"`{action.name}` is found nowhere", f"declare it, or put a file at {file}"
                self.findings.refuse(message, making.span(action), hint, "EV613")

    def _events_of_files(self) -> None:
        """Refuse rules that tell apart what cannot be told apart in a playbook."""
        for triggers in self.plan.triggers:
            for trigger in triggers:
                words = matched(trigger.events)
                for step in {s: None for look in trigger.looks for s in look.steps}:
                    self._told_apart(step, words, trigger.origin)

    def _told_apart(self, step: int, words: frozenset[str], span: Span) -> None:
        action = self.program.actions[self.plan.steps[step].of]
        driver = action.driver
        if driver in ("copy", "template") and ("created" in words) != ("changed" in words):
            self.findings.unless_allowed(
                "created",
                f"`{action.name}` puts a file in its place, and a playbook cannot tell whether it was new",
                span,
                f"`{action.name}` says `changed` where it would be `created`",
            )
        if driver in ("copy", "template", "ansible.role") and ("error" in words) != ("failed" in words):
            self.findings.unless_allowed(
                "error",
                f"a playbook cannot tell `error` from `failed` for `{action.name}` ({driver})",
                span,
                f"`{action.name}` says `failed` where it could be `error`",
            )

    def _general(self) -> None:
        """What holds for the playbook as a whole, or for many of its statements."""
        note = self.findings.note
        if any(self.plan.triggers):
            note(
                "lost",
                "debts: what a rule set off and what did not succeed is not made up for in the next run",
            )
            note(
                "lost", "dirty actions: an `ok` after a failed run is an `ok`, and not recorded as `changed`"
            )
        note("lost", "no resume: a playbook that was interrupted begins anew; `EVDSL_RUN` is always 1")
        if self.plan.loops:
            note("lost", "the note that a cycle did not converge")
        if not follows_one_line(self.plan):
            note("approximated", "independent actions run one after the other, in the order of the plan")
        actions = [(a, _driver(a)) for a in self._actions()]
        if any(driver in ("sh", "exec") for _, driver in actions):
            note(
                "approximated",
                "actions here run in the folder of the playbook (variable evdsl_folder), on hosts in the home folder",
            )
        for action, driver in actions:
            options = options_of(action) if action.scope else {}
            scope = action.scope
            if scope is None:
                continue
            if driver in ("copy", "template"):
                text = f"`{action.name}` says `changed` where it would be `created`, and `failed` for `error`"
                note("approximated", text, action.span)
            if "on_cut" in options:
                note("lost", f"`on_cut` of `{action.name}`", scope.span(options["on_cut"].name))
            if "confirm" in options:
                text = f"`{action.name}` asks by way of a variable: evdsl_yes=true"
                note("approximated", text, scope.span(options["confirm"].name))
        for unit in self.program.units:
            for s in unit.file.statements:
                if isinstance(s, ast.Inventory):
                    text = "of an inventory, address, user, port and key of each host are kept, and no other variable"
                    note("approximated", text, Span(unit.source, s.start, s.end))


def _driver(action: Action) -> str:
    return for_file(action.file)[0] if action.file else action.driver


def _check(name: str, that: Iterable[object], message: str) -> Noted:
    asked = {"that": list(that), "fail_msg": message, "quiet": True}
    return Noted([], {"name": name, "ansible.builtin.assert": asked, "ignore_errors": False})


def _linted(task: dict[str, object]) -> None:
    """Say behind the name of a task what a linter takes for more than it is: data, and what a role calls its own."""
    for inner in ("block", "rescue"):
        found = task.get(inner)
        for one in found if isinstance(found, list) else ():
            _linted(one)
    rules = []
    if "block" not in task and unsafe_within(task):
        rules.append(_DATA)
    if "ansible.builtin.include_role" in task and "vars" in task:
        rules.append(_ROLE)
    if rules:
        task["name"] = Titled.of(str(task["name"]), " ".join(rules))


def _title(path: str) -> str:
    """The name of a file with nothing in it that Ansible could evaluate."""
    return "".join(c if c.isprintable() and c not in "{}%#" else "_" for c in os.path.basename(path))


def _source(name: str) -> str:
    """A module of this folder that goes into each project as it is."""
    return Path(__file__).with_name(name).read_text("utf-8")


target = Ansible()
