"""The drivers `puppet.apply` and `puppet.manifest`: `puppet apply --detailed-exitcodes`.

Code goes by standard input, so that nobody else can read it. The names of section 1 of docs/language.md are facts,
`$facts['evdsl_port']`; secrets are not among them, for Puppet keeps its facts in a cache.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..meaning.template import plain
from .driver import Command, Ended, Try, Unfit, Verdict, brief
from .file import names_for, opened
from .job import Job, Place, Remote
from .placing import Wrong
from .tool import environment, first, found, missing, sought, there
from .worker import LARGEST

_OF_FACTER = ("Error: Facter:",)
"""Facter complains of what it could not look up, and Puppet goes on."""

_NOOP = r"""
dir=$(mktemp -d) || exit 125
trap 'rm -rf -- "$dir"' EXIT
trap 'exit 143' HUP INT TERM
"$@" --statedir="$dir" --lastrunfile="$dir/summary"
code=$?
[ "$code" != 0 ] || ! grep -q '^noop_pending: true' "$dir/last_run_report.yaml" || exit 2
exit "$code"
"""
"""Puppet ends with 0 whatever it would do; its report knows. Nor is it to leave its state and report as of a run."""


class Puppet:
    """`puppet.manifest` where `path`, else `puppet.apply`: a process for each try."""

    def __init__(self, name: str, path: bool) -> None:
        self.name = name
        self.path = path

    def commands(self, tries: Sequence[Try], place: Place) -> list[Command]:
        return [self._command(attempt) for attempt in tries]

    def rehearse(self, attempt: Try) -> Command:
        command = self._command(attempt)
        argv = ("/bin/sh", "-c", _NOOP, "sh", *command.argv, "--noop", "--show_diff", "--reports=none")
        return command._replace(argv=argv)

    def read(self, attempt: Try, ended: Ended) -> Verdict:
        code = ended.exit
        if problem := missing(ended):
            return Verdict(None, problem)
        if code in (0, 2):
            return Verdict(0, known="changed" if code else "ok")
        said = "" if attempt.job.sensitive else first(ended.output.text, ("Error:",), _OF_FACTER)
        if code in (4, 6):
            more = ", after something had changed" if code == 6 else ""
            return Verdict(code, reason=(said or f"exit {code}") + more)
        return Verdict(None, f"puppet was not run to its end, exit {code}" + (f": {said}" if said else ""))

    def _command(self, attempt: Try) -> Command:
        job = attempt.job
        if len(job.arguments) != 1 or not isinstance(job.arguments[0], str) or not job.arguments[0]:
            raise Unfit(
                f"`{self.name}` takes one text, {'the path of a manifest' if self.path else 'the code'}"
            )
        text = job.arguments[0]
        names = {name: plain(value) for name, value in names_for(job).items() if name.isidentifier()}
        facts = {
            f"FACTER_evdsl_{name}": value
            for name, value in names.items()
            if not any(secret in value for secret in job.secrets if secret)
        }
        if isinstance(job.place, Remote):
            argv: tuple[str, ...] = ("/bin/sh", "-c", f'{sought("puppet")}exec "$@"', "sh", "puppet")
            env = there(facts | attempt.environment)
        else:
            env = environment(facts | attempt.environment)
            argv = (found("puppet", env.get("PATH")) or "puppet",)
        argv = (*argv, "apply", "--detailed-exitcodes", "--color=false")
        stdin = b""
        if not self.path:
            stdin = text.encode("utf-8", "surrogateescape")
        elif isinstance(job.place, Remote):
            stdin = _code(job, text)
        else:
            argv = (*argv, os.path.abspath(os.path.join(job.folder, text)))
        return Command(argv, job.cwd, (attempt,), env, stdin, f"{self.name} {brief(text)}")


def _code(job: Job, path: str) -> bytes:
    """The text of a manifest. Raises Unfit where there is none."""
    try:
        with opened(job, path)[0] as file:
            code = file.read(LARGEST + 1)
    except (Wrong, OSError) as problem:
        raise Unfit(f"the manifest cannot be read: {problem}") from None
    if len(code) > LARGEST:
        raise Unfit(f"a manifest of more than {LARGEST} bytes is not sent to another host")
    return code


apply = Puppet("puppet.apply", path=False)
manifest = Puppet("puppet.manifest", path=True)
