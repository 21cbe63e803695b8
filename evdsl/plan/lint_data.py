"""Warnings on data that connects hand over: a reader that nothing puts behind its writer (section 8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..base.diagnostic import Diagnostic
from ..meaning.program import Handed, Program
from ..syntax import ast
from .graph import condense
from .places import key
from .weak import drop_weak

_AT_A_TIME = 1024  # emitters whose reach is worked out in one pass


def read_too_early(program: Program) -> Iterator[Diagnostic]:
    """EV411, once for each handover. A value that is declared is the same before and after, so it is left alone."""
    pairs = {(h.emitter, h.receiver) for h in program.handed if h.emitter != h.receiver}
    pairs -= _behind(program, pairs) if pairs else set()
    if not pairs:
        return
    told: set[tuple[int, int, int]] = set()
    feeds: dict[tuple[str, str], list[Handed]] = {}
    for handed in program.handed:
        feeds.setdefault((handed.receiver, handed.given), []).append(handed)
    own: dict[str, list[str]] = {}
    for action in program.actions:
        own.setdefault(action.resource, []).append(action.action)
    reporters = _Reporters(program)
    for handed in program.handed:
        at = key(handed.origin)
        if (handed.emitter, handed.receiver) not in pairs or at in told:
            continue
        if not _is_fixed(program, handed.emitter, handed.taken, feeds, reporters):
            told.add(at)
            yield _early(handed, own)


def _early(handed: Handed, own: dict[str, list[str]]) -> Diagnostic:
    emitter, receiver = handed.emitter, handed.receiver
    message = (
        f"no rule or order puts `{receiver}` behind `{emitter}`: it sees `{handed.taken}` as it was when the "
        "run began"
    )
    later, earlier = (f"{r}.{_shown(own.get(r, []))}" for r in (receiver, emitter))
    return Diagnostic("EV411", message, handed.origin, f"write `{later} after {earlier}`, or a rule")


def _shown(actions: list[str]) -> str:
    """The action of a resource that a hint names: its `run` if it has one."""
    return "run" if "run" in actions or not actions else actions[0]


class _Reporters:
    """Which resources have an action whose text writes a certain value to the event file."""

    def __init__(self, program: Program) -> None:
        self._texts: dict[str, list[str]] = {}
        for action in program.actions:
            for argument in action.node.arguments if action.node else ():
                if isinstance(argument, ast.Text) and "data." in argument.value:
                    self._texts.setdefault(action.resource, []).append(argument.value)

    def reports(self, resource: str, name: str) -> bool:
        return any(f"data.{name}" in text for text in self._texts.get(resource, ()))


def _is_fixed(
    program: Program,
    resource: str,
    name: str,
    feeds: dict[tuple[str, str], list[Handed]],
    reporters: _Reporters,
) -> bool:
    """Whether a value is known before the run: declared, or handed over from where it is, and reported by nothing."""
    seen: set[tuple[str, str]] = set()
    todo = [(resource, name)]
    while todo:
        at = todo.pop()
        if at in seen:
            continue
        seen.add(at)
        resource, name = at
        declared = program.resources.get(resource)
        if reporters.reports(resource, name):
            return False
        if name in ("name", "host") or (declared is not None and name in declared.attributes):
            continue
        if at not in feeds:
            return False
        todo += [(h.emitter, h.taken) for h in feeds[at]]
    return True


def _behind(program: Program, pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those pairs of resources of which an action of the second is reached from one of the first."""
    orders, _ = drop_weak(program)
    actions = program.actions
    out: list[list[int]] = [[] for _ in actions]
    found: set[tuple[str, str]] = set()

    def lead(before: int, after: int) -> None:
        out[before].append(after)
        found.add((actions[before].resource, actions[after].resource))

    for rule in program.rules:
        for emitter in rule.emitters:
            lead(emitter, rule.subscriber)
    for order in orders:
        lead(order.before, order.after)
    found &= pairs
    left = pairs - found
    emitters = list(dict.fromkeys(emitter for emitter, _ in sorted(left)))
    if emitters:
        peeled, rest = condense(out)
        groups = [[node] for node in peeled] + rest
        for first in range(0, len(emitters), _AT_A_TIME):
            found |= _reached(program, out, groups, emitters[first : first + _AT_A_TIME], left)
    return found


def _reached(
    program: Program,
    out: list[list[int]],
    groups: Iterable[list[int]],
    emitters: list[str],
    pairs: set[tuple[str, str]],
) -> set[tuple[str, str]]:
    """One pass over the graph, with one bit for each emitter."""
    bit = {emitter: 1 << number for number, emitter in enumerate(emitters)}
    marks = [bit.get(action.resource, 0) for action in program.actions]
    for group in groups:
        mark = 0
        for node in group:
            mark |= marks[node]
        for node in group:
            marks[node] = mark
            for after in out[node] if mark else ():
                marks[after] |= mark
    seen: dict[str, int] = {}
    for action, mark in zip(program.actions, marks, strict=True):
        seen[action.resource] = seen.get(action.resource, 0) | mark
    return {(a, b) for a, b in pairs if a in bit and seen.get(b, 0) & bit[a]}
