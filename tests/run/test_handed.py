"""What connects hand over while a plan runs: section 8 of the language, sentence by sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import evdsl
from evdsl.run.handed import Connections, Missing
from evdsl.run.live import Result, run
from evdsl.run.local import LocalExecutor
from evdsl.run.prepare import Preparing
from evdsl.run.reported import reported
from evdsl.run.simulate import Line
from evdsl.run.state import State

from .kept import journal, keep_reported


class Site:
    """Programs run in one folder, one after the other; `show` in an action's text writes down what it was handed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = State.empty()
        self.executor = LocalExecutor(4)

    def run(self, text: str, start: list[str] | None = None) -> dict[str, str]:
        """Run a program; what each step ended with, by id, failures with their reasons."""
        for old in self.folder.glob("*.shown"):
            old.unlink()
        path = self.folder / "site.events"
        path.write_text(
            text.replace("SHOW", 'echo "$x" > "$EVDSL_RESOURCE.$EVDSL_ACTION.$EVDSL_INSTANCE.shown"')
        )
        program = evdsl.load(path)
        assert program.stands, [(d.code, d.message) for d in program.diagnostics]
        assert program.inner is not None
        plan = program.plan(start=start or [])
        connections = Connections(program.inner, plan.inner, reported(self.state))
        prepare = Preparing(program.inner, plan.inner, connections, 1)
        result: Result = run(
            plan.inner, prepare, self.executor, journal(plan.inner, self.state), lambda event: None
        )
        return {line.id: self._said(line) for line in result.trace}

    def _said(self, line: Line) -> str:
        return f"{line.outcome}: {line.reason}" if line.outcome in ("failed", "error") else line.outcome

    def shown(self, *names: str) -> str | list[str]:
        """What was handed to actions as `x`: `b.run` (its `#0`), `b.run#1`."""
        found = [
            (self.folder / f"{name.replace('#', '.') if '#' in name else name + '.0'}.shown").read_text()[:-1]
            for name in names
        ]
        return found[0] if len(found) == 1 else found


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.executor.close()
    made.state.close()


def report(value: object, name: str = "port") -> str:
    return f"""sh 'echo "data.{name}={value}" > "$EVDSL_EVENT"'"""


# what a value is


def test_reported_in_this_run_and_in_an_earlier_one(site: Site) -> None:
    text = """
    resource a { port = 1; run: REPORT }
    resource b { run: sh 'SHOW'; other: sh 'SHOW' }
    connect a b { port -> x }
    on a.run done b.run
    """
    site.run(text.replace("REPORT", report(5432)))
    assert site.shown("b.run") == "5432"
    site.run(text.replace("REPORT", 'sh "true"'))
    assert site.shown("b.run") == "5432", "what it last reported, in whichever run"
    site.run(text.replace("REPORT", report(6000)))
    assert site.shown("b.run") == "6000"
    site.run(text.replace("REPORT", 'sh "true"'), start=["b.other"])
    assert site.shown("b.other") == "6000", "also where the emitter is not in the plan"


def test_else_declared_else_handed_on(site: Site) -> None:
    text = """
    resource z { port = 7; run: sh "true" }
    resource a { PORT; run: sh "true" }
    resource b { run: sh 'SHOW' }
    connect z a { port -> port; port -> up }
    connect a b { port -> x }
    on z.run changed a.run
    on a.run changed b.run
    """
    site.run(text.replace("PORT", "port = 8"))
    assert site.shown("b.run") == "8"
    site.run(text.replace("PORT", "other = 1"))
    assert site.shown("b.run") == "7"
    site.run(text.replace("PORT", 'port = "<{{up}}>"'))
    assert site.shown("b.run") == "<7>", "an attribute made of what is handed to its resource"


def test_host_and_name_count_as_declared(site: Site) -> None:
    text = """
    resource a { MORE run: sh "true" }
    resource b { run: sh 'echo "$h $n" > shown' }
    connect a b { host -> h; name -> n }
    on a.run done b.run
    """
    site.run(text.replace("MORE", ""))
    assert (site.folder / "shown").read_text() == "localhost a\n"
    site.run(text.replace("MORE", 'host = "192.0.2.7";'))
    assert (site.folder / "shown").read_text() == "192.0.2.7 a\n"
    site.run(text.replace('MORE run: sh "true"', "run: " + report("www", "name")))
    assert (site.folder / "shown").read_text() == "localhost www\n", "reported counts before declared"


def test_connected_data_hides_an_attribute_and_a_loop_variable_hides_it(site: Site) -> None:
    text = """
    resource a { port = 1; run: sh "true" }
    for n in [5] { resource b.{{n}} { x = 2; run: sh 'SHOW'; text: sh "echo {{x}} {{n}} > text" } }
    connect a b.5 { port -> x; port -> n }
    on a.run changed b.5.run, b.5.text
    """
    site.run(text)
    assert site.shown("b.5.run") == "1"
    assert (site.folder / "text").read_text() == "1 5\n"


def test_a_failure_reports_too(site: Site) -> None:
    text = """
    resource a { run: sh 'echo data.port=/log > "$EVDSL_EVENT"; exit 1' }
    resource b { run: sh 'SHOW' }
    connect a b { port -> x; no events }
    on a.run failure b.run
    """
    site.run(text)
    assert site.shown("b.run") == "/log"


# who sees what


ORDERS = """
resource a { run: REPORT }
resource b { run: sh 'sleep 0.2; SHOW' }
connect a b { port -> x; no events }
start a.run, b.run
"""


@pytest.mark.parametrize(
    ("line", "sees"),
    [
        ("", "old"),
        ("b.run after a.run", "new"),
        ("b.run needs a.run", "new"),
        ("on a.run changed b.run", "new"),
        ("resource m { run: sh 'true' }\nm.run after a.run\nb.run after m.run", "new"),
        ("resource m { run: sh 'true' }\non a.run failed m.run\nb.run after m.run", "new"),
        ("a.run after b.run", "old"),
    ],
)
def test_behind_the_writer_or_as_the_run_began(site: Site, line: str, sees: str) -> None:
    site.run(ORDERS.replace("REPORT", report("old")) + "b.run after a.run")
    site.run(ORDERS.replace("REPORT", report("new")) + line)
    assert site.shown("b.run") == sees


def test_without_an_order_nothing_is_there_in_the_first_run(site: Site) -> None:
    ends = site.run(ORDERS.replace("REPORT", report("new")))
    assert ends["a.run#0"] == "changed"
    assert ends["b.run#0"].startswith("error: `a` has no value `port`")


@pytest.mark.parametrize("first", ["1", "2"])
def test_the_last_by_the_plan_whatever_the_time(site: Site, first: str) -> None:
    """Two actions of one resource report the same name."""
    text = f"""
    resource a {{
      one: sh 'sleep 0.{3 if first == "1" else 0}; echo data.port=one > "$EVDSL_EVENT"'
      two: sh 'sleep 0.{3 if first == "2" else 0}; echo data.port=two > "$EVDSL_EVENT"'
    }}
    resource b {{ run: sh 'SHOW' }}
    connect a b {{ port -> x; no events }}
    start a.one, a.two
    on all a.one, a.two changed b.run
    """
    site.run(text)
    assert site.shown("b.run") == "two"


def test_of_two_actions_the_one_that_is_later(site: Site) -> None:
    text = f"""
    resource a {{ late: {report("late")}; run: {report("early")} }}
    resource b {{ run: sh 'SHOW' }}
    connect a b {{ port -> x; no events }}
    on a.run changed a.late
    on a.late changed b.run
    """
    site.run(text)
    assert site.shown("b.run") == "late"
    site.run(text.replace("on a.late changed b.run", "on a.run changed b.run"))
    assert site.shown("b.run") == "early", "the other is not before it"


def test_a_second_run_sees_what_the_first_saw(site: Site) -> None:
    text = f"""
    resource a {{ run: {report("new")} }}
    resource b {{ run: sh 'SHOW' }}
    resource c {{ run: sh "true" }}
    connect a b {{ port -> x; no events }}
    on a.run changed b.run
    on c.run changed b.run#1
    """
    site.run(text)
    assert site.shown("b.run", "b.run#1") == ["new", "new"]


def test_in_a_cycle_the_second_sees_the_newer_value(site: Site) -> None:
    text = """
    resource ha { run: sh 'SHOW' }
    resource gc { run: sh 'echo "data.port=$EVDSL_RUN-new" > "$EVDSL_EVENT"' }
    connect gc ha { port -> x; no events }
    on ha.run changed gc.run
    on gc.run changed ha.run
    start ha.run
    """
    keep_reported(site.state, "gc", {"port": "old"})
    site.run(text)
    assert site.shown("ha.run", "ha.run#1") == ["old", "1-new"]


# lists


LISTS = """
resource n.1 { port = 1; run: sh "true" }
resource n.2 { run: sh "true" }
resource n.3 { port = 3; run: sh "true" }
resource b { MORE run: sh 'SHOW' }
CONNECT
on all n.*.run changed b.run
"""


@pytest.mark.parametrize(
    ("connects", "more", "expected"),
    [
        ("connect n.1 b { port -> x }", "", "1"),
        ("connect n.1 b { port -> x }\nconnect n.3 b { port -> x }", "", "[1, 3]"),
        ("connect n.3 b { port -> x }\nconnect n.1 b { port -> x }", "", "[3, 1]"),
        ("connect n.1 b { port -> x; name -> x }", "", '[1, "n.1"]'),
        ("connect n.1 b { port -> x }", "x = [];", "[1]"),
        ("connect n.1 b { port -> x }", "x = 5;", "1"),
        ("connect n.* b { name -> x }", "", '["n.1", "n.2", "n.3"]'),
        ("connect n.1 b { port -> x }\nconnect n.1 b { port -> x }", "", "1"),
        ("connect n.<i> b { name -> x }\nconnect n.2 b { name -> x }", "", '["n.1", "n.2", "n.3"]'),
    ],
)
def test_lists(site: Site, connects: str, more: str, expected: str) -> None:
    site.run(LISTS.replace("CONNECT", connects).replace("MORE", more))
    assert site.shown("b.run") == expected


def test_a_list_is_handed_on_as_it_is(site: Site) -> None:
    text = """
    resource a { all = ["p", "q"]; run: sh "true" }
    resource b { MORE run: sh 'SHOW'; words: sh "echo {{x}} > words" }
    connect a b { all -> x }
    on a.run changed b.run, b.words
    """
    for more in ("", "x = [];"):
        site.run(text.replace("MORE", more))
        assert site.shown("b.run") == '["p", "q"]'
        assert (site.folder / "words").read_text() == "p q\n"


# what is missing


def test_a_missing_value_is_an_error_before_the_action_starts(site: Site) -> None:
    text = """
    resource a { run: sh "true" }
    resource b { run: sh "touch ran"; report: sh "touch told" }
    connect a b {
      port -> x
    }
    on a.run changed b.run
    """
    ends = site.run(text)
    assert ends["b.run#0"] == (
        f"error: `a` has no value `port` to hand over as `x` ({site.folder}/site.events:5): "
        "no action of it reported one, and it declares none"
    )
    assert not (site.folder / "ran").exists()


def test_one_of_a_list_is_missing(site: Site) -> None:
    ends = site.run(LISTS.replace("CONNECT", "connect n.* b { port -> x }").replace("MORE", ""))
    assert ends["b.run#0"].startswith("error: `n.2` has no value `port` to hand over as `x`")


def test_an_attribute_made_of_what_is_missing(site: Site) -> None:
    text = """
    resource z { run: sh "true" }
    resource a { good = "<{{have}}>"; bad = "<{{lack}}>" }
    resource b { run: sh 'SHOW' }
    resource c { run: sh 'SHOW' }
    connect z a { name -> have; port -> lack; no events }
    connect a b { good -> x; no events }
    connect a c { bad -> x; no events }
    """
    ends = site.run(text)
    assert site.shown("b.run") == "<z>", "what is missing harms no other"
    assert ends["c.run#0"].startswith("error: `a` has no value `bad` to hand over as `x`")


def test_names_of_one_resource_that_go_through_each_other(site: Site) -> None:
    """a → b → a again, under other names: that is no circle."""
    text = """
    resource z { k = 4; run: sh "true" }
    resource a { run: sh "true" }
    resource b { run: sh "true" }
    resource c { run: sh 'SHOW' }
    connect z a { k -> k; no events }
    connect a b { k -> z; no events }
    connect b a { z -> w; no events }
    connect a c { w -> x; no events }
    """
    site.run(text)
    assert site.shown("c.run") == "4"


def test_a_circle_gives_nothing(site: Site) -> None:
    text = """
    resource a { run: sh "true" }
    resource b { run: sh "true" }
    connect a b { p -> q; no events }
    connect b a { q -> p; no events }
    """
    ends = site.run(text)
    assert ends["a.run#0"].startswith("error: `b` has no value `q` to hand over as `p`")
    assert ends["b.run#0"].startswith("error: `a` has no value `p` to hand over as `q`")


# sinks


SINK = """
resource n.1 { run: REPORT1 }
resource n.2 { run: REPORT2 }
resource s { MORE }
resource b { run: sh 'SHOW' }
connect n.<i> s { port -> nodes; no events }
connect s b { nodes -> x; no events }
s.run after n.1.run, n.2.run
b.run after s.run
on s.run changed b.run
"""


def test_a_sink_takes_what_there_is_and_says_whether_it_differs(site: Site) -> None:
    def run(one: str, two: str, more: str = "") -> tuple[str, str]:
        ends = site.run(SINK.replace("REPORT1", one).replace("REPORT2", two).replace("MORE", more))
        return ends["s.run#0"], ends["b.run#0"]

    nothing = 'sh "true"'
    assert run(report("p"), nothing) == ("changed", "changed")
    assert site.shown("b.run") == '["p"]'
    assert run(nothing, nothing) == ("ok", "idle")
    assert run(nothing, report("q")) == ("changed", "changed")
    assert site.shown("b.run") == '["p", "q"]'
    assert run(report("p"), report("q")) == ("ok", "idle")
    assert run(report("r"), nothing) == ("changed", "changed")
    assert run(nothing, nothing, "limit = 1") == ("changed", "changed"), "what is declared counts"
    assert run(nothing, nothing, "limit = 1") == ("ok", "idle")
    assert run(nothing, nothing) == ("ok", "idle"), "nothing is new, nothing differs"


def test_a_sink_with_one_emitter_that_has_nothing(site: Site) -> None:
    text = (
        SINK.replace("connect n.<i> s", "connect n.1 s").replace("REPORT2", 'sh "true"').replace("MORE", "")
    )
    ends = site.run(text.replace("REPORT1", 'sh "true"') + "start b.run")
    assert ends["s.run#0"] == "ok"
    assert ends["b.run#0"].startswith("error: `s` has no value `nodes`")
    ends = site.run(text.replace("REPORT1", report(1)))
    assert (ends["s.run#0"], site.shown("b.run")) == ("changed", "1")


def test_a_sink_that_nothing_puts_behind_its_emitters_is_a_run_late(site: Site) -> None:
    text = (
        SINK.replace("s.run after n.1.run, n.2.run\n", "").replace("MORE", "").replace("REPORT2", report(2))
    )
    assert site.run(text.replace("REPORT1", report(1)))["s.run#0"] == "changed", "an empty list, which is new"
    assert site.run(text.replace("REPORT1", report(1)))["s.run#0"] == "changed"
    assert site.shown("b.run") == '["1", "2"]'
    assert site.run(text.replace("REPORT1", report(1)))["s.run#0"] == "ok"


def test_the_data_cycle_of_section_11(site: Site) -> None:
    nodes = "\n".join(f"resource rmq.{n} {{ run: sh 'SHOW'; cluster_create: sh 'SHOW'; cluster_join: sh 'SHOW' }}" for n in (1, 2, 3))  # fmt: skip
    text = f"""
    {nodes}
    resource rmq.cluster {{ }}
    connect rmq.<n> rmq.cluster {{ name -> nodes }}
    connect rmq.cluster rmq.<n> {{ nodes -> x; no events }}
    on rmq.cluster changed rmq.1.cluster_create
    on rmq.1.cluster_create changed rmq.2.cluster_join
    on rmq.1.cluster_create changed rmq.3.cluster_join
    """
    ends = site.run(text)
    every = '["rmq.1", "rmq.2", "rmq.3"]'
    assert site.shown("rmq.1.run", "rmq.1.cluster_create", "rmq.3.cluster_join") == [every] * 3
    assert ends["rmq.cluster.run#0"] == "changed"
    ends = site.run(text)
    assert ends["rmq.cluster.run#0"] == "ok"
    assert ends["rmq.3.cluster_join#0"] == "idle"


# many


def test_many_reports_and_readers() -> None:
    import time

    count = 3000
    lines = []
    for n in range(count):
        lines += [f"resource a.{n} {{ run: sh 'x' }}", f"resource b.{n} {{ run: sh 'x' }}"]
        lines += [f"connect a.{n} b.{n} {{ port -> x }}", f"on a.{n}.run changed b.{n}.run"]
    program = evdsl.load("\n".join(lines) + "\n")
    assert program.inner is not None
    plan = program.plan()
    connections = Connections(program.inner, plan.inner, {})
    steps = {step.id: n for n, step in enumerate(plan.steps)}
    reported: dict[int, dict[str, str]] = {}
    begin = time.process_time()
    for n in range(count):
        with pytest.raises(Missing):
            connections.values(f"b.{n}", steps[f"b.{n}.run#0"], reported)
        reported[steps[f"a.{n}.run#0"]] = {"port": str(n)}
        assert connections.values(f"b.{n}", steps[f"b.{n}.run#0"], reported) == {"x": str(n)}
    assert time.process_time() - begin < 2
