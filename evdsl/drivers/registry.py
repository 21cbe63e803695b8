"""Which drivers there are, which options are built, and the refusals for what is not: before anything starts."""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING

from ..base.diagnostic import Diagnostic
from ..base.drivers import DRIVERS
from ..base.source import Span
from ..base.spell import nearest

VERBS = ("start", "stop", "restart", "reload", "enable", "disable")
"""What `systemd` can do with a unit."""

if TYPE_CHECKING:
    from .driver import Driver
    from .job import Job

_BUILT = {
    "sh": ("sh", "driver"),
    "exec": ("exec_", "driver"),
    "copy": ("copy_", "driver"),
    "template": ("template", "driver"),
    "http.get": ("http_", "get"),
    "http.post": ("http_", "post"),
    **{f"ansible.{kind}": ("ansible", kind) for kind in ("playbook", "role", "module")},
    "puppet.apply": ("puppet", "apply"),
    "puppet.manifest": ("puppet", "manifest"),
    "salt.state": ("salt", "driver"),
    **{f"systemd.{verb}": ("systemd", verb) for verb in VERBS},
}
"""Drivers and the modules of this folder that hold them, with their names there."""

_TOOLS = {
    **dict.fromkeys(("ansible.playbook", "ansible.role", "ansible.module"), "ansible-playbook"),
    **dict.fromkeys(("puppet.apply", "puppet.manifest"), "puppet"),
    "salt.state": "salt-call",
}
"""The program that a driver starts, where it is one that a machine may well not have."""

FROM_HERE = ("ansible.",)
"""What the drivers begin with whose program runs here for a host too."""

SHARES = {"ansible.module": 5}
"""Drivers of which several actions may share a process, and how many at most: they wait for each other there."""

OPTIONS = (
    *("timeout", "retry", "delay", "cwd", "env", "sudo", "unless", "onlyif", "creates", "changes", "exits"),
    *("confirm", "sensitive", "on_cut"),
)
"""The options of section 2, all of which are built. `on_cut` says what `resume` does, so a run has no use for it."""

_BY_ENDING = {".yml": "ansible.playbook", ".pp": "puppet.manifest", ".sls": "salt.state"}


def load(name: str) -> Driver:
    """The driver of that name. Only for names that `refusals` had nothing against."""
    from importlib import import_module

    if name not in _BUILT:
        from ..base.plugins import loaded

        plugged: Driver = loaded(name).driver
        return plugged
    module, attribute = _BUILT[name]
    found: Driver = getattr(import_module(f".{module}", __package__), attribute)
    return found


def kin(job: Job) -> Hashable | None:
    """Equal for jobs that may share a process; None for one that shares with none."""
    if job.driver not in SHARES:
        return None
    from .driver import Sharer

    driver = load(job.driver)
    return driver.kin(job) if isinstance(driver, Sharer) else None


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
    name: str,
    driver: str,
    options: Mapping[str, Span | None],
    host: str | None,
    span: Span | None,
    file: str = "",
) -> list[Diagnostic]:
    """Why the action `name` cannot be run: empty if it can.

    EV610 its driver, EV611 its host, EV612 an option, EV617 the package of its driver, EV619 its tool. `options` are
    those written for it, each with its place; `span` is the place of the action, `file` what was found for it under `actions/`.
    """
    found, own = _against_driver(name, driver, host, span)
    if host is not None:
        found += _against_host(name, driver, host, span, file)
    for option, place in options.items():
        if option == "changes" and host is not None and driver.startswith(FROM_HERE):
            message = f"`changes` compares files on `{host}`, and `{driver}` of `{name}` is no command there"
            found.append(
                Diagnostic("EV612", message, place or span, "leave it out: Ansible tells what changed")
            )
        if option not in OPTIONS and own is not None and option not in own:
            message = f"`{driver}` has no option `{option}` (for `{name}`)"
            hint = f"its options are {', '.join((*OPTIONS, *own))}"
            found.append(Diagnostic("EV612", message, place or span, hint))
    return found


def against_sudo(name: str, driver: str, span: Span | None) -> Diagnostic:
    """EV612 for an action that is to run by way of `sudo` with a driver whose program sees to that itself."""
    way = "say `become` in it, or" if driver != "ansible.module" else "say"
    hint = f'{way} `env = {{ANSIBLE_BECOME = "true"}}`: Ansible changes users itself'
    return Diagnostic("EV612", f"`{driver}` takes no `sudo` (for `{name}`)", span, hint)


def _against_host(name: str, driver: str, host: str, span: Span | None, file: str) -> list[Diagnostic]:
    if file:
        message = f"`{name}` is a file here, `{os.path.basename(file)}`, and would run on `{host}`"
        hint = "declare the action: put the file there with `copy`, and run it with `exec`"
        return [Diagnostic("EV611", message, span, hint)]
    if driver not in _BUILT:
        from ..base.plugins import Unusable, known, loaded

        try:
            if known(driver) and not getattr(loaded(driver).driver, "hosts", False):
                message = f"the driver `{driver}` of `{name}` works on this machine only, and not on `{host}`"
                return [Diagnostic("EV611", message, span, "leave out the `@` to run it on this machine")]
        except Unusable:
            pass  # told as EV617
    return []


def _without_tool(name: str, driver: str, span: Span | None) -> list[Diagnostic]:
    if driver not in _TOOLS:
        return []
    from .tool import INSTALL, found

    tool = _TOOLS[driver]
    if found(tool):
        return []
    message = f"`{name}` needs `{tool}`, which is not installed here"
    return [Diagnostic("EV619", message, span, f"install it: {INSTALL[tool]}")]


def _against_driver(
    name: str, driver: str, host: str | None, span: Span | None
) -> tuple[list[Diagnostic], tuple[str, ...] | None]:
    """What stands against a driver, and the options of its own that it takes, None where they are not known."""
    if driver in _BUILT:
        here = host is None or driver.startswith(FROM_HERE)
        return _without_tool(name, driver, span) if here else [], DRIVERS[driver].options
    built = ", ".join(f"`{name}`" for name in _BUILT)
    from ..base.plugins import Unusable, known, loaded

    if not known(driver):
        near = nearest(driver, list(_BUILT))
        hint = f"did you mean `{near}`?" if near else f"the drivers are {built}"
        return [Diagnostic("EV610", f"there is no driver `{driver}` (for `{name}`)", span, hint)], None
    try:
        return [], loaded(driver).options
    except Unusable as problem:
        message = f"the driver `{driver}` of `{name}` cannot be used: {problem}"
        return [Diagnostic("EV617", message, span, "repair or remove the package")], None
