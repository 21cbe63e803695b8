"""`evdsl why REF`: what led to what, back to the start of the run; or why nothing did."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..base.source import Span
from .holding import telling
from .log import chosen_run, iso_time
from .opening import REFUSED, kept_file, out, usage
from .terminal import Out, Part, printable

if TYPE_CHECKING:
    from ..run.runs import Entry, Run
    from ..run.state import State
    from ..run.why import Answer, Link, Miss, Why

_MOST = 40
"""Lines of a chain of causes, without `-v`."""


def main(args: argparse.Namespace) -> int:
    """`args.ref`, `args.run` as for `log`; `args.json`: one document for programs."""
    path = kept_file(args)
    return REFUSED if path is None else telling(args, path, lambda: _main(path, args))


def _main(path: str, args: argparse.Namespace) -> int:
    from ..run.state import State

    with State.open(path, write=False) as state:
        run = _run(path, state, args)
        if run is None:
            return REFUSED
        from ..run.why import Why

        why, shown = Why(run), out(args)
        steps = why.named(args.ref)
        name = why.dormant(args.ref)
        if args.json:
            answers = [_document(why, step, set()) for step in steps]
            shown.document({"version": 1, "run": run.number, "steps": answers, "dormant": bool(name)})
        elif name:
            shown.line(
                f"{printable(name)} was dormant in run {run.number}: nothing in its plan could set it off."
            )
        for number, step in enumerate(steps if not args.json else ()):
            if number:
                shown.line()
            _Chain(why, shown, args.verbose).tell(step)
    return 0


def _run(path: str, state: State, args: argparse.Namespace) -> Run | None:
    """The run that is asked about; None, told, if no run knows the reference."""
    from ..run.runs import runs
    from ..run.why import Why

    found = [run for run in runs(state) if args.run in (None, run.number)]
    for run in reversed(found):
        if (why := Why(run)).named(args.ref) and any(
            n in why.entries and why.entries[n].ran for n in why.named(args.ref)
        ):
            return run
    for run in reversed(found):
        why = Why(run)
        if why.named(args.ref) or why.dormant(args.ref):
            return run
    if chosen_run(path, state, args.ref, args) is not None:  # says what is wrong
        usage(args, f"`{args.ref}` is in no plan that was run", "`evdsl status` lists what was run")
    return None


class _Chain:
    """An answer as lines. What was told once is not told again."""

    def __init__(self, why: Why, shown: Out, verbose: bool) -> None:
        self.why, self.shown = why, shown
        self.most = 10**9 if verbose else _MOST
        self.told: set[int] = set()
        self.lines = 0
        several = {s.name for s in why.plan.steps if s.instance}
        self.labels = {s.id: s.id if s.name in several else s.name for s in why.plan.steps}

    def label(self, id_: str) -> str:
        return printable(self.labels.get(id_, id_))

    def tell(self, step: int) -> None:
        answer = self.why.of(step)
        self._head(answer)
        self.told.add(step)
        self._below(step, answer, "  ")
        if self.lines > self.most:
            self.shown.line(("  … there is more: `-v` tells all of it", "dim"))
        if answer.cycle is not None:
            self.shown.line(f"It runs again in a cycle: {printable(answer.cycle.reason)}.")

    def _head(self, answer: Answer) -> None:
        entry, number = answer.entry, self.why.run.number
        name = self.label(answer.id)
        if entry is None:
            self.shown.line((name, "strong"), f" was not decided: run {number} broke off before.")
            return
        at = f" at {_clock(entry.began)}" if entry.began is not None else ""
        reason = f" ({printable(entry.reason)})" if entry.reason else ""
        said: list[Part] = [(name, "strong")]
        if entry.ran:
            said += [" ran", f"{at} in run {number} and ended ", (entry.state, entry.state), reason]
        elif entry.state == "cut":
            said += [f" began{at} in run {number} and was cut off"]
        elif entry.state == "skipped":
            said += [
                f" was set off in run {number} and ",
                ("skipped", "skipped"),
                f": {printable(entry.reason)}",
            ]
        else:
            said += [f" was idle in run {number}"]
        self.shown.line(*said, ", because" if answer.links or answer.starts or not entry.ran else "")

    def _below(self, step: int, answer: Answer, indent: str) -> None:
        """What led to a step, each line a cause, what led to that below it."""
        if answer.starts:
            self._line(indent, "it starts the plan", None)
        for link in answer.links:
            self._link(link, indent)
        if not answer.links and not answer.starts:
            if not answer.misses:
                self._line(indent, "no rule leads to it", None)
            for miss in answer.misses:
                self._miss(miss, indent)
            for text in answer.void:
                self._line(
                    indent, f"the debt `{printable(text)}` was void: its emitter ended in success", None
                )

    def _link(self, link: Link, indent: str) -> None:
        cause = link.cause
        ends = [self.why.entries[s] for s in link.steps if s in self.why.entries]
        at = f" ({_clock(ends[-1].ended)})" if ends and ends[-1].ended is not None else ""
        owed = f", owed since run {link.owed}" if link.owed else ""
        place = f"{printable(cause.file)}:{cause.line}"
        new = [s for s in link.steps if s not in self.told]
        again = "" if new or not link.steps else ", as above"
        self._line(indent, f"{self.label(cause.from_id)} → {cause.event}{at}{owed}{again}", place)
        self.told.update(new)
        for s in new:
            answer = self.why.of(s)
            if len(link.steps) > 1 and (answer.entry is None or not answer.entry.ran):
                continue
            self._below(s, answer, indent + "   ")

    def _miss(self, miss: Miss, indent: str) -> None:
        every = "all of " if miss.all and len(miss.emitters) > 1 else ""
        names = ", ".join(self.label(name) for name, _ in miss.emitters)
        wanted = f"{every}{names} {'|'.join(miss.events)}"
        ends = [f"{self.label(name)} {_ended(state)}" for name, state in miss.emitters]
        self._line(indent, f"its rule on {wanted} did not match", _place(miss.origin))
        for end in ends:
            self._line(indent + "  ", end, None)

    def _line(self, indent: str, text: str, place: str | None) -> None:
        self.lines += 1
        if self.lines <= self.most:
            self.shown.line(indent, text, (f"  {place}" if place else "", "dim"))


def _ended(state: str) -> str:
    return {"": "has no end", "idle": "was idle", "skipped": "was skipped"}.get(state, f"ended {state}")


def _place(origin: Span) -> str:
    return f"{printable(origin.source.path)}:{origin.line}"


def _clock(at: float | None) -> str:
    from time import localtime, strftime

    return strftime("%H:%M:%S", localtime(at)) if at is not None else ""


def _document(why: Why, step: int, told: set[int]) -> dict[str, object]:
    answer = why.of(step)
    entry: Entry | None = answer.entry
    found: dict[str, object] = {"id": answer.id, "state": entry.state if entry else None}
    if entry is not None and entry.reason:
        found["reason"] = entry.reason
    if entry is not None and entry.began is not None:
        found["began"] = iso_time(entry.began)
    if step in told:
        return found
    told.add(step)
    found["starts"] = answer.starts
    found["because"] = [
        {
            "from": link.cause.from_id,
            "event": link.cause.event,
            "file": link.cause.file,
            "line": link.cause.line,
            **({"owed": link.owed} if link.owed else {}),
            "steps": [_document(why, s, told) for s in link.steps],
        }
        for link in answer.links
    ]
    found["unmatched"] = [
        {
            "from": {name: state or None for name, state in miss.emitters},
            "event": list(miss.events),
            "all": miss.all,
            "file": miss.origin.source.path,
            "line": miss.origin.line,
        }
        for miss in answer.misses
    ]
    return found
