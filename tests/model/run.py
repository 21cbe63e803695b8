"""The reference model of LANGUAGE.md section 7 (and 3): what becomes of a plan. One run, without debts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from .plan import MPlan, waits_for

FAILURE = frozenset({"failed", "error"})
SUCCESS = frozenset({"ok", "changed", "created", "removed"})
OUTCOMES = SUCCESS | FAILURE

# section 3: the outcomes that an event word matches; `idle` is matched by nothing
MEANS: dict[str, frozenset[str]] = {
    "done": OUTCOMES,
    "success": SUCCESS,
    "failure": FAILURE,
    "changed": frozenset({"changed", "created", "removed"}),
    **{word: frozenset({word}) for word in ("ok", "created", "removed", "failed", "error", "skipped")},
}


def matches(outcome: str, events: Collection[str]) -> bool:
    """Whether a rule on these event words matches an outcome (section 3)."""
    return any(outcome in MEANS[word] for word in events)


def fold(outcomes: Sequence[str]) -> str:
    """The fold of an action's instances, given in their order (section 7)."""
    ran = [o for o in outcomes if o in OUTCOMES]
    if not ran:
        return "skipped" if "skipped" in outcomes else "idle"
    if ran[-1] in FAILURE or len(set(ran)) == 1:
        return ran[-1]
    return "created" if set(ran) <= {"ok", "created"} else "changed"


def folds(plan: MPlan, trace: Mapping[str, str]) -> dict[str, str]:
    """The fold of every planned action after a run."""
    actions = {s.rpartition("#")[0] for s in plan.steps}
    return {a: fold([trace[s] for s in plan.instances(a)]) for a in actions}


def simulate(
    plan: MPlan, outcomes: Mapping[str, str], rest: str = "changed", limit: Collection[str] | None = None
) -> dict[str, str]:
    """What each instance ends with: an outcome, `idle` or `skipped` (section 7).

    `outcomes` says what an instance would say if it ran, `rest` is for all others. `limit` is the actions
    (`a.run`) or resources (`a`) that may run, None for all.
    """
    waits = waits_for(plan)
    trace: dict[str, str] = {}
    vetoed: set[str] = set()  # the instances that `needs` kept from running

    def seen(look: str) -> str:
        return trace[look] if "#" in look else fold([trace[s] for s in plan.instances(look)])

    def bars(look: str) -> bool:
        """A needed look that ended in failure or was itself vetoed."""
        end = seen(look)
        of = {look} if "#" in look else set(plan.instances(look))
        return end in FAILURE or (end == "skipped" and bool(of & vetoed))

    def limited(action: str) -> bool:
        return limit is not None and action not in limit and action.rpartition(".")[0] not in limit

    def decide(step: str) -> str:
        action = step.rpartition("#")[0]
        set_off = step == f"{action}#0" and action in plan.start
        for rule in (r for r in plan.rules if r.to == step):
            hits = [matches(seen(look), rule.events) for look in rule.looks]
            set_off = set_off or (all(hits) if rule.all else any(hits))
        if not set_off:
            return "idle"
        if any(bars(o.before) for o in plan.orders if o.after == step and o.kind == "needs"):
            vetoed.add(step)
            return "skipped"
        return "skipped" if limited(action) else outcomes.get(step, rest)

    while len(trace) < len(plan.steps):
        ready = {s for s in plan.steps if s not in trace and all(a in trace for a, b in waits if b == s)}
        if not ready:
            raise AssertionError("a plan whose instances wait for each other")
        for step in sorted(ready):
            trace[step] = decide(step)
    return trace
