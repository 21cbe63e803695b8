"""Several runs of one program with its state kept (section 7), by the command line: the cases of the contract, live and
simulated; and what a run leaves when it is cut off, limited, edited, resumed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

CASES = sorted((Path(__file__).parent / "cases" / "runs").glob("*.json"))

ACTION = """#!/bin/sh
echo "$EVDSL_RESOURCE.$EVDSL_ACTION#$EVDSL_INSTANCE" >> "$(dirname "$0")/../../ran"
read -r word < "$(dirname "$0")/../../says/$EVDSL_RESOURCE.$EVDSL_ACTION#$EVDSL_INSTANCE" || word=changed
case $word in failed) exit 1 ;; error) exit 127 ;; *) echo "$word" > "$EVDSL_EVENT" ;; esac
"""


class Site:
    """A folder with a program and, where they are wanted, actions that say what they are told to."""

    def __init__(self, folder: Path, text: str) -> None:
        self.folder = folder
        (folder / "site.events").write_text(text, encoding="utf-8")
        (folder / "says").mkdir()

    def actions(self, names: set[str]) -> None:
        for name in names:
            resource, _, action = name.rpartition(".")
            path = self.folder / "actions" / resource / action
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(ACTION)
            path.chmod(0o755)

    def evdsl(self, *arguments: str, code: int | None = 0, **more: Any) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "evdsl", *arguments],
            cwd=self.folder, capture_output=True, text=True, timeout=60, check=False, **more,
        )  # fmt: skip
        assert code is None or done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    def trace(self) -> dict[str, str]:
        return dict(line.split() for line in (self.folder / "trace").read_text().splitlines())

    def debts(self) -> list[str]:
        return [d["debt"] for d in json.loads(self.evdsl("debts", "--json").stdout)["debts"]]

    def dirty(self) -> dict[str, int]:
        found: dict[str, int] = json.loads(self.evdsl("debts", "--json").stdout)["dirty"]
        return found

    def simulated(self, *arguments: str) -> dict[str, str]:
        steps = json.loads(self.evdsl("simulate", "--json", *arguments).stdout)["steps"]
        return {step["id"]: step["outcome"] for step in steps}

    def ran(self) -> list[str]:
        path = self.folder / "ran"
        return path.read_text().split() if path.exists() else []


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_cases(path: Path, tmp_path: Path) -> None:
    runs = json.loads(path.read_text("utf-8"))
    site = Site(tmp_path, path.with_suffix(".events").read_text("utf-8"))
    site.actions({id_.partition("#")[0] for run in runs for id_ in run["trace"]})
    for run in runs:
        for id_, word in run["outcomes"].items():
            (site.folder / "says" / id_).write_text(word + "\n")
        (site.folder / "says.json").write_text(json.dumps(run["outcomes"]))
        assert site.simulated("--outcomes", "says.json") == run["trace"], "what will be, from what was left"
        done = site.evdsl("run", "--trace", "trace", "--format", "jsonl", code=run["exit"])
        assert site.trace() == run["trace"]
        *_, end = map(json.loads, done.stdout.splitlines())
        assert (sorted(end["debts"]), end["exit"]) == (sorted(run["debts"]), run["exit"])
        assert sorted(site.debts()) == sorted(run["debts"])


PAIR = """
resource conf { run: sh "true" }
resource app { reload: sh "test ! -e broken" [changes = []] }
on conf.run changed app.reload
"""


@pytest.fixture
def owing(tmp_path: Path) -> Site:
    """A run has failed; `app.reload` is owed."""
    site = Site(tmp_path, PAIR)
    (tmp_path / "broken").touch()
    site.evdsl("run", code=1)
    assert site.debts() == ["conf.run changed app.reload"]
    assert site.dirty() == {"app.reload": 0}
    return site


def edit(site: Site, old: str, new: str) -> None:
    path = site.folder / "site.events"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_a_debt_outlives_an_edit_of_the_file(owing: Site) -> None:
    edit(owing, 'sh "true"', 'sh "true" [changes = []]')
    edit(owing, "\non conf", "\n# why not\n\non conf")
    (owing.folder / "broken").unlink()
    owing.evdsl("run", "--trace", "trace")
    assert owing.trace() == {"conf.run#0": "ok", "app.reload#0": "changed"}
    assert owing.debts() == []
    assert owing.dirty() == {}
    owing.evdsl("run", "--trace", "trace")
    assert owing.trace() == {"conf.run#0": "ok", "app.reload#0": "idle"}


def test_a_debt_without_its_rule_is_dropped_with_a_warning(owing: Site) -> None:
    edit(owing, "changed app.reload", "created app.reload")
    for command in ("plan", "simulate"):
        assert "EV414" in owing.evdsl(command).stderr
    assert owing.debts() == ["conf.run changed app.reload"], "looking at it changes nothing"
    assert "EV414" in owing.evdsl("run", "--trace", "trace").stderr
    assert owing.trace()["app.reload#0"] == "idle"
    assert owing.debts() == []


def test_plan_shows_what_is_owed(owing: Site) -> None:
    shown = owing.evdsl("plan").stdout
    assert "certain     app.reload  owed since run 1: conf.run changed" in shown
    assert "Dirty, an `ok` of them counts as `changed`: app.reload" in shown
    document = json.loads(owing.evdsl("plan", "--json").stdout)
    assert document["debts"] == ["conf.run changed app.reload"]
    assert owing.simulated("--when", "conf.run=ok", "--when", "app.reload=ok") == {
        "conf.run#0": "ok",
        "app.reload#0": "changed",
    }


def test_debts_are_shown_and_dropped(owing: Site) -> None:
    shown = owing.evdsl("debts").stdout
    assert "conf.run changed app.reload  site.events:4, run 1: conf.run said changed" in shown
    assert "app.reload ended in failure" in shown
    assert "did you" not in owing.evdsl("debts", "--drop", "conf.run", code=2).stderr
    assert owing.evdsl("debts", "--drop", "app.reload").stdout == "dropped: conf.run changed app.reload\n"
    assert owing.debts() == []
    assert owing.dirty() == {"app.reload": 0}, "what is dirty stays so"


def test_incomplete(owing: Site) -> None:
    """Exit 4: a debt whose subscriber is in the plan and was left out; not for one that is in no plan."""
    (owing.folder / "broken").unlink()
    done = owing.evdsl("run", "--limit", "conf", "--trace", "trace", code=4)
    assert owing.trace() == {"conf.run#0": "changed", "app.reload#0": "skipped"}
    assert "incomplete" in done.stdout
    assert "EV601" in owing.evdsl("run", "--limit", "web9", code=2).stderr
    owing.evdsl("run", "--start", "conf.run", "--limit", "app.*", "--trace", "trace")
    assert owing.trace() == {"conf.run#0": "skipped", "app.reload#0": "changed"}
    assert owing.debts() == []


# cut off

LONG = """
resource a { run: sh "echo a >> ran; echo data.port=80 > \\"$EVDSL_EVENT\\"" }
resource b { run: sh "echo b >> ran; test -e go || sleep 60" ON_CUT }
resource c { run: sh "echo c$port >> ran" }
resource d { run: sh "echo d >> ran; false" [changes = []] }
on a.run changed b.run
on b.run changed c.run
connect a c { port -> port; no events }
c.run after a.run
"""


def cut(folder: Path, on_cut: str = "", times: int = 1) -> Site:
    """A run that was killed while `b.run` was in flight."""
    site = Site(folder, LONG.replace("ON_CUT", f"[on_cut = {on_cut}]" if on_cut else ""))
    for number in range(times):
        kill(site, "run" if number == 0 else "resume")
    return site


def kill(site: Site, command: str) -> None:
    began = len(site.ran())
    process = subprocess.Popen(
        [sys.executable, "-m", "evdsl", command, "-j", "4"],
        cwd=site.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while "b" not in site.ran()[began:] or "d" not in site.ran():
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    time.sleep(0.2)  # d's end is written by then
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    while "still runs" in site.evdsl("debts", "--drop", "nothing", code=None).stderr:
        assert time.monotonic() < deadline, "the watchdog ends what is left"
        time.sleep(0.05)


def test_resume(tmp_path: Path) -> None:
    site = cut(tmp_path)
    assert site.debts() == ["a.run changed b.run"]
    assert site.dirty() == {"b.run": 1, "d.run": 0}
    assert "2 done, 1 cut, 1 to go" in site.evdsl("resume", "--list").stdout
    assert "cut" in site.evdsl("status").stdout
    (tmp_path / "go").touch()
    edit(site, "on a.run", "# a comment does not count\non a.run")
    done = site.evdsl("resume", "--trace", "trace", code=1)
    assert done.stdout.startswith("Run 1 goes on: 2 done, 1 cut, 1 to go\n")
    assert site.ran() == ["a", "d", "b", "b", "c80"] or site.ran() == ["d", "a", "b", "b", "c80"] or site.ran() == ["a", "b", "d", "b", "c80"]  # fmt: skip
    assert site.trace() == {"a.run#0": "changed", "b.run#0": "changed", "c.run#0": "changed", "d.run#0": "failed"}  # fmt: skip
    assert site.debts() == []
    assert "EV624" in site.evdsl("resume", code=4).stderr
    assert "1  " in site.evdsl("history").stdout


def test_a_plain_run_is_enough(tmp_path: Path) -> None:
    site = cut(tmp_path)
    (tmp_path / "go").touch()
    edit(site, 'echo data.port=80 > \\"$EVDSL_EVENT\\"', 'echo ok > \\"$EVDSL_EVENT\\"')
    done = site.evdsl("run", "--trace", "trace", code=1)
    assert "run 1 was cut off" in done.stderr
    assert site.trace()["b.run#0"] == "changed", "owed, though a.run said ok"
    assert site.debts() == []
    assert site.dirty() == {"d.run": 0}


def test_a_changed_plan_is_refused(tmp_path: Path) -> None:
    site = cut(tmp_path)
    (tmp_path / "go").touch()
    edit(site, "echo c$port", "echo C$port")
    edit(site, "c.run after a.run", "start e.run\nresource e { run: sh 'true' }\nc.run after a.run")
    done = site.evdsl("resume", code=4)
    assert "EV625" in done.stderr
    assert [line.strip() for line in done.stderr.splitlines()[-2:]] == ["+ e.run#0", "~ c.run#0"]
    before = site.ran()
    site.evdsl("resume", "--replan", "--trace", "trace", code=1)
    assert site.ran()[len(before) :] == ["b", "C80"], "what is unchanged is kept"
    assert set(site.trace()) == {"a.run#0", "b.run#0", "c.run#0", "d.run#0", "e.run#0"}
    assert site.evdsl("why", "c").stdout.startswith("c.run ran at ")


def test_replan_runs_again_what_has_changed_and_what_stands_behind_it(tmp_path: Path) -> None:
    site = cut(tmp_path)
    (tmp_path / "go").touch()
    edit(site, "echo a >> ran", "echo A >> ran")
    before = site.ran()
    site.evdsl("resume", "--replan", code=1)
    assert site.ran()[len(before) :] == ["A", "b", "c80"]


def test_dropping_a_run(tmp_path: Path) -> None:
    site = cut(tmp_path)
    assert site.evdsl("resume", "--drop").stdout == "Run 1 is dropped; 1 debt stays.\n"
    assert site.debts() == ["a.run changed b.run"]
    assert "EV624" in site.evdsl("resume", code=4).stderr


@pytest.mark.parametrize(
    ("on_cut", "arguments", "code", "becomes", "runs"),
    [
        ("'rerun'", [], 1, "changed", ["b", "c80"]),
        ("'fail'", [], 1, "failed", []),
        ("'test -e go'", [], 1, "changed", ["c80"]),
        ("'test -e nowhere'", [], 1, "changed", ["b", "c80"]),
        ("'ask'", ["--yes"], 1, "changed", ["b", "c80"]),
        ("'ask'", [], 4, "", []),
    ],
)
@pytest.mark.parametrize("command", ["resume", "run"])
def test_on_cut(
    on_cut: str, arguments: list[str], code: int, becomes: str, runs: list[str], command: str, tmp_path: Path
) -> None:
    site = cut(tmp_path, on_cut)
    (tmp_path / "go").touch()
    before = site.ran()
    done = site.evdsl(command, *arguments, "--trace", "trace", code=code)
    if not becomes:
        assert "EV618" in done.stderr
        return
    assert site.trace()["b.run#0"] == becomes
    assert [word for word in site.ran()[len(before) :] if word not in "ad"] == runs


def test_what_is_cut_again_and_again_is_an_error(tmp_path: Path) -> None:
    site = cut(tmp_path, times=5)
    assert site.dirty()["b.run"] == 5
    before = site.ran()
    done = site.evdsl("resume", "--trace", "trace", code=1)
    assert site.trace()["b.run#0"] == "error"
    assert "it was cut off 5 times" in done.stdout
    assert site.ran() == before
    assert site.dirty() == {"b.run": 0, "d.run": 0}
    (tmp_path / "go").touch()
    site.evdsl("run", "--trace", "trace", code=1)
    assert site.trace()["b.run#0"] == "changed", "it begins to count anew"


def test_an_interrupted_run_goes_on(tmp_path: Path) -> None:
    """TERM twice: what ran is ended and runs again in `resume`; what was not started any more runs too."""
    site = Site(tmp_path, LONG.replace("ON_CUT", ""))
    process = subprocess.Popen([sys.executable, "-m", "evdsl", "run", "-j", "4"], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    while "b" not in site.ran():
        time.sleep(0.01)
    process.terminate()
    time.sleep(0.3)
    process.terminate()
    assert process.wait() == 130
    assert "interrupted" in site.evdsl("history").stdout
    assert site.debts() == ["a.run changed b.run"]
    (tmp_path / "go").touch()
    done = site.evdsl("resume", "--format", "jsonl", "--trace", "trace", code=1)
    states = [(r["id"], r["state"]) for r in map(json.loads, done.stdout.splitlines()) if r["type"] == "step"]
    assert states[0] == ("b.run#0", "cut")
    assert ("a.run#0", "started") not in states
    assert ("c.run#0", "changed") in states
    assert site.ran()[-2:] == ["b", "c80"]


def test_options_are_those_of_the_run(tmp_path: Path) -> None:
    text = 'param p = "x"\nsecret s\nresource a { run: sh "echo $p$s >> ran; test -e go || sleep 60" }\nresource z { run: sh "echo z >> ran" }\n'  # fmt: skip
    site = Site(tmp_path, text)
    environment = {**os.environ, "EVDSL_SET_s": "hush-hush"}
    process = subprocess.Popen(
        [sys.executable, "-m", "evdsl", "run", "--set", "p=y", "--start", "a"],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment,
    )  # fmt: skip
    while not site.ran():
        time.sleep(0.01)
    process.kill()
    process.wait()
    (tmp_path / "go").touch()
    while site.evdsl("resume", code=None, env=environment).returncode == 4:
        time.sleep(0.05)
    assert site.ran() == ["yhush-hush", "yhush-hush"]
    kept = b"".join(path.read_bytes() for path in (tmp_path / ".evdsl").rglob("*") if path.is_file())
    assert b"hush-hush" not in kept


# why


def test_why(owing: Site) -> None:
    shown = owing.evdsl("why", "app.reload").stdout.splitlines()
    assert shown[0].startswith("app.reload ran at ")
    assert shown[0].endswith(" in run 1 and ended failed (exit 1), because")
    assert shown[1].startswith("  conf.run → changed (")
    assert shown[1].endswith(")  site.events:4")
    assert shown[2] == "     it starts the plan"
    (owing.folder / "broken").unlink()
    edit(owing, 'sh "true"', 'sh "true" [changes = []]')
    owing.evdsl("run")
    assert ", owed since run 1  site.events:4" in owing.evdsl("why", "app.reload").stdout
    owing.evdsl("run")
    found = json.loads(owing.evdsl("why", "app.reload", "--run", "3", "--json").stdout)
    (step,) = found["steps"]
    assert (step["state"], step["because"]) == ("idle", [])
    assert step["unmatched"][0]["from"] == {"conf.run": "ok"}
    idle = owing.evdsl("why", "app.reload", "--run", "3").stdout
    assert "its rule on conf.run changed did not match" in idle
    assert "conf.run ended ok" in idle
    assert "EV600" in owing.evdsl("why", "nobody", code=2).stderr
