"""Random rules-only programs and outcomes for tests, in the style of tests/cases/plain/random-*.events."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import pairwise

_EVENTS = ["changed"] * 8 + ["success", "success", "done", "ok", "created", "failed", "failure"]
_EVENTS += ["error", "skipped", "ok|failed", "changed|error"]
_OUTCOMES = ["changed"] * 6 + ["ok"] * 3 + ["created", "created", "removed", "failed", "failed", "error"]


def random_program(rng: random.Random, size: int) -> str:
    """The text of a rules-only program of `size` statements over a handful of resources.

    Every construct occurs: rules on any and on all, several events, lists on both sides, explicit numbers,
    orders, connect, start, again, actions that set themselves off. Some begin with rings and chains that lead
    into them, so that there is something to choose from. A program may well have no plan.
    """
    count = rng.randint(2, max(2, min(9, 1 + size // 2 + rng.randint(0, 2))))
    numbers, sparse = rng.random() < 0.25, rng.random() < 0.5
    actions = ["run"] * 6 + ["reload"] * 3 + (["remove"] if rng.random() < 0.2 else [])

    def resource() -> str:
        return f"r{rng.randrange(count)}"

    def ref() -> str:
        return f"{resource()}.{rng.choice(actions)}"

    def refs(low: int, high: int) -> str:
        return ", ".join(dict.fromkeys(ref() for _ in range(rng.randint(low, high))))

    def numbered(name: str, later: float) -> str:
        if not numbers or "," in name or rng.random() > later:
            return name
        return f"{name}#{rng.choice([0, 1, 1, 1, 2]) if rng.random() < 0.3 else rng.choice([0, 1, 1])}"

    def rule() -> str:
        kind = rng.random()
        if kind < 0.08:
            name = ref()
            return f"on {name} {rng.choice(_EVENTS)} {name}"
        if kind < 0.2:
            return f"on all {refs(2, 3)} {rng.choice(['success', 'changed', 'done'])} {ref()}"
        many = kind < 0.32
        emitters = refs(2, 3) if many else numbered(ref(), 0.08)
        to = refs(2, 2) if rng.random() < 0.06 else numbered(ref(), 0.2)
        return f"on {emitters} {rng.choice(_EVENTS)} {to}"

    def order() -> str:
        lists = rng.random() < 0.15
        left, right = (refs(1, 2), refs(1, 2)) if lists else (ref(), ref())
        if not lists and left == right and rng.random() < 0.9:
            return rule()
        return f"{left} {rng.choice(['after', 'needs'])} {right}"

    def statement() -> str:
        kind = rng.random()
        if kind < (0.76 if sparse else 0.84):
            return rule()
        if kind < 0.9:
            return order()
        if kind < 0.965:
            return f"connect {resource()} {resource()}"
        return f"start {ref()}" if kind < 0.985 else f"again {ref()}"

    def ring() -> list[str]:
        """A ring with chains of `fN` that lead into it: several ways in at several depths."""
        members = list(dict.fromkeys(ref() for _ in range(rng.randint(2, 5))))
        pairs = list(zip(members, [*members[1:], members[0]], strict=True))
        for n in range(rng.randint(0, 3)):
            chain = [f"f{n}{k}.run" for k in range(rng.randint(1, 3))] + [rng.choice(members)]
            pairs += list(pairwise(chain))
        return [f"on {a} {rng.choice(_EVENTS)} {b}" for a, b in pairs]

    lines = [statement() for _ in range(size)]
    if size > 3 and rng.random() < 0.4:
        lines = [*ring(), *lines][:size]
        rng.shuffle(lines)
    return "".join(f"{line}\n" for line in lines)


def random_outcomes(rng: random.Random, steps: Iterable[str]) -> dict[str, str]:
    """What each instance would say if it ran; taken in sorted order, so that a seed says all."""
    return {step: rng.choice(_OUTCOMES) for step in sorted(steps)}
