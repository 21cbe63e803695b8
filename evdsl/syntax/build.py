"""From the reductions of the parser to the tree, with what the grammar leaves open checked: words, names, escapes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ..base.diagnostic import Diagnostic, Findings, Fix
from ..base.duration import LONGEST, Seconds, duration
from ..base.events import MATCHES
from ..base.source import Source, Span
from ..base.spell import nearest
from . import ast
from .lexer import Token

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?\Z")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}
_EVENTS_HINT = "events are " + ", ".join(MATCHES)


def dedent(text: str) -> str:
    """The value of a long string: the line ends next to the quotes go, then the indentation that all lines share."""
    lines = text.split("\n")
    if len(lines) == 1:
        return text
    first = [] if not lines[0].strip() else [lines[0]]
    rest = lines[1:-1] if not lines[-1].strip() else lines[1:]
    indents = [line[: len(line) - len(line.lstrip(" \t"))] for line in rest if line.strip()]
    margin = min(indents, key=len, default="")
    while margin and not all(i.startswith(margin) for i in indents):
        margin = margin[:-1]
    return "\n".join(first + [line[len(margin) :] if line.strip() else "" for line in rest])


class Build:
    """Makes nodes bottom up while the text is parsed: a method for each rule of the grammar. A statement with a fault becomes None; the fault is in `faults`."""

    def __init__(self) -> None:
        self.source = Source("", "")
        self.faults = Findings()
        self.unread: list[tuple[int, int]] = []  # the places of statements that are left out
        self.bad = False  # the statement or member under construction has a fault

    # ---- faults

    def _fault(
        self, code: str, message: str, start: int, end: int, hint: str, fix: str | None = None
    ) -> None:
        span = Span(self.source, start, end)
        self.faults.append(Diagnostic(code, message, span, hint, (), Fix(span, fix) if fix else None))
        self.bad = True

    def _done(self, node: Any) -> Any:
        """The statement, or None if something in it was at fault."""
        bad, self.bad = self.bad, False
        if bad and node is not None:
            self.unread.append((node.start, node.end))
        return None if bad else node

    # ---- words

    def _ref(self, token: Token) -> ast.Ref:
        start, end = token.start, token.end
        if "#" in token.text:
            text, _, digits = token.text.partition("#")
            if len(digits) > LONGEST:
                self._fault(
                    "EV110",
                    f"the number of `{text}` is too long",
                    start,
                    end,
                    "the first run is `#0`, the second `#1`",
                )
                digits = "0"
            return ast.Ref(text, int(digits), start, end)
        return ast.Ref(token.text, None, start, end)

    def _name(self, token: Token, what: str, *, plain: bool = False, word: bool = False) -> ast.Ref:
        """A name that declares something. plain: without `{{ }}`; word: one that commands see as a variable."""
        ref = self._ref(token)
        what = f"an {what}" if what[0] in "aeiou" else f"a {what}"
        if ref.number is not None:
            self._fault(
                "EV110",
                f"the name of {what} has no `#{ref.number}`",
                ref.start,
                ref.end,
                "`#N` names one run of an action, in rules only",
            )
        elif "*" in ref.text or "<" in ref.text:
            self._fault(
                "EV110",
                f"`{ref.text}` is a pattern, not the name of {what}",
                ref.start,
                ref.end,
                "patterns stand in rules, orders, connect, serial and start",
            )
        elif plain and "{{" in ref.text:
            self._fault(
                "EV110",
                f"the name of {what} is written out, without `{{{{ }}}}`",
                ref.start,
                ref.end,
                "`{{name}}` may stand in the names of resources, hosts, groups and references",
            )
        elif word and "{{" not in ref.text and not _IDENTIFIER.match(ref.text):
            self._fault(
                "EV110",
                f"`{ref.text}` cannot be the name of {what}",
                ref.start,
                ref.end,
                "it begins with a letter or `_`; letters, digits, `_` and `-` follow",
            )
        return ref

    def many(self, *tokens: Token) -> tuple[ast.Ref, ...]:
        return tuple(map(self._ref, tokens))

    def _refs(self, one_or_many: Token | tuple[ast.Ref, ...]) -> tuple[ast.Ref, ...]:
        return (self._ref(one_or_many),) if isinstance(one_or_many, Token) else one_or_many

    # ---- values

    def word(self, token: Token) -> ast.Value:
        start, end, text = token.start, token.end, token.text
        if text[0].isdecimal() and text.isascii():
            if _NUMBER.match(text):
                return self._number(text, start, end)
            if (span := duration(text)) is not None:
                return self._duration(span, start, end)
        if text in ("true", "false"):
            return ast.Boolean(text == "true", start, end)
        return ast.Word(text, start, end)

    def number(self, token: Token) -> ast.Value:
        return self._number(token.text, token.start, token.end)

    def _number(self, text: str, start: int, end: int) -> ast.Value:
        if len(text) > LONGEST:
            self._fault("EV113", "a number has at most 18 digits", start, end, "quote it if it is text")
            text = "0"
        return ast.Number(float(text) if "." in text else int(text), text, start, end)

    def _duration(self, value: Seconds, start: int, end: int) -> ast.Value:
        if len(value.text) > LONGEST:
            self._fault("EV113", "a duration has at most 18 digits", start, end, "write it in hours")
        return ast.Duration(value, value.text, start, end)

    def string(self, token: Token) -> ast.Text:
        start, written = token.start, token.text[1:-1]
        value = written
        if "\\" in written:
            for found in _ESCAPE.finditer(written):
                if found[1] not in _ESCAPES:
                    at = start + 1 + found.start()
                    self._fault(
                        "EV112",
                        f"`{found[0]}` is no escape",
                        at,
                        at + 2,
                        "escapes are \\\" \\\\ \\n \\t; a raw string '…' has none",
                    )
            value = _ESCAPE.sub(lambda m: _ESCAPES.get(m[1], ""), written)
        return ast.Text(value, False, False, written, start, token.end)

    def raw(self, token: Token) -> ast.Text:
        written = token.text[1:-1]
        return ast.Text(written, True, False, written, token.start, token.end)

    def long_string(self, token: Token) -> ast.Text:
        written = token.text[3:-3]
        return ast.Text(dedent(written), False, True, written, token.start, token.end)

    def long_raw(self, token: Token) -> ast.Text:
        written = token.text[3:-3]
        return ast.Text(dedent(written), True, True, written, token.start, token.end)

    def list(self, *children: Any) -> ast.List:
        opening, *items, close = children
        return ast.List(tuple(i for i in items if i is not None), opening.start, close.end)

    def map(self, *children: Any) -> ast.Map:
        opening, *items, close = children
        pairs = tuple(p for p in items if p is not None)
        keys: set[str] = set()
        for key, _ in pairs:
            text = key.text if isinstance(key, ast.Ref) else key.value
            if text in keys:
                self._fault(
                    "EV114", f"the key `{text}` stands twice in this map", key.start, key.end, "keep one"
                )
            keys.add(text)
        return ast.Map(pairs, opening.start, close.end)

    def pair(self, key: Token, value: ast.Value) -> tuple[ast.Ref | ast.Text, ast.Value]:
        if key.type == "REF":
            return self._ref(key), value
        return (self.string(key) if key.type == "STRING" else self.raw(key)), value

    def option(self, name: Token, value: ast.Value) -> ast.Option:
        ref = self._name(name, "option", plain=True, word=True)
        return ast.Option(ref, value, ref.start, value.end)

    def _options(self, items: Iterable[ast.Option | None]) -> tuple[ast.Option, ...]:
        options = tuple(o for o in items if o is not None)
        seen: set[str] = set()
        for o in options:
            if o.name.text in seen:
                self._fault(
                    "EV114",
                    f"`{o.name.text}` is given twice",
                    o.name.start,
                    o.name.end,
                    "keep the one that you mean",
                )
            seen.add(o.name.text)
        return options

    def options(self, *children: Any) -> tuple[tuple[ast.Option, ...], int]:
        *items, close = children
        return self._options(items), close.end

    arguments = options

    # ---- conditions

    def when(self, _if: Token, test: ast.Condition) -> ast.Condition:
        return test

    def any(self, *parts: Any) -> ast.Or:
        tests = tuple(p for p in parts if not isinstance(p, Token))
        return ast.Or(tests, tests[0].start, tests[-1].end)

    def all(self, *parts: Any) -> ast.And:
        tests = tuple(p for p in parts if not isinstance(p, Token))
        return ast.And(tests, tests[0].start, tests[-1].end)

    def not_(self, keyword: Token, test: ast.Condition) -> ast.Condition:
        if isinstance(test, ast.Not):  # `not not x` says x: keeps the tree flat however many there are
            return test.test._replace(start=keyword.start, end=test.end)
        return ast.Not(test, keyword.start, test.end)

    def comparison(self, left: ast.Value, *rest: Any) -> ast.Compare:
        *words, right = rest
        return ast.Compare(left, " ".join(w.text for w in words), right, left.start, right.end)

    def truth(self, value: ast.Value) -> ast.Truth:
        return ast.Truth(value, value.start, value.end)

    def parentheses(self, opening: Token, test: ast.Condition, close: Token) -> ast.Condition:
        # they belong to its place: a comment before the `)` is inside the statement
        return test._replace(start=opening.start, end=close.end)

    # ---- statements

    def file(self, *statements: Any) -> Any:
        return [s for s in statements if s is not None]

    def rule(self, on: Token, emitters: Any, events: Any, subscribers: Any, when: Any) -> Any:
        return self._rule(False, on, emitters, events, subscribers, when)

    def rule_all(
        self, on: Token, _all: Token, emitters: Any, events: Any, subscribers: Any, when: Any
    ) -> Any:
        return self._rule(True, on, emitters, events, subscribers, when)

    def _rule(self, every: bool, on: Token, emitters: Any, events: Any, subscribers: Any, when: Any) -> Any:
        emitters, events = self._refs(emitters), self._refs(events)
        if subscribers is None:
            self._incomplete(emitters, events)
            return self._done(None)
        subscribers = self._refs(subscribers)
        for e in events:
            self._event(e)
        end = when.end if when else subscribers[-1].end
        return self._done(ast.Rule(every, emitters, events, subscribers, when, on.start, end))

    def _event(self, e: ast.Ref) -> None:
        if e.text in MATCHES and e.number is None:
            return
        if e.text in MATCHES:
            message = f"the event `{e.text}` has no `#{e.number}`"
            self._fault("EV103", message, e.start, e.end, "`#N` names one run of an action", e.text)
            return
        near = None if self.faults.full else nearest(e.text, MATCHES)  # it takes long, and this is not told
        message = f"unknown event `{e.text}`" + (f"; did you mean `{near}`?" if near else "")
        self._fault("EV103", message, e.start, e.end, _EVENTS_HINT, near)

    def _incomplete(self, emitters: tuple[ast.Ref, ...], events: tuple[ast.Ref, ...]) -> None:
        """`on` with one part too few: say which one."""
        last, word = emitters[-1], events[0]
        form = "a rule reads `on EMITTER EVENT SUBSCRIBER`"
        if word.text in MATCHES:
            end = events[-1].end
            self._fault(
                "EV105",
                f"this rule has no subscriber: what runs on `{word.text}`?",
                end,
                end + 1,
                f"{form}: add the action that it sets off",
            )
        elif last.text in MATCHES and len(emitters) > 1:
            self._fault(
                "EV102", f"a comma too many before `{last.text}`", emitters[-2].end, last.start, form, " "
            )
        elif last.text in MATCHES:
            self._fault(
                "EV102",
                f"this rule has no emitter before `{last.text}`",
                last.start,
                last.end,
                f"{form}: name the action that it listens to",
            )
        elif "." not in word.text and word.number is None and nearest(word.text, MATCHES):
            self._event(word)
        else:
            self._fault(
                "EV104",
                f"this rule has no event: what of `{last.text}` sets off `{word.text}`?",
                last.end,
                word.start,
                f"{form}; {_EVENTS_HINT}",
            )

    def order(self, later: Any, kind: Token, earlier: Any, when: Any) -> Any:
        later, earlier = self._refs(later), self._refs(earlier)
        end = when.end if when else earlier[-1].end
        return self._done(ast.Order(later, kind.text, earlier, when, later[0].start, end))

    def _no_if(self, keyword: Token, when: Any) -> None:
        if when is not None:
            self._fault(
                "EV111",
                f"`{keyword.text}` takes no `if`",
                when.start,
                when.end,
                "`if` stands behind a rule, order, connect, resource, for, import, host or group",
            )

    def _refs_only(self, kind: Any, keyword: Token, actions: Any, when: Any) -> Any:
        self._no_if(keyword, when)
        actions = self._refs(actions)
        return self._done(kind(actions, keyword.start, actions[-1].end))

    def serial(self, keyword: Token, actions: Any, when: Any) -> Any:
        return self._refs_only(ast.Serial, keyword, actions, when)

    def start(self, keyword: Token, actions: Any, when: Any) -> Any:
        return self._refs_only(ast.Start, keyword, actions, when)

    def again(self, keyword: Token, actions: Any, when: Any) -> Any:
        return self._refs_only(ast.Again, keyword, actions, when)

    def connect(self, keyword: Token, emitter: Token, receiver: Token, links: Any, when: Any) -> Any:
        a, b = self._ref(emitter), self._ref(receiver)
        for r in (a, b):
            if r.number is not None:
                self._fault(
                    "EV110",
                    "`connect` joins resources, which have no `#N`",
                    r.start,
                    r.end,
                    "leave the number out",
                )
        end = when.end if when else links[1] if links else b.end
        start = keyword.start
        return self._done(ast.Connect(a, b, links[0] if links else None, when, start, end))

    def links(self, *children: Any) -> tuple[tuple[Any, ...], int]:
        return self._body(children)

    def _body(self, children: tuple[Any, ...]) -> tuple[tuple[Any, ...], int]:
        *items, close = children
        return tuple(i for i in items if i is not None and not isinstance(i, Token)), close.end

    def handover(self, taken: Token, given: Token) -> ast.Handover:
        a, b = (
            self._name(taken, "value", plain=True, word=True),
            self._name(given, "value", plain=True, word=True),
        )
        return ast.Handover(a, b, a.start, b.end)

    def own_rule(self, on: Token, emitter: Token, events: Any, subscriber: Token) -> ast.OwnRule:
        a, b = self._name(emitter, "action"), self._name(subscriber, "action")
        for r in (a, b):
            if "." in r.text:
                self._fault(
                    "EV110",
                    f"`{r.text}`: an action's own name stands here, without its resource",
                    r.start,
                    r.end,
                    "`connect a b { on run changed restart }`",
                )
        events = self._refs(events)
        for e in events:
            self._event(e)
        return ast.OwnRule(a, events, b, on.start, b.end)

    def no_events(self, no: Token, events: Token) -> ast.NoEvents:
        return ast.NoEvents(no.start, events.end)

    def resource(self, keyword: Token, name: Token, at: Token | None, members: Any, when: Any) -> Any:
        ref = self._name(name, "resource")
        host = None
        end = ref.end
        if at is not None:
            host = ast.Ref(at.text[1:], None, at.start + 1, at.end)
            end = host.end
        end = when.end if when else members[1] if members else end
        node = ast.Resource(ref, host, members[0] if members else None, when, keyword.start, end)
        return self._done(node)

    def members(self, *children: Any) -> tuple[tuple[Any, ...], int]:
        return self._body(children)

    def attribute(self, name: Token, value: ast.Value) -> ast.Attribute:
        ref = self._name(name, "attribute", plain=True, word=True)
        return ast.Attribute(ref, value, ref.start, value.end)

    def action(self, name: Token, driver: Token, *children: Any) -> ast.Action:
        *values, options = children
        arguments = tuple(values)
        ref, kind = self._name(name, "action"), self._name(driver, "driver", plain=True)
        if "." in ref.text:
            self._fault(
                "EV110",
                f"`{ref.text}`: the name of an action has no dot",
                ref.start,
                ref.end,
                "`resource RESOURCE { ACTION: driver … }`",
            )
        end = options[1] if options else arguments[-1].end if arguments else kind.end
        return ast.Action(ref, kind, arguments, options[0] if options else (), ref.start, end)

    def host(self, keyword: Token, name: Token, address: ast.Value, options: Any, when: Any) -> Any:
        ref = self._name(name, "host")
        end = when.end if when else options[1] if options else address.end
        start = keyword.start
        return self._done(ast.Host(ref, address, options[0] if options else (), when, start, end))

    def hosts(self, keyword: Token, path: ast.Value, when: Any) -> Any:
        self._no_if(keyword, when)
        return self._done(ast.Inventory(path, keyword.start, path.end))

    def group(self, keyword: Token, name: Token, members: ast.Value, when: Any) -> Any:
        ref = self._name(name, "group")
        start = keyword.start
        return self._done(ast.Group(ref, members, when, start, when.end if when else members.end))

    def for_(self, keyword: Token, variable: Token, _in: Token, over: ast.Value, body: Any, when: Any) -> Any:
        ref = self._name(variable, "loop variable", plain=True, word=True)
        start = keyword.start
        return self._done(ast.For(ref, over, body[0], when, start, when.end if when else body[1]))

    def body(self, *children: Any) -> tuple[tuple[Any, ...], int]:
        return self._body(children)

    def param(self, keyword: Token, name: Token, default: ast.Value, when: Any) -> Any:
        self._no_if(keyword, when)
        ref = self._name(name, "param", plain=True, word=True)
        start = keyword.start
        return self._done(ast.Param(ref, default, start, default.end))

    def secret(self, keyword: Token, name: Token, when: Any) -> Any:
        self._no_if(keyword, when)
        ref = self._name(name, "secret", plain=True, word=True)
        return self._done(ast.Secret(ref, keyword.start, ref.end))

    def defaults(self, keyword: Token, options: Any, when: Any) -> Any:
        self._no_if(keyword, when)
        return self._done(ast.Defaults(options[0], keyword.start, options[1]))

    def import_(
        self, _k: Token, path: ast.Value, _as: Token, prefix: Token, arguments: Any, when: Any
    ) -> Any:
        ref = self._name(prefix, "import")
        end = when.end if when else arguments[1] if arguments else ref.end
        start = _k.start
        return self._done(ast.Import(path, ref, arguments[0] if arguments else (), when, start, end))
