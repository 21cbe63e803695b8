"""A plan kept for later: as bytes, with the places of its rules and what its actions do, and back.

What comes back has all that `run` and `why` ask of a plan. Its spans know their file, line and column, but no text.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from ..base.source import Source, Span
from .plan import Closing, Cycle, Edge, Look, Plan, Step, Trigger

VERSION = 1
_PIECE = 1000  # items that are made at a time
_LEVEL = 1  # of compression: the fastest; what is saved further costs more time than it is worth
_json = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


class Stored(NamedTuple):
    """A plan, and what its actions do, by name (as `fingerprint.commands` tells it)."""

    plan: Plan
    commands: dict[str, str]


class Unreadable(ValueError):
    """These bytes are no plan that this evdsl can read."""


def to_bytes(plan: Plan, commands: Mapping[str, str]) -> bytes:
    """The plan as bytes; the same plan gives the same bytes. They are made piece by piece: a plan may be large."""
    squeeze = zlib.compressobj(_LEVEL)
    made = [squeeze.compress(piece.encode("ascii")) for piece in _pieces(plan, commands)]
    return b"".join([*made, squeeze.flush()])


def _pieces(plan: Plan, commands: Mapping[str, str]) -> Iterator[str]:
    """The document as JSON."""
    places = _Places()
    looks: dict[Look, int] = {}
    origin = places.number
    head = {"version": VERSION, "path": plan.path, "entry": plan.entry, "start": plan.start}
    yield _json(head | {"dormant": plan.dormant})[:-1]
    yield from _list("steps", ([s.resource, s.action, s.instance] for s in plan.steps))
    yield from _list(
        "triggers",
        (
            [[_number(looks, look) for look in t.looks], t.events, t.all, t.to, t.closing, origin(t.origin)]
            for into in plan.triggers
            for t in into
        ),
    )
    yield from _list(
        "orders",
        (
            [_number(looks, e.before), e.after, e.needs, e.weak, origin(e.origin)]
            for into in plan.orders
            for e in into
        ),
    )
    at = {id(t): n for n, t in enumerate(t for into in plan.triggers for t in into)} if plan.loops else {}
    yield from _list("loops", ([step, [at[id(t)] for t in found]] for step, found in plan.loops.items()))
    yield from _list(
        "cycles",
        (
            [
                c.path,
                [origin(hop) for hop in c.hops],
                c.again,
                [[x.emitter, x.subscriber, origin(x.origin)] for x in c.closing],
                c.reason,
                c.others,
            ]
            for c in plan.cycles
        ),
    )
    yield from _list("looks", ([look.steps, look.fold, look.name] for look in looks))
    yield from _list("places", map(places.told, places.found))
    yield from _list("commands", commands.items())
    yield "}"


def _list(name: str, items: Iterable[object]) -> Iterator[str]:
    """A list of the document."""
    items, before = iter(items), f',"{name}":['
    while part := list(islice(items, _PIECE)):
        yield before + _json(part)[1:-1]
        before = ","
    yield before + "]" if before != "," else "]"


def from_bytes(content: bytes) -> Stored:
    """What `to_bytes` was given. Raises Unreadable."""
    try:
        document = json.loads(zlib.decompress(content))
        if document["version"] != VERSION:
            raise Unreadable(f"a plan of version {document['version']}; this evdsl reads {VERSION}")
        return Stored(_plan(document), dict(document["commands"]))
    except (zlib.error, ValueError, KeyError, IndexError, TypeError) as problem:
        raise Unreadable(f"no plan: {problem}") from None


class _Places:
    """Places by number, each [file, line, column] once."""

    def __init__(self) -> None:
        self.found: list[Span] = []
        self._numbers: dict[int, dict[int, int]] = {}  # by source, then by offset

    def number(self, span: Span) -> int:
        numbers = self._numbers.setdefault(id(span.source), {})
        number = numbers.get(span.start)
        if number is None:
            number = numbers[span.start] = len(self.found)
            self.found.append(span)
        return number

    def told(self, span: Span) -> tuple[str, int, int]:
        return (span.source.path, *span.source.position(span.start))


def _number(looks: dict[Look, int], look: Look) -> int:
    return looks.setdefault(look, len(looks))


def _plan(document: dict[str, Any]) -> Plan:
    sources: dict[str, Source] = {}
    spans: list[Span] = []
    for path, line, column in document["places"]:
        source = sources.get(path)
        if source is None:
            source = sources[path] = Source.elsewhere(path)
        spans.append(source.place(line, column))
    looks = [Look(tuple(steps), fold, name) for steps, fold, name in document["looks"]]
    numbers: dict[tuple[str, str], int] = {}
    steps = [
        Step(resource, action, instance, numbers.setdefault((resource, action), len(numbers)))
        for resource, action, instance in document["steps"]
    ]
    triggers: list[list[Trigger]] = [[] for _ in steps]
    every: list[Trigger] = []
    for seen, events, all_, to, closing, origin in document["triggers"]:
        t = Trigger(tuple([looks[n] for n in seen]), tuple(events), all_, to, closing, spans[origin])
        triggers[to].append(t)
        every.append(t)
    orders: list[list[Edge]] = [[] for _ in steps]
    for before, after, needs, weak, origin in document["orders"]:
        orders[after].append(Edge(looks[before], after, needs, weak, spans[origin]))
    cycles = [
        Cycle(
            tuple(path),
            tuple([spans[hop] for hop in hops]),
            again,
            tuple([Closing(emitter, subscriber, spans[o]) for emitter, subscriber, o in closing]),
            reason,
            tuple(others),
        )
        for path, hops, again, closing, reason, others in document["cycles"]
    ]
    return Plan(
        path=document["path"],
        steps=steps,
        start=document["start"],
        triggers=triggers,
        orders=orders,
        cycles=cycles,
        dormant=document["dormant"],
        entry=document["entry"],
        loops={step: [every[n] for n in found] for step, found in document["loops"]},
    )
