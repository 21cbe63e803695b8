"""The option `confirm`: what is asked before anything starts."""

from __future__ import annotations

from pathlib import Path

import evdsl
from evdsl.run.confirm import Question, questions, unanswered


def asked(folder: Path, text: str, action: str = "run", **settings: str) -> list[Question]:
    path = folder / "site.events"
    path.write_text(text)
    program = evdsl.load(path, settings)
    assert program.stands, [d.message for d in program.diagnostics]
    assert program.inner is not None
    return questions(program.inner, program.plan(action).inner)


TEXT = """
param env = "dev"
resource db {
  run: sh "true"
  remove: sh "true" [confirm = "Drop the database of {{env}} at {{place}}?"]
}
resource app { place = "x"; run: sh "true" [confirm = true]; stop: sh "true" [confirm = false] }
resource other { place = "here"; run: sh "true" }
connect other db { place -> place }
on app.run changed app.stop
"""


def test_what_is_asked(tmp_path: Path) -> None:
    assert [(q.action, q.text) for q in asked(tmp_path, TEXT)] == [("app.run", "Run app.run?")]
    (question,) = asked(tmp_path, TEXT, "remove", env="prod")
    assert (question.action, question.text) == ("db.remove", "Drop the database of prod at {{place}}?")
    assert question.span is not None
    assert (question.span.line, question.span.text) == (5, "confirm")


def test_in_the_order_of_the_plan_and_by_defaults(tmp_path: Path) -> None:
    text = """
    defaults [confirm = "Really?"]
    resource z { run: sh "true" }
    resource a { run: sh "true"; late: sh "true" [confirm = "Late?"]; never: sh "true" }
    a.run after z.run
    on a.run changed a.late
    """
    assert [(q.action, q.text) for q in asked(tmp_path, text)] == [
        ("z.run", "Really?"),
        ("a.run", "Really?"),
        ("a.late", "Late?"),
    ]


def test_where_nobody_can_be_asked(tmp_path: Path) -> None:
    (refusal,) = unanswered(asked(tmp_path, TEXT))
    assert (refusal.code, refusal.severity) == ("EV615", "error")
    assert refusal.message == "`app.run` wants to be confirmed: Run app.run?"
    assert "--yes" in refusal.hint
    assert unanswered([]) == []
