"""Commands, the drivers `sh` and `exec`: tasks of the module that goes along with the playbook."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ..drivers.driver import Unfit as Misfit
from ..meaning.render import LOCAL
from ..meaning.template import plain
from . import ansible_drivers as modules
from .ansible_step import ACTION, GUARDS, Making, Ready
from .ansible_when import causes
from .ansible_yaml import Jinja, Noted, expression


def command(making: Making, ready: Ready) -> Noted:
    """The task of a command."""
    asked: dict[str, object] = {"id": ready.id, **_what(making, ready), **environment(making, ready)}
    asked |= folder(making, ready)
    options = ready.options
    for kind in GUARDS:
        if options.get(kind) is not None:
            asked[kind] = making.resolved(ready, str(options[kind]))
    if "changes" in options:
        paths = options["changes"]
        paths = paths if isinstance(paths, (list, tuple)) else [paths]
        asked["changes"] = making.resolved(ready, [str(path) for path in paths])
    exits = options.get("exits")
    if isinstance(exits, Mapping):
        asked["exits"] = {str(code): str(word) for code, word in exits.items()}
    asked |= making.numbers(ready, {"timeout": "timeout", "retry": "retries", "delay": "delay"})
    if options.get("retry") and ready.host is not None:
        making.findings.note(
            "approximated", f"`{ready.action.name}`: a host that is away is not tried again", ready.span
        )
    making.events[ready.step] = making.event_of(ready.step, "evdsl_event('error')")
    event = making.names.event(ready.step)
    return making.assembled(
        ready,
        making.head(ready),
        {ACTION: asked},
        making.when(ready),
        {
            "changed_when": Jinja(f"{event} in evdsl_changed"),
            "failed_when": Jinja(f"{event} in evdsl_failure"),
        },
    )


def _what(making: Making, ready: Ready) -> dict[str, object]:
    arguments = ready.rendered.arguments
    if ready.driver == "sh":
        if len(arguments) != 1 or not isinstance(arguments[0], str):
            raise Misfit("`sh` takes one text")
        return {"shell": making.resolved(ready, arguments[0])}
    if len(arguments) != 1 or not isinstance(arguments[0], (list, tuple)) or not arguments[0]:
        raise Misfit("`exec` takes a list that begins with a program")
    argv = [item if making.marks.within(item) else plain(item) for item in arguments[0]]
    if not ready.action.file:
        return {"exec": [making.resolved(ready, item) for item in argv]}
    if ready.host is not None:
        raise modules.Unfit(
            f"the script {os.path.relpath(ready.action.file, making.files.root)} would have to be on `{ready.host}`",
            "declare the action with what is to run there",
        )
    place = ready.variables.add("script", making.files.script(ready.action.file))
    return {"exec": [*argv[:-1], expression(f"playbook_dir ~ '/' ~ {place}")]}


def environment(making: Making, ready: Ready) -> dict[str, object]:
    """The host, the rules, and all that the command sees in its environment (section 9)."""
    known = {name.replace("-", "_"): value for name, value in ready.names.items()}
    secrets: dict[str, object] = {name.replace("-", "_"): v for name, v in ready.scope.unit.secrets.items()}
    given = {**secrets, **known, **ready.env}
    found: dict[str, object] = {}
    if ready.host is not None:
        found["host"] = ready.host
    if given.get("name") == ready.action.resource:
        del given["name"]
    if ready.host is None and given.get("host") == LOCAL:
        del given["host"]
    rules = causes(making.names, ready.step, making.places)
    if rules:
        found["causes"] = rules
    hidden = {name: value for name, value in given.items() if making.marks.secret(value)}
    shown = {
        name: value if making.marks.within(value) else plain(value)
        for name, value in given.items()
        if name not in hidden
    }
    if shown:
        found["env"] = making.resolved(ready, shown)
    if hidden:
        found["secrets"] = making.resolved(ready, hidden)
    return found


def folder(making: Making, ready: Ready) -> dict[str, object]:
    """Where a command runs."""
    found: dict[str, object] = {}
    if ready.host is None:
        found["folder"] = Jinja("{{ evdsl_folder }}")
        within = os.path.relpath(ready.folder, making.files.root)
        if within != ".":
            found["within"] = within
    if ready.options.get("cwd"):
        found["chdir"] = making.resolved(ready, str(ready.options["cwd"]))
    return found
