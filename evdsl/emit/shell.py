"""The target `sh`: one POSIX shell script that is the plan, and the small engine that runs it.

The runtime is in sh/*.sh, text for text as it stands in every script. What differs from plan to plan is a table of
variables (sh_plan.py) and a function for each action (sh_action.py).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..base.drivers import SINK
from ..meaning.program import Program
from ..meaning.scope import Unit
from ..run.confirm import questions
from ..syntax import ast
from .sh_action import Actions
from .sh_data import Data
from .sh_hosts import Hosts, runtime, texts
from .sh_plan import Table
from .sh_words import later, literal, short
from .target import MARK, Artifact, Entry, Findings, Order, Output

_OURS = (
    *(
        "EVDSL_EVENT",
        "EVDSL_RESOURCE",
        "EVDSL_ACTION",
        "EVDSL_INSTANCE",
        "EVDSL_HOST",
        "EVDSL_RUN",
        "EVDSL_CAUSE",
    ),
    *("name", "host"),
)
"""The variables that every action has."""
_RUNTIME = Path(__file__).with_name("sh")
_PARTS = ("quote", "data", "copy", "http", "hosts", "there", "sudo", "worked", "systemd", "send")
"""The pieces of the runtime that a script has only where something in it needs them, in this order."""


class Shell:
    """See the module and `Target`."""

    about = "one POSIX shell script"
    folder = False
    allows = {  # noqa: RUF012 - never changed
        "sudo": "the action runs only where the script itself is run as that user",
        "redirects": "the request follows no redirections",
    }

    def emit(self, order: Order) -> Artifact:
        """The script."""
        findings = Findings(order, self.allows)
        program, plan = order.program, order.plan
        table = Table(program, plan)
        with _secrets_away(program):
            data = Data(program, plan, findings)
            hosts = Hosts(program, os.path.abspath(program.units[0].folder or ""), findings)
            actions = Actions(program, table, data, hosts, findings)
            functions = list(actions.lines())
        secrets = _expected(program, table)
        _check_names(program, secrets, findings)
        if secrets:
            text = (
                "the values of secrets are taken out of logs as they are, not in other forms (base64, quoted)"
            )
            findings.note("approximated", text)
        findings.settle()
        report = findings.report
        asked = [f"{q.action}: {q.text}" for q in questions(program, plan)]
        wanted = frozenset([*actions.parts, *(["secrets"] if secrets else [])])
        begin = [_runtime(part, wanted) for part in ("begin", *(["connect"] if hosts else []))]
        rest = [_runtime(part, wanted) for part in ("engine", "action", "state")]
        rest += [
            text
            for part in _PARTS
            if part in wanted
            for text in (_runtime(part, wanted), *(["\n".join(texts(part))] if texts(part) else []))
        ]
        lines = [
            *_head(order, report, secrets),
            *_met("".join([*begin, *rest])),
            f"_program={short(program.path)} _version={short(order.version)} _plan={order.fingerprint}",
            f"_secrets='{' '.join(secrets)}' _tools='{' '.join(actions.tools)}'",
            "",
            *_ready(asked),
            *begin,
            *(hosts.configure() if hosts else ()),
            'if [ -z "${EVDSL_ENGINE-}" ]; then begin "$@"; fi',
            "",
            *rest,
            "# ==== The actions, in an order in which they could run: what each is in the program, and what it is here.",
            *functions,
            "",
            "# ==== The plan; the engine tells what the variables mean.",
            *table.lines(),
            *(hosts.lines() if hosts else ()),
            "",
            'main "$@"',
        ]
        text = "\n".join(lines) + "\n"
        return Artifact({"": Output(text.encode("utf-8", "surrogateescape"), 0o755)}, report)


def _runtime(part: str, wanted: frozenset[str]) -> str:
    return runtime((_RUNTIME / f"{part}.sh").read_text("utf-8"), wanted)


def _met(runtime: str) -> list[str]:
    """A line that makes the shell meet the runtime's variables and its own commands before all that the plan brings:
    there are shells that look for a name in the order in which they have met them."""
    names = sorted({*re.findall(r"\b_[a-z_]+(?==)", runtime), *_OURS})
    lines = [
        "# Some shells look for a name in the order in which they have met them: these come before those of the plan."
    ]
    line = ""
    for name in names:
        if len(line) + len(name) > 115:
            lines.append(line)
            line = ""
        line += f"{' ' if line else ''}{name}=''"
    return [
        *lines,
        line,
        'set -- "$@" && eval : && shift 0 && umask >/dev/null && cd . && kill -s 0 $$ && trap : TERM && wait',
    ]


def _head(order: Order, report: list[Entry], secrets: list[str]) -> Iterator[str]:
    yield "#!/bin/sh"
    yield f"# {_line(order.program.path)} as a shell script, {MARK} {order.version}; do not edit."
    yield f"# Plan {order.fingerprint}"
    yield "#"
    yield "# It runs what `evdsl run` would run, in the same order and with the same outcomes; --help tells its options."
    if secrets:
        yield f"# It expects secrets in the variables {', '.join(secrets)}."
    if report:
        yield "#"
        yield "# What is not quite as in the program:"
    for entry in report:
        place = f"{entry.place}: " if entry.place else ""
        yield f"#   {entry.kind}: {_line(place + entry.text)}"
    yield "#"
    yield "# Top down: how it begins, the engine, how one action runs, what a run leaves behind; then the actions and the plan,"
    yield "# which begin at `# ==== The actions`."
    yield "# Functions and variables are used by way of their numbers (SC2034, SC2154, SC2317, SC2329). What is in single"
    yield "# quotes is meant as it stands (SC1003, SC2016), what looks like quotes in a variable is JSON (SC2089, SC2090), a"
    yield "# FIFO is written and read (SC2094), and A && B || C is meant as that (SC2015)."
    yield "# shellcheck disable=SC1003,SC2015,SC2016,SC2034,SC2089,SC2090,SC2094,SC2154,SC2317,SC2329"
    yield "set +eu"
    yield ""


def _line(text: str) -> str:
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def _ready(asked: list[str]) -> list[str]:
    """The function that asks what is to be confirmed."""
    if not asked:
        return ["ready() { :; }", ""]
    lines = ["ready() { # what is to be confirmed before anything starts"]
    lines += ['  if [ "$_yes$_dry$_list" ]; then return; fi']
    lines += [f"  printf '%s\\n' {literal(_line(text))} >&2" for text in asked]
    lines += [
        "  if ! [ -t 0 ]; then wrong 'this wants to be confirmed: run it on a terminal, or with --yes' 4; fi",
        "  printf 'Go on? [y/N] ' >&2",
        "  read -r _answer",
        '  case $_answer in y | Y | yes) ;; *) wrong "nothing was started" 4 ;; esac',
        "}",
        "",
    ]
    return lines


def _check_names(program: Program, secrets: list[str], findings: Findings) -> None:
    """Refuse what has a meaning of its own in here, and names that no shell can have."""
    for unit in program.units:
        if "\ufdd0" in unit.source.text:
            findings.refuse(f"`{unit.source.path}` holds the character U+FDD0", None, "take it out")
    for name in secrets:
        if not (name.isascii() and name.isidentifier()):
            findings.refuse(f"no shell can have a variable `{name}`", None, "give the secret another name")


def _variable(unit: Unit, name: str) -> str:
    """The environment variable in which a secret is expected: its own, or that of the importer that passes it on."""
    importer = unit.importer
    if importer is not None:
        for s in importer.file.statements:
            if isinstance(s, ast.Import) and f"{importer.prefix}{s.prefix.text}." == unit.prefix:
                for option in s.arguments:
                    if option.name.text == name and isinstance(option.value, ast.Word):
                        return _variable(importer, option.value.text)
    return "EVDSL_SET_" + (unit.prefix + name).replace("-", "_").replace(".", "_")


@contextmanager
def _secrets_away(program: Program) -> Iterator[None]:
    """While entered, each secret has the mark of its variable for a value, so that none can get into a script."""
    before = [(unit, dict(unit.secrets)) for unit in program.units]
    try:
        for unit in program.units:
            for name in unit.secrets:
                unit.secrets[name] = later("s", _variable(unit, name))
        yield
    finally:
        for unit, secrets in before:
            unit.secrets.update(secrets)


def _expected(program: Program, table: Table) -> list[str]:
    """The variables of the secrets that actions of the plan see."""
    actions = [program.actions[of] for of in table.does]
    used = {id(a.scope.unit) for a in actions if a.scope is not None and a.driver != SINK}
    found = {
        _variable(unit, name): None for unit in program.units if id(unit) in used for name in unit.secrets
    }
    return list(found)


target = Shell()
