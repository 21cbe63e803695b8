"""The Python interface: load a program, plan it, ask what would happen, take the plan elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .base.diagnostic import Diagnostic, has_errors, in_order
from .base.reading import checked, read
from .base.source import Source
from .meaning.check import check_actions
from .meaning.compile import compile_program
from .meaning.params import Given
from .meaning.program import Program as _Program
from .plan.build import plan as _plan
from .plan.lint import lint_plan, lint_program
from .plan.plan import Cycle, Step
from .plan.plan import Plan as _Plan
from .syntax.trees import Trees

if TYPE_CHECKING:
    import networkx

    from .run.simulate import Trace


class Refused(Exception):
    """The program does not stand, or a name does not fit; `diagnostics` says why, errors among them."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = in_order(diagnostics)
        errors = [d for d in self.diagnostics if d.severity == "error"]
        shown = [f"{d.span!r}: {d.code} {d.message}" if d.span else f"{d.code} {d.message}" for d in errors]
        super().__init__("\n".join(shown))


class Program:
    """A loaded program. `diagnostics` holds all that `check` would say of it but for its plan."""

    def __init__(self, inner: _Program | None, diagnostics: list[Diagnostic], files: int) -> None:
        self.inner = inner
        self.diagnostics = diagnostics
        self.files = files

    @property
    def stands(self) -> bool:
        """Whether it has no error; else it cannot be planned."""
        return self.inner is not None and not has_errors(self.diagnostics)

    @property
    def actions(self) -> list[str]:
        """The names of all actions, in order of first mention."""
        return [a.name for a in self.inner.actions] if self.inner else []

    def plan(self, action: str = "run", start: Iterable[str] = ()) -> Plan:
        """The plan that a run has: `action` is the entry action, `start` what alone starts it, if it is given.

        Raises Refused where the program does not stand, a name is unknown or a cycle cannot be resolved (sections 5
        and 6 of docs/language.md).
        """
        plan, found = self.try_plan(action, start)
        if plan is None:
            raise Refused([*self.diagnostics, *found])
        return plan

    def try_plan(
        self, action: str = "run", start: Iterable[str] = ()
    ) -> tuple[Plan | None, list[Diagnostic]]:
        """As `plan`, but what is wrong is a value: the plan or None, and what is to be said of it."""
        if self.inner is None or not self.stands:
            return None, []
        numbers: list[int] | None = None
        for text in start:
            found = self.inner.find(text)
            if not found:
                return None, [self.inner.unknown(text, "--start")]
            numbers = list(dict.fromkeys([*(numbers or []), *found]))
        if action != "run" and numbers is None and not any(a.action == action for a in self.inner.actions):
            return None, [self.inner.no_action(action)]
        inner, said = _plan(self.inner, action, numbers)
        if inner is None:
            return None, said
        return Plan(inner, self.inner), [*said, *lint_plan(self.inner, inner, action, numbers)]


class Plan:
    """What can run, in an order in which it could. `inner` is the plan as evdsl.plan.plan describes it."""

    def __init__(self, inner: _Plan, program: _Program) -> None:
        self.inner = inner
        self.program = program

    @property
    def steps(self) -> list[Step]:
        """One for each instance; `step.id` is as `a.run#0`."""
        return self.inner.steps

    @property
    def start(self) -> list[str]:
        """The names of the actions that start by themselves, sorted."""
        return sorted(self.inner.steps[s].name for s in self.inner.start)

    @property
    def cycles(self) -> list[Cycle]:
        """The cycles that were found, each with the action that runs again and why that one."""
        return self.inner.cycles

    @property
    def dormant(self) -> list[str]:
        """The names of the actions that nothing in this plan can set off."""
        return self.inner.dormant

    def simulate(
        self,
        when: Mapping[str, str] | None = None,
        outcomes: Mapping[str, str] | None = None,
        rest: str = "changed",
    ) -> Trace:
        """What would happen (section 7). Nothing is run.

        `outcomes` maps ids (`a.run#0`) to outcomes, `when` references to outcomes (without `#N`: every instance; it
        wins); `rest` is the outcome of all others. Raises Refused for an unknown reference or outcome.
        """
        from .run.simulate import chosen_outcomes, simulate

        chosen, wrong = chosen_outcomes(
            self.inner, [f"{k}={v}" for k, v in (when or {}).items()], dict(outcomes or {}), rest
        )
        if wrong:
            raise Refused(wrong)
        return simulate(self.inner, chosen, rest)

    def to_json(self) -> dict[str, Any]:
        """The document of `plan --json` (section 10)."""
        from .plan.json import to_json

        return to_json(self.inner)

    def to_networkx(self) -> networkx.MultiDiGraph[str]:
        """The steps as a graph: an edge for each rule and order, with attributes; imports networkx."""
        from .plan.export import to_networkx

        return to_networkx(self.inner)


def load(
    path_or_text: str | os.PathLike[str],
    settings: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    *,
    name: str | None = None,
) -> Program:
    """Load a program from a file, or from a text.

    A path-like object is a path; a str is a text if it holds a line end or a blank and no such file exists, else a path
    (`-` is standard input). `settings` are values for params and secrets as `--set` gives them, `environment` is looked
    at for `EVDSL_SET_name` (default: none). `name` is what messages call the file.

    Never raises for what the program says: see `diagnostics`. Reads files, executes nothing.
    """
    text = str(path_or_text)
    if isinstance(path_or_text, str) and any(c in text for c in "\n ") and not os.path.exists(text):
        cleaned = text.removeprefix("\ufeff").replace("\r\n", "\n")
        source, found = checked(Source(name or "<text>", cleaned))
        return Program(None, found, 1) if source is None else load_source(source, None, settings, environment)
    return load_file(text, settings, environment, name=name)


def load_file(
    path: str,
    settings: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    *,
    name: str | None = None,
) -> Program:
    """As `load`, of a path whatever it looks like."""
    folder = "" if path == "-" else os.path.dirname(path)
    source, found = read(path, name)
    return Program(None, found, 1) if source is None else load_source(source, folder, settings, environment)


def load_source(
    source: Source,
    folder: str | None,
    settings: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    trees: Trees | None = None,
) -> Program:
    """As `load`, of a source that is at hand. `folder` is where it lies, None if nowhere; `trees`: see syntax/trees.py."""
    return looked_at(*compile_program(source, folder, Given(settings or {}, environment or {}), trees))


def looked_at(inner: _Program, found: list[Diagnostic]) -> Program:
    """A compiled program with all that `check` says of it but for its plan; `found` is what the compiler said."""
    if not has_errors(found):
        found = in_order([*found, *check_actions(inner)])
    if not has_errors(found):
        found = in_order([*found, *lint_program(inner)])
    return Program(inner, found, len(inner.units))
