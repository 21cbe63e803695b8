"""What a target is: it turns a plan into files that run where evdsl is not installed, and mean the same.

A target says of everything in a plan what becomes of it. What it keeps is `kept`, and not worth a word; what it does
in another way with the same outcomes is `approximated`, what has no counterpart and changes no outcome is `lost`; what
would change an outcome is refused, by a diagnostic that names the statement, or done where the user has said
`--allow WORD`. It reads the program's own files and nothing else; it executes nothing and connects to nothing.

Another package adds a target by an entry point in the group `evdsl.targets`: its name is the name of the target, its
object has what `Target` has below. docs/compile.md shows the table of each target.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, Protocol

from ..base.diagnostic import Diagnostic
from ..base.source import Span
from ..base.spell import nearest
from ..meaning.program import Program
from ..plan.plan import Plan

Kind = Literal["kept", "approximated", "lost"]

MARK = "made by evdsl"
"""Stands in the first 1,024 bytes of what evdsl has made; what has it may be overwritten by a new artifact. Of a folder
one such file is enough."""
KINDS: tuple[Kind, ...] = ("kept", "approximated", "lost")


class Entry(NamedTuple):
    """One line of the fidelity report: what becomes of a statement, as a sentence without a full stop."""

    kind: Kind
    text: str
    span: Span | None = None

    @property
    def place(self) -> str:
        """Where the statement stands, `FILE:LINE`; empty where it is about the whole."""
        return f"{self.span.source.path}:{self.span.line}" if self.span else ""


class Output(NamedTuple):
    """A file of an artifact: its bytes, and its mode before the umask."""

    content: bytes
    mode: int = 0o644


class Artifact(NamedTuple):
    """What a target made. `files` by path, relative to the output folder and with `/`, in any order; for a target that
    makes one file (`Target.folder` is false) there is one, under the empty path. Their header holds MARK."""

    files: Mapping[str, Output]
    report: list[Entry]


class Order(NamedTuple):
    """What is to be compiled: a plan of a program, and how.

    `version` of evdsl and `fingerprint` of the plan belong into the header of the artifact; neither time nor machine
    does: the same order gives the same bytes. `allow` are words of `Target.allows`.
    """

    program: Program
    plan: Plan
    version: str
    fingerprint: str
    allow: frozenset[str] = frozenset()


class Refusal(Exception):
    """The plan cannot be compiled for this target: `diagnostics` say why, each naming its statement."""

    def __init__(self, diagnostics: list[Diagnostic]) -> None:
        super().__init__("; ".join(d.message for d in diagnostics))
        self.diagnostics = diagnostics


class Target(Protocol):
    """A target. `about`: what it makes, in a few words. `folder`: whether that is a folder of files. `allows`: what can
    be allowed, and what that gives up, in words."""

    about: str
    folder: bool
    allows: Mapping[str, str]

    def emit(self, order: Order) -> Artifact:
        """The files. Raises Refusal with all that cannot be expressed, not only the first."""
        ...


class Findings:
    """Gathers what a target has to say of a plan while it goes through it. Each entry and refusal counts once."""

    def __init__(self, order: Order, allows: Mapping[str, str]) -> None:
        self._allow, self._allows = order.allow, allows
        self._report: dict[Entry, None] = {}
        self._refused: dict[Diagnostic, None] = {}

    def note(self, kind: Kind, text: str, span: Span | None = None) -> None:
        """Say what becomes of a statement."""
        self._report[Entry(kind, text, span)] = None

    def refuse(self, message: str, span: Span | None, hint: str, code: str = "EV701") -> None:
        """Say that a statement cannot be expressed. EV701 unless another code says more."""
        self._refused[Diagnostic(code, message, span, hint)] = None

    def unless_allowed(self, word: str, message: str, span: Span | None, instead: str) -> None:
        """Refuse with EV702, or where `--allow word` was given say what is done instead (as approximated)."""
        if word in self._allow:
            self.note("approximated", instead, span)
        else:
            self.refuse(message, span, f"`--allow {word}`: {self._allows[word]}", "EV702")

    @property
    def report(self) -> list[Entry]:
        """The entries, by kind, each kind in the order of its notes. Raises Refusal if anything was refused."""
        self.settle()
        return sorted(self._report, key=lambda entry: KINDS.index(entry.kind))

    def settle(self) -> None:
        """Raise Refusal if anything was refused."""
        if self._refused:
            raise Refusal(list(self._refused))


_BUILT = {"sh": "shell", "ansible": "ansible"}
"""The targets of evdsl itself, with the modules of this folder that hold them as `target`."""


def names() -> list[str]:
    """The targets that there are."""
    from ..base import plugins

    return sorted({*_BUILT, *plugins.names(plugins.TARGETS)})


def load(name: str) -> Target:
    """The target of this name. Raises Refusal for one that is not there or cannot be used: EV700."""
    from importlib import import_module
    from importlib.util import find_spec

    if name in _BUILT and find_spec(f".{_BUILT[name]}", __package__):
        found: Target = import_module(f".{_BUILT[name]}", __package__).target
        return found
    from ..base import plugins

    if not plugins.known(name, plugins.TARGETS):
        near = nearest(name, names())
        hint = f"did you mean `{near}`?" if near else f"the targets are {', '.join(names())}"
        raise Refusal([Diagnostic("EV700", f"there is no target `{name}`", None, hint)])
    try:
        plugged: Target = plugins.provided(name, plugins.TARGETS)
    except plugins.Unusable as problem:
        message = f"the target `{name}` cannot be used: {problem}"
        raise Refusal([Diagnostic("EV700", message, None, "repair or remove the package")]) from None
    return plugged
