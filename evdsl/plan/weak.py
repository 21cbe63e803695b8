"""Weak orders (sections 4 and 8): what `connect` adds to the author's word gives way where it would close a cycle."""

from __future__ import annotations

from ..base.diagnostic import Diagnostic
from ..meaning.program import Order, Program
from . import faults
from .graph import condense
from .parts import is_numbered


def drop_weak(program: Program) -> tuple[list[Order], list[Diagnostic]]:
    """The orders that stay, and a note for each statement of which one does not.

    A weak order is dropped if its two ends lie in the same strongly connected component of all rules and orders of
    the program, those of actions that are not planned too; rules with an explicit number above 0 left out.
    """
    if not any(order.weak for order in program.orders):
        return program.orders, []
    out: list[list[int]] = [[] for _ in program.actions]
    for rule in program.rules:
        if not is_numbered(rule):
            for emitter in rule.emitters:
                out[emitter].append(rule.subscriber)
    for order in program.orders:
        out[order.before].append(order.after)
    component = [-1] * len(out)  # -1: alone
    for number, group in enumerate(condense(out)[1]):
        for action in group:
            component[action] = number
    kept: list[Order] = []
    dropped: list[Order] = []
    for order in program.orders:
        together = component[order.before] == component[order.after] >= 0
        (dropped if order.weak and together else kept).append(order)
    return kept, faults.gave_way(program, dropped)
