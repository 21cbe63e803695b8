"""Commands on other hosts, by the OpenSSH client of the system.

The user's own configuration of ssh counts; only what must not be otherwise stands before it: nobody is asked for
anything, host keys are checked, no terminal, no forwarding. The first command to a host opens a connection, which the
next ones share; `close` ends them all.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from contextlib import suppress

from ..drivers.driver import Command, Ended, Far
from ..drivers.job import Remote
from ..drivers.sudo import WAITS, before_there, entered, refusal
from ..drivers.there import COMMAND, Asked, Reply, reply, request
from .folders import remove_folder

_MOST = 8 * 1024 * 1024  # bytes of what a host says beside the output
_LONGEST = 40  # bytes of a folder in which a socket still finds room: its name may have 108, less where there is no Linux
BEFORE = """\
Host *
  BatchMode yes
  StrictHostKeyChecking yes
  RequestTTY no
  RemoteCommand none
  SessionType default
  StdinNull no
  ForkAfterAuthentication no
  ClearAllForwardings yes
  ForwardAgent no
  ForwardX11 no
  PermitLocalCommand no
  LogLevel ERROR
"""
AFTER = """\
Host *
Include ~/.ssh/config
Include /etc/ssh/ssh_config
Host *
  ConnectTimeout 10
  ServerAliveInterval 10
  ServerAliveCountMax 3
"""
_START = 'said=$1; shift; exec "$@" 2>"$said"'
_FILES = {
    "folder": "is a folder; name the files in it",
    "odd": "is no plain file",
    "closed": "cannot be read",
}


class Ssh:
    """The connections of a run."""

    def __init__(self) -> None:
        self._sockets = ""
        self._files: dict[Remote, str] = {}  # the configuration of each place
        self._asked: dict[str, Asked] = {}  # by the file of what is said

    def sent(
        self, command: Command, place: Remote, own: str, user: str = "", changes: tuple[str, ...] = ()
    ) -> Command:
        """The command, run on a host, as `user` by way of sudo there if one is named. Its result is for `heard`.

        `own` is a folder of our own here, for what hosts say beside the output.

        Raises Unfit for what cannot be said to a host, and OSError.
        """
        folder = f"/tmp/evdsl-{os.urandom(16).hex()}"
        env = {name: value for name, value in command.env.items() if name != "EVDSL_EVENT"}
        there, waits = command._replace(env=env), ""
        if user:
            env["EVDSL_EVENT"] = f"{folder}/event"
            there = entered(command._replace(env=env), user, before_there(user))
            waits = WAITS.decode()
        asked = Asked(
            there.argv, command.cwd, there.env, there.stdin, changes, folder, os.urandom(16).hex(), waits
        )
        stdin = request(asked)
        said = command.tries[0].event_file + ".said"
        argv = ("/bin/sh", "-c", _START, "sh", said, *self._argv(place, own), "--", place.address, COMMAND)
        self._asked[said] = asked
        return Command(argv, own, command.tries, {}, stdin, command.shown, leased=True)

    def heard(self, command: Command, place: Remote, ended: Ended, user: str = "") -> Ended:
        """What came of a command that `sent` has made ready, its ssh having ended."""
        path = command.tries[0].event_file + ".said"
        asked = self._asked.pop(path, None)
        if asked is None:
            return ended  # it was never sent
        said = b""
        with suppress(OSError):
            with open(path, "rb") as file:
                said = file.read(_MOST)
            os.unlink(path)
        heard = reply(said, asked.token)
        if ended.problem:
            return ended
        if heard.exit is None:
            fault = _fault(asked.changes, heard.before)
            return ended._replace(exit=None, problem=fault or _problem(heard, place, ended.exit))
        if not heard.begun:
            return ended._replace(exit=None, problem=f"cannot be started: {heard.message}")
        ended = ended._replace(exit=heard.exit)
        if user and heard.event == WAITS:
            return refusal(ended, user, asked.folder)
        fault = _fault(asked.changes, heard.after)
        return ended._replace(far=Far(heard.said, heard.before, heard.after, fault))

    def close(self) -> None:
        """End the connections."""
        if not self._sockets:
            return
        enders = []
        for name in os.listdir(self._sockets):
            path = os.path.join(self._sockets, name)
            with suppress(OSError):
                enders.append(
                    subprocess.Popen(
                        ["ssh", "-F", "none", "-o", f"ControlPath={path}", "-O", "exit", "--", "none"],
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL,
                    )
                )
        for ender in enders:
            try:
                ender.wait(2)
            except subprocess.TimeoutExpired:
                ender.kill()
                ender.wait()
        remove_folder(self._sockets)
        self._sockets = ""

    def lent(self, command: Command, place: Remote, own: str) -> Command:
        """A command of a tool that goes to a host by itself, with the ssh words that are to come first in $EVDSL_SSH.

        Raises OSError.
        """
        words = [*self._connection(place, own), "-o", "StrictHostKeyChecking=yes"]
        return command._replace(env={**command.env, "EVDSL_SSH": shlex.join(words)})

    def _argv(self, place: Remote, own: str) -> list[str]:
        return ["ssh", *self._connection(place, own), *options(place)]

    def _connection(self, place: Remote, own: str) -> list[str]:
        """The words for the configuration of a place and for the connection that its commands share."""
        path = self._files.get(place)
        if path is None:
            path = self._files[place] = os.path.join(own, f"ssh-{len(self._files)}")
            with open(path, "x", encoding="utf-8", opener=_private) as file:
                file.write(configuration(place))
        shared = ["-o", "ControlMaster=auto", "-o", "ControlPersist=60"]
        return ["-F", path, *shared, "-o", f"ControlPath={self._room(own)}/%C"]

    def _room(self, own: str) -> str:
        """The folder of the sockets, with a short name."""
        if not self._sockets:
            short = len(os.fsencode(own)) <= _LONGEST
            self._sockets = os.path.join(own, "s") if short else f"/tmp/evdsl-{os.urandom(8).hex()}"
            os.mkdir(self._sockets, 0o700)
        return self._sockets


def options(place: Remote) -> list[str]:
    """The options of ssh that a place asks for."""
    argv = []
    for option, value in (("-l", place.user), ("-p", str(place.port or "")), ("-i", place.key)):
        argv += [option, value] if value else []
    if place.jump:
        argv += ["-J", ",".join(hop.way for hop in place.jump)]
    return argv


def configuration(place: Remote) -> str:
    """The file of options for a place, what counts first at its beginning."""
    keys = [f'Host {hop.address}\n  IdentityFile "{hop.key}"\n' for hop in place.jump if hop.key]
    return "".join([BEFORE, *keys, AFTER])


def _problem(heard: Reply, place: Remote, code: int | None) -> str:
    """Why there is no verdict."""
    if heard.out:
        return f"cannot be started: {heard.message}"
    way = f", by way of {', '.join(map(str, place.jump))}" if place.jump else ""
    if heard.begun:
        return f"the connection was lost{f': {heard.message}' if heard.message else ''}"
    return (heard.message or f"no connection: ssh ended with exit {code}") + way


def _fault(paths: Sequence[str], states: Sequence[str]) -> str:
    """Why the content of one of these files cannot be compared, empty if nothing is in the way."""
    for path, state in zip(paths, states, strict=False):
        if state in _FILES:
            return f"`changes` names `{path}`, which {_FILES[state]}"
    return ""


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
