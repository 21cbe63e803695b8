"""Statements → rules, orders, starts and connections between actions (sections 2, 4 and 8 of docs/language.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..base.diagnostic import Diagnostic
from ..base.events import MATCHES
from ..base.source import Span
from ..base.spell import nearest
from ..syntax import ast
from . import pattern
from .declare import connected
from .names import Names
from .pattern import Bound
from .program import Handed, Order, Rule
from .scope import Scope
from .unroll import Placed, filled

MOST_RULES = 1_000_000
"""More rules or orders than that are taken for a mistake in a pattern."""

_ORDER_OF_EVENTS = {word: i for i, word in enumerate(MATCHES)}


class Named(NamedTuple):
    """What one reference of a statement stands for: the actions, each with its `<h>` values, and its `#N`."""

    ref: ast.Ref
    actions: list[tuple[str, Bound]]
    variables: tuple[str, ...]
    pattern: bool


class Relations:
    """Walks over the statements in order and collects what they relate. Actions get their numbers on the way."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.rules: list[Rule] = []
        self.orders: list[Order] = []
        self.starts: list[int] = []
        self.agains: list[tuple[int, Span]] = []
        self.handed: list[Handed] = []
        self._rule_at: dict[tuple[object, ...], int] = {}
        self._order_at: dict[tuple[int, int, str], int] = {}
        self._pool: list[str] | None = None
        self._full = False

    def walk(self, placed: list[Placed]) -> None:
        """All statements in order; what each mentions for the first time is numbered on the way."""
        names = self.names
        if names.rules_only and any(map(_has_pattern, placed)):
            self._mention(placed)
        plain = self._plain
        for p in placed:
            if p.absent:
                continue
            kind = type(p.statement)
            if kind is ast.Rule:
                if not plain(p.statement, p.scope):  # type: ignore[arg-type]
                    self._rule(p.statement, p.scope)  # type: ignore[arg-type]
            elif kind is ast.Order:
                self._ordered(p.statement, p.scope)  # type: ignore[arg-type]
            elif kind is ast.Connect:
                self._connect(p.statement, p.scope)  # type: ignore[arg-type]
            elif kind is ast.Serial:
                self._serial(p.statement, p.scope)  # type: ignore[arg-type]
            elif kind is ast.Start and p.scope.unit.importer is None:
                self._start(p.statement, p.scope)  # type: ignore[arg-type]
        for p in placed:
            if type(p.statement) is ast.Again and not p.absent:
                self._again(p.statement, p.scope)

    # ---- references

    def _named(self, ref: ast.Ref, scope: Scope) -> Named | None:
        """What a reference stands for; None where it is left out or at fault."""
        names = self.names
        text = ref.text
        if not pattern.is_pattern(text):
            name = names.action(ref, scope)
            return None if name is None else Named(ref, [(name, ())], (), False)
        text = names.text(ref, scope)
        found = pattern.matches(text, self._all())
        if not found:
            resource = text.rpartition(".")[0]
            if any(True for _ in pattern.matches(resource, names.absent)) and resource:
                names.left_out(names.absent[pattern.matches(resource, names.absent)[0][0]], text, ref, scope)
                return None
            hint = "patterns match RESOURCE.ACTION: `*` inside a segment, `**` over segments"
            if pattern.matches(text + ".run", self._all()):
                hint = f"it matches resources: write `{ref.text}.run`"
            names.say("EV206", f"`{ref.text}` matches no action", scope, ref, hint)
            return None
        return Named(ref, found, pattern.variables(text), True)

    def _all(self) -> list[str]:
        if self._pool is None:
            self._pool = list(self.names.known())
        return self._pool

    def _each(self, refs: Iterable[ast.Ref], scope: Scope) -> list[Named]:
        return [n for n in (self._named(r, scope) for r in refs) if n is not None]

    def _unnumbered(self, refs: Iterable[ast.Ref], scope: Scope, what: str) -> None:
        for r in refs:
            if r.number is not None:
                self.names.say("EV304", f"`{r.text}#{r.number}`: {what} takes an action, not one run of it", scope, r,
                               "leave the number out; rules may carry one")  # fmt: skip

    # ---- rules

    def _words(self, events: tuple[ast.Ref, ...]) -> tuple[str, ...]:
        """The words of a rule, each once, in the order of the table of events."""
        return tuple(sorted({e.text for e in events}, key=_ORDER_OF_EVENTS.__getitem__))

    def _plain(self, s: ast.Rule, scope: Scope) -> bool:
        """The frequent case, one emitter and one subscriber by name; False if the rule is no such."""
        if s.all or len(s.emitters) != 1 or len(s.subscribers) != 1:
            return False
        a, b = s.emitters[0], s.subscribers[0]
        if pattern.is_pattern(a.text) or pattern.is_pattern(b.text):
            return False
        names = self.names
        emitter, subscriber = names.action(a, scope), names.action(b, scope)
        if emitter is not None and subscriber is not None:
            e, to = names.number(emitter), names.number(subscriber)
            words = (s.events[0].text,) if len(s.events) == 1 else self._words(s.events)
            self.rule((e,), (a.number,), words, False, to, b.number, Span(scope.unit.file.source, s.start, s.end))
        return True

    def _rule(self, s: ast.Rule, scope: Scope) -> None:
        emitters, subscribers = self._each(s.emitters, scope), self._each(s.subscribers, scope)
        if len(emitters) < len(s.emitters) and s.all:
            return
        if not emitters or not subscribers:
            return
        words, origin = self._words(s.events), scope.span(s)
        made = 0
        if s.all:
            for bound in _bindings([*emitters, *subscribers]):
                every = [(name, n.ref.number) for n in emitters for name in _of(n, bound)]
                for to in subscribers:
                    for name in _of(to, bound):
                        made += self._all_rule(every, words, name, to, origin, emitters)
        elif any(n.variables for n in (*emitters, *subscribers)):
            for a in emitters:
                for b in subscribers:
                    for emitter, subscriber in self._joined(a, b):
                        number = self.names.number(emitter)
                        made += 1
                        self.rule((number,), (a.ref.number,), words, False, self.names.number(subscriber),
                                  b.ref.number, origin)  # fmt: skip
        else:
            for n in (*emitters, *subscribers):
                for name, _ in n.actions:
                    self.names.number(name)
            for a in emitters:
                for emitter, _ in a.actions:
                    e = self.names.number(emitter)
                    for b in subscribers:
                        if self._too_many(s, scope):
                            return
                        alone = a.pattern or b.pattern
                        for subscriber, _ in b.actions:
                            if not (alone and emitter == subscriber):
                                made += 1
                                self.rule((e,), (a.ref.number,), words, False, self.names.number(subscriber),
                                          b.ref.number, origin)  # fmt: skip
        if not made:
            self._nothing(s, scope)

    def _all_rule(self, every: list[tuple[str, int | None]], words: tuple[str, ...], subscriber: str, to: Named,
                  origin: Span, emitters: list[Named]) -> int:  # fmt: skip
        """One rule on all of `every`, the subscriber itself left out where a pattern brought it in."""
        patterned = to.pattern or any(n.pattern for n in emitters)
        kept = [(name, number) for name, number in dict.fromkeys(every) if not (patterned and name == subscriber)]
        if not kept:
            return 0
        numbers = tuple(self.names.number(name) for name, _ in kept)
        self.rule(numbers, tuple(n for _, n in kept), words, len(kept) > 1, self.names.number(subscriber),
                  to.ref.number, origin)  # fmt: skip
        return 1

    def _joined(self, a: Named, b: Named) -> Iterator[tuple[str, str]]:
        """The pairs of two references whose `<h>` agree, none with itself where a pattern is involved."""
        shared = [v for v in a.variables if v in b.variables]
        index: dict[tuple[str, ...], list[str]] = {}
        for name, bound in b.actions:
            values = dict(bound)
            index.setdefault(tuple(values[v] for v in shared), []).append(name)
        alone = a.pattern or b.pattern
        for name, bound in a.actions:
            values = dict(bound)
            for other in index.get(tuple(values[v] for v in shared), ()):
                if not (alone and name == other):
                    yield name, other

    def _too_many(self, s: ast.Rule | ast.Order | ast.Serial | ast.Connect, scope: Scope) -> bool:
        if self._full or len(self.rules) + len(self.orders) <= MOST_RULES:
            return self._full
        self._full = True
        self.names.diagnostics.append(
            Diagnostic("EV215", f"patterns make more than {MOST_RULES:,} rules of this", scope.span(s),
                       "name fewer actions, or put one action between the two sides")  # fmt: skip
        )
        return True

    def _nothing(self, s: ast.Rule | ast.Order, scope: Scope) -> None:
        self.names.diagnostics.append(
            Diagnostic("EV206", "the two sides of this statement match nothing together", scope.span(s),
                       "a pattern never joins an action with itself, and `<h>` must be the same on both sides")  # fmt: skip
        )

    def rule(self, emitters: tuple[int, ...], numbers: tuple[int | None, ...], events: tuple[str, ...], all_: bool,
             subscriber: int, number: int | None, origin: Span, removal: bool = False) -> None:  # fmt: skip
        """Add a rule; an exact duplicate merges with the first, the author's own word before what connect made."""
        key = (emitters, numbers, events, all_, subscriber, number)
        at = self._rule_at.get(key)
        if at is None:
            self._rule_at[key] = len(self.rules)
            self.rules.append(Rule(emitters, numbers, events, all_, subscriber, number, origin, removal))
        elif self.rules[at].removal and not removal:
            self.rules[at] = self.rules[at]._replace(removal=False, origin=origin)

    # ---- orders

    def _ordered(self, s: ast.Order, scope: Scope) -> None:
        self._unnumbered((*s.later, *s.earlier), scope, "an order")
        later, earlier = self._each(s.later, scope), self._each(s.earlier, scope)
        if not later or not earlier:
            return
        origin, made = scope.span(s), 0
        number = self.names.number
        if any(n.variables for n in (*later, *earlier)):
            for b in later:
                for a in earlier:
                    for after, before in self._joined(b, a):
                        made += 1
                        after_number = number(after)
                        self.order(number(before), after_number, s.kind, False, origin)
        else:
            for n in (*later, *earlier):
                for name, _ in n.actions:
                    number(name)
            for b in later:
                for after, _ in b.actions:
                    if self._too_many(s, scope):
                        return
                    for a in earlier:
                        alone = a.pattern or b.pattern
                        for before, _ in a.actions:
                            if not (alone and before == after):
                                made += 1
                                self.order(number(before), number(after), s.kind, False, origin)
        if not made:
            self._nothing(s, scope)

    def order(self, before: int, after: int, kind: str, weak: bool, origin: Span) -> None:
        """Add an order; an exact duplicate merges with the first, the author's own word before a weak one."""
        key = (before, after, kind)
        at = self._order_at.get(key)
        if at is None:
            self._order_at[key] = len(self.orders)
            self.orders.append(Order(before, after, kind, weak, origin))
        elif self.orders[at].weak and not weak:
            self.orders[at] = Order(before, after, kind, False, origin)

    def _serial(self, s: ast.Serial, scope: Scope) -> None:
        """For each next `<h>`, every named action needs every named action of the one before."""
        self._unnumbered(s.actions, scope, "`serial`")
        named = self._each(s.actions, scope)
        wanted = named[0].variables if named else ()
        for n in named:
            if not n.variables or set(n.variables) != set(wanted):
                self.names.say("EV221", f"`{n.ref.text}`: `serial` goes over the values of `<h>`", scope, n.ref,
                               "every reference in it holds the same `<h>`: `serial app.<h>.restart, app.<h>.smoke`")  # fmt: skip
                return
        if len(named) < len(s.actions) or not named:
            return
        position = {name: i for i, name in enumerate(self._all())}
        found = sorted((position[name], name, bound) for n in named for name, bound in n.actions)
        groups: dict[Bound, list[str]] = {}
        for _, _, bound in found:
            groups.setdefault(bound, [])
        for n in named:
            for name, bound in n.actions:
                if name not in groups[bound]:
                    groups[bound].append(name)
        rows, origin = list(groups.values()), scope.span(s)
        number = self.names.number
        for i, row in enumerate(rows):
            for name in row:
                after = number(name)
                for before in rows[i - 1] if i else ():
                    self.order(number(before), after, "needs", False, origin)

    # ---- start, again

    def _start(self, s: ast.Start, scope: Scope) -> None:
        self._unnumbered(s.actions, scope, "`start`")
        for n in self._each(s.actions, scope):
            for name, _ in n.actions:
                number = self.names.number(name)
                if number not in self.starts:
                    self.starts.append(number)

    def _again(self, s: ast.Again, scope: Scope) -> None:
        self._unnumbered(s.actions, scope, "`again`")
        for ref in s.actions:
            if pattern.is_pattern(ref.text):
                self.names.say("EV206", f"`{ref.text}`: `again` names one action, no pattern", scope, ref,
                               "patterns stand in rules, orders, connect, serial and start")  # fmt: skip
                continue
            if self.names.rules_only:
                text = self.names.text(ref, scope)
                name: str | None = text if "." in text else text + ".run"
                if name not in self.names.actions:
                    near = self.names.near(text)
                    self.names.say("EV201", f"no rule mentions `{text}`" + (f"; did you mean `{near}`?" if near else ""),
                                   scope, ref, "`again` names an action of a cycle")  # fmt: skip
                    continue
            else:
                name = self.names.action(ref, scope)
            if name is not None:
                self.agains.append((self.names.number(name), scope.span(ref)))

    # ---- connect

    def _connect(self, s: ast.Connect, scope: Scope) -> None:
        names = self.names
        resources = self._resources()
        for ref in (s.emitter, s.receiver):
            if not self._stands(ref, scope, resources):
                return
        emitters, receivers = connected(s, scope, names, resources)
        patterned = pattern.is_pattern(s.emitter.text) or pattern.is_pattern(s.receiver.text)
        variables = [pattern.variables(scope.unit.prefix + r.text) for r in (s.emitter, s.receiver)]
        made = 0
        if any(variables):
            sides = [
                Named(r, pattern.matches(scope.unit.prefix + r.text, resources) if pattern.is_pattern(r.text)
                      else [(found[0], ())], v, pattern.is_pattern(r.text))
                for r, found, v in zip((s.emitter, s.receiver), (emitters, receivers), variables, strict=True)
            ]  # fmt: skip
            pairs: Iterable[tuple[str, str]] = self._joined(sides[0], sides[1])
        else:
            pairs = ((a, b) for a in emitters for b in receivers if not (patterned and a == b))
        for a, b in pairs:
            if self._too_many(s, scope):
                return
            made += 1
            self._pair(a, b, s, scope)
        if not made:
            names.diagnostics.append(
                Diagnostic("EV206", "the two sides of this connect match nothing together", scope.span(s),
                           "a pattern never joins a resource with itself")  # fmt: skip
            )

    def _resources(self) -> list[str]:
        if not self.names.rules_only:
            return list(self.names.resources)
        return list(dict.fromkeys(a.resource for a in self.names.actions.values()))

    def _stands(self, ref: ast.Ref, scope: Scope, resources: list[str]) -> bool:
        """Whether one side of a connect names a resource; else it is told."""
        names, text = self.names, self.names.text(ref, scope)
        if pattern.is_pattern(text):
            if pattern.matches(text, resources):
                return True
            if pattern.matches(text, names.absent):
                names.left_out(names.absent[pattern.matches(text, names.absent)[0][0]], text, ref, scope)
            else:
                names.say("EV206", f"`{ref.text}` matches no resource", scope, ref, "connect joins resources")
            return False
        if names.rules_only or text in names.resources:
            return names.gone(text) is None
        if gone := names.gone(text):
            names.left_out(gone, text, ref, scope)
            return False
        resource, _, action = text.rpartition(".")
        if resource in names.resources and action in names.resources[resource].actions:
            names.say("EV201", f"`{text}` is an action; connect joins resources", scope, ref, f"write `{resource}`")
            return False
        near = nearest(text, names.resources)
        names.say("EV201", f"no resource is called `{text}`" + (f"; did you mean `{near}`?" if near else ""), scope, ref,
                  f"declare it: `resource {text} {{ … }}`", near[len(scope.unit.prefix) :] if near else None)  # fmt: skip
        return False

    def _pair(self, a: str, b: str, s: ast.Connect, scope: Scope) -> None:
        """What `connect a b` makes of one emitter and one receiver."""
        names, origin = self.names, scope.span(s)
        own = [m for m in s.links or () if isinstance(m, ast.OwnRule)]
        for m in s.links or ():
            if isinstance(m, ast.Handover):
                self.handed.append(Handed(a, m.taken.text, b, m.given.text, scope.span(m)))
        if a == b or any(isinstance(m, ast.NoEvents) for m in s.links or ()):
            return

        def number(resource: str, action: str) -> int | None:
            """The action's number where it exists; a rules-only program has every action that connect speaks of."""
            name = f"{resource}.{action}"
            if names.rules_only:
                names.mention(resource, action)
            return names.number(name) if name in names.actions else None

        a_run, b_reload = number(a, "run"), number(b, "reload")
        a_remove, b_run, b_remove = number(a, "remove"), number(b, "run"), number(b, "remove")
        if own:
            for m in own:
                self._own(m, a, b, scope)
        else:
            if a_run is not None and b_reload is not None:
                self.rule((a_run,), (None,), ("changed",), False, b_reload, None, origin)
            if a_remove is not None and b_run is not None:
                self.rule((a_remove,), (None,), ("changed",), False, b_run, None, origin, True)
        for before, after, kind in (
            (a_run, b_run, "needs"), (b_run, b_reload, "needs"), (b_remove, a_remove, "after")
        ):  # fmt: skip
            if before is not None and after is not None:
                self.order(before, after, kind, True, origin)

    def _own(self, m: ast.OwnRule, a: str, b: str, scope: Scope) -> None:
        """`on run changed restart` inside a connect: the action names are looked up on either side."""
        names = self.names
        ends: list[int] = []
        for resource, ref in ((a, m.emitter), (b, m.subscriber)):
            action = filled(ref.text, scope, ref, names.diagnostics)
            name = f"{resource}.{action}"
            if names.rules_only:
                names.mention(resource, action)
            elif name not in names.actions:
                names.say("EV202", f"`{resource}` has no action `{action}`", scope, ref, names.actions_of(resource))
                return
            ends.append(names.number(name))
        self.rule((ends[0],), (None,), self._words(m.events), False, ends[1], None, scope.span(m))

    # ---- patterns in a rules-only program

    def _mention(self, placed: list[Placed]) -> None:
        """Make every action that is written out: patterns match what occurs anywhere in the program."""
        names = self.names
        kept, names.diagnostics = names.diagnostics, []  # what is wrong is told by the walk itself
        for p in placed:
            s = p.statement
            if p.absent:
                continue
            for ref in _references(s):
                if not pattern.is_pattern(ref.text):
                    names.action(ref, p.scope)
            if type(s) is ast.Connect and not _has_pattern(p):
                self._occur(s, p.scope, [names.text(s.emitter, p.scope)], [names.text(s.receiver, p.scope)])
        for p in placed:
            if type(p.statement) is ast.Connect and not p.absent and _has_pattern(p):
                self._occur(p.statement, p.scope, *connected(p.statement, p.scope, names, self._resources()))
        names.diagnostics = kept

    def _occur(self, s: ast.Connect, scope: Scope, emitters: list[str], receivers: list[str]) -> None:
        if any(isinstance(m, ast.NoEvents) for m in s.links or ()):
            return
        for a in emitters:
            for b in receivers:
                if a != b:
                    for resource, action in ((a, "run"), (b, "reload"), (a, "remove"), (b, "run"), (b, "remove")):
                        self.names.mention(resource, action)


def _references(s: ast.Statement) -> tuple[ast.Ref, ...]:
    """The references of a statement that make an action of a rules-only program, left to right."""
    if type(s) is ast.Rule:
        return (*s.emitters, *s.subscribers)
    if type(s) is ast.Order:
        return (*s.later, *s.earlier)
    if type(s) is ast.Serial or type(s) is ast.Start:
        return s.actions
    return ()


def _has_pattern(p: Placed) -> bool:
    s = p.statement
    refs = (s.emitter, s.receiver) if type(s) is ast.Connect else _references(s)
    return any(pattern.is_pattern(r.text) for r in refs)


def _bindings(named: list[Named]) -> list[Bound]:
    """Every way to give values to all variables of several references so that each still matches something."""
    found: list[Bound] = [()]
    for n in named:
        if not n.variables:
            continue
        seen = {v for v, _ in found[0]} if found else set()
        shared = [v for v in sorted(n.variables) if v in seen]
        index: dict[tuple[str, ...], list[Bound]] = {}
        for bound in dict.fromkeys(b for _, b in n.actions):
            values = dict(bound)
            index.setdefault(tuple(values[v] for v in shared), []).append(bound)
        merged: list[Bound] = []
        for bound in found:
            values = dict(bound)
            for more in index.get(tuple(values[v] for v in shared), ()):
                joined = pattern.agree(bound, more)
                if joined is not None:
                    merged.append(joined)
        found = merged
    return found


def _of(n: Named, bound: Bound) -> Iterator[str]:
    """The actions of a reference under a binding."""
    for name, own in n.actions:
        if pattern.agree(own, bound) == bound:
            yield name
