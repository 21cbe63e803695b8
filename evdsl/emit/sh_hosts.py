"""Hosts in a shell script: how each is reached, and what the runtime of scripts needs to know of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from ..drivers.job import Remote
from ..drivers.sudo import ENTER, UNLESS_US
from ..drivers.systemd import SCRIPT as SYSTEMD
from ..drivers.there import COMMAND
from ..drivers.there import SCRIPT as THERE
from ..drivers.upload import SCRIPT as SEND
from ..meaning.program import Action, Host, Program
from ..run.places import place_of
from ..run.ssh import AFTER, BEFORE, options
from .sh_words import literal, short
from .target import Findings

_TEXTS = {
    "there": {"there": THERE},
    "send": {"send": SEND},
    "systemd": {"systemd": SYSTEMD},
    "sudo": {"unless_us": UNLESS_US, "enter": ENTER},
}
"""What a part of the runtime has a shell do, in the words that a live run uses, by the name of the function that prints it."""
_BLOCK = re.compile(r"^#\+ ([a-z]+)\n(.*?)^#-\n", re.MULTILINE | re.DOTALL)
_HERE = "_root/"  # stands before a path that begins in the folder of the script


class Hosts:
    """The hosts that actions of a plan run on, numbered from 1 in the order in which they are asked for."""

    def __init__(self, program: Program, root: str, findings: Findings) -> None:
        self._program, self._root, self._findings = program, root, findings
        self._numbers: dict[str, int] = {}
        self._places: list[Remote] = []
        self._does: list[str] = []
        self._keys: dict[tuple[tuple[str, str], ...], int] = {
            (): 0
        }  # of jump hosts, by the file that names them

    def __bool__(self) -> bool:
        return bool(self._places)

    def at(self, action: Action, does: int) -> tuple[int, Remote] | None:
        """The number of the host of an action and the host, None where it runs here. Raises Unreachable."""
        place = place_of(self._program, action)
        if not isinstance(place, Remote):
            return None
        number = self._numbers.get(place.name)
        if number is None:
            number = self._numbers[place.name] = len(self._places) + 1
            self._places.append(self._as_here(place))
        self._does.append(f"{does}:{number}")
        return number, self._places[number - 1]

    def _as_here(self, place: Remote) -> Remote:
        """A place, its keys as they are written: relative ones begin in the folder of the script."""
        key = place.key
        if key:
            host = self._program.hosts.get(place.name)
            written = str(host.options.get("key") or "") if host else ""
            if not written.startswith(("/", "~")):
                key = os.path.relpath(key, self._root)
                self._told(host, key)
                written = _HERE + key
            key = written
        return place._replace(key=key, jump=tuple(self._as_here(hop) for hop in place.jump))

    def _told(self, host: Host | None, key: str) -> None:
        name = host.name if host else ""
        text = f"the key of `{name}` is expected at {key}, beside the script (--root)"
        self._findings.note("approximated", text, host.span if host else None)

    def configure(self) -> Iterator[str]:
        """What ssh is told, as shell code: the function `configure`, which writes the files."""
        yield from _document("ssh_before", BEFORE)
        yield from _document("ssh_after", AFTER)
        yield "configured() { # HOST KEY...: of hosts to go by"
        yield "  ssh_before"
        yield '  while [ $# -gt 1 ]; do printf \'Host %s\\n  IdentityFile "%s"\\n\' "$1" "$2" && shift 2; done'
        yield "  ssh_after"
        yield "}"
        files = ['  configured >"$_work/ssh0"']
        for place in self._places:
            keys = _keys(place)
            if keys not in self._keys:
                number = self._keys[keys] = len(self._keys)
                words = " ".join(f"{short(host)} {_path(key)}" for host, key in keys)
                files.append(f'  configured {words} >"$_work/ssh{number}"')
        yield "configure() {"
        if any(_HERE in hop.key for place in self._places for hop in (place, *place.jump)):
            yield "  case $_root in"
            yield '    *[\\"\\\\%\\$]*) wrong "ssh reads a character of the folder $_root otherwise" ;;'
            yield "  esac"
        yield from (" &&\n".join(files)).split("\n")
        yield "}"

    def lines(self) -> Iterator[str]:
        """The table of hosts, and the functions that become ssh."""
        yield f"_far=' {' '.join(self._does)} ' _words={literal(COMMAND)}"
        for number, place in enumerate(self._places, 1):
            way = f", by way of {', '.join(map(str, place.jump))}" if place.jump else ""
            yield (
                f"_host{number}={short(place.name)} _address{number}={short(place.address)} _on{number}={short(str(place))}"
                f" _via{number}={short(way) if way else literal('')} _room{number}={place.parallel}"
            )
            plain = place._replace(key="")
            words = [short(word) for word in options(plain)]
            if place.key:
                words += ["-i", _path(place.key)]
            file = f'-F "$_work/ssh{self._keys[_keys(place)]}"'
            asked = " ".join(
                ["exec setsid ssh", file, '"$@"', *words, "--", short(place.address), '"$_words"']
            )
            yield f"h{number}() {{ {asked}; }}"


def runtime(text: str, parts: frozenset[str]) -> str:
    """A piece of the runtime; what stands between `#+ PART` and `#-` in it only where that part is wanted."""
    return _BLOCK.sub(lambda block: block[2] if block[1] in parts else "", text)


def texts(part: str) -> list[str]:
    """The functions of a part that print what a shell is to do."""
    return [line for name, text in _TEXTS.get(part, {}).items() for line in _document(f"{name}_text", text)]


def _document(name: str, text: str) -> list[str]:
    lines = text.strip("\n").split("\n")
    assert "END" not in lines
    return [f"{name}() {{", "  cat <<'END'", *lines, "END", "}", ""]


def _keys(place: Remote) -> tuple[tuple[str, str], ...]:
    return tuple((hop.address, hop.key) for hop in place.jump if hop.key)


def _path(key: str) -> str:
    for start, variable in ((_HERE, "_root"), ("~/", "HOME")):
        if key.startswith(start):
            return f'"${variable}"/{short(key.removeprefix(start))}'
    return short(key)
