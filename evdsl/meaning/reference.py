"""What the references of a statement stand for, patterns included, and how two of them go together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..syntax import ast
from . import pattern
from .names import Names
from .pattern import Bound
from .relations import bounded
from .scope import Scope


class Named(NamedTuple):
    """One reference: what it matches (actions, in connect resources), each with its `<h>` values.

    `patterned` where it is a pattern: then it never joins a thing with itself.
    """

    ref: ast.Ref
    found: list[tuple[str, Bound]]
    variables: tuple[str, ...]
    patterned: bool


class References:
    """Looks references up. `pool` is what patterns match: all actions in order of declaration (or occurrence)."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self._pool: list[str] | None = None

    @property
    def pool(self) -> list[str]:
        if self._pool is None:
            self._pool = list(self.names.actions)
        return self._pool

    def one(self, ref: ast.Ref, scope: Scope) -> Named | None:
        """What a reference stands for; None where it is left out or at fault, which is told."""
        names = self.names
        if not pattern.is_pattern(ref.text):
            name = names.action(ref, scope)
            return None if name is None else Named(ref, [(name, ())], (), False)
        text = names.text(ref, scope)
        found = pattern.matches(text, self.pool)
        if found:
            return Named(ref, found, pattern.variables(text), True)
        gone = pattern.matches(text.rpartition(".")[0], names.absent)
        if gone:
            names.left_out(names.absent[gone[0][0]], text, ref, scope)
            return None
        if any(unit.lost for unit in names.units):  # it may match what could not be read
            return None
        hint = "patterns match RESOURCE.ACTION: `*` inside a segment, `**` over segments"
        if pattern.too_wild(text):
            hint = (
                "a segment holds at most three `<h>` and `*` together, a pattern with `<h>` at most two `**`"
            )
        elif pattern.matches(text + ".run", self.pool):
            hint = f"it matches resources: write `{ref.text}.run`"
        names.say("EV206", f"`{ref.text}` matches no action", scope, ref, hint)
        return None

    def each(self, refs: Iterable[ast.Ref], scope: Scope) -> list[Named]:
        return [n for n in (self.one(r, scope) for r in refs) if n is not None]

    def unnumbered(self, refs: Iterable[ast.Ref], scope: Scope, what: str) -> None:
        """Tell of every `#N`; `what` is the statement, which takes none."""
        for r in refs:
            if r.number is not None:
                message = f"`{r.text}#{r.number}`: {what} takes an action, not one run of it"
                self.names.say("EV304", message, scope, r, "leave the number out; rules may carry one")


def joined(a: Named, b: Named) -> Iterator[tuple[str, str]]:
    """The pairs of two references whose `<h>` agree, none with itself where one is a pattern. Linear in its output."""
    shared = [v for v in a.variables if v in b.variables]
    index: dict[tuple[str, ...], list[str]] = {}
    for name, bound in b.found:
        values = dict(bound)
        index.setdefault(tuple(values[v] for v in shared), []).append(name)
    alone = a.patterned or b.patterned
    for name, bound in a.found:
        values = dict(bound)
        for other in index.get(tuple(values[v] for v in shared), ()):
            if not (alone and name == other):
                yield name, other


def bindings(named: list[Named]) -> list[Bound]:
    """Every way to give values to the variables of several references so that each still matches something."""
    found: list[Bound] = [()]
    seen: set[str] = set()
    for n in named:
        if not n.variables:
            continue
        shared = sorted(seen & set(n.variables))
        index: dict[tuple[str, ...], list[Bound]] = {}
        for bound in dict.fromkeys(b for _, b in n.found):
            values = dict(bound)
            index.setdefault(tuple(values[v] for v in shared), []).append(bound)
        merged: list[Bound] = []
        for bound in found:
            values = dict(bound)
            for more in index.get(tuple(values[v] for v in shared), ()):
                bounded(len(merged))
                merged.append(tuple(sorted({**values, **dict(more)}.items())))
        found = merged
        seen |= set(n.variables)
    return found


def under(n: Named, bound: Bound) -> list[str]:
    """What a reference stands for under a binding of all variables."""
    if not n.variables:
        return [name for name, _ in n.found]
    values = dict(bound)
    return [name for name, own in n.found if all(values[v] == value for v, value in own)]
