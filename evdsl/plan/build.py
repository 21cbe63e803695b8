"""From a program to its plan (sections 4 to 6): the pass that puts the others together."""

from __future__ import annotations

from ..base.diagnostic import Diagnostic, has_errors
from ..base.memory import all_kept
from ..meaning.program import Program
from . import faults
from .assemble import assemble
from .instances import instances
from .live import settled
from .opened import open_all
from .parts import parts_of
from .plan import Plan
from .weak import drop_weak


@all_kept()
def plan(
    program: Program, entry: str = "run", start: list[int] | None = None
) -> tuple[Plan | None, list[Diagnostic]]:
    """The plan of a program and all that is to be said of it; None if one of that is an error.

    `entry` is what `--action` says, `start` the actions that `--start` names, None if it is not given. The notes
    among the diagnostics are kept in the plan too.
    """
    orders, found = drop_weak(program)
    held = settled(program, orders, entry, start)
    if not any(held.actions):
        return None, [*found, faults.no_steps(program, entry)]
    if held.start.fallback:
        found.append(faults.fallback(program, held.start.actions, entry))
    found += [faults.closed(program, hops, entry) for hops in held.start.closed]
    found += faults.removal(program, held.dropped)
    itself = [order for order in held.orders if order.before == order.after]
    if itself:
        found += [faults.order_on_itself(program, order) for order in itself]
        held = held._replace(orders=[order for order in held.orders if order.before != order.after])

    parts = parts_of(program, held.rules, held.orders)
    opened = open_all(program, held, parts)
    found += opened.found
    if has_errors(found):
        return None, found
    made, wrong = instances(program, held.rules, [cycle.again for cycle in opened.cycles])
    if wrong:
        return None, found + wrong
    return assemble(program, held, parts, opened, made, entry, found)
