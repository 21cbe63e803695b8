"""The drivers `puppet.apply` and `puppet.manifest`: `puppet apply --detailed-exitcodes`.

Code goes by standard input, so that nobody else can read it. The names of section 1 of docs/language.md are facts,
`$facts['evdsl_port']`; secrets are not among them, for Puppet keeps its facts in a cache.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..meaning.template import plain
from .driver import Command, Ended, Try, Unfit, Verdict, brief
from .file import names_for
from .job import Place
from .tool import environment, first, found

_OF_FACTER = ("Error: Facter:",)
"""Facter complains of what it could not look up, and Puppet goes on."""


class Puppet:
    """`puppet.manifest` where `path`, else `puppet.apply`: a process for each try."""

    def __init__(self, name: str, path: bool) -> None:
        self.name = name
        self.path = path

    def commands(self, tries: Sequence[Try], place: Place) -> list[Command]:
        return [self._command(attempt) for attempt in tries]

    def read(self, attempt: Try, ended: Ended) -> Verdict:
        code = ended.exit
        if code in (0, 2):
            return Verdict(0, known="changed" if code else "ok")
        said = first(ended.output.text, ("Error:",), _OF_FACTER)
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
            f"FACTER_evdsl_{name}": text
            for name, text in names.items()
            if not any(secret in text for secret in job.secrets if secret)
        }
        env = environment(facts | attempt.environment)
        program = found("puppet", env.get("PATH")) or "puppet"
        argv: tuple[str, ...] = (program, "apply", "--detailed-exitcodes", "--color=false")
        if self.path:
            argv = (*argv, os.path.abspath(os.path.join(job.folder, text)))
        stdin = b"" if self.path else text.encode("utf-8", "surrogateescape")
        return Command(argv, job.cwd, (attempt,), env, stdin, f"{self.name} {brief(text)}")


apply = Puppet("puppet.apply", path=False)
manifest = Puppet("puppet.manifest", path=True)
