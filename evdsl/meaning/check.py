"""What can be known of actions before any of them runs: driver, arguments, options, the names in their texts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from ..base.diagnostic import Diagnostic, Findings, Fix
from ..base.drivers import DRIVERS, OPTION_KINDS, file_mode
from ..base.events import OUTCOMES
from ..base.source import Span
from ..base.spell import nearest
from ..syntax import ast
from ..syntax.words import OPTIONS
from .program import Action, Program
from .render import Rendered, Values, options_of, render
from .scope import Scope
from .values import Unknown, kind


class Say(Protocol):
    """Tells a finding at a node of the action's file."""

    def __call__(self, code: str, message: str, at: ast.Node, hint: str, fix: str | None = None) -> None: ...


def check_actions(program: Program) -> list[Diagnostic]:
    """Everything wrong with the declared actions and attributes of a program."""
    found = Findings()
    handed = stand_ins(program)
    found += _defaults(program)
    for action in program.actions:
        if action.node is not None and action.scope is not None:
            found += _action(program, action, handed.get(action.resource, {}))
    for resource in program.resources.values():
        values = Values(program, resource.name, resource.scope, handed.get(resource.name, {}))
        for name in resource.attributes:
            try:
                values.attribute(name)
            except Unknown as error:
                found.extend(error.diagnostics)
    return found


def stand_ins(program: Program) -> dict[str, dict[str, object]]:
    """For each resource the names that connects hand to it, with a text in place of the value."""
    found: dict[str, dict[str, object]] = {}
    for h in program.handed:
        found.setdefault(h.receiver, {})[h.given] = "x"
    return found


def _action(program: Program, action: Action, data: dict[str, object]) -> Iterator[Diagnostic]:
    node, scope = action.node, action.scope
    assert node is not None
    assert scope is not None
    found: list[Diagnostic] = []

    def say(code: str, message: str, at: ast.Node, hint: str, fix: str | None = None) -> None:
        span = scope.span(at)
        found.append(Diagnostic(code, message, span, hint, (), Fix(span, fix) if fix else None))

    driver = DRIVERS.get(action.driver)
    if driver is None and not _provided(action.driver):
        near = nearest(action.driver, DRIVERS)
        said = f"; did you mean `{near}`?" if near else ""
        say(
            "EV217",
            f"no driver is called `{action.driver}`{said}",
            node.driver,
            "drivers are " + ", ".join(d for d in DRIVERS),
            near,
        )
    elif driver is not None and (
        len(node.arguments) < driver.least or (driver.most is not None and len(node.arguments) > driver.most)
    ):
        at = node.driver if len(node.arguments) < driver.least else node.arguments[driver.most or 0]
        many = "too few" if len(node.arguments) < driver.least else "too many"
        say("EV218", f"`{action.driver}` has {many} arguments", at, f"it reads `{driver.form}`")
    _options(action, scope, say)
    rendered = render(program, action, data, found)
    if driver is not None and not any(d.code == "EV218" for d in found):
        _kinds(action, rendered, scope, say)
    return iter(found)


def _defaults(program: Program) -> Iterator[Diagnostic]:
    """A word in `defaults` that no driver knows as an option.

    What a driver of another package takes is not known here: where an action has one, nothing is said of its file.
    """
    known = dict.fromkeys((*OPTIONS, *(name for driver in DRIVERS.values() for name in driver.options)))
    others = {id(a.scope.unit) for a in program.actions if a.node and a.scope and a.driver not in DRIVERS}
    for unit in program.units:
        for option in (o for s in unit.defaults for o in s.options if id(unit) not in others):
            name = option.name.text
            if name not in known:
                near = nearest(name, known)
                said = f"; did you mean `{near}`?" if near else ""
                span = Span(unit.source, option.name.start, option.name.end)
                hint = "options are " + ", ".join(known)
                fix = Fix(span, near) if near else None
                yield Diagnostic("EV219", f"no driver has an option `{name}`{said}", span, hint, (), fix)


def _provided(driver: str) -> bool:
    """Whether another package provides a driver; what it takes is known when it runs (docs/drivers.md)."""
    from ..base.plugins import known  # imported late: programs with drivers of other packages are few

    return known(driver)


def _options(action: Action, scope: Scope, say: Say) -> None:
    driver = DRIVERS.get(action.driver)
    known = (*OPTIONS, *(driver.options if driver else ()))
    for name, option in options_of(action).items():
        if name not in known and driver is not None and option in action.node.options:  # type: ignore[union-attr]
            near = nearest(name, known)
            said = f"; did you mean `{near}`?" if near else ""
            say(
                "EV219",
                f"`{action.driver}` has no option `{name}`{said}",
                option.name,
                "its options are " + ", ".join(known),
                near,
            )


def _kinds(action: Action, rendered: Rendered, scope: Scope, say: Say) -> None:
    """The kinds of values: what a driver and an option take."""
    node = action.node
    assert node is not None
    form = DRIVERS[action.driver].form
    for value, written in zip(rendered.arguments, node.arguments, strict=True):
        if value is None:  # told already
            continue
        if action.driver == "exec":
            if not (
                isinstance(value, list) and value and all(isinstance(v, (str, int, float)) for v in value)
            ):
                say(
                    "EV218",
                    f"`exec` takes a list that begins with a program, this is {kind(value)}",
                    written,
                    f"it reads `{form}`; a text for the shell goes to `sh`",
                )
        elif not isinstance(value, str):
            say(
                "EV218", f"`{action.driver}` takes text, this is {kind(value)}", written, f"it reads `{form}`"
            )
    options = options_of(action)
    for name, value in rendered.options.items():
        if value is not None:
            _option_kind(name, value, options[name], say)


def _option_kind(name: str, value: object, option: ast.Option, say: Say) -> None:
    wanted = OPTION_KINDS.get(name)
    if wanted is None:
        return
    if "a duration" in wanted:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
            say(
                "EV219",
                f"`{name}` takes a duration, this is {kind(value)}",
                option.value,
                f"write `{name} = 30s`",
            )
        return
    if kind(value) not in wanted:
        say(
            "EV219",
            f"`{name}` takes {' or '.join(wanted)}, this is {kind(value)}",
            option.value,
            "see the options in docs/language.md",
        )
        return
    if name == "retry" and (not isinstance(value, int) or value < 0):
        say("EV219", "`retry` takes a whole number of further tries", option.value, "write `retry = 3`")
    if name == "mode" and file_mode(value) is None:
        say("EV219", f"`{value}` is no mode", option.value, "write it in octal digits: `mode = 0644`")
    if name == "expect":
        _expect(value, option, say)
    if name == "exits" and isinstance(value, dict):
        places: dict[str, tuple[ast.Node, ast.Node]] = {}
        if isinstance(option.value, ast.Map):
            for key, meaning in option.value.pairs:
                places[key.text if isinstance(key, ast.Ref) else key.value] = key, meaning
        for code, word in value.items():
            key_at, word_at = places.get(code, (option.value, option.value))
            if not (code.isdecimal() and len(code) < 4 and int(code) < 256):
                say(
                    "EV219",
                    f"`{code}` is no exit code",
                    key_at,
                    "exit codes are 0 to 255: `exits = {2 = changed}`",
                )
            elif word not in OUTCOMES:
                near = nearest(str(word), OUTCOMES)
                said = f"; did you mean `{near}`?" if near else ""
                hint = "it means one of " + ", ".join(OUTCOMES)
                say("EV219", f"an exit code cannot mean `{word}`{said}", word_at, hint, near)


def _expect(value: object, option: ast.Option, say: Say) -> None:
    """The statuses and texts that an answer is to have."""
    for item in value if isinstance(value, list) else [value]:
        number = isinstance(item, (int, float)) and not isinstance(item, bool)
        if not isinstance(item, str) and not (number and item in range(100, 600)):
            shown = kind(item) if not number else f"`{item}`"
            say(
                "EV219",
                f"`expect` takes a status from 100 to 599 or a text, this is {shown}",
                option.value,
                'write `expect = 204`, `expect = "ready"` or a list of both',
            )
