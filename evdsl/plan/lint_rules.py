"""Warnings on single rules: an event that its emitter never says, `all … changed` over several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ..base.diagnostic import Diagnostic
from ..base.drivers import DRIVERS, SINK
from ..base.events import EVENTS, OUTCOMES, SUCCESS, matched
from ..base.source import Span
from ..meaning.program import Program, Rule
from ..meaning.render import options_of
from .faults import listed as listed
from .places import Places, key
from .says import Said, Says

STRICT, AFTER_FAILURE = "strict", "after a failure"
"""Why a rule does not match an emitter: at all, or but in the run after a failure, when `ok` is recorded as
`changed` (section 7)."""


def never_matching(program: Program, says: Says, places: Places) -> Iterator[Diagnostic]:
    """EV402. A statement with a pattern or in a loop is told of only if none of its rules can match."""
    if not any(action.driver for action in program.actions):
        return
    known: dict[tuple[int, tuple[str, ...]], str] = {}
    dead: dict[tuple[int, int, int], list[tuple[Rule, list[int], str]]] = {}
    for rule in program.rules:
        events = rule.events
        reasons = []
        for emitter in rule.emitters:
            reason = known.get((emitter, events))
            if reason is None:
                reason = known[emitter, events] = _why(says, emitter, events)
            reasons.append(reason)
        if any(reasons):
            reason = STRICT if STRICT in reasons else AFTER_FAILURE
            emitters = [e for e, r in zip(rule.emitters, reasons, strict=True) if r == reason]
            dead.setdefault(key(rule.origin), []).append((rule, emitters, reason))
    if not dead:
        return
    made = Counter(at for rule in program.rules if (at := key(rule.origin)) in dead)
    for at, rules in dead.items():
        strict_ones = [r for r in rules if r[2] == STRICT]
        chosen = strict_ones or rules
        rule = chosen[0][0]
        emitters = list(dict.fromkeys(e for _, among, _ in chosen for e in among))
        partial = len(chosen) < made[at]
        if places.by_author(rule.origin) and not (partial and places.is_several(rule.origin)):
            yield _never(
                program, rule, emitters, says, places.events(rule.origin), chosen[0][2] == STRICT, partial
            )


def _why(says: Says, emitter: int, events: tuple[str, ...]) -> str:
    """Why an emitter never matches these words, empty if it can."""
    wanted = matched(events)
    if "skipped" in wanted or says.surely(emitter, wanted):
        return ""
    said = says(emitter)
    if said is None or wanted & said:
        return ""
    return AFTER_FAILURE if "changed" in wanted and "ok" in said and "error" in said else STRICT


def _never(
    program: Program,
    rule: Rule,
    emitters: Sequence[int],
    says: Says,
    span: Span,
    strict: bool,
    partial: bool,
) -> Diagnostic:
    names = listed([program.actions[e].name for e in emitters])
    events = listed(sorted(rule.events, key=EVENTS.index), "or")
    say = "says" if len(emitters) == 1 else "say"
    if strict:
        it = " it" if len(emitters) == 1 else " them"
        message = f"{names} never {say} {events}: this rule never matches{it if partial else ''}"
    else:
        message = f"{names} {say} {events} only in the run after a failure: else this rule never matches"
    return Diagnostic("EV402", message, span, _more(program, emitters[0], says(emitters[0]), rule.events))


def _more(program: Program, emitter: int, said: Said | None, events: tuple[str, ...]) -> str:
    """What the first emitter says, and how it could say more."""
    driver = program.actions[emitter].driver
    known = DRIVERS.get(driver)
    says = listed([word for word in OUTCOMES if word in (said or ())], "or", 6)
    if driver == SINK or known is None or not known.commands:
        return f"{'a sink' if driver == SINK else f'`{driver}`'} says {says}"
    if "ok" in matched(events):
        return (
            "write `success` for whatever went well, or let the action tell: by `changes`, by `unless`, "
            'or by `echo ok > "$EVDSL_EVENT"`'
        )
    word = next(word for word in OUTCOMES if word in matched(events))
    if "exits" in options_of(program.actions[emitter]):
        return f"as it stands it says {says}; another exit code in `exits` can say `{word}`"
    return f'as it stands it says {says}; `echo {word} > "$EVDSL_EVENT"` says more'


def every_changed(program: Program, says: Says, places: Places) -> Iterator[Diagnostic]:
    """EV406: `all` with words that `ok` does not match, where one of the emitters can say `ok`."""
    told: set[tuple[int, int, int]] = set()
    for rule in program.rules:
        if not rule.all or len(set(rule.emitters)) < 2 or key(rule.origin) in told:
            continue
        if not matched(rule.events) < SUCCESS or "ok" in matched(rule.events):
            continue
        if all((said := says(e)) is not None and "ok" not in said for e in rule.emitters):
            continue
        told.add(key(rule.origin))
        events = listed(sorted(rule.events, key=EVENTS.index), "or")
        count = len(set(rule.emitters))
        message = f"this rule is idle as soon as one of its {count} emitters says `ok`: all must say {events}"
        hint = "write `success`, or a plain `on` and `needs` to wait for all and run if one changed something"
        yield Diagnostic("EV406", message, places.emitters(rule.origin), hint)
