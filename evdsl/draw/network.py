"""What a picture shows of a plan: its steps with what is said of each, and the arrows between them.

An `all` rule has a node of its own, in which the arrows of its emitters meet. Nodes are numbered, steps first and by
their number in the plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import NamedTuple

from ..base.events import FAILURE, SUCCESS, matched
from ..meaning.program import Program
from ..plan.plan import Plan
from .labels import branches, names, only_failure, seen_at


class About(NamedTuple):
    """What a program says of an action beside its rules: its host's name, its driver, its doc comment; empty: nothing."""

    host: str = ""
    how: str = ""
    doc: str = ""


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

    `word`: what stands at it. `places`: file and line of each statement behind it. `off`: a rule that did not match in
    the run that is shown.
    """

    source: int
    to: int
    look: str
    word: str
    closing: bool = False
    places: tuple[tuple[str, int], ...] = ()
    off: bool = False

    @property
    def rule(self) -> bool:
        """Whether it says that one sets the other off, and not only what waits for what."""
        return self.look not in ("needs", "after")


class Ran(NamedTuple):
    """A run, as a picture shows it: what became of each step, by id; which steps set which off, by number."""

    became: Mapping[str, Became]
    matched: Set[tuple[int, int]]


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


def told(program: Program) -> dict[str, About]:
    """What a program says of each action, by name."""
    found = {}
    for action in program.actions:
        resource = program.resources.get(action.resource)
        host, doc = (resource.host or "", resource.doc) if resource else ("", "")
        found[action.name] = About(host, action.driver, action.doc or doc)
    return found


def network(plan: Plan, about: Mapping[str, About], ran: Ran | None = None) -> Network:
    """The network of a plan, `about` by name of action; with `ran` that of a run."""
    nodes = _nodes(plan, about, ran.became if ran else None)
    arrows: list[Arrow] = []
    joins: dict[tuple[object, ...], int] = {}
    for source, own in enumerate(branches(plan)):
        for branch in own:
            off = ran is not None and (source, branch.to) not in ran.matched
            arrow = Arrow(
                source,
                branch.to,
                event_look(branch.events),
                "|".join(branch.events),
                branch.closing,
                branch.places,
                off,
            )
            if not branch.beside:
                arrows.append(arrow)
                continue
            # the same rule seen from each of its emitters: they differ in what is beside
            key = (frozenset((source, *branch.beside)), branch._replace(beside=()))
            if key not in joins:
                joins[key] = len(nodes)
                target = nodes[branch.to]
                nodes.append(
                    target._replace(id=f"all {len(joins)}", label="all", state="join", note="", doc="")
                )
                arrows.append(arrow._replace(source=joins[key], word=""))
            arrows.append(arrow._replace(to=joins[key]))
    arrows += _orders(plan)
    last: dict[int, int] = {}
    for number, step in enumerate(plan.steps):
        if step.of in last:
            off = ran is not None and nodes[number].state in ("idle", "absent")
            arrows.append(Arrow(last[step.of], number, "again", "again", off=off))
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


def _nodes(plan: Plan, about: Mapping[str, About], became: Mapping[str, Became] | None) -> list[Node]:
    starts = set(plan.start)
    found = []
    for number, (step, shown) in enumerate(zip(plan.steps, names(plan), strict=True)):
        host, how, doc = about.get(step.name, About())
        note = f"@{host}" if host else how
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
        found.append(Node(step.id, shown, state, note, step.resource, host, how, doc))
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
