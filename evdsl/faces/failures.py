"""What failed, once more at the end of a run: what, why, where it stands, the end of its output, and its log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..base.source import Span
from ..drivers.outcome import Outcome
from .terminal import Out, as_shown, printable, width

MOST = 10
"""Failures that are shown."""
TAIL = 20
"""Lines of output that each of them shows."""
_WIDEST = 80


class Failure(NamedTuple):
    """`name` as people call the step, `reference` as commands take it; `log` is a path, empty where there is none.

    `caused`: a rule set it off.
    """

    name: str
    reference: str
    outcome: Outcome
    span: Span | None
    log: str
    caused: bool

    @property
    def place(self) -> str:
        return f"{self.span.source.path}:{self.span.line}" if self.span is not None else ""


def show(failures: Sequence[Failure], shown: Out) -> None:
    """A frame around each of the first ones."""
    wide = min(shown.columns - 1, _WIDEST)
    for failure in failures[:MOST]:
        _one(failure, shown, wide)
    if failures:
        shown.line(("─" * wide, "dim"))
    if len(failures) > MOST:
        shown.line(f"and {len(failures) - MOST} more failed; `evdsl status` lists all")


def _one(failure: Failure, shown: Out, wide: int) -> None:
    outcome = failure.outcome
    reason, place = printable(outcome.reason), printable(failure.place)
    head = f"{failure.name} {outcome.event}"
    brief = f" ({reason})" if reason else ""
    if width(f"── {head}{brief}  {place} ─") <= wide:
        head, reason = head + brief, ""
    rule = wide - width(f"── {head}  {place} ")
    shown.line(
        ("── ", "dim"),
        (head, "failed"),
        (f"  {place} " if place else " ", "place"),
        ("─" * max(1, rule), "dim"),
    )
    for line in shown.wrapped(reason, 3, 3) if reason else ():
        shown.line("   ", line)
    lines = lines_of(outcome)
    for line in lines[-TAIL:]:
        shown.line("   ", line)
    if not (lines or reason) and outcome.event == "failed":
        shown.line(("   it wrote nothing", "dim"))
    if failure.log:
        more = f"  (the last {TAIL} of {len(lines)} lines)" if len(lines) > TAIL else ""
        shown.line("   ", (f"log: {printable(failure.log)}{more}", "dim"))


def lines_of(outcome: Outcome) -> list[str]:
    """The lines of an output, ready to show, without empty ones at its end."""
    text = outcome.output.text.rstrip("\n")
    return [as_shown(line) for line in text.split("\n")] if text else []


def advice(failures: Sequence[Failure], owed: Sequence[str], named: Callable[[str], str]) -> list[str]:
    """What to type next, a line each; none where nothing failed and nothing is owed. `owed`: the actions that debts set off.

    `named` puts the file behind a command.
    """
    said = []
    log = next((failure.reference for failure in failures if failure.log), "")
    if log:
        said.append(f"`{named('evdsl log ' + log)}` shows all that it wrote")
    caused = next((failure.reference for failure in failures if failure.caused), "")
    if caused:
        said.append(f"`{named('evdsl why ' + caused)}` tells what led to it")
    if owed:
        others = f" and {len(set(owed)) - 1} more" if len(set(owed)) > 1 else ""
        said.append(
            f"`{named('evdsl run')}` sets {owed[0]}{others} off, which {'are' if others else 'is'} owed"
        )
    return said
