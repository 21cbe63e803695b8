"""The option `confirm`: what is asked once, before anything starts (section 7 of docs/language.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..base.diagnostic import Diagnostic
from ..base.source import Span
from ..meaning.program import Action, Program
from ..meaning.render import Values, options_of
from ..meaning.values import Unknown, evaluate
from ..plan.plan import Plan
from .prepare import planned_actions


class Question(NamedTuple):
    """What an action asks: `text` is the author's, or one of ours where the option is just `true`."""

    action: str
    text: str
    span: Span | None


def questions(program: Program, plan: Plan) -> list[Question]:
    """What is to be asked before this plan runs: one question for each action that can run, in the plan's order."""
    found: dict[int, Question] = {}
    numbers = {id(action): n for n, action in enumerate(program.actions)}
    for action in planned_actions(program, plan):
        if action.scope is not None and (question := _question(program, action)):
            found[numbers[id(action)]] = question
    order = dict.fromkeys(step.of for step in plan.steps)
    return [found[number] for number in order if number in found]


def unanswered(asked: Sequence[Question]) -> list[Diagnostic]:
    """The refusal where nobody can be asked: EV615 for each question."""
    hint = "run it on a terminal, or with `--yes`"
    return [Diagnostic("EV615", f"`{q.action}` wants to be confirmed: {q.text}", q.span, hint) for q in asked]


def _question(program: Program, action: Action) -> Question | None:
    option = options_of(action).get("confirm")
    assert action.scope is not None
    if option is None:
        return None
    # what connects will hand over is not known yet; it stands there as it is written
    data: dict[str, object] = {
        h.given: f"{{{{{h.given}}}}}" for h in program.handed if h.receiver == action.resource
    }
    values = Values(program, action.resource, action.scope, data)
    try:
        value = evaluate(option.value, action.scope, values.find)
    except Unknown:
        value = True  # to ask is never wrong
    if value is False or value == "":
        return None
    text = value if isinstance(value, str) else f"Run {action.name}?"
    return Question(action.name, text, action.scope.span(option.name))
