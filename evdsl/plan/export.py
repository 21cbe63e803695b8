"""The plan as a networkx graph: for analysis, drawing and other formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..base.source import Span
from .hops import words
from .plan import Look, Plan

if TYPE_CHECKING:
    import networkx


def to_networkx(plan: Plan) -> networkx.MultiDiGraph[str]:
    """A node for each step, by its id, an edge for each step that another looks at.

    Attributes are texts, integers and truth values, so that GraphML can hold them. Nodes: resource, action,
    instance, starts. Edges: kind (`on`, `on all`, `after`, `needs`, `again` from `#0` to `#1`), events (joined by
    `|`), closing, weak, fold, file, line.
    """
    import networkx  # imported late: it takes longer than planning 10 000 rules

    graph: networkx.MultiDiGraph[str] = networkx.MultiDiGraph(path=plan.path)
    ids = [step.id for step in plan.steps]
    starts = set(plan.start)
    last: dict[int, int] = {}
    for number, (id_, step) in enumerate(zip(ids, plan.steps, strict=True)):
        graph.add_node(
            id_, resource=step.resource, action=step.action, instance=step.instance, starts=number in starts
        )

    def add(look: Look, to: int, kind: str, events: str, closing: bool, weak: bool, origin: Span) -> None:
        for step in look.steps:
            graph.add_edge(
                ids[step], ids[to], kind=kind, events=events, closing=closing, weak=weak, fold=look.fold,
                file=origin.source.path, line=origin.line,
            )  # fmt: skip

    for number, step in enumerate(plan.steps):
        if step.of in last:
            graph.add_edge(
                ids[last[step.of]], ids[number], kind="again", events="", closing=False, weak=False, fold=False,
                file="", line=0,
            )  # fmt: skip
        last[step.of] = number
        for trigger in plan.triggers[number]:
            for look in trigger.looks:
                kind, events = "on all" if trigger.all else "on", "|".join(words(trigger.events))
                add(look, number, kind, events, trigger.closing, False, trigger.origin)
        for edge in plan.orders[number]:
            add(edge.before, number, "needs" if edge.needs else "after", "", False, edge.weak, edge.origin)
    return graph
