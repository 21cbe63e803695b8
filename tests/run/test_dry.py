"""A dry run: what it tells, and that nothing at all is done."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import evdsl
from evdsl.run.dry import Dry, dry
from evdsl.run.handed import Connections
from evdsl.run.live import run
from evdsl.run.local import LocalExecutor
from evdsl.run.prepare import Preparing
from evdsl.run.state import State

from .kept import journal, keep_reported, keep_sink


def prepared(folder: Path, text: str, state: State, **settings: str) -> tuple[evdsl.Plan, Preparing]:
    path = folder / "site.events"
    path.write_text(text)
    program = evdsl.load(path, settings)
    assert program.stands, [d.message for d in program.diagnostics]
    assert program.inner is not None
    plan = program.plan()
    connections = Connections(program.inner, plan.inner, state.reported())
    return plan, Preparing(program.inner, plan.inner, connections, 1)


def told(
    folder: Path, text: str, state: State | None = None, **more: Any
) -> tuple[Dry, dict[str, list[object]]]:
    """The dry run, and for each step that would run its outcome, whether that is certain, and why."""
    state = state or State.empty()
    plan, prepare = prepared(folder, text, state)
    found = dry(plan.inner, prepare, state, **more)
    return found, {plan.steps[n].id: [t.event, t.certain, t.text] for n, t in found.steps.items()}


TEXT = """
resource conf { run: copy "a" "b" }
resource app {
  reload: sh "touch reloaded"
  check: exec ["touch", "checked"] [unless = "touch guard"]
}
resource page { run: http.post "http://127.0.0.1:1/hook?token=hunter2" }
on conf.run changed app.reload
on app.reload changed app.check
"""


def test_the_trace_follows_what_would_be(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("new\n")
    found, steps = told(tmp_path, TEXT)
    assert steps == {
        "conf.run#0": ["created", True, ""],
        "app.reload#0": ["changed", False, "would run: sh touch reloaded"],
        "app.check#0": ["changed", False, 'would run, unless its guard `unless` says no: exec ["touch", "checked"]'],
        "page.run#0": ["changed", False, "would run: http.post http://127.0.0.1:1/hook"],
    }  # fmt: skip
    assert found.trace.outcomes()["conf.run#0"] == "created"
    assert found.steps[next(iter(found.steps))].shown == "--- /dev/null\n+++ b\n@@ -0,0 +1 @@\n+new\n"
    assert sorted(os.listdir(tmp_path)) == ["a", "site.events"], "nothing was done"
    (tmp_path / "b").write_text("new\n")
    found, steps = told(tmp_path, TEXT)
    assert list(steps) == ["conf.run#0", "page.run#0"]
    assert found.trace.outcomes() == {
        "conf.run#0": "ok",
        "app.reload#0": "idle",
        "app.check#0": "idle",
        "page.run#0": "changed",
    }
    assert found.trace.fold["app.reload"] == "idle"


def test_failures_that_can_be_told(tmp_path: Path) -> None:
    _, steps = told(tmp_path, TEXT)
    assert steps["conf.run#0"] == ["failed", True, f"the source `{tmp_path}/a` does not exist"]
    assert "app.reload#0" not in steps


def test_guards(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    text = """
    resource a { run: sh "touch x" [creates = "there"] }
    resource b { run: sh "touch x" [creates = "none", onlyif = "touch y", unless = "touch y"] }
    resource c { run: copy "there" "copied" [unless = "touch y"] }
    """
    _, steps = told(tmp_path, text)
    assert steps["a.run#0"] == ["ok", True, "`there` exists"]
    assert steps["b.run#0"] == ["changed", False, "would run, unless its guard `unless` or `onlyif` says no: sh touch x"]  # fmt: skip
    assert steps["c.run#0"] == ["created", False, "would run, unless its guard `unless` says no: copy there copied"]  # fmt: skip
    assert sorted(os.listdir(tmp_path)) == ["site.events", "there"]


def test_values_that_are_not_known_yet(tmp_path: Path) -> None:
    text = """
    resource db { run: sh 'echo data.port=1 > "$EVDSL_EVENT"' }
    resource app { run: sh "serve {{port}}" }
    connect db app { port -> port }
    on db.run changed app.run
    """
    _, steps = told(tmp_path, text)
    event, certain, why = steps["app.run#0"]
    assert (event, certain) == ("changed", False)
    assert "`db` has no value `port`" in str(why)
    with State.empty() as state:
        keep_reported(state, "db", {"port": "5432"})
        _, steps = told(tmp_path, text, state)
    assert steps["app.run#0"] == ["changed", False, "would run: sh serve 5432"]


def test_sinks_are_compared_and_not_kept(tmp_path: Path) -> None:
    text = 'resource s { nodes = [1, 2] }\nresource a { run: sh "true" }\nconnect a s { no events }\non s.run changed a.run\n'
    with State.empty() as state:
        assert told(tmp_path, text, state)[1]["s.run#0"] == ["changed", True, "nodes changed"]
        assert told(tmp_path, text, state)[1]["s.run#0"] == ["changed", True, "nodes changed"]
        keep_sink(state, "s", {"nodes": [1, 2]})
        assert told(tmp_path, text, state)[1] == {"s.run#0": ["ok", True, ""]}


def test_sensitive_ones(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("hunter2\n")
    found, _ = told(tmp_path, 'resource conf { run: copy "a" "b" [sensitive = true] }')
    assert "hunter2" not in found.steps[0].shown
    assert "not shown: sensitive" in found.steps[0].shown


def test_secrets_are_taken_out(tmp_path: Path) -> None:
    text = 'secret token\nresource conf { run: copy "a" "b" [env = {T = token}] }'
    (tmp_path / "a").write_text("pass hunter2\n")
    with State.empty() as state:
        plan, prepare = prepared(tmp_path, text, state, token="hunter2")
        found = dry(plan.inner, prepare, state)
    assert found.steps[0].shown.splitlines()[-1] == "+pass ***"


def test_limits_debts_and_the_dirty(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").write_text("x")
    found, _ = told(tmp_path, TEXT, dirty={"conf.run"})
    assert found.trace.outcomes()["app.reload#0"] == "changed"
    found, _ = told(tmp_path, TEXT, outside={0})
    assert found.trace.outcomes()["conf.run#0"] == "skipped"


@pytest.mark.parametrize("there", ["", "old\n", "new\n"])
def test_the_run_that_follows_does_what_was_told(tmp_path: Path, there: str) -> None:
    text = """
    resource conf { run: template "a" "b" }
    resource more { run: copy "b" "c" }
    resource app { reload: exec ["true"] }
    on conf.run changed app.reload
    """
    (tmp_path / "a").write_text("{{ name }}\n".replace("{{ name }}", "new"))
    (tmp_path / "c").write_text(there)
    if there:
        (tmp_path / "b").write_text(there)
    found, _ = told(tmp_path, text)
    before = found.trace.outcomes()
    with State.empty() as state:
        plan, prepare = prepared(tmp_path, text, state)
        executor = LocalExecutor(1)
        try:
            result = run(plan.inner, prepare, executor, journal(plan.inner, state), lambda event: None)
        finally:
            executor.close()
    after = {line.id: line.outcome for line in result.trace}
    if there:
        assert after == before or there == "old\n", "what one action makes for the next cannot be told"
    assert {k: v for k, v in after.items() if k != "more.run#0"} == {k: v for k, v in before.items() if k != "more.run#0"}  # fmt: skip
