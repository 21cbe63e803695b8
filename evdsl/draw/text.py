"""The plan as text: a tree with back references, for terminals and for mails.

    mariadb.run
    └─ changed → keystone.run
       └─ changed → haproxy.run#0
          └─ failure → pager.page

What starts stands at the margin, below each step what it can set off. A step is drawn once; elsewhere it is a name
with `(above)` or `(below)`. What would be too deep or too wide goes on further below, at the margin again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from ..plan.plan import Plan
from .labels import Branch, branches, looked_at, names, only_failure

Part = str | tuple[str, str]
"""A piece of a line: text, or text and its style; the same as in faces/terminal.py."""

COLUMNS = 80
DEEPEST = 12
_MARK = len("  (above)")


def text(plan: Plan) -> list[list[Part]]:
    """The lines of the drawing, each as its parts. At most 80 columns, but for long names."""
    return _Tree(plan).lines()


class _Tree:
    """`promised`: steps that have their place at the margin, `drawn`: those that were shown with what they set off."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.names = names(plan)
        self.branches = branches(plan)
        self.promised = set(plan.start)
        self.drawn: set[int] = set()
        self.found: list[list[Part]] = []

    def lines(self) -> list[list[Part]]:
        starts = set(self.plan.start)
        agenda = deque(sorted(starts))
        rest = iter(range(len(self.plan.steps)))
        while True:
            while agenda:
                root = agenda.popleft()
                agenda.extendleft(reversed(self._tree(root, root in starts)))
            # every step of a plan is reached from a start by rules; one that is not shall not be lost
            root = next((step for step in rest if step not in self.drawn), -1)
            if root < 0:
                return self.found
            agenda.append(root)

    def _tree(self, root: int, starts: bool) -> list[int]:
        """Draw a tree at the margin; gives the steps that were put off, in their order."""
        self.drawn.add(root)
        self._line([(self.names[root], "strong")] if starts else [self.names[root]], self._facts(root))
        if not starts and root in self.promised:
            self.found[-1].insert(1, ("  (from above)", "dim"))
        put_off: list[int] = []
        open_: list[tuple[Branch, str, bool, int]] = []  # branch, prefix, whether the last one, depth
        self._push(open_, root, "", 1)
        while open_:
            branch, prefix, last, depth = open_.pop()
            step = branch.to
            facts: list[tuple[str, list[str]]] = []
            if branch.beside:
                facts.append(("with", [self.names[other] for other in branch.beside]))
            below = prefix + ("   " if last else "│  ")
            if step in self.drawn:
                mark = "  (above)"
            elif step in self.promised:
                mark = "  (below)"
            elif self.branches[step] and not self._fits(step, depth + 1):
                mark = "  (below)"
                self.promised.add(step)
                put_off.append(step)
            else:
                mark = ""
                self.drawn.add(step)
                facts += self._facts(step)
                self._push(open_, step, below, depth + 1)
            style = "failed" if only_failure(branch.events) else "event"
            parts: list[Part] = [(prefix + ("└─ " if last else "├─ "), "dim"), (branch.word, style)]
            parts += [" → ", self.names[step]]
            if mark:
                parts.append((mark, "dim"))
            self._line(parts, facts)
        return put_off

    def _push(self, open_: list[tuple[Branch, str, bool, int]], step: int, prefix: str, depth: int) -> None:
        own = self.branches[step]
        open_.extend((b, prefix, b is own[-1], depth) for b in reversed(own))

    def _fits(self, step: int, depth: int) -> bool:
        """Whether what a step sets off can be drawn at that depth."""
        room = COLUMNS - 3 * depth - len(" → ") - _MARK
        return depth <= DEEPEST and all(
            len(b.word) + len(self.names[b.to]) <= room for b in self.branches[step]
        )

    def _facts(self, step: int) -> list[tuple[str, list[str]]]:
        """What stands dim behind a step: that it runs again, and what it is ordered behind."""
        found: list[tuple[str, list[str]]] = []
        if self.plan.steps[step].instance:
            found.append(("runs again", []))
        for needs, word in ((True, "needs"), (False, "after")):
            before = [
                looked_at(o.before, self.names, self.plan) for o in self.plan.orders[step] if o.needs == needs
            ]
            if before:
                found.append((word, list(dict.fromkeys(before))))
        return found

    def _line(self, parts: list[Part], facts: Sequence[tuple[str, list[str]]]) -> None:
        used = sum(len(p) if isinstance(p, str) else len(p[0]) for p in parts)
        said: list[str] = []
        for word, of in facts:
            said.append(_listed(word, of, COLUMNS - used - 2))
            used += len(said[-1]) + 2
        if said:
            parts.append(("  " + "; ".join(said), "dim"))
        self.found.append(parts)


def _listed(word: str, of: list[str], room: int) -> str:
    """`needs a.run, b.run and 3 more`: as many as there is room for, one at least."""
    shown = " ".join([word, ", ".join(of)]).rstrip()
    if len(shown) <= room or len(of) < 2:
        return shown
    kept = len(word) + len(of[0]) + 1
    count = 1
    more = len(f" and {len(of)} more")
    while kept + len(of[count]) + 2 + more <= room:
        kept += len(of[count]) + 2
        count += 1
    return f"{word} {', '.join(of[:count])} and {len(of) - count} more"
