"""Sinks: resources that gather values (section 8)."""

from __future__ import annotations

from ..meaning.render import Values
from ..meaning.template import worded
from .ansible_step import Making, Ready
from .ansible_yaml import Noted, expression


def sink(making: Making, ready: Ready) -> Noted:
    """The task of a sink: a file that holds its values; it changed if they did."""
    step, action, variables = ready.step, ready.action, ready.variables
    resource = making.program.resources[action.resource]
    handed = making.giving.handed(action.resource, step, variables)
    values = Values(making.program, action.resource, resource.scope, handed)
    held = {name: values.attribute(name) for name in resource.attributes} | handed
    making.events[step] = making.event_of(step, "evdsl_event")
    if not held:
        call: dict[str, object] = {"ansible.builtin.debug": {"msg": "Nothing is handed over"}}
        return making.assembled(ready, making.head(ready), call, making.when(ready))
    known = {name: worded(value) for name, value in held.items() if not making.marks.within(value)}
    parts = [variables.add("values", known)] if known else []
    for name, value in held.items():
        if making.marks.within(value):
            one = variables.add("value", making.resolved(ready, value))
            # a value that nobody has given yet is left out
            parts.append(f"({{'{name}': {one}}} if {one} is defined else {{}})")
    file = variables.add("file", f"{action.resource}.json")
    joined = parts[0] if len(parts) == 1 else f"{parts[0]} | combine({', '.join(parts[1:])})"
    call = {
        "ansible.builtin.copy": {
            "content": expression(f"{joined} | to_nice_json(sort_keys=true)"),
            "dest": expression(f"evdsl_state ~ '/' ~ {file}"),
            "mode": "0600",
        }
    }
    return making.assembled(ready, making.head(ready), call, making.when(ready))
