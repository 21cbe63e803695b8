"""`evdsl plan`: what is certain, what is possible and on which condition, and what cycles do."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..api import Plan
from ..base.diagnostic import Diagnostic
from ..base.events import FAILURE, matched
from ..base.source import Span
from ..plan.plan import Trigger
from .holding import left
from .messages import show
from .opening import REFUSED, err, opened, out, planned
from .show_trace import labels_of
from .terminal import Out, Part, printable

if TYPE_CHECKING:
    from ..run.runs import Now


def main(args: argparse.Namespace) -> int:
    program = opened(args)
    found = planned(args, program) if program else None
    if program is None or found is None:
        return REFUSED
    plan, said = found
    before = left(plan.inner.path, plan.program, args)
    if args.json:
        document = plan.to_json()
        if before.debts or before.dirty:
            document |= {"debts": [d.text for d in before.debts], "dirty": sorted(before.dirty)}
        out(args).document(document)
        return 0
    show([d for d in said if d.severity == "warning"], err(args))
    shown = out(args)
    _head(plan, shown)
    _steps(plan, before, shown, args.verbose)
    _foot(plan, said, shown, args.verbose)
    _owed(plan, before, shown)
    return 0


def _head(plan: Plan, shown: Out) -> None:
    start, steps = plan.start, len(plan.steps)
    lead = f" of {printable(plan.inner.path)}: {steps} step{'' if steps == 1 else 's'}, start: "
    for many in (4, 3, 2, 1):
        few = ", ".join(start[:many]) + (f" and {len(start) - many} more" if len(start) > many else "")
        if len("Plan" + lead + few) <= shown.columns:
            break
    shown.line(("Plan", "strong"), lead + few)
    shown.line()


def _steps(plan: Plan, before: Now, shown: Out, verbose: bool) -> None:
    inner = plan.inner
    owed = before.debts
    labels = list(labels_of(plan).values())
    wide = min(max(map(len, labels), default=0), 34)
    starts = set(inner.start)
    for i, name in enumerate(labels):
        reasons = [("start", "")] if i in starts else []
        due = [d for d in owed if d.subscriber == inner.steps[i].name] if not inner.steps[i].instance else []
        reasons += [
            (f"owed since run {d.run}: {d.text.removesuffix(d.subscriber)}", f":{d.line}") for d in due
        ]
        for t in inner.triggers[i]:
            reasons.append((_condition(plan, t, labels), _where(t.origin, inner.path)))
        kind, sign = _kind(plan, i, starts if not any(not d.on_failure for d in due) else {i})
        first = reasons[0] if reasons else ("", "")
        more = reasons[1:]
        if len(more) > 2 and not verbose:
            more = [*more[:1], (f"or by {len(more) - 1} more rules", "")]
        shown.line(
            f"  {'*' if shown.plain and sign == '●' else _ascii(shown, sign)} ",
            (f"{kind:<11}", _style(kind)),
            f" {name:<{wide}}  ",
            *_reason(first),
        )
        for reason in more:
            shown.line(" " * (16 + wide + 2), *_reason(reason, "or "))
        if verbose:
            _more(plan, i, labels, shown, 16 + wide + 2)


def _ascii(shown: Out, sign: str) -> str:
    return {"●": "*", "◐": "+", "○": "-"}[sign] if shown.plain else sign


def _reason(reason: tuple[str, str], lead: str = "") -> list[Part]:
    text, place = reason
    return [(lead if not text.startswith("or ") else "") + text, (f"  {place}" if place else "", "dim")]


def _kind(plan: Plan, step: int, starts: set[int]) -> tuple[str, str]:
    if step in starts:
        vetoed = any(edge.needs for edge in plan.inner.orders[step])
        return ("starts" if vetoed else "certain"), "●"
    into = plan.inner.triggers[step]
    if into and all(matched(t.events) <= FAILURE for t in into):
        return "on failure", "○"
    return "possible", "◐"


def _style(kind: str) -> str:
    return {"certain": "ok", "starts": "ok", "possible": "changed", "on failure": "failed"}[kind]


def _condition(plan: Plan, trigger: Trigger, labels: list[str]) -> str:
    """`if a.run → changed`, in the names that people read."""
    names = []
    for look in trigger.looks:
        names.append(labels[look.steps[0]] if len(look.steps) == 1 else look.name)
    words = "|".join(trigger.events)
    joined = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    every = "all of " if trigger.all else ""
    closing = ", closes the cycle" if trigger.closing else ""
    return f"if {every}{joined} → {words}{closing}"


def _where(origin: Span, root: str) -> str:
    """`:5`, with the file's name where it is not the root file."""
    path = origin.source.path
    return f"{printable(path) if path != root else ''}:{origin.line}"


def _more(plan: Plan, step: int, labels: list[str], shown: Out, indent: int) -> None:
    doc = plan.program.actions[plan.inner.steps[step].of].doc
    for line in doc.split("\n") if doc else []:
        shown.line(" " * indent, ("## " + printable(line), "dim"))
    for edge in plan.inner.orders[step]:
        before = labels[edge.before.steps[0]] if len(edge.before.steps) == 1 else edge.before.name
        word = "needs" if edge.needs else "after"
        weak = " (weak)" if edge.weak else ""
        shown.line(" " * indent, (f"{word} {before}{weak}  :{edge.origin.line}", "dim"))


def _foot(plan: Plan, said: list[Diagnostic], shown: Out, verbose: bool) -> None:
    notes = [d for d in said if d.severity == "note"]
    if notes:
        shown.line()
    for d in notes:
        _note(d, shown, verbose)
    inner = plan.inner
    if inner.waiting:
        shown.line()
        shown.line(("Not started by themselves", "strong"), ", as rules set them off:")
        for name, origins in list(inner.waiting.items())[: None if verbose else 8]:
            lines = list(dict.fromkeys(_where(o, inner.path) for o in origins))
            places = ", ".join(lines[:4]) + (" …" if len(lines) > 4 else "")
            shown.line(f"  {name}  ", (places, "dim"))
        if len(inner.waiting) > 8 and not verbose:
            shown.line((f"  and {len(inner.waiting) - 8} more (-v lists them)", "dim"))
    if inner.dormant:
        shown.line()
        few = ", ".join(inner.dormant if verbose else inner.dormant[:6])
        rest = "" if verbose or len(inner.dormant) <= 6 else f" and {len(inner.dormant) - 6} more"
        shown.line(("Dormant", "strong"), f", nothing sets them off: {few}{rest}")


def _owed(plan: Plan, before: Now, shown: Out) -> None:
    """What is left of earlier runs and this plan has no step for, and which actions are dirty."""
    names = {step.name for step in plan.steps}
    waiting = [d for d in before.debts if d.subscriber not in names]
    dirty = [name for name in before.dirty if name in names]
    if waiting or dirty:
        shown.line()
    for d in waiting:
        shown.line(
            ("Owed", "warning"), f", and not in this plan: {printable(d.text)}", (f"  run {d.run}", "dim")
        )
    if dirty:
        few = ", ".join(dirty[:6]) + (f" and {len(dirty) - 6} more" if len(dirty) > 6 else "")
        shown.line(("Dirty", "warning"), f", an `ok` of them counts as `changed`: {few}")


def _note(d: Diagnostic, shown: Out, verbose: bool) -> None:
    shown.line(("note", "note"), f"[{d.code}]: {printable(d.message)}")
    for place, text in d.labels if verbose or len(d.labels) <= 6 else d.labels[:6]:
        shown.line("  ", (f"{printable(place.source.path)}:{place.line}: ", "dim"), printable(text))
    if d.hint:
        shown.line("  ", ("help", "strong"), f": {printable(d.hint)}")
