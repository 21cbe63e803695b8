"""Drivers that are modules of Ansible: their tasks, with guards before them and tries as keywords."""

from __future__ import annotations

import os

from ..drivers.driver import Unfit as Misfit
from ..meaning.render import options_of
from ..meaning.template import plain
from . import ansible_drivers as modules
from .ansible_command import environment, folder
from .ansible_files import Unusable
from .ansible_step import ACTION, GUARDS, Making, Ready
from .ansible_yaml import Jinja, Noted, expression

_FOR_COMMANDS = ("cwd", "changes", "exits")


def for_commands_only(making: Making, ready: Ready) -> None:
    """Refuse the options that mean something for commands only."""
    for name in _FOR_COMMANDS:
        option = options_of(ready.action).get(name)
        if option is None or (
            name == "cwd" and ready.driver in ("copy", "template", "http.get", "http.post")
        ):
            continue
        if ready.action.node is None or option not in ready.action.node.options:
            continue  # from `defaults`, and meant for others
        making.findings.refuse(
            f"`{name}` of `{ready.action.name}` has no counterpart for `{ready.driver}` in a playbook",
            ready.scope.span(option.name),
            "leave it out, or run a command instead",
        )


def guards(making: Making, ready: Ready) -> list[Noted]:
    """A task before a module, where the action has guards: it says `ok` if there is nothing to do."""
    options = ready.options
    given = [kind for kind in GUARDS if options.get(kind) is not None]
    if not given:
        return []
    asked: dict[str, object] = {"id": ready.id, **environment(making, ready), **folder(making, ready)}
    asked |= {kind: making.resolved(ready, str(options[kind])) for kind in given}
    head = making.head(ready, ", guards")
    said = f"{making.names.said(ready.step)}_guards"
    making.variables[f"ev_{said}"] = expression(f"{said} | default({{}}) | evdsl_event('error')")
    for part in (
        {ACTION: asked},
        making.vars(ready),
        making.place(ready),
        {"register": said},
        making.when(ready),
        {"changed_when": False, "failed_when": Jinja(f"ev_{said} in evdsl_failure")},
    ):
        head.update(part)
    return [head]


def module_of(making: Making, ready: Ready) -> modules.Module | None:
    """The module for a driver; None, refused, where there is none."""
    driver, options = ready.driver, ready.options
    arguments = ready.rendered.arguments

    def resolve(value: object) -> object:
        return making.resolved(ready, value)

    if making.giving.connections.into.get(ready.action.resource):
        making.findings.note(
            "approximated",
            f"`{ready.action.name}`: a value that nobody has handed over is told only where it is used, as a failure",
            ready.span,
        )

    if driver.startswith("systemd."):
        return modules.systemd(driver.partition(".")[2], arguments, resolve)
    if driver.startswith("http."):
        making.findings.note(
            "approximated",
            f"`{ready.action.name}`: redirections, proxies and certificates are Ansible's business",
            ready.span,
        )
        name = f"evdsl_expected_{making.names.event(ready.step)}"
        return modules.request(driver[5:].upper(), arguments, options, resolve, name)
    if driver == "ansible.module":
        making.no_tags(ready)
        return modules.module(arguments, options, resolve)
    if driver in ("copy", "template"):
        return _file(making, ready)
    what = (
        "a whole playbook cannot stand behind an event"
        if driver == "ansible.playbook"
        else f"`{driver}` has no counterpart in a playbook"
    )
    hint = (
        "use `ansible.role` or `ansible.module`"
        if driver.startswith("ansible.")
        else "run its tool by `sh` or `exec`"
    )
    making.findings.refuse(f"`{ready.action.name}`: {what}", ready.span, hint)
    return None


def _file(making: Making, ready: Ready) -> modules.Module:
    arguments = ready.rendered.arguments
    if len(arguments) != 2 or not all(isinstance(a, str) and a for a in arguments):
        raise Misfit(f"`{ready.driver}` takes two texts: the source and the destination")
    source, destination = str(arguments[0]), str(arguments[1])
    if making.marks.within(source):
        raise modules.Unfit("its source is known only in a run", "name a file")
    path = os.path.join(ready.folder, source)
    if ready.driver == "copy":
        place = making.files.source(path)
    else:
        place = _rendered(making, ready, path, source)
    if ready.options.get("mode") is None:
        making.findings.note(
            "approximated",
            f"`{ready.action.name}`: a file that is there already takes the mode of its source too",
            ready.span,
        )
    return modules.placed(
        place,
        _destination(making, ready, destination),
        ready.options,
        lambda v: making.resolved(ready, v),
    )


def _rendered(making: Making, ready: Ready, path: str, source: str) -> str:
    """A template, rendered now: with all it can name but what only a run knows."""
    names = {name.replace("-", "_"): value for name, value in {**ready.names, **ready.env}.items()}
    unknown = [name for name, value in names.items() if making.marks.within(value)]
    known = {name: value for name, value in names.items() if name not in unknown}
    try:
        return making.files.rendered(path, source, known, ready.id.replace("#", "-"))
    except Unusable as problem:
        if not unknown:
            raise
        said = f"it is rendered when the playbook is made, and {', '.join(unknown)} is known only in a run: {problem}"
        raise modules.Unfit(
            said, 'use `ansible.module "ansible.builtin.template"` with its own `vars`'
        ) from None


def _destination(making: Making, ready: Ready, destination: str) -> object:
    cwd = str(ready.options.get("cwd") or "")
    within = os.path.relpath(ready.folder, making.files.root)
    path = os.path.normpath(os.path.join("" if ready.host else within, cwd, destination))
    if os.path.isabs(path):
        return making.resolved(ready, path)
    start = making.marks.put("evdsl_folder") if ready.host is None else "~"
    return making.resolved(ready, f"{start}/{path}")


def call(making: Making, ready: Ready, module: modules.Module, guarded: bool) -> Noted:
    """The task of a module."""
    said, event = making.names.said(ready.step), making.names.event(ready.step)
    making.variables |= module.variables
    making.events[ready.step] = making.event_of(ready.step, module.event, guarded)
    when = making.when(ready)
    if guarded:
        when = {"when": Jinja(f"ev_{said}_guards == ''")}
    rest: dict[str, object] = {}
    if module.changed:
        rest["changed_when"] = Jinja(f"{event} in evdsl_changed")
    if module.failed:
        rest["failed_when"] = Jinja(f"{event} in evdsl_failure")
    rest |= _tries(making, ready)
    if ready.env and ready.driver.startswith(("ansible.", "systemd.")):
        rest["environment"] = making.resolved(ready, {name: plain(v) for name, v in ready.env.items()})
    if _hides(making, ready):
        rest["no_log"] = True
    return making.assembled(
        ready, making.head(ready), {module.name: dict(module.arguments) or None}, when, rest
    )


def _hides(making: Making, ready: Ready) -> bool:
    """Whether a secret is among what the task is given."""
    return making.marks.secret(ready.rendered.arguments) or making.marks.secret(ready.options)


def _tries(making: Making, ready: Ready) -> dict[str, object]:
    """The options `retry`, `delay` and `timeout` as keywords of a task."""
    options, found = ready.options, dict[str, object]()
    numbers = making.numbers(ready, {"retry": "retries", "delay": "delay"})
    if numbers.get("retries"):
        found |= {"retries": numbers["retries"], "delay": numbers.get("delay", 1)}
        found["until"] = Jinja(f"{making.names.event(ready.step)} in evdsl_success")
        if options.get("retry") != 1:
            making.findings.note(
                "approximated",
                f"`{ready.action.name}`: the pause between tries stays the same, it does not double",
                ready.span,
            )
    limit = options.get("timeout")
    if isinstance(limit, (int, float)) and not ready.driver.startswith("http."):
        found["timeout"] = max(1, -int(-float(limit) // 1))
        if found["timeout"] != float(limit):
            making.findings.note(
                "approximated", f"`{ready.action.name}`: its timeout is in whole seconds", ready.span
            )
    return found
