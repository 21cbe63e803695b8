"""Each action of a plan as a function of the shell: its options, its environment, and a verb for its driver."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator

from ..base.drivers import SINK, file_mode
from ..base.events import OUTCOMES
from ..base.source import Span
from ..drivers.job import Here, Job, Remote
from ..drivers.registry import for_file
from ..drivers.there import NAME, TAKEN
from ..meaning.program import Action, Program
from ..meaning.render import Rendered, Values, options_of, render
from ..meaning.template import likely_holes
from ..meaning.values import Unknown, texts
from ..run.places import Unreachable
from ..run.prepare import mentions
from ..syntax import ast
from .sh_away import at, changed, sent
from .sh_data import Data
from .sh_files import placed
from .sh_hosts import Hosts
from .sh_http import asked
from .sh_plan import Table
from .sh_words import shell_text, short, waits, word
from .target import Findings

SYSTEMD = tuple(f"systemd.{verb}" for verb in ("start", "stop", "restart", "reload", "enable", "disable"))
KEPT = ("sh", "exec", "copy", "template", "http.get", "http.post", *SYSTEMD)
_LETTER = {"ok": "o", "changed": "c", "created": "n", "removed": "r", "failed": "f", "error": "e"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_SPECIAL = frozenset(
    [
        "BASHOPTS",
        "BASHPID",
        "BASH_ARGV0",
        "BASH_VERSINFO",
        "COLUMNS",
        "DIRSTACK",
        "ENV",
        "EPOCHREALTIME",
        "EPOCHSECONDS",
        "EUID",
        "FUNCNAME",
        "GROUPS",
        "HISTCMD",
        "IFS",
        "KSHEGID",
        "KSHGID",
        "KSHUID",
        "KSH_VERSION",
        "LC_ALL",
        "LC_CTYPE",
        "LC_NUMERIC",
        "LINENO",
        "LINES",
        "MAILCHECK",
        "OLDPWD",
        "OPTARG",
        "OPTIND",
        "PATH",
        "PGRP",
        "PIPESTATUS",
        "POSIXLY_CORRECT",
        "PPID",
        "PS4",
        "PWD",
        "RANDOM",
        "SECONDS",
        "SHELLOPTS",
        "SRANDOM",
        "TMOUT",
        "UID",
        "USER_ID",
        "_",
    ]
)
"""Variables that mean something to one of the shells, so that they are not to be set in it."""


class Actions:
    """Makes the functions. `tools` are the programs that they need, `secrets` the variables that they expect, `parts`
    the pieces of the runtime beside those that every script has."""

    def __init__(self, program: Program, table: Table, data: Data, hosts: Hosts, findings: Findings) -> None:
        self.program, self.table, self.data, self.findings = program, table, data, findings
        self.hosts = hosts
        self.tools: dict[str, None] = {}
        self.parts: dict[str, None] = {}
        self._environments: dict[tuple[str, ...], str] = {}
        self._root = os.path.abspath(program.units[0].folder or "") if program.units else os.getcwd()

    def lines(self) -> Iterator[str]:
        """All functions, in the order of the plan."""
        steps = self.table.plan.steps
        for of, does in self.table.does.items():
            action = self.program.actions[of]
            yield ""
            yield from _comment(action, steps[self.table.instances[of][0]].name)
            yield from self._function(action, of, does)

    def _function(self, action: Action, of: int, does: int) -> Iterator[str]:
        extra = list(self._data(action, of))
        body = ['"d$_step"'] if extra else []
        if action.driver == SINK:
            self._uses("quote", "data")
            yield from extra
            yield _defined(f"a{does}", body)
            return
        before = len(self._environments)
        try:
            body += self._body(action, does, extra)
        except Unknown as error:
            for d in error.diagnostics:
                self.findings.refuse(d.message, d.span, d.hint)
        for names, function in list(self._environments.items())[before:]:
            extra.append(_defined(function, list(names)))
        if action.resource in self.data.keys:
            self._uses("quote", "data")
            keys = " ".join(self.data.keys[action.resource])
            extra.append(f"_keys{does}='{keys}'")
            body.insert(0, f"_keys=$_keys{does}")
        yield from extra
        yield _defined(f"a{does}", body)

    def _uses(self, *parts: str) -> None:
        self.parts.update(dict.fromkeys(parts))

    def _data(self, action: Action, of: int) -> Iterator[str]:
        """For each instance the function that gets what is handed to it."""
        sink = action.driver == SINK
        if not sink and action.resource not in self.data.connections.into:
            return
        self._uses("quote", "data")
        for step in self.table.instances[of]:
            lines = self.data.sink(step) if sink else self.data.function(step)
            yield _defined(f"d{step}", lines)

    def _body(self, action: Action, does: int, extra: list[str]) -> list[str]:
        """What the function does, line by line."""
        scope, span = action.scope, action.span
        if not action.driver or scope is None:
            hint = f"declare it, or put a file at {os.path.join('actions', action.resource, action.action)}"
            place = span or mentions(self.program).get(action.name)
            self.findings.refuse(f"`{action.name}` is found nowhere", place, hint)
            return []
        if action.driver not in KEPT and not action.file:
            message = f"a shell script has nothing for the driver `{action.driver}` of `{action.name}`"
            self.findings.refuse(message, span, f"it has {', '.join(KEPT)}")
            return []
        try:
            host = self.hosts.at(action, does)
        except Unreachable as problem:
            self.findings.refuse(f"`{action.name}` has no host to run on: {problem}", span, "declare it")
            return []
        self._check_texts(action)
        rendered = render(self.program, action, self.data.names(action.resource))
        driver, arguments = action.driver, rendered.arguments
        if action.file:
            driver, arguments = self._found(action, host is not None)
        where = host[1] if host else Here()
        job = Job(
            0,
            action.name,
            action.resource,
            action.action,
            0,
            driver,
            arguments,
            rendered.options,
            place=where,
        )
        with_ = self._environment(action, rendered, host is not None)
        if host:
            self._uses("quote", "hosts", "there", *(["sudo"] if job.options.get("sudo") else []))
            self.tools |= {"ssh": None, "od": None}
            body = [at(host[0], job, with_)]
        else:
            body = [f"_with={with_}"] if with_ != "exec" else []
        body += self._options(action, job, does, extra)
        if driver == "sh":
            text = arguments[0] if len(arguments) == 1 else None
            if isinstance(text, str):
                body.append(f"sh_ {shell_text(text)}")
        elif driver == "exec":
            body.append(f"{'command_' if host else 'exec_'} {self._argv(action, arguments)}")
        elif driver in SYSTEMD:
            body += self._unit(action, job)
        elif driver in ("copy", "template"):
            body += self._file(action, job, rendered, does, extra)
        elif driver.startswith("http."):
            self.parts["http"] = self.tools["curl"] = None
            body += asked(job, does, extra, self.findings, span)
        return body

    def _unit(self, action: Action, job: Job) -> list[str]:
        unit = job.arguments[0] if len(job.arguments) == 1 else None
        if not isinstance(unit, str) or not unit.strip():
            self.findings.refuse(f"`{job.driver}` takes one text, the unit", action.span, "write one text")
            return []
        self._uses("worked", "systemd")
        if not isinstance(job.place, Remote):
            self.tools["systemctl"] = None
        return [f"systemd_ {job.driver.removeprefix('systemd.')} {word(unit)}"]

    def _file(self, action: Action, job: Job, rendered: Rendered, does: int, extra: list[str]) -> list[str]:
        made = placed(action, job, rendered, self._root, self.findings)
        if made is None:
            return []
        extra.append(f"f{does}() {{\n{made.prints}\n}}")
        wanted = job.options.get("mode")
        bits = file_mode(wanted) if wanted is not None else None
        if isinstance(job.place, Remote):
            self._uses("worked", "send")
            return [sent(f"f{does}", job, made, bits)]
        self._uses("copy")
        mode = "-" if bits is None else f"{bits:04o}"
        shown = "-" if bits is None else stat.filemode(stat.S_IFREG | bits)
        owners = [word(str(job.options.get(k) or "-")) for k in ("owner", "group")]
        return [f"place_ f{does} {word(made.path)} {mode} {shown} {' '.join(owners)} {made.like & 0o777:03o}"]

    def _found(self, action: Action, away: bool) -> tuple[str, tuple[object, ...]]:
        """Driver and arguments for a file under `actions/`. It is run where it lies, relative to the script."""
        driver, arguments = for_file(action.file)
        if away:
            message = f"`{action.name}` is the file {action.file}, which is here and not on the host"
            self.findings.refuse(message, action.span, "copy it there, and run it by `sh` or `exec`")
            return "", ()
        if driver not in KEPT:
            message = (
                f"a shell script has nothing for the driver `{driver}` of `{action.name}`, {action.file}"
            )
            self.findings.refuse(message, action.span, f"it has {', '.join(KEPT)}")
            return "", ()
        path = os.path.relpath(os.path.abspath(action.file), self._root)
        self.findings.note(
            "approximated",
            f"`{action.name}` runs the file {path}, which has to lie beside the script (--root)",
            action.span,
        )
        words = arguments[0]
        assert isinstance(words, list)
        return driver, ([*words[:-1], os.path.join(".", path)],)

    def _check_texts(self, action: Action) -> None:
        """Refuse `{{x | raw}}` of a value that is known only when the script runs."""
        assert action.scope is not None
        handed = self.data.names(action.resource)
        values = Values(self.program, action.resource, action.scope, handed)
        nodes = [*(action.node.arguments if action.node else ())]
        nodes += [o.value for o in options_of(action).values()]
        for text in (t for node in nodes for t in texts(node)) if handed else ():
            for hole in likely_holes(text.value):
                if hole.raw and waits(str(values.find(hole.name))):
                    message = f"`{{{{{hole.name} | raw}}}}` is code for the shell that is known only when the script runs"
                    hint = f'write `{{{{{hole.name}}}}}`, or `"${hole.name.replace("-", "_")}"`'
                    self.findings.refuse(message, action.scope.span(text), hint)
        resource = self.program.resources.get(action.resource)
        place = resource.scope if resource else action.scope
        for name, attribute in resource.attributes.items() if resource and handed else ():
            value = attribute.value
            alone = isinstance(value, ast.Text) and re.fullmatch(r"\s*\{\{.*\}\}\s*", value.value)
            listed = [h.name for t in texts(value) for h in likely_holes(t.value)]
            wrong = isinstance(value, (ast.List, ast.Map)) and any(n in handed for n in listed)
            wrong |= bool(alone) and any(self.data.may_be_list(action.resource, n) for n in listed)
            if wrong:
                message = (
                    f"the attribute `{name}` holds a value that is known only when the script runs, in a list"
                )
                self.findings.refuse(message, place.span(attribute.name), "use the value itself")

    def _argv(self, action: Action, arguments: tuple[object, ...]) -> str:
        items = arguments[0] if len(arguments) == 1 else None
        if not isinstance(items, (list, tuple)):
            self.findings.refuse(
                "`exec` takes one list: the program and its arguments", action.span, "write a list"
            )
            return ""
        return " ".join(word("true" if i is True else "false" if i is False else str(i)) for i in items)

    def _environment(self, action: Action, rendered: Rendered, away: bool) -> str:
        """The function that sets what an action sees and becomes the command; `exec` where that is nothing. On a host:
        that gives what it sees; `:` where that is nothing."""
        plain = {"name": action.resource, "host": "localhost"}
        sets, outside = [], []
        for name, value in rendered.environment.items():
            if plain.get(name) == value or name in _OURS or (away and name == "host"):
                continue
            if away and (not NAME.match(name) or name in TAKEN):
                message = f"`{name}` cannot be the name of a variable on another host"
                self.findings.refuse(message, action.span, "give it another name")
            if away:
                sets.append(f"give {name} {word(value) if waits(value) else short(value)}")
                continue
            if _NAME.match(name) and name not in _SPECIAL:
                sets.append(f"{name}={word(value) if waits(value) else short(value)}")
            elif waits(value):
                message = f"a variable `{name}` cannot hold a value that is known only when the script runs"
                self.findings.refuse(message, action.span, "give it another name")
            else:
                outside.append(word(f"{name}={value}"))
        if not sets and not outside:
            return ":" if away else "exec"
        if away:
            return self._environments.setdefault(tuple(sets), f"v{len(self._environments)}")
        lines = [f"export {' '.join(sets)}"] if sets else []
        lines.append(f"exec {'env ' + ' '.join(outside) + ' ' if outside else ''}" + '"$@"')
        return self._environments.setdefault(tuple(lines), f"v{len(self._environments)}")

    def _options(self, action: Action, job: Job, does: int, extra: list[str]) -> list[str]:
        options, span, away = job.options, action.span, isinstance(job.place, Remote)
        body = [] if away else self._enters(action, job)
        sets = []
        if job.timeout is not None:
            sets.append(f"_for={seconds(max(job.timeout, 0.001))}")
        if job.retry:
            sets.append(f"_retry={job.retry} _delay={seconds(job.pause(1))}")
        if exits := job.exits:
            for said in exits.values():
                if said not in OUTCOMES:
                    hint = f"the outcomes are {', '.join(OUTCOMES)}"
                    self.findings.refuse(f"`exits` has `{said}`, which is no outcome", span, hint)
            sets.append(f"_exits='{' '.join(f'{code}={_LETTER.get(w, w)}' for code, w in exits.items())}'")
        if options.get("sensitive") not in (None, False):
            sets.append("_hidden=1 _log=/dev/null")
        if sets:
            body.append(" ".join(sets))
        if options.get("sudo") and not away:
            self._sudo(action, options["sudo"], body)
        if options.get("on_cut") not in (None, "rerun"):
            message = f"a script can only run `{action.name}` again after it was cut off"
            self.findings.refuse(message, span, "leave out `on_cut`, or run it with evdsl")
        if options.get("creates") is not None:
            verb = "created_" if away else "creates_"
            body.append(f"{verb} {word(str(options['creates']))}")
        for guard in ("unless", "onlyif"):
            if options.get(guard) is not None:
                body.append(f"{guard}_ {shell_text(str(options[guard]))}")
        if (changes := job.changes) is not None and away:
            extra.append(_defined(f"c{does}", [changed(changes)]))
            body.append(f"changed_ c{does}")
        elif changes is not None:
            extra.append(_defined(f"c{does}", [" ".join(['digests "$1"', *map(word, changes)])]))
            body.append(f"changes_ c{does}")
        return body

    def _enters(self, action: Action, job: Job) -> list[str]:
        folder = os.path.join(self._folder(action), str(job.options.get("cwd") or ""))
        return [f"in_ {word(folder)}"] if folder else []

    def _folder(self, action: Action) -> str:
        """The folder of the file that an action stands in, relative to that of the program; empty where it is the same."""
        assert action.scope is not None
        folder = os.path.relpath(os.path.abspath(action.scope.unit.folder or ""), self._root)
        return "" if folder == "." else folder

    def _sudo(self, action: Action, value: object, body: list[str]) -> None:
        user = "root" if value is True else str(value)
        self.findings.unless_allowed(
            "sudo",
            f"`{action.name}` is to run as `{user}`, and a script does not become another user",
            action.span,
            f"`{action.name}` runs only where the script itself is run as `{user}`, else it ends with `error`",
        )
        body.append(f"as_ {word(user)}")


_OURS = frozenset(
    [
        "EVDSL_EVENT",
        "EVDSL_RESOURCE",
        "EVDSL_ACTION",
        "EVDSL_INSTANCE",
        "EVDSL_HOST",
        "EVDSL_RUN",
        "EVDSL_CAUSE",
    ]
)


def seconds(value: float) -> str:
    """Seconds as a shell counts and sleeps them: at most three digits behind the point."""
    return f"{max(value, 0.001):.3f}".rstrip("0").rstrip(".") if value else "0"


def _defined(name: str, lines: list[str]) -> str:
    """A function. One line where there is one."""
    if len(lines) == 1 and "\n" not in lines[0]:
        return f"{name}() {{ {lines[0]}; }}"
    return "\n".join([f"{name}() {{", *(f"  {line}" for line in lines or [":"]), "}"])


def _comment(action: Action, name: str) -> Iterator[str]:
    """The statement, as it is written; `--list` shows the first line."""
    span = _statement(action)
    text = " ".join(span.text.split("\n")[0].split("\t")) if span else action.file or "a sink"
    place = f"{action.span.source.path}:{action.span.line}" if action.span else ""
    more = span.text.split("\n")[1:] if span else []
    yield f"#: {name}  {_shown(place)}{'  ' if place else ''}{_shown(text)}"
    for line in more:
        yield f"#  {_shown(line.strip())}" if line.strip() else "#"


def _statement(action: Action) -> Span | None:
    if action.node is None or action.scope is None:
        return None
    return action.scope.span(action.node)


def _shown(text: str) -> str:
    """A text in a comment: nothing in it ends the line, or drives a terminal."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
