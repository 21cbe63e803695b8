"""`evdsl simulate`: what would happen, in the order in which it would, each with its cause."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from ..api import Plan
from ..base.reading import read
from ..plan.plan import Trigger
from ..plan.says import Says
from ..run.engine import Cause
from ..run.simulate import Trace
from .holding import left
from .messages import show
from .opening import REFUSED, err, opened, out, planned, usage
from .terminal import Out, printable


def main(args: argparse.Namespace) -> int:
    program = opened(args)
    found = planned(args, program) if program else None
    if program is None or found is None:
        return REFUSED
    plan, _ = found
    outcomes = _outcomes(args)
    if outcomes is None:
        return REFUSED
    from ..run.simulate import chosen_outcomes, simulate

    chosen, wrong = chosen_outcomes(plan.inner, args.when, outcomes, args.rest)
    if wrong:
        show(wrong, err(args))
        return REFUSED
    from ..run.begin import outside_of

    outside, wrong = outside_of(plan.program, plan.inner, args.limit)
    if wrong:
        show(wrong, err(args))
        return REFUSED
    before = left(plan.inner.path, plan.program, args)
    trace = simulate(plan.inner, chosen, args.rest, debts=before.debts, dirty=before.dirty, outside=outside)
    if args.json:
        out(args).document(trace.to_json())
    else:
        tell(plan, trace, out(args), verbose=args.verbose)
    return 0


def labels_of(plan: Plan) -> dict[str, str]:
    """Steps by id as people read them: with their number only where their action has several."""
    several = {s.name for s in plan.steps if s.instance}
    return {s.id: s.id if s.name in several else s.name for s in plan.steps}


def causes(labels: Mapping[str, str], because: Sequence[Cause], room: int) -> str:
    """`← a.run changed, b.run failed`, in `room` columns: the first two if they fit, else the first, and how many more."""
    told = [f"{labels.get(c.from_id, c.from_id)} {c.event}" for c in because]
    for shown in (told, told[:2], told[:1]):
        rest = len(told) - len(shown)
        text = "← " + ", ".join(shown) + (f" and {rest} more" if rest else "")
        if len(shown) < 2 or len(text) <= room:
            break
    return text if told else ""


def _outcomes(args: argparse.Namespace) -> dict[str, object] | None:
    """What `--outcomes FILE` holds; None, told, if it cannot be used."""
    if args.outcomes is None:
        return {}
    import json

    source, wrong = read(args.outcomes)
    if source is None:
        usage(args, f"`--outcomes {args.outcomes}`: {wrong[0].message}", 'it holds {"a.run#0": "ok", …}')
        return None
    try:
        found = json.loads(source.text)
    except (ValueError, RecursionError):
        usage(args, f"`--outcomes {args.outcomes}`: it is no JSON", 'it holds {"a.run#0": "ok", …}')
        return None
    if not isinstance(found, dict):
        usage(args, f"`--outcomes {args.outcomes}` holds no map", 'it holds {"a.run#0": "ok", …}')
        return None
    return found


def tell(plan: Plan, trace: Trace, shown: Out, *, verbose: bool = False) -> None:
    """The trace for people: what ran with its cause, what did not and why, what became of what ran twice."""
    labels = labels_of(plan)
    ran = [line for line in trace.steps if line.outcome not in ("idle", "skipped")]
    skipped = [line for line in trace.steps if line.outcome == "skipped"]
    idle = [line for line in trace.steps if line.outcome == "idle"]
    wide = min(max((len(labels[line.id]) for line in ran), default=0), 34)
    shown.line(("Simulated", "strong"), f" {printable(plan.inner.path)}: nothing was run")
    shown.line()
    for number, line in enumerate(ran, 1):
        lines = ", ".join(dict.fromkeys(f":{c.line}" for c in line.because))
        room = 10**6 if verbose else shown.columns - (wide + 18 + (len(lines) + 2 if lines else 0))
        cause = causes(labels, line.because, room) or "start"
        shown.line(
            f"{number:>3} ",
            (f"{shown.sign(line.outcome)} ", line.outcome),
            f"{labels[line.id]:<{wide}}  ",
            (f"{line.outcome:<8}", line.outcome),
            f" {cause}",
            (f"  {lines}" if lines else "", "dim"),
        )
    for line in skipped:
        shown.line(
            "    ", (f"{shown.sign('skipped')} ", "skipped"), f"{labels[line.id]:<{wide}}  ", ("skipped ", "skipped"),
            f" {printable(line.reason)}",
        )  # fmt: skip
    if idle:
        shown.line()
        names = [labels[line.id] for line in idle]
        few = names if verbose or len(names) <= 6 else names[:6]
        rest = "" if len(few) == len(names) else f" and {len(names) - len(few)} more (-v lists them)"
        shown.line(("idle", "strong"), ", no rule set it off: " + ", ".join(few) + rest)
    again = [s.name for s in plan.steps if s.instance == 1]
    if again:
        shown.line()
        for name in again:
            shown.line(f"{name} as a whole: ", (trace.fold[name], trace.fold[name]))
    unfollowed(plan, trace.unfollowed, shown, verbose=verbose, apart=True)


def unfollowed(
    plan: Plan, triggers: Sequence[Trigger], shown: Out, *, verbose: bool, apart: bool = False
) -> None:
    """The note on a run that did not converge (section 6): the rules that matched once more after its last round.

    Of an action that can never say `ok` it shows nothing that it did not converge: with `verbose` only.
    """
    if not verbose:
        says = Says(plan.program)
        triggers = [
            t
            for t in triggers
            if any("ok" in (says(plan.steps[s].of) or ("ok",)) for look in t.looks for s in look.steps)
        ]
    if not triggers:
        return
    if apart:
        shown.line()
    one = len(triggers) == 1
    these = "this rule matched again and was" if one else "these rules matched again and were"
    shown.line(("note", "note"), f": it did not converge: {these} not followed")
    for t in triggers if verbose else triggers[:4]:
        names = ", ".join(plan.steps[s].id for look in t.looks for s in look.steps[-1:])
        shown.line(
            "  ",
            (f":{t.origin.line} ", "dim"),
            printable(t.origin.text),
            ("  " + names if verbose else "", "dim"),
        )
    if len(triggers) > 4 and not verbose:
        shown.line("  ", (f"and {len(triggers) - 4} more (-v lists them)", "dim"))
    starts = list(dict.fromkeys(plan.steps[t.to].name for t in triggers))[:3]
    options = " ".join(f"--start {name}" for name in starts)
    shown.line("  ", ("help", "strong"), f": `evdsl run {options}` goes round once more")
