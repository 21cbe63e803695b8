"""The driver `salt.state`: `salt-call --local`, with a configuration of its own, so that nothing in /etc or /var is used.

What Salt is given comes as an archive by standard input, into a folder that nobody else can enter and that is removed at
the end: the names of section 1 of docs/language.md as pillar, and on a host the files of the state. An outputter of ours
tells what the states came to together, for the exit code does not: 0 is ok or changed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from io import BytesIO
from typing import NamedTuple

from ..meaning.template import worded
from .driver import Command, Ended, Try, Unfit, Verdict
from .file import names_for
from .job import Job, Place, Remote
from .tool import environment, found, missing, sought, there
from .worker import LARGEST

_NAME = re.compile(r"[\w-]+(\.[\w-]+)*\Z", re.ASCII)
_TOLD = re.compile(r"evdsl: (ok|changed|failed|error)(?: (.*))?\Z")
_PARTLY = ", after something had changed"
_LONGEST = 300
_OUTPUTTER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "salt_outputter", "evdsl_told.py")
_SCRIPT = r"""
dir=$(mktemp -d "${EVDSL_EVENT%/*}/salt.XXXXXX" 2>/dev/null || mktemp -d) || exit 125
trap 'rm -rf -- "$dir"' EXIT
trap 'exit 143' HUP INT TERM
tar -xof - -C "$dir" || exit 125
q=$(printf %s "$dir" | sed "s/'/''/g")
cat >"$dir/minion" <<END
default_include: minion.d/*.conf
id: '$(uname -n)'
user: '$(id -un)'
root_dir: '$q'
file_roots: {base: ['$q/states']}
pillar_roots: {base: ['$q/pillar']}
outputter_dirs: ['$q/output']
END
"$@" --config-dir="$dir" </dev/null
"""


class _State(NamedTuple):
    """What Salt calls a state, and the folders here in which it looks for it and for what it names."""

    name: str
    roots: tuple[str, ...]


class Salt:
    """A process for each try."""

    def commands(self, tries: Sequence[Try], place: Place) -> list[Command]:
        return [self._command(attempt) for attempt in tries]

    def rehearse(self, attempt: Try) -> Command:
        return self._command(attempt, "test=True")

    def read(self, attempt: Try, ended: Ended) -> Verdict:
        if problem := missing(ended):
            return Verdict(None, problem)
        lines = ended.output.text.rstrip().splitlines() or [""]
        told = next((found for line in reversed(lines) if (found := _TOLD.match(line))), None)
        if told is None:
            last = "" if attempt.job.sensitive else lines[-1].strip()[:300]
            return Verdict(None, f"Salt told no results, exit {ended.exit}" + (f": {last}" if last else ""))
        word, reason = told[1], _short(told[2] or "")
        if reason and attempt.job.sensitive:
            reason = "why is not shown: sensitive"
        if word == "failed":
            return Verdict(ended.exit or 2, reason=reason)
        if word == "error" or ended.exit:
            return Verdict(None, reason or f"no state failed, and yet exit {ended.exit}")
        return Verdict(0, known=word)

    def _command(self, attempt: Try, *more: str) -> Command:
        job, state = attempt.job, _state(attempt.job)
        away = isinstance(job.place, Remote)
        env = there(attempt.environment) if away else environment(attempt.environment)
        program = "salt-call" if away else found("salt-call", env.get("PATH")) or "salt-call"
        script = (sought("salt-call") if away else "") + _SCRIPT
        argv = (
            *("/bin/sh", "-c", script, "sh", program, "--local", "--out=evdsl_told", "--retcode-passthrough"),
            # a list, for Salt reads a name such as `1e3` or `a,b` as something else
            *("--log-level=critical", "state.sls", f"mods={json.dumps([state.name])}", *more),
        )
        return Command(argv, job.cwd, (attempt,), env, _archive(job, state), f"salt.state {state.name}")


def _short(said: str) -> str:
    """A reason as the outputter writes it, on one line."""
    with suppress(ValueError):  # something else has written such a line
        said = json.loads(f'"{said}"')
    line, more = " ".join(said.split()), ""
    if line.endswith(_PARTLY):
        line, more = line.removesuffix(_PARTLY), _PARTLY
    return (line if len(line) <= _LONGEST else line[: _LONGEST - 3] + "...") + more


def _state(job: Job) -> _State:
    if len(job.arguments) != 1 or not isinstance(job.arguments[0], str) or not job.arguments[0]:
        raise Unfit("`salt.state` takes one text, the name of a state or the path of an `.sls`")
    text, folder = job.arguments[0], os.path.abspath(job.folder)
    if not text.endswith(".sls"):
        if not _NAME.match(text):
            raise Unfit(f"`{text}` is no name of a state, and no path of an `.sls`")
        return _State(text, (folder,))
    path = os.path.join(folder, text)
    if not os.path.isfile(path):
        raise Unfit(f"there is no file `{path}`")
    beside, file = os.path.split(os.path.abspath(path))
    name = file.removesuffix(".sls")
    if not _NAME.match(name) or "." in name:
        raise Unfit(
            f"Salt has no name for the file `{file}`: letters, digits, `_` and `-` stand before `.sls`"
        )
    return _State(name, tuple(dict.fromkeys((beside, folder))))


def _archive(job: Job, state: _State) -> bytes:
    """What is unpacked where Salt runs. Raises Unfit for what cannot be sent."""
    import tarfile  # imported late, as only this driver needs it

    names = {name: worded(value) for name, value in names_for(job).items()}
    pillar = {"top": {"base": {"*": ["evdsl"]}}, "evdsl": names}
    written = {f"pillar/{name}.sls": f"#!json\n{json.dumps(value)}\n" for name, value in pillar.items()}
    if not isinstance(job.place, Remote):
        written["minion.d/evdsl.conf"] = json.dumps({"file_roots": {"base": state.roots}}) + "\n"
    written["minion.d/output.conf"] = '{"state_output": "changes"}\n'
    held = BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for name, text in written.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text), 0o600
            archive.addfile(entry, BytesIO(text.encode("ascii")))
        archive.add(_OUTPUTTER, "output/evdsl_told.py")
        size = 0
        for path, name in _sent(state) if isinstance(job.place, Remote) else ():
            try:
                size += os.path.getsize(path)
                if size > LARGEST:
                    raise Unfit(
                        f"the files of `{state.name}` have more than {LARGEST} bytes: too much to be sent"
                    )
                archive.add(os.path.realpath(path), f"states/{name}")
            except OSError as problem:
                raise Unfit(f"`{path}` cannot be read: {problem.strerror}") from None
    return held.getvalue()


def _sent(state: _State) -> Iterator[tuple[str, str]]:
    """The files of a state that go to a host, with their paths there: `web.sls`, and all that is in `web`."""
    root, first = state.roots[0], state.name.partition(".")[0]
    tree = os.path.join(root, first)
    files = [f"{tree}.sls"] if os.path.isfile(f"{tree}.sls") else []
    for folder, folders, inside in os.walk(tree):
        folders.sort()
        files += [p for p in (os.path.join(folder, name) for name in sorted(inside)) if os.path.isfile(p)]
    if not files:
        raise Unfit(f"there is neither `{first}.sls` nor a folder `{first}` in {root}")
    return ((path, os.path.relpath(path, root)) for path in files)


driver = Salt()
