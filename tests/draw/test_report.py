"""The page of a run: graph by outcome, timeline with the critical chain, causes, logs."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evdsl.draw.critical import Span, critical
from evdsl.draw.timeline import Bar, timeline
from evdsl.faces.cli import main

from .chromium import Chromium
from .programs import plan_of
from .test_page import Parsed
from .test_svg import EVIL

SITE = """\
host far = "192.0.2.1"
## The database.
resource db { run: sh "echo installing; printf '\\\\033[31mred\\\\033[0m </script>\\n'" }
resource app { run: sh "echo broken >&2; exit 3" [retry = 1, delay = 10ms] }
resource lb { run: sh "true" }
resource pager { page: sh "true" }
resource quiet { run: sh 'echo ok > "$EVDSL_EVENT"' }
on db.run changed app.run
on app.run changed lb.run
on app.run failure pager.page
on quiet.run changed lb.run
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "site.events").write_text(SITE)
    return tmp_path


def data(path: Path) -> dict[str, Any]:
    found = Parsed(path.read_text(encoding="utf-8"))
    return dict(json.loads(next(t for t in found.texts["script"] if t.startswith("{"))))


def nodes(path: Path) -> dict[str, dict[str, Any]]:
    return {node["id"]: node for node in data(path)["nodes"]}


def test_the_page_of_a_run(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "-q"]) == 1
    capsys.readouterr()
    assert main(["report"]) == 0
    assert capsys.readouterr() == ("", "wrote report.html (run 1)\n")
    found = nodes(site / "report.html")
    assert {id_: node["state"] for id_, node in found.items()} == {
        "db.run#0": "changed",
        "app.run#0": "failed",
        "lb.run#0": "idle",
        "pager.page#0": "changed",
        "quiet.run#0": "ok",
    }
    assert found["db.run#0"]["doc"] == "The database."
    assert found["db.run#0"]["log"] == "installing\nred </script>"
    assert found["db.run#0"]["because"] == ["it starts the plan"]
    app = found["app.run#0"]
    assert app["reason"] == "exit 3"
    assert app["because"] == ["db.run → changed (site.events:8)"]
    assert app["log"] == "== try 1: failed, exit 3\nbroken\n== try 2: failed, exit 3\nbroken"
    assert app["took"].endswith("in 2 tries")
    assert app["path"] == ".evdsl/runs/1/app.run#0.log"
    assert found["lb.run#0"]["misses"] == [
        "the rule on changed did not match: app.run ended failed (site.events:9)",
        "the rule on changed did not match: quiet.run ended ok (site.events:11)",
    ]
    off = {(a["from"], a["to"]) for a in data(site / "report.html")["arrows"] if a.get("off")}
    ids = list(found)
    assert {(ids[a], ids[b]) for a, b in off} == {("app.run#0", "lb.run#0"), ("quiet.run#0", "lb.run#0")}
    text = (site / "report.html").read_text(encoding="utf-8")
    assert "Run 1 failed in " in text
    assert "<li>db.run changed app.run</li>" in text


def test_a_debt_is_a_cause(site: Path) -> None:
    main(["run", "-q"])
    mended = SITE.replace("exit 3", "exit 0").replace("</script>\\n'\" }", "</script>\\n'\" [changes = []] }")
    (site / "site.events").write_text(mended)
    assert main(["run", "-q"]) == 0
    assert main(["report", "-o", "two.html"]) == 0
    found = nodes(site / "two.html")
    assert found["db.run#0"]["state"] == "ok"
    assert found["app.run#0"]["because"] == ["db.run → changed, owed since run 1 (site.events:8)"]
    assert main(["report", "--run", "1", "-o", "one.html"]) == 0
    assert nodes(site / "one.html")["app.run#0"]["state"] == "failed"
    assert "for the next run" not in (site / "one.html").read_text(encoding="utf-8")  # that was then


def test_the_file_may_have_changed_or_be_gone(site: Path) -> None:
    main(["run", "-q"])
    (site / "site.events").write_text("resource {\n")
    assert main(["report", "-o", "a.html"]) == 0
    assert nodes(site / "a.html")["app.run#0"]["state"] == "failed"
    (site / "site.events").unlink()
    assert main(["report", "site.events", "-o", "b.html"]) == 0
    assert nodes(site / "b.html")["app.run#0"]["state"] == "failed"


def test_a_run_that_broke_off(site: Path) -> None:
    main(["run", "-q"])
    (database,) = (site / ".evdsl").glob("*.sqlite*")
    with sqlite3.connect(database) as state:
        state.execute("UPDATE run SET exit = NULL, ended = NULL")
        state.execute("DELETE FROM ended WHERE step >= 2 OR state = 'failed'")
    assert main(["report"]) == 0
    found = nodes(site / "report.html")
    assert "cut" in {node["state"] for node in found.values()}
    assert "absent" in {node["state"] for node in found.values()}


def test_secrets_are_hidden(site: Path) -> None:
    text = 'secret token\nresource a { run: sh "echo $TOKEN; exit 1" [env = {TOKEN = "{{token}}"}] }\n'
    (site / "site.events").write_text(text)
    assert main(["run", "-q", "--set", "token=hunter2secret"]) == 1
    assert main(["report"]) == 0
    assert nodes(site / "report.html")["a.run#0"]["log"] == "***"
    assert "hunter2secret" not in (site / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("evil", EVIL)
def test_what_an_action_writes_is_data(evil: str, site: Path) -> None:
    (site / "evil.txt").write_text(evil)
    (site / "site.events").write_text('resource a { run: sh "cat evil.txt; exit 1" }\n')
    main(["run", "-q"])
    assert main(["report"]) == 0
    evil_page = Parsed((site / "report.html").read_text(encoding="utf-8"))
    (site / "evil.txt").write_text("plain")
    main(["run", "-q"])
    assert main(["report"]) == 0
    plain_page = Parsed((site / "report.html").read_text(encoding="utf-8"))
    drawn = {"line", "text"}  # how many ticks the timeline has depends on how long it took
    evil_tags, plain_tags = ([t for t, _ in p.elements if t not in drawn] for p in (evil_page, plain_page))
    assert evil_tags == plain_tags


def test_a_long_log_is_cut_at_its_beginning(site: Path) -> None:
    (site / "site.events").write_text('resource a { run: sh "seq 1 9000; exit 1" }\n')
    main(["run", "-q"])
    assert main(["report"]) == 0
    found = nodes(site / "report.html")["a.run#0"]
    lines = found["log"].split("\n")
    assert found["cut"]
    assert lines == [str(n) for n in range(int(lines[0]), 9001)]
    assert 10_000 < len(found["log"]) < 17_000


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        ([], "no run of `site.events` is kept"),
        (["none.events"], "`none.events` is no file here"),
    ],
)
def test_nothing_to_report(
    argv: list[str], told: str, site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", *argv]) == 2
    assert told in capsys.readouterr().err
    assert not (site / "report.html").exists()


def test_a_run_that_is_not_kept(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", "-q"])
    capsys.readouterr()
    assert main(["report", "--run", "7"]) == 2
    assert "run 7 of `site.events` is not kept" in capsys.readouterr().err
    assert main(["report", "-o", "no/where.html"]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_the_critical_chain() -> None:
    plan = plan_of(
        "on a.run changed c.run\non b.run changed c.run\non c.run failed d.run\non d.run done e.run\ne.run after x.run"
    )
    at = {step.name: number for number, step in enumerate(plan.steps)}

    def chain(**spans: tuple[float | None, float]) -> list[str]:
        found = critical(plan, {at[f"{name}.run"]: Span(*span) for name, span in spans.items()})
        return [plan.steps[step].name[0] for step in found]

    assert chain(a=(0, 5), b=(0, 3), c=(5, 9), x=(0, 1)) == ["a", "c"]
    assert chain(a=(0, 1), b=(0, 3), c=(3, 9), x=(0, 12)) == ["x"]
    # d is idle: e waited for it, and it for c
    assert chain(a=(0, 1), b=(0, 3), c=(3, 9), d=(None, 9), e=(9, 11), x=(0, 2)) == ["b", "c", "e"]
    assert chain(a=(0, 1), b=(0, 1), c=(1, 2), d=(None, 2), e=(3, 4), x=(0, 3)) == ["x", "e"]
    assert chain() == []
    assert chain(a=(None, 1)) == []


def test_a_second_run_waits_for_the_first() -> None:
    plan = plan_of("on a.run changed b.run\non b.run changed a.run\nstart a.run")
    found = critical(plan, {0: Span(0, 1), 1: Span(1, 2), 2: Span(2, 3)})
    assert found == [0, 1, 2]


def test_the_timeline_is_to_scale() -> None:
    markup = timeline(
        [Bar("a.run#0", "a.run", "ok", 0, 2.5, True), Bar("b.run#0", "b<r>", "failed", 2.5, 7.5, True)], ""
    )
    bars = re.findall(r'class="(bar-of [^"]*)" x="([^"]*)" width="([^"]*)"', markup)
    assert bars == [("bar-of ok critical-bar", "0%", "25%"), ("bar-of failed critical-bar", "25%", "75%")]
    assert "b&#60;r&#62;" in markup
    assert [float(n) for n in re.findall(r'class="tick" x1="([\d.]+)%"', markup)] == [0, 20, 40, 60, 80, 100]
    assert "Nothing was run" in timeline([], "")


@pytest.fixture
def browser() -> Iterator[Chromium]:
    with Chromium() as found:
        yield found
        assert found.said == []
        assert len(set(found.asked)) == 1


@pytest.mark.real
def test_in_a_browser(site: Path, browser: Chromium) -> None:
    main(["run", "-q"])
    main(["report"])
    browser.open(site / "report.html")
    browser.mouse("click", "#tab-timeline")
    rows = browser.run(
        "[...document.querySelectorAll('.gantt .labels [data-step]')].map(e => e.dataset.step)"
    )
    assert sorted(rows) == ["app.run#0", "db.run#0", "pager.page#0", "quiet.run#0"]
    critical_rows = browser.run("[...document.querySelectorAll('.gantt .critical')].map(e => e.dataset.step)")
    assert critical_rows == ["db.run#0", "app.run#0", "pager.page#0"]
    browser.mouse("click", ".gantt .labels [data-step='app.run#0']")
    assert browser.run("document.querySelector('#panel h2').textContent") == "app.run#0"
    assert "broken" in browser.run("document.querySelector('#panel pre').textContent")
    browser.mouse("click", "#tab-table")
    rows = browser.run("[...document.querySelectorAll('#rows tr')].map(r => r.cells[4].innerText)")
    assert "the rule on changed did not match: app.run ended failed (site.events:9); …" not in rows
    assert any(row.startswith("the rule on changed did not match: app.run ended failed") for row in rows)
    browser.mouse("click", "#tab-graph")
    browser.key("Escape")
    browser.mouse("move", "[data-key='0']")
    lit = browser.run(
        "[...document.querySelectorAll('#stage .node.effect')].map(e => e.querySelector('title').textContent.split('\\n')[0])"
    )
    assert sorted(lit) == ["app.run#0", "pager.page#0"]  # and not what did not match
