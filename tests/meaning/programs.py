"""Small programs of the tests of `meaning`: from text to what it means, in words that can be compared."""

from __future__ import annotations

from pathlib import Path

import evdsl
from evdsl.api import load
from evdsl.faces.expand import expanded
from evdsl.meaning.program import Program


def loaded(text: str, settings: dict[str, str] | None = None, **environment: str) -> evdsl.Program:
    """The program of a text that belongs to no file."""
    return load(text if text.endswith("\n") else text + "\n", settings, environment)


def files(folder: Path, texts: dict[str, str], settings: dict[str, str] | None = None) -> evdsl.Program:
    """The program of the first of several files."""
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return load(folder / next(iter(texts)), settings)


def meant(program: evdsl.Program) -> Program:
    """What is inside of a program that stands."""
    assert program.stands, [(d.code, d.message) for d in program.diagnostics]
    assert program.inner is not None
    return program.inner


def rules(program: evdsl.Program) -> list[str]:
    """Its rules, one for each pair (an `all` rule as a whole), in their order: `a.run changed b.run`."""
    inner = meant(program)
    names = [a.name for a in inner.actions]

    def ref(action: int, number: int | None) -> str:
        return names[action] if number is None else f"{names[action]}#{number}"

    return [
        ("all " if r.all else "")
        + " ".join(
            [", ".join(map(ref, r.emitters, r.numbers)), "|".join(r.events), ref(r.subscriber, r.number)]
        )
        for r in inner.rules
    ]


def orders(program: evdsl.Program) -> list[str]:
    """Its orders: `b.run needs a.run`, weak ones marked."""
    inner = meant(program)
    names = [a.name for a in inner.actions]
    return [f"{names[o.after]} {o.kind} {names[o.before]}{' weak' if o.weak else ''}" for o in inner.orders]


def expansion(program: evdsl.Program) -> list[str]:
    return expanded(meant(program)).splitlines()


def said(program: evdsl.Program, severities: str = "error") -> list[tuple[str, int]]:
    """The codes and lines of what is wrong (`error`, or several severities with blanks between)."""
    return [
        (d.code, d.span.line if d.span else 0)
        for d in program.diagnostics
        if d.severity in severities.split()
    ]


def codes(program: evdsl.Program, severities: str = "error") -> list[str]:
    return [code for code, _ in said(program, severities)]


def steps(program: evdsl.Program, action: str = "run") -> list[str]:
    return [step.id for step in program.plan(action).steps]
