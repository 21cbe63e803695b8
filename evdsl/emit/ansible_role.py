"""Roles: whether one of their tasks changed something is known by a handler, as no result tells."""

from __future__ import annotations

from collections.abc import Mapping

from . import ansible_drivers as modules
from .ansible_hosts import alias
from .ansible_step import GUARDS, Making, Ready
from .ansible_yaml import Jinja, Noted, expression


def role(making: Making, ready: Ready) -> list[Noted]:
    """The tasks of a role."""
    name = str(ready.rendered.arguments[0])
    if not modules.ROLE.match(name):
        raise modules.Unfit(f"`{name}` is no name of a role", "name a role")
    making.no_tags(ready)
    options = ready.options
    for option in ("retry", "timeout", *GUARDS):
        if options.get(option) is not None:
            raise modules.Unfit(f"`{option}` cannot be had for a role", "leave it out")
    if "." not in name and not making.files.role(name):
        making.findings.note(
            "approximated", f"the role `{name}` has to be found where the playbook runs", ready.span
        )
    if ready.host is not None:
        making.findings.note(
            "approximated",
            f"`{ready.action.name}`: the playbook stops where `{ready.host}` is lost in the middle of it",
            ready.span,
        )
    said, notice = making.names.said(ready.step), f"Note the change by {ready.id}"
    event = f"{said}_role"
    making.events[ready.step] = expression(f"{event} | default({said} | default({{}}) | evdsl_event)")
    gate = making.head(ready)
    if ready.host is None:
        gate |= {"ansible.builtin.debug": {"msg": f"Role {name}"}}
        begins = f"{said} is not skipped"
    else:
        gate |= {"ansible.builtin.ping": None, "delegate_to": alias(ready.host)}
        begins = f"{said}.ping is defined"
    gate |= {"register": said, **making.when(ready)}
    apply: dict[str, object] = {"notify": notice, **making.place(ready)}
    given = options.get("vars") or {}
    assert isinstance(given, Mapping)
    if wrong := [str(k) for k in given if not str(k).isidentifier() or not str(k).isascii()]:
        raise modules.Unfit(f"`{wrong[0]}` in `vars` is no name of a variable", "use letters, digits and `_`")
    include: dict[str, object] = {
        "name": f"Run the role of {ready.id}",
        "ansible.builtin.include_role": {"name": name, "apply": apply},
    }
    values = {**ready.variables.values, **{str(k): making.resolved(ready, v) for k, v in given.items()}}
    if values:
        include["vars"] = values
    block: dict[str, object] = {
        "name": f"Step {making.names.title(ready.step)}, its role",
        "when": Jinja(begins),
        "ignore_errors": False,
        "ignore_unreachable": False,
        "block": [
            include,
            {"name": "Have its changes noted", "ansible.builtin.meta": "flush_handlers"},
            _fact("Say that it is done", event, expression(f"{event} | default('ok')")),
        ],
        "rescue": [_fact("Say that it failed", event, "failed")],
    }
    making.handlers.append(Noted([], _fact(notice, event, expression(f"{event} | default('changed')"))))
    return [gate, Noted([], block)]


def _fact(name: str, variable: str, value: str) -> dict[str, object]:
    return {"name": name, "ansible.builtin.set_fact": {variable: value}}
