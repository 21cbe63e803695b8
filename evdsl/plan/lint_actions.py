"""Warnings on what is declared and not used, and on actions that nothing says how to do."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from operator import attrgetter

from ..base.diagnostic import Diagnostic
from ..base.source import Span
from ..meaning.program import Action, Program, Resource
from ..meaning.scope import Unit
from ..syntax import ast
from .places import Places, key
from .says import shell_texts

_start = attrgetter("start")
# patterns are compiled when they are wanted, which is seldom
_HOLE = r"\{\{[ \t]*([\w-]+)"
_ENVIRONMENT = r"\b(?:env|printenv|envsubst|set|export|docker|docker-compose|podman|podman-compose)\b"


def not_set_off(program: Program, places: Places) -> Iterator[Diagnostic]:
    """EV405 and EV401: resources that nothing uses; actions that nothing sets off.

    Left alone: `run` and `remove`, emitters (a rule whose emitter stays dormant is told by EV413), imported files, and
    names that several resources have and no rule, order or start mentions: those are for `--action`. So is a whole
    program without any `run` and `start`: it is started by hand; and one that relates nothing at all: others import it,
    or its rules are still to be written.
    """
    actions = program.actions
    if program.rules_only or not (program.sequence or program.handed):
        return
    if not (program.starts or any(a.action == "run" for a in actions)):
        return
    used = bytearray(len(actions))  # set off, or an emitter
    named = bytearray(len(actions))
    for rule in program.rules:
        used[rule.subscriber] = 1
        for emitter in rule.emitters:
            used[emitter] = 1
    for number in program.starts:
        used[number] = 1
    named[: program.mentioned] = b"\1" * program.mentioned

    alone: set[str] = set()
    for names, span in _unused_resources(program, places, named):
        alone.update(names)
        yield _unused(names, span)
    left = [
        number
        for number, action in enumerate(actions)
        if not used[number] and action.action not in ("run", "remove") and action.resource not in alone
    ]
    by_hand = _by_hand(actions, left, named)
    idle = [
        number
        for number in left
        if (action := actions[number]).node is not None
        and action.scope is not None
        and action.scope.unit.importer is None
        and action.action not in by_hand
        and not places.may_set_off(action.name)
    ]
    ordered = {order.after for order in program.orders} if idle else set()
    for at in _by_place(idle, actions):
        names = [actions[number].name for number in at]
        yield _idle(names, actions[at[0]].span, any(number in ordered for number in at))


def _unused_resources(program: Program, places: Places, named: bytearray) -> Iterator[tuple[list[str], Span]]:
    """The resources that nothing uses, those that one declaration makes together."""
    fed = {name for handed in program.handed for name in (handed.emitter, handed.receiver)}
    used = {action.resource for number, action in enumerate(program.actions) if named[number]} | fed
    left = [
        resource
        for name, resource in program.resources.items()
        if name not in used
        and not resource.sink
        and resource.scope.unit.importer is None
        and "run" not in resource.actions
        and "remove" not in resource.actions
        and not any(places.may_mention(f"{name}.{action}") for action in resource.actions)
    ]
    found: dict[tuple[int, int, int], list[Resource]] = {}
    for resource in left:
        found.setdefault(key(resource.span), []).append(resource)
    made = Counter(at for r in program.resources.values() if (at := key(r.span)) in found) if found else {}
    for at, resources in found.items():
        if len(resources) == made[at]:
            yield [resource.name for resource in resources], resources[0].span


def _by_place(numbers: Iterable[int], actions: Sequence[Action]) -> Iterator[list[int]]:
    """The actions that one declaration makes together; none of a declaration that makes others as well."""
    found: dict[tuple[int, int, int], list[int]] = {}
    for number in numbers:
        if (span := actions[number].span) is not None:
            found.setdefault(key(span), []).append(number)
    if found:
        made = Counter(at for a in actions if a.span is not None and (at := key(a.span)) in found)
        yield from (together for at, together in found.items() if len(together) == made[at])


def _by_hand(actions: Sequence[Action], left: Iterable[int], named: bytearray) -> set[str]:
    """The action names that are declared at several places and that nothing mentions."""
    declared: dict[str, set[Hashable]] = {}
    for number in left:
        if (span := actions[number].span) is not None:
            declared.setdefault(actions[number].action, set()).add(key(span))
    several = {name for name, at in declared.items() if len(at) > 1}
    if several:
        several -= {action.action for number, action in enumerate(actions) if named[number]}
    return several


def _others(names: Sequence[str]) -> str:
    more = len(names) - 1
    return f" and the {more} other{'s' if more > 1 else ''} declared here" if more else ""


def _unused(names: Sequence[str], span: Span) -> Diagnostic:
    message = (
        f"nothing uses `{names[0]}`{_others(names)}: it has no `run`, and no rule, order or start names it"
    )
    hint = "name one of its actions in a rule or a `start`, or take it out"
    return Diagnostic("EV405", message, span, hint)


def _idle(names: Sequence[str], span: Span | None, ordered: bool) -> Diagnostic:
    message = f"nothing sets off `{names[0]}`{_others(names)}"
    message += ": an order alone does not" if ordered else ""
    hint = f"write a rule `on … changed {names[0]}`, or `start {names[0]}`"
    return Diagnostic("EV401", message, span, hint)


def without_driver(program: Program, places: Places) -> Iterator[Diagnostic]:
    """EV403, or EV507 where no action of a rules-only program has a driver: there is nothing to run yet.

    What only a connect mentions as `remove` is left alone: no plain run holds it.
    """
    actions = program.actions
    missing = [number for number, action in enumerate(actions) if not action.driver]
    if not missing:
        return
    first: dict[int, Span] = {}
    by_connect: dict[int, Span] = {}

    def seen(number: int, origin: Span) -> None:
        if number not in first and not actions[number].driver:
            if places.by_author(origin):
                first[number] = places.reference(origin, actions[number].name)
            elif actions[number].action != "remove":
                by_connect.setdefault(number, origin)

    if len(missing) == len(actions):
        yield _nothing_to_run(program, places)
        return
    for rule in program.rules:
        for number in (*rule.emitters, rule.subscriber):
            seen(number, rule.origin)
    for order in program.orders:
        seen(order.after, order.origin)
        seen(order.before, order.origin)
    for number in missing:
        name = actions[number].name
        span = first.get(number) or by_connect.get(number) or places.started(name)
        if span is not None:
            path = f"actions/{actions[number].resource}/{actions[number].action}"
            message = f"`{name}` is found nowhere: there is no `{path}`"
            hint = f"put an executable `{path}` there, or one that ends with .sh, .yml, .pp or .sls"
            yield Diagnostic("EV403", message, span, hint)


def _nothing_to_run(program: Program, places: Places) -> Diagnostic:
    count, name = len(program.actions), program.actions[0].name
    message = (
        f"none of the {count} actions has a driver" if count > 1 else f"`{name}` has no driver"
    ) + ", so `run` has nothing to run yet; `plan` and `simulate` need none"
    path = f"actions/{program.actions[0].resource}/{program.actions[0].action}.sh"
    hint = f"put a file `{path}` beside this one, and so for each, or declare resources"
    span = places.mention([*program.rules[:1], *program.orders[:1]], 0) or places.started(name)
    return Diagnostic("EV507", message, span, hint, path=program.path)


# ---- params, secrets, groups


def unused_names(program: Program) -> Iterator[Diagnostic]:
    """EV404: params, secrets and groups that nothing reads.

    Params and secrets reach every command by its environment, so they count as read where an action of the file is
    not fully seen: a command other than a plain `sh` text, a template, a playbook, a role.
    """
    if not any(unit.params or unit.secrets or unit.groups for unit in program.units):
        return
    used: dict[int, set[str]] = {}
    for unit in program.units:
        used.setdefault(id(unit.file), set()).update(unit.used)
    done: set[int] = set()
    for unit in program.units:
        if id(unit.file) in done:
            continue
        done.add(id(unit.file))
        declared = [s for s in unit.file.statements if isinstance(s, (ast.Param, ast.Secret, ast.Group))]
        left = [s for s in declared if s.name.text not in used[id(unit.file)]]
        if not left:
            continue
        left = [s for s in left if not _is_read(s, unit)]
        texts = _texts(program, unit) if left else []
        for s in left:
            if isinstance(s, ast.Group) or not _in_environment(s.name.text, texts):
                kind = type(s).__name__.lower()
                span = Span(unit.source, s.name.start, s.name.end)
                yield Diagnostic("EV404", f"nothing reads the {kind} `{s.name.text}`", span, _reading(s))


def _reading(s: ast.Param | ast.Secret | ast.Group) -> str:
    name = s.name.text
    if isinstance(s, ast.Group):
        return f"write `for x in {name} {{ … }}`, or take it out"
    variable = "$" + name.replace("-", "_")
    if isinstance(s, ast.Secret):
        return f'read it in a command as `"{variable}"`, or take it out'
    return f'read it as `{{{{{name}}}}}`, in a command also as `"{variable}"`, or take it out'


def _is_read(declared: ast.Param | ast.Secret | ast.Group, unit: Unit) -> bool:
    """Whether a value or a text in the file mentions a name, also where it is never evaluated."""
    name, statements = declared.name.text, unit.file.statements
    last, text = -1, unit.source.text
    for found in re.finditer(rf"{re.escape(name)}(?![\w-])", text):
        if re.match(r"[\w-]", text[max(0, found.start() - 1) : found.start()]):
            continue
        at = bisect_right(statements, found.start(), key=_start) - 1
        if at != last and at >= 0 and statements[at] is not declared and _mentions(statements[at], name):
            return True
        last = at
    return False


def _mentions(node: object, name: str) -> bool:
    """Whether a value or a text of a tree mentions a name."""
    todo: list[object] = [node]
    while todo:
        at = todo.pop()
        if isinstance(at, (ast.Word, ast.Ref, ast.Text)):
            text = at.value if isinstance(at, ast.Text) else at.text
            if (isinstance(at, ast.Word) and text == name) or (
                "{{" in text and name in re.findall(_HOLE, text)
            ):
                return True
        elif isinstance(at, tuple):
            todo += at
    return False


def _texts(program: Program, unit: Unit) -> list[str] | None:
    """The shell texts of all actions of a file; None where one of its actions could read any variable."""
    found: list[str] = []
    if program.rules_only:
        return None
    for action in program.actions:
        if action.scope is None or action.scope.unit.file is not unit.file or action.driver == "sink":
            continue
        if action.node is not None and action.driver.partition(".")[0] in ("copy", "http", "systemd"):
            continue
        texts = shell_texts(action)
        if texts is None:
            return None
        found += texts
    return found


def _in_environment(name: str, texts: Iterable[str] | None) -> bool:
    """Whether a command could read a param or secret as a variable. A name in capitals may be a program's own."""
    if texts is None:
        return True
    variable = name.replace("-", "_")
    word = rf"\b{re.escape(variable)}\b|{_ENVIRONMENT}"
    return any(variable == variable.upper() or re.search(word, text) for text in texts)
