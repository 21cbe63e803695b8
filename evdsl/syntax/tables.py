"""What lark makes of the grammar: the tables by which machine.py parses, and the terminals for the lexer.

Lark itself is imported only to make them, once for each state of the grammar: they are plain values, kept in the user's
cache folder. To import lark costs more than all else that a short command does.
"""

from __future__ import annotations

import marshal
import os
from contextlib import suppress
from typing import Any, NamedTuple

STARTS = ("file", "one_member", "one_link")
"""The rules of the grammar that a text can be parsed by."""
_FORMAT = 1


class Reduction(NamedTuple):
    """A rule of the grammar. `size` symbols make an `origin`, which the method `name` of the builder makes; without a
    name its children go to the rule around it.

    `children`: for each child that is kept its index, whether it is the list of such children, and how many absent
    ones (`[x]`) stand before it; `absent`: how many stand at the end; `single`: one child alone stands for itself.
    """

    origin: str
    size: int
    name: str
    children: tuple[tuple[int, bool, int], ...]
    absent: int
    single: bool


class Tables(NamedTuple):
    """`states[s]` says for each symbol what to do: go to a state; for ~r, reduce by the reduction r.

    `begins` and `ends` are states by the start rule. `keywords` maps texts to terminals; `patterns` are the other
    terminals and their regular expressions, in the order in which they are tried.
    """

    states: tuple[dict[str, int], ...]
    reductions: tuple[Reduction, ...]
    begins: dict[str, int]
    ends: dict[str, int]
    keywords: dict[str, str]
    patterns: tuple[tuple[str, str], ...]

    def fits(self, symbol: str, stack: list[int]) -> bool:
        """Whether a parser with these states on its stack would come to take the symbol.

        That a state can go on with it is not enough: LALR states are shared between places, so a line end in the body
        of a resource allows `start` as one between statements does, and `start:` is an action.
        """
        states = self.states
        action = states[stack[-1]].get(symbol)
        if action is not None and action < 0:
            stack, ends = stack.copy(), self.ends.values()
            while action is not None and action < 0:
                reduction = self.reductions[~action]
                if reduction.size:
                    del stack[-reduction.size :]
                stack.append(states[stack[-1]][reduction.origin])
                if symbol == "$END" and stack[-1] in ends:
                    return True
                action = states[stack[-1]].get(symbol)
        return action is not None


def grammar_path() -> str:
    """Where the grammar is: inside the installed package, or beside it in a checkout."""
    package = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    for folder in (package, os.path.dirname(package)):
        path = os.path.join(folder, "grammar", "evdsl.lark")
        if os.path.isfile(path):
            return path
    raise FileNotFoundError("grammar/evdsl.lark is not where the package was installed")


def tables() -> Tables:
    """The tables of the grammar, from the cache if they are there."""
    with open(grammar_path(), encoding="utf-8") as file:
        grammar = file.read()
    path = cache_path()
    found = _kept(path, grammar) if path else None
    if found is None:
        found = made(grammar)
        if path:
            _keep(path, grammar, found)
    return found


def cache_path() -> str:
    """Where the tables are kept: in the user's cache folder; empty if there is no such folder to write to."""
    root = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = os.path.join(root, "evdsl")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        if os.stat(folder).st_uid != os.getuid() or not os.access(folder, os.W_OK):
            return ""  # what is parsed decides what is run: never read what somebody else can write
    except OSError:
        return ""
    return os.path.join(folder, f"grammar-{_FORMAT}.bin")


def _kept(path: str, grammar: str) -> Tables | None:
    """What is in the cache, None if it is of another grammar or damaged."""
    try:
        with open(path, "rb") as file:
            found = marshal.loads(file.read())
        if found[0] != grammar:
            return None
        states, reductions, *others = found[1]
        return Tables(states, tuple([Reduction(*one) for one in reductions]), *others)
    except (OSError, ValueError, TypeError, EOFError, IndexError, KeyError):
        return None


def _keep(path: str, grammar: str, found: Tables) -> None:
    plain: Any = (grammar, (found.states, tuple(map(tuple, found.reductions)), *found[2:]))
    new = f"{path}.{os.getpid()}"
    with suppress(OSError):
        with open(new, "wb") as file:
            file.write(marshal.dumps(plain))
        os.replace(new, path)


def made(grammar: str) -> Tables:
    """Have lark make the tables."""
    from lark import Lark

    return taken(Lark(grammar, parser="lalr", lexer="basic", start=list(STARTS)))


def taken(lark: Any) -> Tables:
    """The tables of a parser of lark's."""
    from lark.lexer import PatternStr
    from lark.parsers.lalr_analysis import Shift

    table = lark.parser.parser._parse_table
    reductions: dict[Any, int] = {}
    states: list[dict[str, int]] = [{} for _ in table.states]
    for number, actions in table.states.items():
        for symbol, (action, to) in actions.items():
            states[number][symbol] = to if action is Shift else ~reductions.setdefault(to, len(reductions))
    keywords: dict[str, str] = {}
    patterns: list[tuple[bool, int, int, str, str]] = []
    for t in lark.terminals:
        if isinstance(t.pattern, PatternStr) and t.pattern.value.isalpha():
            keywords[t.pattern.value] = t.name
        elif t.name != "BLANK":
            # the most frequent one is tried first; nothing else begins as it does
            expression = t.pattern.to_regexp()
            patterns.append((t.name != "REF", -t.priority, -len(expression), t.name, expression))
    return Tables(
        tuple(states),
        tuple(map(_reduction, reductions)),
        dict(table.start_states),
        dict(table.end_states),
        keywords,
        tuple([(name, expression) for *_, name, expression in sorted(patterns)]),
    )


def _reduction(rule: Any) -> Reduction:
    """A rule of lark's, as it shapes a tree by it."""
    origin, size = str(rule.origin.name), len(rule.expansion)
    blanks = "".join(str(int(absent)) for absent in rule.options.empty_indices)
    before = [len(ones) for ones in blanks.split("0")] if blanks else [0] * (size + 1)
    children: list[tuple[int, bool, int]] = []
    absent = 0
    for index, symbol in enumerate(rule.expansion):
        absent += before[index]
        if not (symbol.is_term and symbol.filter_out):
            children.append((index, not symbol.is_term and symbol.name.startswith("_"), absent))
            absent = 0
    name = str(rule.alias or ("" if origin.startswith("_") else origin))
    single = bool(rule.options.expand1 and not rule.alias)
    return Reduction(origin, size, name, tuple(children), absent + before[size], single)
