"""What each driver is in a playbook: a module with its arguments, and how its event is read from what it returns."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..base.drivers import file_mode
from ..drivers.http_ import expected
from ..drivers.request import WAIT
from .ansible_yaml import Flow

SYSTEMD: dict[str, dict[str, object]] = {
    "start": {"state": "started"},
    "stop": {"state": "stopped"},
    "restart": {"state": "restarted"},
    "reload": {"state": "reloaded"},
    "enable": {"enabled": True},
    "disable": {"enabled": False},
}

BUILTIN = frozenset(
    """
    add_host apt apt_key apt_repository assemble assert async_status blockinfile command copy cron deb822_repository
    debconf debug dnf dnf5 dpkg_selections expect fail fetch file find gather_facts get_url getent git group
    group_by hostname iptables known_hosts lineinfile mount_facts package package_facts pause ping pip raw reboot
    replace rpm_key script service service_facts set_fact set_stats setup shell slurp stat subversion systemd
    systemd_service sysvinit tempfile template unarchive uri user validate_argument_spec wait_for
    wait_for_connection yum_repository
    """.split()  # noqa: SIM905
)
"""The modules that ansible-core itself brings."""

_COMMANDS = ("command", "shell", "raw", "script", "expect")
_NO_MODULE = re.compile(r"(ansible\.(builtin|legacy)\.)?(meta|(include|import)_\w+|add_host|group_by)\Z")
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*\Z", re.ASCII)
ROLE = re.compile(r"[A-Za-z_][\w-]*(\.[\w-]+)*\Z", re.ASCII)


class Unfit(Exception):
    """Arguments that have no counterpart. The text says what is wrong, `hint` what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Module(NamedTuple):
    """A call of a module. `event` is the filter that reads the event of what it returned; `changed` and `failed` say
    whether that has to be told to Ansible, as it cannot know."""

    name: str
    arguments: Mapping[str, object]
    event: str
    changed: bool = False
    failed: bool = False
    variables: Mapping[str, object] = {}


Resolve = Callable[[object], object]


def systemd(verb: str, arguments: tuple[object, ...], resolve: Resolve) -> Module:
    """`systemd.start "unit"` and the like."""
    return Module(
        "ansible.builtin.systemd_service", {"name": resolve(arguments[0]), **SYSTEMD[verb]}, "evdsl_event"
    )


def module(arguments: tuple[object, ...], options: Mapping[str, object], resolve: Resolve) -> Module:
    """`ansible.module "name" [vars = {…}]`: that module; a name of ansible-core in full."""
    name = str(arguments[0])
    if not _MODULE.match(name) or _NO_MODULE.match(name):
        raise Unfit(f"`{name}` is no module that can stand in a task of its own", "name a module")
    short = name.removeprefix("ansible.builtin.")
    given = options.get("vars") or {}
    assert isinstance(given, Mapping)
    asked = {str(key): resolve(value) for key, value in given.items()}
    full = f"ansible.builtin.{short}" if short in BUILTIN else name
    return Module(full, asked, "evdsl_event", changed=short in _COMMANDS)


def request(
    method: str,
    arguments: tuple[object, ...],
    options: Mapping[str, object],
    resolve: Resolve,
    variable: str,
) -> Module:
    """`http.get` and `http.post`. `variable`: a name for the texts that the answer must hold."""
    statuses, texts = expected(options.get("expect"))
    limit = options.get("timeout")
    wait = float(limit) if isinstance(limit, (int, float)) else WAIT
    asked: dict[str, object] = {
        "url": resolve(arguments[0]),
        "method": method,
        "return_content": True,
        "timeout": max(1, -int(-wait // 1)),
        "status_code": Flow(statuses or [200]),
    }
    given = options.get("headers") or {}
    assert isinstance(given, Mapping)
    headers = {str(key): resolve(value) for key, value in given.items()}
    body = options.get("body")
    if method == "POST":
        named = "content-type" in {key.lower() for key in headers}
        if body is not None and not isinstance(body, str):
            asked |= {"body_format": "json"}
        elif not named:
            headers["Content-Type"] = (
                "application/octet-stream" if body is None else "text/plain; charset=utf-8"
            )
        if body is not None:
            asked["body"] = resolve(body)
    if headers:
        asked["headers"] = headers
    good = "ok" if method == "GET" else "changed"
    numbers = ", ".join(map(str, statuses))
    known = {variable: resolve(list(texts))} if texts else {}
    event = f"evdsl_answer('{good}', [{numbers}], {variable if texts else '[]'})"
    return Module("ansible.builtin.uri", asked, event, changed=True, failed=True, variables=known)


def placed(source: str, destination: object, options: Mapping[str, object], resolve: Resolve) -> Module:
    """`copy`, and `template` once it is rendered: a file of the project, by its path there."""
    mode = options.get("mode")
    bits = None if mode is None else file_mode(mode)
    if mode is not None and bits is None:
        raise Unfit(f"`mode` takes octal digits such as 0644, this is `{mode}`", "write octal digits")
    asked = {
        "src": source,
        "dest": destination,
        "mode": "preserve" if bits is None else f"{bits:04o}",
    }
    for key in ("owner", "group"):
        if options.get(key):
            asked[key] = resolve(str(options[key]))
    return Module("ansible.builtin.copy", asked, "evdsl_event")
