"""Every example stands without a warning, is formatted, and does what its page says: run for real, or simulated."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import evdsl

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
_NOT_COPIED = shutil.ignore_patterns(".try", ".evdsl", "out")
_LINE = re.compile(r"^ (\S+) \d\d:\d\d (\S+) +(\w+)")
ROOTS = sorted(EXAMPLES.glob("*/*.events"))
FILES = sorted(p for p in EXAMPLES.glob("*/**/*.events") if ".try" not in p.parts)


def named(path: Path) -> str:
    return str(path.relative_to(EXAMPLES))


class Example:
    """A copy of an example, to run commands in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def evdsl(self, *arguments: str, exit: int = 0) -> str:
        """What a command prints on standard output; its exit code must be `exit`."""
        done = subprocess.run(
            [sys.executable, "-m", "evdsl", *arguments], cwd=self.folder, capture_output=True, text=True, timeout=60,
            env={k: v for k, v in os.environ.items() if not k.startswith("EVDSL")},
        )  # fmt: skip
        assert done.returncode == exit, done.stdout + done.stderr
        return done.stdout

    def run(self, *arguments: str, exit: int = 0) -> dict[str, str]:
        """The outcome of each step of `evdsl run`, without those that stayed idle."""
        trace = self.folder / "trace"
        self.evdsl("run", *arguments, "--trace", str(trace), exit=exit)
        pairs = [line.split(" ") for line in trace.read_text().splitlines()]
        return {step: outcome for step, outcome in pairs if outcome != "idle"}

    def text(self, path: str) -> str:
        return (self.folder / path).read_text()

    def write(self, path: str, text: str) -> None:
        (self.folder / path).write_text(text)

    def files(self) -> set[str]:
        """All files below `out/`."""
        out = self.folder / "out"
        return {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()}


@pytest.fixture
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Example:
    """A copy of the example that `of` names."""
    name = request.param
    return Example(Path(shutil.copytree(EXAMPLES / name, tmp_path / name, ignore=_NOT_COPIED)))


def of(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("example", [name], indirect=True)


def planned(path: Path) -> list[str]:
    return [s.id for s in evdsl.load(path).plan().steps]


# ---- all of them


@pytest.mark.parametrize("path", ROOTS, ids=named)
def test_it_stands_without_a_warning(path: Path) -> None:
    checked = Example(path.parent).evdsl("check", "--strict", "--json", path.name)
    found = json.loads(checked)
    assert (found["summary"]["errors"], found["summary"]["warnings"]) == (0, 0)


@pytest.mark.parametrize("path", FILES, ids=named)
def test_it_is_formatted(path: Path) -> None:
    Example(path.parent).evdsl("fmt", "--check", path.name)


@pytest.mark.parametrize("path", ROOTS, ids=named)
def test_it_has_a_plan_and_a_page(path: Path) -> None:
    example = Example(path.parent)
    plan = json.loads(example.evdsl("plan", "--json", path.name))
    assert plan["start"]
    assert plan["steps"]
    assert path.name in example.text("README.md") or len(list(path.parent.glob("*.events"))) == 1


def test_each_example_is_tested_here() -> None:
    marks = [m for f in globals().values() for m in getattr(f, "pytestmark", ())]
    tested = {m.args[1][0] for m in marks if m.args[0] == "example"}
    assert tested == {path.parent.name for path in ROOTS}


# ---- each of them


@of("quickstart")
def test_quickstart(example: Example) -> None:
    assert example.run() == {"config.run#0": "changed", "app.reload#0": "changed"}
    assert example.text("out/app.conf") == example.text("app.conf")
    assert example.run() == {"config.run#0": "ok"}
    assert example.text("out/app.log") == "reloaded\n"
    example.write("app.conf", "port = 2\n")
    assert example.run() == {"config.run#0": "changed", "app.reload#0": "changed"}
    assert example.text("out/app.log") == "reloaded\n" * 2


@of("mariadb-chain")
def test_mariadb_chain_is_the_draft_s(example: Example) -> None:
    rules = [" ".join(line.split()) for line in example.text("chain.events").splitlines() if line[0] != "#"]
    assert rules == [
        "on mariadb.run changed keystone.run",
        "on keystone.run changed keystone_config.run",
        "on keystone_config.run changed haproxy.reload",
    ]


@of("mariadb-chain")
def test_mariadb_chain(example: Example) -> None:
    chain = ["mariadb.run#0", "keystone.run#0", "keystone_config.run#0", "haproxy.reload#0"]
    assert list(example.run()) == chain
    assert example.text("out/keystone.conf") == "[database]\nport = 3306\n"
    assert example.run() == {"mariadb.run#0": "ok"}

    example.write("mariadb.cnf", "# a comment\nport = 3306\n")
    assert example.run() == {"mariadb.run#0": "changed", "keystone.run#0": "ok"}
    assert example.text("out/haproxy.log") == "reloaded\n"

    example.write("mariadb.cnf", "port = 3307\n")
    assert example.run() == dict.fromkeys(chain, "changed")
    assert example.text("out/keystone.conf") == "[database]\nport = 3307\n"
    assert example.text("out/haproxy.log") == "reloaded\n" * 2


@of("rmq-cluster")
def test_rmq_cluster(example: Example) -> None:
    first = example.run("cluster.events")
    assert set(first.values()) == {"changed"}
    ids = list(first)
    assert set(ids[:3]) == {"rmq.1.run#0", "rmq.2.run#0", "rmq.3.run#0"}
    assert ids[3:5] == ["rmq.cluster.run#0", "rmq.1.cluster_create#0"]
    assert set(ids[5:]) == {"rmq.2.cluster_join#0", "rmq.3.cluster_join#0"}
    assert {n: example.text(f"out/cluster/rmq.{n}") for n in (1, 2, 3)} == {
        n: f"192.0.2.1{n}\n" for n in (1, 2, 3)
    }
    assert set(example.run("cluster.events").values()) == {"ok"}

    (example.folder / "out/rmq.2/installed").unlink()
    again = example.run("cluster.events")
    assert {s for s, outcome in again.items() if outcome == "changed"} == {
        "rmq.2.run#0",
        "rmq.2.cluster_join#0",
    }

    text = example.text("cluster.events")
    example.write("cluster.events", text.replace('"192.0.2.1{{n}}"', '"198.51.100.1{{n}}"'))
    moved = example.run("cluster.events")
    assert moved["rmq.1.run#0"] == "ok"
    assert moved["rmq.cluster.run#0"] == "changed"
    assert example.text("out/cluster/rmq.3") == "198.51.100.13\n"


@of("rmq-cluster")
@pytest.mark.parametrize("file", ["cluster.events", "hosts.events"])
def test_rmq_cluster_plan(example: Example, file: str) -> None:
    """Three runs, the sink, create, both joins; the circle of data of hosts.events makes nothing run again."""
    program = evdsl.load(example.folder / file)
    plan = program.plan()
    ids = [s.id for s in plan.steps]
    assert ids[:5] == [*(f"rmq.{n}.run#0" for n in (1, 2, 3)), "rmq.cluster.run#0", "rmq.1.cluster_create#0"]
    assert sorted(ids[5:]) == ["rmq.2.cluster_join#0", "rmq.3.cluster_join#0"]
    assert plan.cycles == []
    fold = plan.simulate(when={"rmq.1.cluster_create": "failed"}).fold
    assert (fold["rmq.2.cluster_join"], fold["rmq.3.cluster_join"]) == ("skipped", "skipped")
    one = plan.simulate(when={"rmq.2.run": "changed"}, rest="ok").fold
    assert [name for name, outcome in one.items() if outcome == "idle"] == [
        "rmq.1.cluster_create",
        "rmq.3.cluster_join",
    ]


@of("rmq-cluster")
def test_rmq_cluster_on_hosts_would_run_there(example: Example) -> None:
    told = example.evdsl("run", "hosts.events", "--dry-run", "-v")
    assert "would run on node1 (192.0.2.11)" in str(told)
    assert example.files() == set()
    assert not (example.folder / ".evdsl").exists()


@of("keystone-haproxy")
@pytest.mark.parametrize(
    ("file", "order"),
    [
        ("two-paths.events", "kc.run#0 k.run#0 ha.run#0 gc.run#0 g.run#0 ha.run#1"),
        ("picture.events", "g.run#0 k.run#0 kc.run#0 ha.run#0 gc.run#0 ha.run#1"),
    ],
)
def test_keystone_haproxy(example: Example, file: str, order: str) -> None:
    assert sorted(planned(example.folder / file)) == sorted(order.split())
    first = example.run(file, "-j1")
    assert sorted(first) == sorted(order.split())
    assert list(first)[-3:] == order.split()[-3:]
    assert first.pop("ha.run#1") == "ok"  # it has converged
    assert set(first.values()) == {"changed"}
    assert set(example.run(file).values()) == {"ok"}

    example.write("keystone.port", "keystone 5001\n")
    second = example.run(file)
    assert second["ha.run#0"] == second["gc.run#0"] == "changed"
    assert second["ha.run#1"] == "ok"
    out = "out/" if file == "two-paths.events" else "out/picture/"
    assert example.text(out + "gc") == "glance 9292\nkeystone 5001\nglance 9292\n"


@of("keystone-haproxy")
def test_keystone_haproxy_says_what_is_left(example: Example) -> None:
    example.run("picture.events")
    example.write("glance.port", "glance 9393\n")
    said = example.evdsl("run", "picture.events")
    assert "did not converge" in said
    assert "on ha.run changed gc.run" in said
    assert "9292" in example.text("out/picture/gc")
    assert example.run("picture.events", "--start", "gc.run") == {"gc.run#0": "changed", "ha.run#0": "ok"}
    assert example.text("out/picture/gc") == "glance 9393\nkeystone 5000\nglance 9393\n"


@of("failure-reaction")
def test_failure_reaction(example: Example) -> None:
    assert example.run() == {"mirror.run#0": "failed", "mirror.run#1": "changed", "app.run#0": "changed"}
    assert example.files() == {"unlocked", "mirror", "app"}
    assert example.run() == {"mirror.run#0": "ok", "app.run#0": "ok"}

    bad = example.run("--set", "release=bad", exit=1)
    assert bad == {
        "mirror.run#0": "ok",
        "app.run#0": "failed",
        "app.rollback#0": "changed",
        "audit.note#0": "changed",
    }
    lost = example.run("--set", "release=lost", exit=3)
    assert lost == {
        "mirror.run#0": "ok",
        "app.run#0": "error",
        "pager.page#0": "changed",
        "audit.note#0": "changed",
    }
    assert example.text("out/app") == "good\n"
    assert example.text("out/app.log") == "rolled back\n"
    assert example.text("out/pager.log") == "nobody knows how app is\n"
    assert example.text("out/audit.log") == "app was not deployed\n" * 2


@of("failure-reaction")
def test_failure_reaction_lines(example: Example) -> None:
    """What a person sees of it: who failed and why, who reacted, the sum."""
    said = example.evdsl("run", "--set", "release=bad", exit=1).splitlines()
    lines = [found.groups() for line in said if (found := _LINE.match(line))]
    assert lines[:2] == [("✗", "mirror.run#0", "failed"), ("●", "mirror.run#1", "changed")]
    assert lines[2] == ("✗", "app.run", "failed")
    assert set(lines[3:]) == {("●", "app.rollback", "changed"), ("●", "audit.note", "changed")}
    assert "   app.run | release bad does not start" in said
    assert said[-2].startswith("Run 1 failed in")


@of("web-fleet")
def test_web_fleet(example: Example) -> None:
    program = evdsl.load(example.folder / "fleet.events")
    plan = program.plan()
    assert plan.start == ["app.web1.run", "app.web2.run", "app.web3.run", "db.run"]
    all_well = plan.simulate()
    assert all_well.fold["balancer.reload"] == "changed"
    assert all_well.fold["alarm.mail.send"] == "idle"
    order = [line.id for line in all_well.steps if "restart" in line.id or "smoke" in line.id]
    assert order == [f"app.web{n}.{action}#0" for n in (1, 2, 3) for action in ("restart", "smoke")]

    fold = plan.simulate(when={"app.web2.restart": "failed"}).fold
    assert fold["app.web1.smoke"] == "changed"
    assert fold["app.web2.smoke"] == "idle"
    assert fold["app.web3.restart"] == "skipped"
    assert fold["alarm.mail.send"] == "changed"
    assert plan.simulate(rest="ok").fold["balancer.reload"] == "idle"


@of("web-fleet")
def test_web_fleet_in_production(example: Example) -> None:
    path = example.folder / "fleet.events"
    assert "approval.ask" not in evdsl.load(path).actions
    plan = evdsl.load(path, {"env": "prod"}).plan()
    fold = plan.simulate(when={"approval.ask": "failed"}).fold
    assert fold["balancer.reload"] == "skipped"
    assert plan.simulate().fold["balancer.reload"] == "changed"


@of("three-engines")
def test_three_engines(example: Example) -> None:
    """As its page says; tests/hosts runs it."""
    plan = evdsl.load(example.folder / "site.events").plan()
    assert len(plan.steps) == 15
    assert not [step.id for step in plan.steps if step.instance], (
        "nothing runs twice, the balancer's reload neither"
    )
    assert plan.simulate().fold["balancer.reload"] == "changed"
    renewed = plan.simulate(when={"*.web2.*": "changed", "balancer.reload": "changed"}, rest="ok").fold
    assert sorted(name for name, outcome in renewed.items() if outcome == "changed") == [
        "app.web2.reload", "app.web2.run", "balancer.reload", "cert.web2.run", "tls.web2.run",
    ]  # fmt: skip
    down = plan.simulate(when={"tls.web3.run": "error"}).fold
    assert {name for name, outcome in down.items() if outcome == "skipped"} == {
        "app.web3.run", "app.web3.reload", "balancer.run", "balancer.reload",
    }  # fmt: skip


@of("lost-handler")
def test_lost_handler(example: Example) -> None:
    example.write("broken", "")
    assert example.run(exit=1) == {
        "conf.run#0": "created",
        "smoke.run#0": "failed",
        "app.restart#0": "skipped",
    }
    (example.folder / "broken").unlink()
    assert example.run() == {"conf.run#0": "ok", "smoke.run#0": "changed", "app.restart#0": "changed"}
    assert example.run() == {"conf.run#0": "ok", "smoke.run#0": "ok"}
    assert example.text("restarts") == "restarted\n"


def test_the_lost_handler_of_ansible() -> None:
    """The story of the README: Ansible restarts the service not at all, evdsl once. Ansible where it is installed."""
    from environment import ANSIBLE

    playbook = ANSIBLE / "bin" / "ansible-playbook"
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "lost-handler/compare"), *([str(playbook)] if playbook.exists() else [])],
        capture_output=True, text=True, timeout=300, env={**os.environ, "PYTHONPATH": str(EXAMPLES.parent)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    lines = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert lines["evdsl"].strip() == "run 1 ends with 1, run 2 with 0; restarts: 1"
    if playbook.exists():
        assert lines["Ansible"] == "run 1 ends with 2, run 2 with 0; restarts: 0"
    elif os.environ.get("EVDSL_REAL") == "1":
        pytest.fail("Ansible is not there: `python3 tests/environment.py` installs it")
