"""What a picture shows of a plan: its steps with what is said of each, and the arrows between them.

An `all` rule has a node of its own, in which the arrows of its emitters meet. Nodes are numbered, steps first and by
their number in the plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..base.events import FAILURE, SUCCESS, matched
from ..meaning.program import Program
from ..plan.plan import Plan
from .labels import branches, names, only_failure, seen_at


class Became(NamedTuple):
    """What became of a step in a run: its outcome, `idle`, `skipped` or `cut`; the seconds it took; why."""

    state: str
    seconds: float = 0.0
    reason: str = ""


class Node(NamedTuple):
    """`state`: `certain`, `possible`, `failure` (set off by failures alone), `again`, `join`; after a run what became.

    `note` is what is shown behind the state, `how` the driver, empty where none is known.
    """

    id: str
    label: str
    state: str
    note: str
    resource: str
    host: str
    how: str
    doc: str

    @property
    def join(self) -> bool:
        return self.state == "join"


class Arrow(NamedTuple):
    """`look`: `changed`, `success`, `failure`, `skipped`, `done`; `needs`, `after`; `again` from `#0` to `#1`.

    `word`: what stands at it. `places`: file and line of each statement behind it.
    """

    source: int
    to: int
    look: str
    word: str
    closing: bool = False
    places: tuple[tuple[str, int], ...] = ()

    @property
    def rule(self) -> bool:
        """Whether it says that one sets the other off, and not only what waits for what."""
        return self.look not in ("needs", "after")


class Network(NamedTuple):
    """`steps`: how many of the nodes are steps."""

    path: str
    nodes: list[Node]
    arrows: list[Arrow]
    steps: int

    @property
    def rules(self) -> int:
        """How many rules are drawn; those from one step to another are one."""
        return sum(1 for a in self.arrows if a.rule and a.look != "again" and not self.nodes[a.to].join)


def network(plan: Plan, program: Program, became: Mapping[str, Became] | None = None) -> Network:
    """The network of a plan; with `became`, by id, that of a run."""
    nodes = _nodes(plan, program, became)
    arrows: list[Arrow] = []
    joins: dict[tuple[object, ...], int] = {}
    for source, own in enumerate(branches(plan)):
        for branch in own:
            look, word = event_look(branch.events), "|".join(branch.events)
            if not branch.beside:
                arrows.append(Arrow(source, branch.to, look, word, branch.closing, branch.places))
                continue
            # the same rule seen from each of its emitters: they differ in what is beside
            key = (frozenset((source, *branch.beside)), branch._replace(beside=()))
            if key not in joins:
                joins[key] = len(nodes)
                target = nodes[branch.to]
                nodes.append(
                    target._replace(id=f"all {len(joins)}", label="all", state="join", note="", doc="")
                )
                arrows.append(Arrow(joins[key], branch.to, look, "", branch.closing, branch.places))
            arrows.append(Arrow(source, joins[key], look, word, branch.closing, branch.places))
    arrows += _orders(plan)
    last: dict[int, int] = {}
    for number, step in enumerate(plan.steps):
        if step.of in last:
            arrows.append(Arrow(last[step.of], number, "again", "again"))
        last[step.of] = number
    return Network(plan.path, nodes, arrows, len(plan.steps))


def event_look(events: tuple[str, ...]) -> str:
    """The look of a rule by what its words match."""
    outcomes = matched(events)
    if outcomes <= {"changed", "created", "removed"}:
        return "changed"
    if outcomes <= SUCCESS:
        return "success"
    if outcomes <= FAILURE:
        return "failure"
    return "skipped" if outcomes == {"skipped"} else "done"


def _nodes(plan: Plan, program: Program, became: Mapping[str, Became] | None) -> list[Node]:
    starts = set(plan.start)
    found = []
    for number, (step, shown) in enumerate(zip(plan.steps, names(plan), strict=True)):
        action, resource = program.actions[step.of], program.resources.get(step.resource)
        host = (resource.host if resource else None) or ""
        note = f"@{host}" if host else action.driver
        if became is not None:
            is_now = became.get(step.id, Became("absent"))
            state, note = is_now.state, _took(is_now.seconds, host)
        elif number in starts:
            state = "certain"
        elif step.instance:
            state = "again"
        else:
            triggers = plan.triggers[number]
            state = "failure" if triggers and all(only_failure(t.events) for t in triggers) else "possible"
        doc = action.doc or (resource.doc if resource else "")
        found.append(Node(step.id, shown, state, note, step.resource, host, action.driver, doc))
    return found


def _took(seconds: float, host: str) -> str:
    return " ".join(
        part for part in (duration(seconds) if seconds else "", f"@{host}" if host else "") if part
    )


def duration(seconds: float) -> str:
    """`0.4s`, `13s`, `2m 05s`, `1h 10m`."""
    if seconds < 9.95:
        return f"{seconds:.1f}s" if seconds >= 0.05 else f"{seconds * 1000:.0f}ms"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes}m {rest:02d}s" if minutes < 60 else f"{minutes // 60}h {minutes % 60:02d}m"


def _orders(plan: Plan) -> list[Arrow]:
    found = []
    for after, orders in enumerate(plan.orders):
        kinds: dict[tuple[int, bool], dict[tuple[str, int], None]] = {}
        for order in orders:
            place = (order.origin.source.path, order.origin.line)
            kinds.setdefault((seen_at(order.before), order.needs), {})[place] = None
        for (before, needs), places in kinds.items():
            if (before, True) in kinds and not needs:
                continue  # a veto says the order as well
            look = "needs" if needs else "after"
            found.append(Arrow(before, after, look, look, False, tuple(places)))
    return found
