"""`evdsl expand` keeps what is mentioned first, which decides where a cycle is entered and what of it runs again."""

from __future__ import annotations

from typing import Any

import pytest

from evdsl.api import load
from evdsl.faces.expand import expanded


def resources(names: str, actions: str = "run") -> str:
    body = "; ".join(f'{action}: sh "true"' for action in actions.split())
    return "".join(f"resource {name} {{ {body} }}\n" for name in names.split())


def planned(text: str, action: str) -> dict[str, Any]:
    """The plan as JSON without file, line and weak."""
    made = load(text).plan(action).to_json()
    for part in (*made["rules"], *made["orders"], *(c for cycle in made["cycles"] for c in cycle["closing"])):
        for key in ("file", "line", "weak"):
            part.pop(key, None)
    for part in (made["rules"], made["orders"], *(cycle["closing"] for cycle in made["cycles"])):
        part.sort(key=str)
    return made


RING = "on a.run changed b.run\non b.run changed a.run\n"
PROGRAMS = {
    "connect without rules": resources("a b") + "connect b a { no events }\n" + RING,
    "the same, with an action that is not planned": resources("a b", "run x") + "connect b a { no events }\n" + RING,
    "a pattern and its subset": resources("n.2 n.1 m.2 m.1 b a", "run reload")
    + "on *.run, n.*.run success **.run\non m.2.run changed n.1.run\n",
    "a pattern on itself, all planned": resources("d c b a") + "on *.run changed *.run\n",
    "a pattern that its sides share in part": resources("a.2 a.1 b.2 b.1", "run x")
    + "on a.*.run changed *.1.run\non b.1.run changed a.*.run\n",
    "pairs of a pattern, all planned": resources("n.2 n.1 m.2 m.1")
    + "on all <k>.<h>.run changed n.1.run\non <k>.<h>.run changed m.1.run\n",
    "starts stand first": resources("n.2 n.1 m.2 m.1")
    + "on m.*.run changed m.2.run\non <k>.<h>.run changed <k>.1.run\n",
    "two sides that overlap": resources("n.2 n.1 m.2 m.1") + "on m.*.run, n.*.run changed **.run\n",
    "an order of a pattern": resources("c b a", "run x") + "*.run after *.x\non c.run changed b.run\non b.run changed c.run\n",
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_same_plan(name: str) -> None:
    program = load(PROGRAMS[name])
    assert program.stands
    assert program.inner is not None
    for action in sorted({a.action for a in program.inner.actions}):
        text = expanded(program.inner, action)
        assert planned(text, action) == planned(PROGRAMS[name], action), text
