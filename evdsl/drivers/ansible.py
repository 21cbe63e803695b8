"""The drivers `ansible.playbook`, `ansible.role` and `ansible.module`: the real ansible-playbook, a process for each try.

A callback of ours tells what came of each host, for the exit code does not: 0 is also "no host matched" and never tells
ok from changed, 2 and 4 are also what is no playbook. Hosts are folded: error before failed before changed before ok.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from shutil import rmtree
from typing import NamedTuple

from . import ansible_files as files
from .driver import Command, Ended, Try, Unfit, Verdict
from .file import names_for
from .job import Job, Place, Remote
from .sudo import user_of
from .tool import environment, first, found

_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*\Z", re.ASCII)
_ROLE = re.compile(r"[A-Za-z_][\w-]*(\.[\w-]+)*\Z", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)
_NO_MODULE = re.compile(r"(ansible\.(builtin|legacy)\.)?(meta|(include|import)_\w+)\Z")
_FRAME = re.compile("@{9,}")
"""What ssh puts around the warning that a host is another one."""
_ERRORS = ("[ERROR]", "ERROR!", "ERROR:", "fatal:")
_CALLBACK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ansible_callback")


class Told(NamedTuple):
    """What the callback wrote: counts by host, None if Ansible did not come to its end; the first failure and the first
    host that was not reached, in words."""

    stats: Mapping[str, Mapping[str, int]] | None
    failure: str = ""
    unreachable: str = ""


class Ansible:
    """`kind` is `playbook`, `role` or `module`."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.name = f"ansible.{kind}"

    def commands(self, tries: Sequence[Try], place: Place) -> list[Command]:
        return [self._command(attempt) for attempt in tries]

    def rehearse(self, attempt: Try) -> Command:
        command = self._command(attempt)
        program, *more = command.argv
        return command._replace(argv=(program, "--check", "--diff", *more))

    def read(self, attempt: Try, ended: Ended) -> Verdict:
        folder = _folder(attempt)
        told = _told(os.path.join(folder, files.RESULTS))
        rmtree(folder, ignore_errors=True)
        return verdict(told, ended.exit, ended.output.text)

    def _command(self, attempt: Try) -> Command:
        job = attempt.job
        what, host = self._what(job), self._host(job)
        if user_of(job):
            raise Unfit(f"`sudo` cannot be had for `{self.name}`: say `become` in the playbook or role")
        if isinstance(job.place, Remote) and job.changes:
            raise Unfit(
                f"`changes` compares files on `{job.place.name}`, and `{self.name}` is no command there"
            )
        folder, more = _folder(attempt), list[str]()
        made = {files.VARS: files.values(self._values(job), job.place)}
        if isinstance(job.place, Remote):
            made[files.INVENTORY] = files.inventory(job.inventory)
            more += [*(f"-i{path}" for path in job.inventory.files), f"--limit={host}"]
        elif self.kind != "playbook":
            made[files.INVENTORY] = files.here()
        if files.INVENTORY in made:  # the last one: what it says counts
            more += ["-i", os.path.join(folder, files.INVENTORY)]
        if self.kind == "playbook":
            play = os.path.abspath(os.path.join(job.folder, what))
        else:
            play = os.path.join(folder, files.PLAY)
            made[files.PLAY] = (
                files.role(host, what) if self.kind == "role" else files.module(host, job.id, what, _map(job))
            )
        if tags := self._tags(job):
            more.append(f"--tags={tags}")
        try:
            files.folder(folder, job.folder, made)
        except OSError as problem:
            raise Unfit(f"the files for Ansible cannot be written: {problem.strerror}") from None
        env = environment(attempt.environment)
        others = env.get("ANSIBLE_CALLBACK_PLUGINS") or os.environ.get("ANSIBLE_CALLBACK_PLUGINS")
        env |= {
            "ANSIBLE_CALLBACK_PLUGINS": ":".join(filter(None, (_CALLBACK, others))),
            "ANSIBLE_NOCOLOR": "1",
            "EVDSL_RESULTS": os.path.join(folder, files.RESULTS),
        }
        program = found("ansible-playbook", env.get("PATH")) or "ansible-playbook"
        argv = (program, *more, "-e", "@" + os.path.join(folder, files.VARS), play)
        return Command(argv, job.cwd, (attempt,), env, shown=f"{self.name} {what}")

    def _what(self, job: Job) -> str:
        if len(job.arguments) != 1 or not isinstance(job.arguments[0], str) or not job.arguments[0]:
            raise Unfit(f"`{self.name}` takes one text, {'a path' if self.kind == 'playbook' else 'a name'}")
        what = job.arguments[0]
        if self.kind == "role" and not _ROLE.match(what):
            raise Unfit(f"`{what}` is no name of a role")
        if self.kind == "module" and (not _MODULE.match(what) or _NO_MODULE.match(what)):
            raise Unfit(f"`{what}` is no name of a module")
        return what

    def _host(self, job: Job) -> str:
        """The name of the one host that it runs on."""
        if not isinstance(job.place, Remote):
            return files.HERE
        if not files.is_host(job.place.name):
            raise Unfit(f"`{job.place.name}` cannot be the name of a host for Ansible")
        return job.place.name

    def _values(self, job: Job) -> dict[str, object]:
        names = {name: value for name, value in names_for(job).items() if _VARIABLE.match(name)}
        if self.kind == "module":
            return names
        given = _map(job)
        for name in given:
            if not _VARIABLE.match(name):
                raise Unfit(f"`{name}` in `vars` is no name of a variable")
        return names | given

    def _tags(self, job: Job) -> str:
        tags = job.options.get("tags")
        if not tags:
            return ""
        if self.kind == "module":
            raise Unfit("`ansible.module` has no tasks to choose by `tags`")
        return ",".join(map(str, tags)) if isinstance(tags, (list, tuple)) else str(tags)


def verdict(told: Told, code: int | None, output: str) -> Verdict:
    """What the hosts came to together. `code` and `output` are those of ansible-playbook."""
    if told.stats is None:
        said = first(output, _ERRORS)
        return Verdict(None, f"Ansible told no results, exit {code}" + (f": {said}" if said else ""))
    if not told.stats:
        return Verdict(None, "no host matched")

    def any_of(word: str) -> bool:
        assert told.stats is not None
        return any(counts.get(word) for counts in told.stats.values())

    more = ", after something had changed" if any_of("changed") else ""
    if any_of("unreachable"):
        return Verdict(None, (told.unreachable or "a host is unreachable") + more)
    if any_of("failures"):
        return Verdict(code or 2, reason=(told.failure or "a task failed") + more)
    if code:
        return Verdict(None, f"no host failed, and yet exit {code}: {first(output, _ERRORS)}")
    return Verdict(0, known="changed" if more else "ok")


def _told(path: str) -> Told:
    told = Told(None)
    try:
        with open(path, encoding="utf-8") as file:
            for line in map(json.loads, file):
                if "stats" in line:
                    told = told._replace(stats=line["stats"])
                    continue
                said = (
                    f"{line['host']}, task `{line['task']}`: {_short(line['message'], line['unreachable'])}"
                )
                if line["unreachable"]:
                    told = told._replace(unreachable=told.unreachable or said)
                else:
                    told = told._replace(failure=told.failure or said)
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError):  # cut off in the middle of a line
        return told._replace(stats=None)
    return told


def _short(message: str, unreachable: bool) -> str:
    """A message on one line. What ssh says last is why it came to nothing."""
    words = " ".join(_FRAME.sub(" ", message).split())
    if len(words) <= 300:
        return words
    return f"{words[:80]} ... {words[-215:]}" if unreachable else words[:297] + "..."


def _map(job: Job) -> dict[str, object]:
    given = job.options.get("vars") or {}
    if not isinstance(given, Mapping):
        raise Unfit("`vars` takes a map")
    return {str(name): value for name, value in given.items()}


def _folder(attempt: Try) -> str:
    return attempt.event_file + ".ansible"


playbook = Ansible("playbook")
role = Ansible("role")
module = Ansible("module")
