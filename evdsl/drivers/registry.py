"""Which drivers there are, which options are built, and the refusals for what is not: before anything starts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..base.diagnostic import Diagnostic
from ..base.source import Span
from ..base.spell import nearest

if TYPE_CHECKING:
    from .driver import Driver

_BUILT = {"sh": "sh", "exec": "exec_"}
"""Drivers and the modules of this folder that hold them, each under the name `driver`."""

_LATER = (
    *("copy", "template", "http.get", "http.post"),
    *(f"systemd.{verb}" for verb in ("start", "stop", "restart", "reload", "enable", "disable")),
    *("ansible.playbook", "ansible.role", "ansible.module", "puppet.apply", "puppet.manifest", "salt.state"),
)
"""Drivers of the language that are not built yet."""

OPTIONS = ("timeout", "retry", "delay", "cwd", "env", "unless", "onlyif", "creates", "changes", "exits")
"""The options of section 2 that are built."""

_BY_ENDING = {".yml": "ansible.playbook", ".pp": "puppet.manifest", ".sls": "salt.state"}


def load(name: str) -> Driver:
    """The driver of that name. Only for names that `refusals` had nothing against."""
    from importlib import import_module

    found: Driver = import_module(f".{_BUILT[name]}", __package__).driver
    return found


def for_file(path: str) -> tuple[str, tuple[object, ...]]:
    """Driver and arguments for a file found under `actions/` (section 9).

    An executable is run as it is, a `.sh` that is none (or that does not say by whom, in a first line `#!`) by /bin/sh.
    """
    path = os.path.abspath(path)
    ending = os.path.splitext(path)[1]
    if ending in _BY_ENDING:
        return _BY_ENDING[ending], (path,)
    if ending == ".sh" and not (os.access(path, os.X_OK) and _names_interpreter(path)):
        return "exec", (["/bin/sh", path],)
    return "exec", ([path],)


def _names_interpreter(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return False


def refusals(
    name: str, driver: str, options: Mapping[str, Span | None], host: str | None, span: Span | None
) -> list[Diagnostic]:
    """Why the action `name` cannot be run yet: EV610 its driver, EV611 its host, EV612 an option; empty if it can.

    `options` are those written for it, each with its place; `span` is the place of the action.
    """
    found = []
    if driver in _LATER:
        found.append(
            Diagnostic(
                "EV610", f"the driver `{driver}` of `{name}` is not built yet", span, "Use `sh` or `exec`."
            )
        )
    elif driver not in _BUILT:
        near = nearest(driver, [*_BUILT, *_LATER])
        hint = f"Did you mean `{near}`?" if near else "The drivers are `sh` and `exec`."
        found.append(Diagnostic("EV610", f"there is no driver `{driver}` (for `{name}`)", span, hint))
    if host is not None:
        message = f"`{name}` is to run on `{host}`, and running on other hosts is not built yet"
        found.append(Diagnostic("EV611", message, span, "Leave out the `@` to run it on this machine."))
    for option, place in options.items():
        if option not in OPTIONS:
            message = f"the option `{option}` of `{name}` is not built yet"
            hint = f"Leave it out; built are {', '.join(OPTIONS)}."
            found.append(Diagnostic("EV612", message, place or span, hint))
    return found
