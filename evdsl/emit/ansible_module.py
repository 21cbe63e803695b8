#!/usr/bin/python
"""Run one action and tell what became of it, by the rules of the evdsl language (its section 9).

`evdsl compile --to ansible` puts this file into each project that it makes, as `library/evdsl_action.py`, as it is. It
needs nothing of evdsl, and Python 3.8 or newer on the host.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from shutil import rmtree
from stat import S_ISDIR, S_ISREG
from typing import Any, BinaryIO

DOCUMENTATION = r"""
module: evdsl_action
short_description: Runs a command and tells what became of it
description:
  - Runs a command as evdsl does, and returns what it came to as RV(event).
  - It never fails by itself; the playbook says by C(failed_when) and C(changed_when) what an event means.
options:
  id: {description: [The name of the step such as C(web.run#0).], type: str, required: true}
  shell: {description: [A text for /bin/sh.], type: raw}
  exec: {description: [A program and its arguments.], type: raw}
  host: {description: [The host as evdsl names it.], type: str, default: localhost}
  causes: {description: [The rules that can set the step off; with what their emitters said.], type: list, elements: raw}
  env: {description: [Variables of the command.], type: dict}
  secrets: {description: [Variables of the command whose values are shown nowhere.], type: dict}
  folder: {description: [The folder that all paths start from; the home folder without it.], type: str}
  within: {description: [Where below it the file of the program stood.], type: str}
  chdir: {description: [The folder to run in.], type: str}
  creates: {description: [Do nothing where this path exists.], type: str}
  unless: {description: [Do nothing where this command succeeds.], type: raw}
  onlyif: {description: [Do nothing where this command fails.], type: raw}
  changes: {description: [It changed something if the content of these files differs.], type: list, elements: str}
  exits: {description: [What exit codes mean.], type: dict}
  timeout: {description: [Seconds that a try may take.], type: float}
  retries: {description: [Further tries after a failure.], type: int, default: 0}
  delay: {description: [Seconds before the second try; doubled for each one after it.], type: float, default: 1}
author: [evdsl]
"""

OUTCOMES = ("ok", "changed", "created", "removed", "failed", "error")
MATCHES = {
    "changed": ("changed", "created", "removed"),
    "success": ("ok", "changed", "created", "removed"),
    "failure": ("failed", "error"),
    "done": OUTCOMES,
}
"""What the words of a rule match besides themselves."""
_LARGEST = 1024 * 1024
_SIDE = 64 * 1024
_GRACE = 5.0


class Unreadable(Exception):
    """A file whose content cannot be compared. The text names it."""


def plain(value: object) -> str:
    """A value as text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def parsed(content: bytes) -> tuple[str, dict[str, str], str]:
    """What an event file says: its last word, the values that it reports, what is wrong with it."""
    if len(content) > _LARGEST:
        return "", {}, f"the event file has more than {_LARGEST} bytes"
    try:
        lines = content.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        return "", {}, "the event file is not UTF-8"
    event = ""
    data: dict[str, str] = {}
    for line in lines:
        line = line.rstrip("\r")
        text = line.strip()
        if line.startswith("data."):
            key, equals, value = line[5:].partition("=")
            if not equals or not key or key.strip() != key:
                return "", {}, f"the event file has the line `{line[:60]}`, which is no data.KEY=VALUE"
            data[key] = value
        elif text in OUTCOMES:
            event = text
        elif text:
            known = ", ".join(OUTCOMES)
            return "", {}, f"the event file says `{text[:60]}`, which is no outcome ({known})"
    return event, data, ""


def decide(
    code: int | None, problem: str, exits: dict[int, str], event: str, fault: str, differs: bool | None
) -> tuple[str, str]:
    """The outcome and its reason: the first rule of section 9 that applies."""
    if code is None:
        return "error", problem
    if code in exits:
        if exits[code] not in OUTCOMES:
            return "error", f"`exits` has `{exits[code]}` for exit {code}, which is no outcome"
        return exits[code], f"exit {code}" if code else ""
    if code in (126, 127):
        return "error", "exit 126, cannot be executed" if code == 126 else "exit 127, command not found"
    if 129 <= code <= 192:
        return "error", f"exit {code}, killed by signal {code - 128}"
    if code:
        return ("error", f"said error, exit {code}") if event == "error" else ("failed", f"exit {code}")
    if fault:
        return "error", fault
    if event:
        return event, f"said {event}" if event in ("failed", "error") else ""
    if differs is not None:
        return ("changed" if differs else "ok"), ""
    return "changed", ""


def contents(paths: list[str], folder: str) -> list[bytes]:
    """A digest of each file, nothing for one that is not there. Raises Unreadable for what cannot be compared."""
    return [_content(os.path.join(folder, path), path) for path in paths]


def _content(path: str, name: str) -> bytes:
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except OSError as problem:
        raise Unreadable(f"`changes` names `{name}`, which cannot be read: {problem.strerror}") from None
    try:
        mode = os.fstat(file).st_mode
        if not S_ISREG(mode):
            kind = "a folder; name the files in it" if S_ISDIR(mode) else "no plain file"
            raise Unreadable(f"`changes` names `{name}`, which is {kind}")
        digest = sha256()
        while True:
            piece = os.read(file, _LARGEST)
            if not piece:
                return digest.digest()
            digest.update(piece)
    except OSError as problem:
        raise Unreadable(f"`changes` names `{name}`, which cannot be read: {problem.strerror}") from None
    finally:
        os.close(file)


def matched(rules: list[Any]) -> list[dict[str, Any]]:
    """The reasons why the step was set off, each once. A rule on all of its emitters has them under `all`."""
    found: list[dict[str, Any]] = []
    for rule in rules:
        group = rule.get("all") or [rule]
        if all(_matches(one) for one in group):
            for one in group:
                cause = {key: one[key] for key in ("from", "event", "file", "line")}
                if cause not in found:
                    found.append(cause)
    return found


def _matches(one: Mapping[str, Any]) -> bool:
    return any(one["event"] in MATCHES.get(event, (event,)) for event in one["says"].split("|"))


class Action:
    """One action with its parameters; see DOCUMENTATION."""

    def __init__(self, asked: Mapping[str, Any]) -> None:
        self.asked = asked
        name, _, instance = asked["id"].rpartition("#")
        resource, _, action = name.rpartition(".")
        self.secrets = {str(key): plain(value) for key, value in (asked.get("secrets") or {}).items()}
        own = {
            "name": resource,
            "host": "localhost",
            "EVDSL_RESOURCE": resource,
            "EVDSL_ACTION": action,
            "EVDSL_INSTANCE": instance,
            "EVDSL_HOST": asked.get("host") or "localhost",
            "EVDSL_RUN": "1",
            "EVDSL_CAUSE": json.dumps(matched(asked.get("causes") or []), ensure_ascii=False),
        }
        given = {str(key): plain(value) for key, value in (asked.get("env") or {}).items()}
        self.env = {**os.environ, **own, **given, **self.secrets}
        start = os.path.expanduser(asked.get("folder") or "~")
        self.folder = os.path.join(start, asked.get("within") or "", asked.get("chdir") or "")
        self.exits = {int(code): str(event) for code, event in (asked.get("exits") or {}).items()}
        self.own = tempfile.mkdtemp(prefix="evdsl-")
        self.result: dict[str, Any] = {"tries": 0, "rc": None, "stdout": "", "stderr": "", "data": {}}

    def run(self) -> dict[str, Any]:
        """What became of it."""
        try:
            event, reason = self._guarded() or self._tried()
        except Unreadable as problem:
            event, reason = "error", str(problem)
        finally:
            rmtree(self.own, ignore_errors=True)
        for key in ("stdout", "stderr"):
            self.result[key] = self._hidden(self.result[key])
        reason = self._hidden(reason)
        self.result.update(event=event, reason=reason, msg=reason or event)
        return self.result

    def _hidden(self, text: str) -> str:
        """The text without the secrets, the longest first."""
        for secret in sorted(filter(None, self.secrets.values()), key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def _guarded(self) -> tuple[str, str] | None:
        asked = self.asked
        creates = asked.get("creates")
        if creates is not None and os.path.exists(os.path.join(self.folder, creates)):
            return "ok", f"`{creates}` exists"
        for kind in ("unless", "onlyif"):
            text = asked.get(kind)
            if text is None:
                continue
            code, problem = self._process(["/bin/sh", "-c", plain(text)], kind)
            if code is None:
                return "error", f"the guard `{kind}`: {problem}"
            if (code == 0) == (kind == "unless"):
                return "ok", f"`{kind}` {'succeeds' if code == 0 else 'fails'}"
        return None

    def _tried(self) -> tuple[str, str]:
        asked = self.asked
        if asked.get("shell") is not None:
            argv = ["/bin/sh", "-c", plain(asked["shell"])]
        elif asked.get("exec") is not None:
            argv = [plain(item) for item in asked["exec"]]
        else:
            return "", ""
        paths = asked.get("changes")
        before = None if paths is None else contents(paths, self.folder)
        retries, pause = asked.get("retries") or 0, asked.get("delay", 1.0)
        while True:
            self.result["tries"] += 1
            event, reason = self._once(argv, paths, before)
            if event not in ("failed", "error") or self.result["tries"] > retries:
                return event, reason
            time.sleep(pause)
            pause *= 2

    def _once(self, argv: list[str], paths: list[str] | None, before: list[bytes] | None) -> tuple[str, str]:
        code, problem = self._process(argv, "event")
        event, data, fault = self._event()
        self.result.update(rc=code, data=data)
        differs = None
        if paths is not None and code == 0 and not fault and not event:
            try:
                differs = contents(paths, self.folder) != before
            except Unreadable as unreadable:
                fault = str(unreadable)
        return decide(code, problem, self.exits, event, fault, differs)

    def _event(self) -> tuple[str, dict[str, str], str]:
        path = os.path.join(self.own, "event")
        try:
            file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return "", {}, ""
        except OSError as problem:
            return "", {}, f"the event file cannot be read: {problem.strerror}"
        try:
            if not S_ISREG(os.fstat(file).st_mode):
                return "", {}, "the event file is no plain file"
            content = os.read(file, _LARGEST + 1)
        finally:
            os.close(file)
        os.unlink(path)
        return parsed(content)

    def _process(self, argv: list[str], name: str) -> tuple[int | None, str]:
        """Run a process to its end: its exit code as shells report it, or None and why there is none."""
        env = dict(self.env, EVDSL_EVENT=os.path.join(self.own, name))
        limit = self.asked.get("timeout")
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            try:
                process = subprocess.Popen(
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    cwd=self.folder,
                    env=env,
                    start_new_session=True,
                )
            except (OSError, ValueError) as problem:
                return None, f"cannot be started: {problem}"
            why = ""
            try:
                code: int | None = process.wait(limit)
            except subprocess.TimeoutExpired:
                code, why = None, f"timed out after {limit:g} s"
                _end(process)
            self.result.update(stdout=_text(out), stderr=_text(err))
        if code is not None and code < 0:
            code = 128 - code
        return code, why


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process with its group: asked first, and made to after a while."""
    group = process.pid
    with suppress(OSError):
        os.killpg(group, signal.SIGTERM)
    until = time.monotonic() + _GRACE
    try:
        while time.monotonic() < until:
            process.poll()
            os.killpg(group, 0)
            time.sleep(0.02)
        os.killpg(group, signal.SIGKILL)
    except OSError:  # none of them is left
        pass
    process.wait()


def _text(file: BinaryIO) -> str:
    """What stands in a file of output: its head and its tail."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if size <= 2 * _SIDE:
        content = file.read()
    else:
        content = file.read(_SIDE) + f"\n[... {size - 2 * _SIDE} bytes dropped ...]\n".encode()
        file.seek(size - _SIDE)
        content += file.read()
    return content.decode("utf-8", "backslashreplace")


def main() -> None:
    """What Ansible calls."""
    from ansible.module_utils.basic import AnsibleModule  # type: ignore[import-not-found]

    text = {"type": "str"}
    raw = {"type": "raw"}
    module = AnsibleModule(
        argument_spec={
            "id": {"type": "str", "required": True},
            "shell": raw,
            "exec": raw,
            "host": {"type": "str", "default": "localhost"},
            "causes": {"type": "list", "elements": "raw"},
            "env": {"type": "dict"},
            "secrets": {"type": "dict", "no_log": False},
            "folder": text,
            "within": text,
            "chdir": text,
            "creates": text,
            "unless": raw,
            "onlyif": raw,
            "changes": {"type": "list", "elements": "str"},
            "exits": {"type": "dict"},
            "timeout": {"type": "float"},
            "retries": {"type": "int", "default": 0},
            "delay": {"type": "float", "default": 1.0},
        }
    )
    result = Action(module.params).run()
    if module.params["secrets"]:
        module.params["secrets"] = dict.fromkeys(module.params["secrets"], "***")
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
