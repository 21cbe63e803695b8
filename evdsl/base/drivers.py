"""What each driver takes and what it can say (section 9 of docs/language.md): one table for checks and messages."""

from __future__ import annotations

from typing import NamedTuple

from .events import OUTCOMES


class Driver(NamedTuple):
    """`least` to `most` arguments (None: any number), shown as `form`; `options` are its own, beside those of all.

    `says`: the outcomes that it can end with by itself; what an event file or `exits` says comes on top.
    `commands`: it runs a command of the author's, who can write the event file.
    """

    form: str
    least: int
    most: int | None
    says: frozenset[str]
    options: tuple[str, ...] = ()
    commands: bool = False


def _says(words: str) -> frozenset[str]:
    found = frozenset(words.split())
    assert found <= frozenset(OUTCOMES)
    return found


_BARE = _says("changed failed error")  # a bare command that succeeded has changed something
_FILE = _says("ok changed created failed error")
_STATE = _says("ok changed failed error")
_MODES = ("mode", "owner", "group")

DRIVERS: dict[str, Driver] = {
    "sh": Driver('sh "text"', 1, 1, _BARE, (), True),
    "exec": Driver('exec ["program", "argument"]', 1, 1, _BARE, (), True),
    "copy": Driver('copy "source" "destination"', 2, 2, _FILE, _MODES),
    "template": Driver('template "source" "destination"', 2, 2, _FILE, _MODES),
    "http.get": Driver('http.get "url"', 1, 1, _says("ok failed error"), ("expect", "headers")),
    "http.post": Driver(
        'http.post "url"', 1, 1, _says("changed failed error"), ("expect", "body", "headers")
    ),
    **{
        f"systemd.{verb}": Driver(f'systemd.{verb} "unit"', 1, 1, _STATE)
        for verb in ("start", "stop", "restart", "reload", "enable", "disable")
    },
    "ansible.playbook": Driver('ansible.playbook "path"', 1, 1, _STATE, ("vars", "tags")),
    "ansible.role": Driver('ansible.role "name"', 1, 1, _STATE, ("vars", "tags")),
    "ansible.module": Driver('ansible.module "name"', 1, 1, _STATE, ("vars", "tags")),
    "puppet.apply": Driver('puppet.apply "code"', 1, 1, _STATE),
    "puppet.manifest": Driver('puppet.manifest "path"', 1, 1, _STATE),
    "salt.state": Driver('salt.state "name"', 1, 1, _STATE),
}
"""Every driver of the language by name."""

SINK = "sink"
"""The driver of a sink's `run`, which no action can name."""

OPTION_KINDS: dict[str, tuple[str, ...]] = {
    "timeout": ("a duration",),
    "retry": ("a number",),
    "delay": ("a duration",),
    "cwd": ("text",),
    "env": ("a map",),
    "sudo": ("true or false", "text"),
    "unless": ("text",),
    "onlyif": ("text",),
    "creates": ("text",),
    "changes": ("text", "a list"),
    "exits": ("a map",),
    "confirm": ("true or false", "text"),
    "sensitive": ("true or false",),
    "on_cut": ("text",),
    "mode": ("text", "a number"),
    "owner": ("text",),
    "group": ("text",),
    "expect": ("a number", "text", "a list"),
    "body": ("text", "a map"),
    "headers": ("a map",),
    "vars": ("a map",),
    "tags": ("text", "a list"),
}
"""What the value of each option is."""

ON_CUT = ("rerun", "ask", "fail")
"""The words of the option `on_cut`; any other text is a command that verifies."""


def file_mode(value: object) -> int | None:
    """The mode that `mode = 0644`, `mode = 644` or `mode = "0644"` means; None for what is no mode."""
    text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    octal = bool(text) and len(text) <= 5 and all(c in "01234567" for c in text)
    return int(text, 8) if octal and int(text, 8) <= 0o7777 else None
