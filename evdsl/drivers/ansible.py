"""The drivers `ansible.playbook`, `ansible.role` and `ansible.module`: the real ansible-playbook, a process for each try.

A callback of ours tells what came of each host, for the exit code does not: 0 is also "no host matched" and never tells
ok from changed, 2 and 4 are also what is no playbook. Hosts are folded: error before failed before changed before ok.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Hashable, Mapping, Sequence
from shutil import rmtree
from typing import NamedTuple

from ..base.redact import Redactor
from . import ansible_files as files
from . import ansible_share as sharing
from .driver import Command, Ended, Part, Try, Unfit, Verdict
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
_MOST = 16 * 1024 * 1024  # bytes of the output of a try that shares its process
_ERRORS = ("[ERROR]", "ERROR!", "ERROR:", "fatal:")
_CALLBACK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ansible_callback")


class Told(NamedTuple):
    """What the callback wrote: counts by host, None if Ansible did not come to its end; the first failure and the first
    host that was not reached, in words; whether the play of a try that shares its process was begun."""

    stats: Mapping[str, Mapping[str, int]] | None
    failure: str = ""
    unreachable: str = ""
    begun: bool = False


class Ansible:
    """`kind` is `playbook`, `role` or `module`."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.name = f"ansible.{kind}"

    def commands(self, tries: Sequence[Try], place: Place) -> list[Command]:
        shares: dict[int, list[Try]] = {}
        for attempt in tries:
            alone = self.kind != "module" or attempt.job.share < 0
            shares.setdefault(~attempt.job.step if alone else attempt.job.share, []).append(attempt)
        return [
            self._command(share[0]) if len(share) == 1 else self._shared(share) for share in shares.values()
        ]

    def kin(self, job: Job) -> Hashable | None:
        return sharing.kin(job) if self.kind == "module" else None

    def rehearse(self, attempt: Try) -> Command:
        command = self._command(attempt)
        program, *more = command.argv
        return command._replace(argv=(program, "--check", "--diff", *more))

    def read(self, attempt: Try, ended: Ended) -> Verdict:
        folder = _folder(attempt)
        told = _told(os.path.join(folder, files.RESULTS), attempt.job)
        rmtree(folder, ignore_errors=True)
        return verdict(told, ended.exit, "" if attempt.job.sensitive else ended.output.text)

    def forget(self, attempt: Try) -> None:
        rmtree(_folder(attempt), ignore_errors=True)

    def parts(self, command: Command, ended: Ended) -> list[Part | None]:
        folder, found = _folder(command.tries[0]), list[Part | None]()
        for number, attempt in enumerate(command.tries):
            told = _told(sharing.results(folder, number), attempt.job)
            if not told.begun:
                found.append(None)
                continue
            output = _content(sharing.output(folder, number))
            if told.stats is not None:
                found.append(Part(verdict(told, 0, ""), output))
            elif ended.exit is None:
                found.append(Part(Verdict(None, ended.problem), output))
            else:
                found.append(
                    Part(verdict(told, ended.exit, output.decode("utf-8", "backslashreplace")), output)
                )
        rmtree(folder, ignore_errors=True)
        return found

    def _command(self, attempt: Try) -> Command:
        """The process for one try."""
        job, folder = attempt.job, _folder(attempt)
        what, host = self._what(job), self._host(job)
        made = {files.VARS: files.values(self._values(job), job.place)}
        if self.kind == "playbook":
            play = os.path.abspath(os.path.join(job.folder, what))
        else:
            play = os.path.join(folder, files.PLAY)
            made[files.PLAY] = (
                files.role(host, what) if self.kind == "role" else files.module(host, job.id, what, _map(job))
            )
        return self._process((attempt,), made, play, {}, f"{self.name} {what}")

    def _shared(self, tries: Sequence[Try]) -> Command:
        """The process for several."""
        first, folder = tries[0].job, _folder(tries[0])
        made = {files.VARS: files.values({}, first.place), sharing.SHARE: sharing.told(tries, folder)}
        for number, job in enumerate(attempt.job for attempt in tries):
            play = files.module(self._host(job), job.id, self._what(job), _map(job), self._values(job))
            made[files.play(number)] = play  # each in its own: Ansible shows the lines around a fault
        made[files.PLAY] = files.plays(len(tries))
        env = {"EVDSL_SHARE": os.path.join(folder, sharing.SHARE)}
        shown = f"{self.name} {', '.join(self._what(attempt.job) for attempt in tries)}"
        return self._process(tuple(tries), made, os.path.join(folder, files.PLAY), env, shown)

    def _process(
        self, tries: tuple[Try, ...], made: dict[str, str], play: str, more_env: Mapping[str, str], shown: str
    ) -> Command:
        """The process that plays a playbook for these tries, with these files beside those that all have."""
        attempt, job, folder = tries[0], tries[0].job, _folder(tries[0])
        if user_of(job):
            raise Unfit(f"`sudo` cannot be had for `{self.name}`: say `become` in the playbook or role")
        if isinstance(job.place, Remote) and job.changes:
            raise Unfit(
                f"`changes` compares files on `{job.place.name}`, and `{self.name}` is no command there"
            )
        more = list[str]()
        if isinstance(job.place, Remote):
            made[files.INVENTORY] = files.inventory(job.inventory)
            more += [*(f"-i{path}" for path in job.inventory.files), f"--limit={self._host(job)}"]
        elif self.kind != "playbook":
            made[files.INVENTORY] = files.here()
        if files.INVENTORY in made:  # the last one: what it says counts
            more += ["-i", os.path.join(folder, files.INVENTORY)]
        if tags := self._tags(job):
            more.append(f"--tags={tags}")
        try:
            files.folder(folder, job.folder, made)
        except OSError as problem:
            rmtree(folder, ignore_errors=True)
            raise Unfit(f"the files for Ansible cannot be written: {problem.strerror}") from None
        env = environment(attempt.environment)
        others = env.get("ANSIBLE_CALLBACK_PLUGINS") or os.environ.get("ANSIBLE_CALLBACK_PLUGINS")
        env |= more_env
        env |= {
            "ANSIBLE_CALLBACK_PLUGINS": ":".join(filter(None, (_CALLBACK, others))),
            "ANSIBLE_NOCOLOR": "1",
            "EVDSL_RESULTS": os.path.join(folder, files.RESULTS),
        }
        program = found("ansible-playbook", env.get("PATH")) or "ansible-playbook"
        argv = (program, *more, "-e", "@" + os.path.join(folder, files.VARS), play)
        return Command(argv, job.cwd, tries, env, shown=shown)

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
        if names.get("name") == job.resource:
            del names["name"]  # it is Ansible's own word, of which it warns each time
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


def _told(path: str, job: Job) -> Told:
    told, redactor = Told(None), Redactor(job.secrets)
    try:
        with open(path, encoding="utf-8") as file:
            for line in map(json.loads, file):
                if "stats" in line or "begun" in line:
                    told = told._replace(**line)
                    continue
                message = redactor.text(line["message"])  # while a secret in it is still whole
                said = f"{line['host']}, task `{line['task']}`"
                if not job.sensitive:
                    said += f": {_short(message, line['unreachable'])}"
                if line["unreachable"]:
                    told = told._replace(unreachable=told.unreachable or said)
                else:
                    told = told._replace(failure=told.failure or said)
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError):  # cut off in the middle of a line
        return told._replace(stats=None)
    return told


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_MOST)
    except OSError:
        return b""


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
