"""The page of a run: its graph by outcome, a timeline with the critical chain, and of each action why, and what it wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..base.events import SETTLED
from ..run.runs import Entry
from ..run.why import Answer, Miss, Why
from .critical import Span, critical
from .escape import xml
from .labels import names
from .network import About, Became, Ran, duration, network
from .page import Extra, page
from .timeline import Bar, timeline


class Log(NamedTuple):
    """What a step wrote: the end of it, whether something stood before that, where all of it is."""

    text: str
    cut: bool
    path: str


class Told(NamedTuple):
    """What is said of the run as a whole: a word for how it ended, when it began, what it left as debts."""

    state: str
    began: str
    debts: list[str]


def report(why: Why, about: Mapping[str, About], told: Told, logs: Callable[[str], Log | None]) -> str:
    """The page of a run. `logs` gives what a step wrote, by its id, None for nothing."""
    run, plan = why.run, why.plan
    labels = names(plan)
    spans: dict[int, Span] = {}
    for step, entry in why.entries.items():
        began = None if entry.began is None else max(entry.began - run.began, 0.0)
        ended = (run.ended or entry.began or run.began) if entry.ended is None else entry.ended
        spans[step] = Span(began, max(ended - run.began, began or 0.0))
    chain = critical(plan, spans)
    bars = [
        Bar(
            plan.steps[step].id,
            labels[step],
            why.entries[step].state,
            span.began,
            span.ended - span.began,
            step in chain,
        )
        for step, span in sorted(spans.items(), key=lambda found: (found[1].began or 0.0, found[0]))
        if span.began is not None
    ]
    on_chain = sum(span.ended - (span.began or 0.0) for step, span in spans.items() if step in chain)
    became = {
        entry.id: Became(entry.state, spans[step].ended - (spans[step].began or 0.0) if entry.began is not None else 0.0)
        for step, entry in why.entries.items()
    }  # fmt: skip
    answers = [why.of(step) for step in range(len(plan.steps))]
    steps = {
        plan.steps[step].id: _step(answer, became.get(plan.steps[step].id), logs)
        for step, answer in enumerate(answers)
    }
    matched = {
        (s, step) for step in range(len(plan.steps)) for link in answers[step].links for s in link.steps
    }
    extra = Extra(
        _heading(run.number, run.seconds, list(why.entries.values()), told),
        [("Timeline", timeline(bars, _about(chain, on_chain, run.seconds, told)))],
        steps,
    )
    return page(network(plan, about, Ran(became, matched)), run=extra)


def _heading(number: int, seconds: float | None, entries: list[Entry], told: Told) -> str:
    counts = Counter(entry.state for entry in entries)
    said = ", ".join(f"{counts[word]} {word}" for word in (*SETTLED, "cut") if counts[word])
    took = f" in {duration(seconds)}" if seconds is not None else ""
    return (
        f'<span class="outcome {told.state.replace(" ", "-")}">Run {number} {told.state}{took}</span>'
        f'<span class="count">{xml(told.began)}: {said or "nothing was decided"}</span>'
    )


def _about(chain: list[int], seconds: float, whole: float | None, told: Told) -> str:
    debts = "".join(f"<li>{xml(text)}</li>" for text in told.debts)
    owed = f"<p>It leaves, for the next run:</p><ul>{debts}</ul>" if debts else ""
    if not chain:
        return owed
    of = f" of {duration(whole)}" if whole is not None else ""
    steps = "one step" if len(chain) == 1 else f"{len(chain)} steps"
    return f"<p><b>Critical chain</b>: {steps}, {duration(seconds)}{of}. What is not on it did not hold up the end.</p>{owed}"


def _step(answer: Answer, became: Became | None, logs: Callable[[str], Log | None]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    entry = answer.entry
    if became is not None and became.seconds:
        found["took"] = duration(became.seconds)
    if entry is not None and entry.tries > 1:
        found["took"] = f"{found.get('took', '')} in {entry.tries} tries".strip()
    if entry is not None and entry.reason:
        found["reason"] = entry.reason
    because = ["it starts the plan"] if answer.starts else []
    for link in answer.links:
        owed = f", owed since run {link.owed}" if link.owed else ""
        cause = link.cause
        because.append(f"{cause.from_id} → {cause.event}{owed} ({cause.file}:{cause.line})")
    if because:
        found["because"] = because
    elif answer.misses:
        found["misses"] = [_miss(miss) for miss in answer.misses]
    log = logs(answer.id)
    if log is not None:
        found |= {"log": log.text, "cut": log.cut, "path": log.path}
    return found


def _miss(miss: Miss) -> str:
    words = {"": "has no end", "idle": "was idle", "skipped": "was skipped"}
    ends = ", ".join(f"{name} {words.get(state, f'ended {state}')}" for name, state in miss.emitters)
    every = "all " if miss.all else ""
    place = f"{miss.origin.source.path}:{miss.origin.line}"
    return f"the rule on {every}{'|'.join(miss.events)} did not match: {ends} ({place})"
