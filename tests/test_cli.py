"""The command line as people and programs meet it: whole outputs, exit codes, colour, signals (LANGUAGE.md section 10).

A transcript `tests/cli/NAME.txt` holds commands with all that they print; `EVDSL_UPDATE=1` writes them anew.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import evdsl
from evdsl.version import __version__

HERE = Path(__file__).parent / "cli"
PROGRAMS = sorted(HERE.glob("*.events"))

TRANSCRIPTS: dict[str, list[str]] = {
    "check": [
        "check site.events", "check ring.events", "check bad.events", "check rules.events", "check --strict rules.events",
        "check --format github bad.events", "check --json bad.events", "check --format sarif bad.events",
        "check --json site.events",
    ],
    "plan": [
        "plan site.events", "plan -v site.events", "plan ring.events", "plan rules.events",
        "plan bad.events", "plan --action reload site.events", "plan --start app.reload site.events", "plan --json ring.events",
    ],
    "dry-run": ["run --dry-run dry.events"],
    "simulate": [
        "simulate site.events", "simulate site.events --when db=ok", "simulate -v site.events --when app.run=failed",
        "simulate ring.events", "simulate -v ring.events --rest ok", "simulate --ascii ring.events --when b.run=failed",
        "simulate --json ring.events --rest ok",
    ],
    "expand-list-graph": [
        "expand site.events", "expand ring.events", "expand rules.events", "expand bad.events", "list site.events",
        "list rules.events", "graph ring.events", "graph --ascii ring.events", "graph rules.events",
    ],
    "run": [
        "run outcomes.events -j 1", "run outcomes.events -j 1 -q", "run outcomes.events -j 1 -v --ascii", "run site.events -j 1",
        "run site.events -j 1 --detailed-exitcode", "run site.events -j 1 --format jsonl", "run rules.events", "run bad.events",
        "run ring.events -j 1 -v",
    ],
    "fmt": [
        "fmt --check messy.events", "fmt --diff messy.events", "fmt messy.events", "fmt --check messy.events", "fmt bad.events",
        "fmt --check bad.events messy.events",
    ],
    "usage": ["", "plan", "plan none.events", "plan site.events --start app.rlaod", "plan site.events --action nope",
        "plan site.events --set evn=x", "simulate site.events --when app.run=fine", "graph site.events -o x.png", "explain EV103",
        "explain ev999", "--version"],
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with copies of all programs; state and cache are kept beside it."""
    work = tmp_path / "work"
    work.mkdir()
    for program in PROGRAMS:
        shutil.copy(program, work)
    return work


def environment(folder: Path, **more: str) -> dict[str, str]:
    """An environment in which nothing of this machine shows: no colour, a fixed width, a home of its own."""
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "PYTHONPATH", "XDG_CACHE_HOME")}
    fixed = {
        "LANG": "C.UTF-8",
        "COLUMNS": "100",
        "TERM": "xterm",
        "HOME": str(folder.parent),
        "XDG_STATE_HOME": str(folder.parent / "state"),
    }
    return kept | fixed | more


def evdsl_(
    folder: Path, *arguments: str, given: str | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "evdsl", *arguments],
        cwd=folder,
        input=given if given is not None else "",
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=60,
        check=False,
        env=environment(folder, **more),
    )


def masked(text: str) -> str:
    """Times and durations as zeros, so that two runs print the same."""
    text = re.sub(r'"at": "[^"]+"', '"at": "T"', text)
    text = re.sub(r'"seconds": [0-9.e-]+', '"seconds": S', text)
    text = re.sub(r" \d\d:\d\d (?=\S)", " 00:00 ", text)
    text = re.sub(r"[ 0-9]{4}\d\.\ds", "   0.0s", text)
    text = re.sub(r" in \d+\.\ds", " in 0.0s", text)
    return text.replace(__version__, "VERSION")


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_transcript(name: str, folder: Path) -> None:
    parts = []
    for line in TRANSCRIPTS[name]:
        done = evdsl_(folder, *line.split())
        parts.append(f"$ evdsl {line}\n{masked(done.stdout)}")
        parts += [f"[stderr]\n{masked(done.stderr)}"] if done.stderr else []
        parts.append(f"[exit {done.returncode}]\n\n")
    said = "".join(parts)
    expected = HERE / f"{name}.txt"
    if os.environ.get("EVDSL_UPDATE"):
        expected.write_text(said, "utf-8")
    assert said == expected.read_text("utf-8")


def test_every_transcript_is_of_a_list() -> None:
    assert {p.stem for p in HERE.glob("*.txt")} == set(TRANSCRIPTS)


# ---- documents for programs


def document(folder: Path, *arguments: str) -> Any:
    """What a command prints on standard output: one JSON document and nothing else."""
    done = evdsl_(folder, *arguments)
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_plan_json_is_the_interfaces(folder: Path) -> None:
    for path in PROGRAMS:
        if path.stem != "bad":
            plan = evdsl.load(folder / path.name).plan()
            made = document(folder, "plan", "--json", path.name)
            expected = json.loads(json.dumps(plan.to_json()).replace(str(folder) + "/", ""))
            assert made == expected


def test_simulate_json(folder: Path) -> None:
    (folder / "o.json").write_text('{"s.run#0": "ok", "b.run#0": "failed"}', "utf-8")
    made = document(
        folder,
        "simulate",
        "--json",
        "ring.events",
        "--outcomes",
        "o.json",
        "--when",
        "s=created",
        "--when",
        "a.run#1=error",
    )
    assert made == {
        "version": 1,
        "steps": [
            {"id": "s.run#0", "outcome": "created", "because": []},
            {"id": "a.run#0", "outcome": "changed", "because": [{"from": "s.run", "event": "created", "line": 4}]},
            {
                "id": "b.run#0", "outcome": "failed",
                "because": [{"from": "s.run", "event": "created", "line": 4}, {"from": "a.run#0", "event": "changed", "line": 5}],
            },
            {"id": "a.run#1", "outcome": "idle", "because": []},
        ],
        "fold": {"s.run": "created", "a.run": "changed", "b.run": "failed"},
    }  # fmt: skip


def test_sarif_has_the_shape_of_sarif(folder: Path) -> None:
    (folder / "lib").mkdir()
    (folder / "lib" / "a b.events").write_text("on a.run chnaged b.run\n", "utf-8")
    (folder / "t.events").write_text(
        'param unused = "x"\nimport "lib/a b.events" as l\non a changed b\n', "utf-8"
    )
    made = document(folder, "check", "--format", "sarif", "t.events")
    assert made["version"] == "2.1.0"
    assert made["$schema"].endswith("sarif-2.1.0.json")
    (run,) = made["runs"]
    assert run["columnKind"] in ("unicodeCodePoints", "utf16CodeUnits")
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("evdsl", __version__)
    rules = [rule["id"] for rule in driver["rules"]]
    assert len(set(rules)) == len(rules)
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"]
        assert rule["fullDescription"]["text"].endswith(".")
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
    assert run["results"]
    for result in run["results"]:
        assert result["ruleId"] in rules
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"]
        (location,) = result["locations"]
        place = location["physicalLocation"]
        assert place["artifactLocation"]["uri"]
        region = place["region"]
        assert 1 <= region["startLine"] <= region["endLine"]
        assert region["startColumn"] >= 1
        assert (region["startLine"], region["startColumn"]) < (region["endLine"], region["endColumn"])


def test_sarif_names_files_by_uri(folder: Path) -> None:
    (folder / "a b#ü.events").write_text("on a.run chnaged b.run\n", "utf-8")
    (result,) = document(folder, "check", "--format", "sarif", "a b#ü.events")["runs"][0]["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "a%20b%23%C3%BC.events"


def test_github_annotations_can_be_read_back(folder: Path) -> None:
    """One line for each; what could end a property or a command is written out."""
    name = "a,b:c%d.events"
    (folder / name).write_text("on a.run chnaged b.run\n", "utf-8")
    done = evdsl_(folder, "check", "--format", "github", name)
    (line,) = done.stdout.splitlines()
    found = re.fullmatch(r"::(error|warning|notice) ([^:]*)::(.*)", line)
    assert found
    fields = dict(field.split("=", 1) for field in found[2].split(","))
    assert fields["file"].replace("%3A", ":").replace("%2C", ",").replace("%25", "%") == name
    assert (fields["line"], fields["col"], fields["title"]) == ("1", "10", "EV103")


def test_jsonl_and_trace(folder: Path) -> None:
    done = evdsl_(folder, "run", "outcomes.events", "-j", "1", "--format", "jsonl", "--trace", "out.trace")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.stderr == ""
    assert records[0] == {"type": "version", "evdsl": __version__, "schema": "1.0"}
    assert (records[-1]["type"], records[-1]["exit"]) == ("end", done.returncode)
    steps = [r for r in records if r["type"] == "step"]
    assert len(steps) == len(records) - 2
    ended = {r["id"]: r["state"] for r in steps if r["state"] not in ("started", "retry")}
    assert ended == {
        "tool.run#0": "ok", "word.run#0": "created", "broken.run#0": "failed", "gone.run#0": "error", "late.run#0": "skipped",
        "page.run#0": "changed",
    }  # fmt: skip
    assert records[-1]["fold"] == {id_.partition("#")[0]: state for id_, state in ended.items()}
    assert {r["id"] for r in steps if r["state"] == "started"} == {
        id_ for id_, s in ended.items() if s not in ("idle", "skipped")
    }
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00", r["at"]) for r in steps)
    lines = (folder / "out.trace").read_text("utf-8").splitlines()
    assert dict(line.split(" ") for line in lines) == ended
    assert len(lines) == len(ended)
    (because,) = [r["because"] for r in steps if r["id"] == "page.run#0" and r["state"] == "changed"]
    assert because == [{"from": "broken.run", "event": "failed", "line": 8}]


# ---- exit codes


@pytest.mark.parametrize(
    ("program", "arguments", "code"),
    [
        ('resource a { run: sh "true" }', "run", 0),
        ('resource a { run: sh "true" }', "run --detailed-exitcode", 10),
        ('resource a { run: sh "true" [changes = []] }', "run --detailed-exitcode", 0),
        ('resource a { run: sh "exit 1" }', "run", 1),
        ('resource a { run: sh "exit 1" }', "run --detailed-exitcode", 1),
        ('resource a { run: sh "exit 127" }', "run", 3),
        ('resource a { run: sh "kill -9 $$" }', "run", 3),
        ('resource a { run: sh "exit 1" }\nresource b { run: sh "exit 127" }', "run", 1),
        ('resource a { run: sh "exit 1" }\non a failed a', "run", 1),
        ('resource a { run: sh "test -e x || { touch x; exit 1; }" }\non a failed a', "run", 0),
        ("on a failed b", "run", 2),
        ("resource a { run: sh }", "run", 2),
        ("resource a { run: sh }", "check", 1),
        ("resource a { run: sh }", "plan", 2),
        ("resource a { go: sh 'x' }\nparam p = 1", "check", 0),
        ("resource a { run: sh 'x' }\nparam p = 1", "check --strict", 1),
        ("resource a { run: sh 'x' }", "check --strict", 0),
        ("on a after b", "fmt", 2),
        ("on a  changed b\n", "fmt --check", 1),
        ("on a changed b\n", "fmt --check", 0),
        ("on a  changed b\n", "fmt --diff", 0),
        ("on a  changed b\n", "fmt", 0),
    ],
)
def test_exit_codes(folder: Path, program: str, arguments: str, code: int) -> None:
    (folder / "t.events").write_text(program, "utf-8")
    done = evdsl_(folder, *arguments.split(), "t.events")
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("plna site.events", "`plna` is not known; did you mean `plan`? (one of new, check, fmt, plan, "),
        ("check --format xml", "argument --format: `xml` is not known (one of text, json, github, sarif)"),
        ("run site.events -j 0", "argument -j/--jobs: `0` is no number above 0"),
        ("plan site.events --jsno", "unrecognized arguments: --jsno"),
        ("completion tcsh", "`tcsh` is not known (one of bash, zsh, fish)"),
    ],
)
def test_usage(folder: Path, arguments: str, said: str) -> None:
    done = evdsl_(folder, *arguments.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: evdsl ")
    assert said in done.stderr.splitlines()[-1]


def test_names_on_both_sides_of_options(folder: Path) -> None:
    """`why REF --json FILE` as well as `why REF FILE --json`; what is too much is still refused."""
    for name in ("one.events", "two.events"):
        (folder / name).write_text('resource a { run: sh "echo said" }\n', "utf-8")
    assert evdsl_(folder, "run", "one.events", "--quiet").returncode == 0
    why = evdsl_(folder, "why", "a.run", "--json", "one.events")
    assert json.loads(why.stdout)["run"] == 1
    assert "said" in evdsl_(folder, "log", "a.run", "--run", "1", "one.events").stdout
    checked = evdsl_(folder, "check", "one.events", "--json", "two.events")
    assert json.loads(checked.stdout)["summary"]["files"] == 2
    for wrong in ("why a.run --json one.events two.events", "plan one.events --json two.events"):
        done = evdsl_(folder, *wrong.split())
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.endswith("unrecognized arguments: two.events\n")


def test_what_a_limit_leaves_out_asks_nothing(folder: Path) -> None:
    text = 'resource a { run: sh "true" }\nresource b { run: sh "true" [confirm = true] }\n'
    (folder / "t.events").write_text(text, "utf-8")
    assert evdsl_(folder, "run", "t.events", "--limit", "a").returncode == 0
    for limit in ((), ("--limit", "b"), ("--limit", "*.run")):
        done = evdsl_(folder, "run", "t.events", *limit)
        assert (done.returncode, "EV615" in done.stderr) == (4, True), limit


def test_status_gives_no_reason_of_a_try_that_was_made_good(folder: Path) -> None:
    text = 'resource a { run: sh "[ $EVDSL_INSTANCE = 1 ]" }\nresource b { run: sh "exit 3" }\non a.run failed a.run\n'
    (folder / "t.events").write_text(text, "utf-8")
    assert evdsl_(folder, "run", "t.events", "--quiet").returncode == 1
    a, b = evdsl_(folder, "status", "t.events").stdout.splitlines()[1:3]
    assert a.split() == ["●", "a.run", "changed"]
    assert b.split() == ["✗", "b.run", "failed", "exit", "3"]


def test_help_of_every_command(folder: Path) -> None:
    done = evdsl_(folder, "--help")
    commands = re.findall(r"^    ([a-z]+)  ", done.stdout, re.MULTILINE)
    assert {
        "check",
        "fmt",
        "plan",
        "simulate",
        "expand",
        "graph",
        "list",
        "run",
        "explain",
        "completion",
    } <= set(commands)
    for command in commands:
        shown = evdsl_(folder, command, "--help")
        assert (shown.returncode, shown.stderr) == (0, "")
        assert shown.stdout.startswith(f"usage: evdsl {command} ")


# ---- fmt


def test_fmt_in_place(folder: Path) -> None:
    path = folder / "messy.events"
    path.chmod(0o640)
    (folder / "link.events").symlink_to("messy.events")
    before = path.read_text("utf-8")
    piped = evdsl_(folder, "fmt", "-", given=before)
    assert (piped.returncode, piped.stderr) == (0, "")
    assert path.read_text("utf-8") == before
    done = evdsl_(folder, "fmt", "link.events")
    assert (done.returncode, done.stdout) == (0, "changed link.events\n")
    assert path.read_text("utf-8") == piped.stdout
    assert (folder / "link.events").is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    again = evdsl_(folder, "fmt", "messy.events")
    assert (again.returncode, again.stdout) == (0, "")
    assert sorted(p.name for p in folder.iterdir()) == sorted([*(p.name for p in PROGRAMS), "link.events"])


def test_fmt_leaves_what_does_not_parse(folder: Path) -> None:
    for text in ("on a.run chnaged b.run\n", "resource a {\n", "on a changed b\n\0"):
        (folder / "t.events").write_text(text, "utf-8")
        stamp = (folder / "t.events").stat().st_mtime_ns
        for arguments in ((), ("--check",), ("--diff",)):
            done = evdsl_(folder, "fmt", *arguments, "t.events")
            assert (done.returncode, done.stdout) == (2, "")
        assert (folder / "t.events").read_text("utf-8") == text
        assert (folder / "t.events").stat().st_mtime_ns == stamp
    done = evdsl_(folder, "fmt", "-", given="on a changed\n")
    assert (done.returncode, done.stdout) == (2, "")


def test_fmt_diff_can_be_applied(folder: Path) -> None:
    patch = shutil.which("patch")
    before = (folder / "messy.events").read_text("utf-8")
    shown = evdsl_(folder, "fmt", "--diff", "messy.events").stdout
    assert (folder / "messy.events").read_text("utf-8") == before
    assert shown.startswith("--- messy.events\n+++ messy.events\n@@ ")
    expected = evdsl_(folder, "fmt", "-", given=before).stdout
    kept = [line[1:] for line in shown.splitlines() if line[:1] in (" ", "+") and not line.startswith("+++")]
    assert set(kept) <= set(expected.splitlines())
    if patch:
        subprocess.run(
            [patch, "messy.events"], cwd=folder, input=shown, text=True, check=True, capture_output=True
        )
        assert (folder / "messy.events").read_text("utf-8") == expected


def test_fmt_of_all_files_of_the_folder(folder: Path) -> None:
    (folder / "bad.events").unlink()
    done = evdsl_(folder, "fmt", "--check")
    assert done.returncode == 1
    assert "would change messy.events\n" in done.stdout
    assert evdsl_(folder, "fmt").returncode == 0
    assert evdsl_(folder, "fmt", "--check").returncode == 0


# ---- colour, ASCII, other terminals

ESC = "\x1b["


@pytest.mark.parametrize(
    ("flags", "more", "colour"),
    [
        (("--color", "auto"), {}, False),
        (("--color", "always"), {}, True),
        (("--color", "never"), {}, False),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": ""}, True),
    ],
)
def test_colour(folder: Path, flags: tuple[str, ...], more: dict[str, str], colour: bool) -> None:
    done = evdsl_(folder, "plan", *flags, "ring.events", **more)
    assert done.returncode == 0
    assert (ESC in done.stdout) == colour, done.stdout
    assert re.sub(r"\x1b\[[0-9;]*m", "", done.stdout).startswith(
        "Plan of ring.events: 4 steps, start: s.run\n"
    )


def test_colour_of_errors(folder: Path) -> None:
    plain, coloured = (evdsl_(folder, "plan", "--color", c, "bad.events").stderr for c in ("never", "always"))
    assert ESC in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


@pytest.mark.parametrize("command", ["check", "plan -v", "simulate", "graph", "run"])
def test_colour_of_every_command(folder: Path, command: str) -> None:
    arguments = [*command.split(), "ring.events"]
    done = evdsl_(folder, *arguments, "--color", "always")
    assert (done.returncode, done.stderr) == (0, "")
    assert ESC in done.stdout
    plain = evdsl_(folder, *arguments).stdout
    assert masked(re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)) == masked(plain) or command == "run"


@pytest.mark.parametrize(
    "command",
    ["check --json", "plan --json", "simulate --json", "expand", "graph --format dot", "run --format jsonl"],
)
def test_what_is_for_programs_has_no_colour(folder: Path, command: str) -> None:
    assert (
        ESC
        not in evdsl_(folder, *command.split(), "--color", "always", "ring.events", FORCE_COLOR="1").stdout
    )


ON_A_TERMINAL = """
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.executable, [sys.executable, "-m", "evdsl", *sys.argv[1:]])
said = b""
while True:
    try:
        more = os.read(fd, 65536)
    except OSError:
        break
    if not more:
        break
    said += more
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(said)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.parametrize(
    ("more", "colour"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colour_on_a_terminal(folder: Path, more: dict[str, str], colour: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ON_A_TERMINAL, "plan", "ring.events"],
        cwd=folder, capture_output=True, timeout=60, check=True, env=environment(folder, **more),
    )  # fmt: skip
    assert (ESC.encode() in done.stdout) == colour


@pytest.mark.parametrize("flags", [("--color", "always"), ()])
def test_colour_that_is_asked_for_under_any_terminal(folder: Path, flags: tuple[str, ...]) -> None:
    """A log of continuous integration has TERM=dumb or none; who forces colour wants it there."""
    more = {} if flags else {"FORCE_COLOR": "1"}
    assert ESC in evdsl_(folder, "plan", *flags, "ring.events", TERM="dumb", **more).stdout


@pytest.mark.parametrize("more", [{}, {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONIOENCODING": "ascii"},
                                  {"PYTHONIOENCODING": "latin-1"}])  # fmt: skip
def test_ascii(folder: Path, more: dict[str, str]) -> None:
    """With --ascii, and where the terminal cannot show more: nothing but ASCII of ours; the same lines all the same."""
    for command in ("plan", "graph", "run"):
        arguments = (command, "--ascii", "ring.events") if not more else (command, "ring.events")
        done = evdsl_(folder, *arguments, **more)
        assert done.returncode == 0, done.stderr
        assert (done.stdout + done.stderr).isascii(), done.stdout
        if command != "run":
            assert done.stdout == evdsl_(folder, command, "--ascii", "ring.events").stdout


def test_names_that_the_terminal_cannot_show(folder: Path) -> None:
    (folder / "é.events").write_text(
        "on größe.run changed 日本.run\n## ü\nresource größe { run: sh 'é' }\n", "utf-8"
    )
    ascii_ = {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for command in ("check", "list", "fmt", "plan"):
        done = evdsl_(folder, command, "é.events", **ascii_)
        assert "Traceback" not in done.stderr
        assert done.returncode in (0, 1, 2)


ASCII_LOCALE = {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize("more", [{}, ASCII_LOCALE])
def test_what_is_for_programs_is_the_same_whatever_the_terminal(folder: Path, more: dict[str, str]) -> None:
    """Documents can be read, and what `fmt` and `expand` print is the program, not another with `\\xf6` in it."""
    text = "on größe.run changed 日本.run\n"
    (folder / "t.events").write_text(text, "utf-8")
    for command in ("plan", "simulate"):
        assert "größe.run" in json.dumps(
            json.loads(evdsl_(folder, command, "--json", "t.events", **more).stdout), ensure_ascii=False
        )
    assert evdsl_(folder, "expand", "t.events", **more).stdout == text
    assert evdsl_(folder, "fmt", "-", given=text, **more).stdout == text


# ---- exit codes


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("gone.events",), 2),
        (("gone.events", "--json"), 2),
        ((".",), 2),
        (("good.events", "--start", "nope.run"), 2),
        (("good.events", "--action", "nope"), 2),
        (("good.events", "--set", "nope=1"), 2),
        (("good.events",), 0),
        (("bad.events",), 1),
        (("bad.events", "--set", "nope=1"), 2),
        (("bytes.events",), 1),
        (("import.events",), 1),
        (("empty.events",), 1),
    ],
)  # fmt: skip
def test_what_check_ends_with(folder: Path, arguments: tuple[str, ...], code: int) -> None:
    """2 is for the command line, 1 for what stands in files (section 10)."""
    (folder / "good.events").write_text("on a.run changed b.run\n", "utf-8")
    (folder / "bad.events").write_text("on a.run chnaged b.run\n", "utf-8")
    (folder / "bytes.events").write_bytes(b"\xff\n")
    (folder / "import.events").write_text('import "gone.events" as g\n', "utf-8")
    (folder / "empty.events").write_text("", "utf-8")
    done = evdsl_(folder, "check", *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    if "--json" in arguments:
        assert [d["code"] for d in json.loads(done.stdout)["diagnostics"]] == ["EV001"]


@pytest.mark.parametrize(
    "command", ["debts", "status", "resume", "history", "why a.run", "log a.run", "report"]
)
def test_what_is_kept_of_a_file_that_is_none(folder: Path, command: str) -> None:
    """A misspelt name is no file of which nothing is owed."""
    for name in ("gone.events", ".", "-"):
        done = evdsl_(folder, *command.split(), name)
        assert done.returncode == 2, done.stdout + done.stderr
        assert "error" in done.stderr


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_fmt_keeps_the_line_ends(folder: Path, end: str) -> None:
    """A file with CR and LF stays one: else a change of one line would be one of all."""
    text = "on a.run  changed b.run\n# x\n".replace("\n", end)
    wanted = text.replace("  ", " ").encode()
    path = folder / "t.events"
    path.write_bytes(text.encode())
    done = subprocess.run(
        [sys.executable, "-m", "evdsl", "fmt", "-"],
        input=text.encode(),
        capture_output=True,
        timeout=60,
        check=True,
        cwd=folder,
        env=environment(folder),
    )
    assert done.stdout == wanted
    assert evdsl_(folder, "fmt", "t.events").returncode == 0
    assert path.read_bytes() == wanted
    assert evdsl_(folder, "fmt", "--check", "t.events").returncode == 0


# ---- pipes and signals


@pytest.mark.parametrize(
    "command",
    [
        "plan", "plan --json", "simulate", "expand", "graph", "plan --color always",
    ],
)  # fmt: skip
def test_a_reader_that_has_enough(folder: Path, command: str) -> None:
    """`evdsl … | head -1`: no complaint, and no exit code of an error that there was not."""
    (folder / "t.events").write_text(
        "".join(f"on a{i}.run changed a{i + 1}.run\non a{i}.x failed b\n" for i in range(3_000)), "utf-8"
    )
    with subprocess.Popen(
        [sys.executable, "-m", "evdsl", *command.split(), "t.events"],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(folder),
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
        assert process.wait(60) == 0, said
    assert said == b""


def test_a_full_disk(folder: Path) -> None:
    """Output that cannot be written is told, not thrown."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "evdsl", "plan", "ring.events"],
            cwd=folder, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False, env=environment(folder),
        )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert done.returncode not in (0, -6)


def children(pid: int) -> list[int]:
    """All processes that descend from a process."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            child = int(stat.parent.name)
            found += [child, *children(child)]
    return found


@pytest.mark.parametrize(
    ("many", "program"), [(1, "sleep 1"), (2, "sleep 600"), (3, "trap '' INT TERM; sleep 600 & wait; wait")]
)
def test_an_interrupt(folder: Path, many: int, program: str) -> None:
    """SIGINT to a run: nothing more is started, the second ends what runs, the third kills it: 130, nothing is left."""
    (folder / "t.events").write_text(
        f"resource a {{ run: sh \"touch begun; {program}\" }}\nresource b {{ run: sh 'touch after' }}\nb.run after a.run\n",
        "utf-8",
    )
    with subprocess.Popen(
        [sys.executable, "-m", "evdsl", "run", "t.events", "--trace", "out.trace"],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment(folder), start_new_session=True,
    ) as process:  # fmt: skip
        try:
            deadline = time.monotonic() + 60
            while not (folder / "begun").exists():
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < deadline
                time.sleep(0.02)
            started = children(process.pid)
            for _ in range(many):
                process.send_signal(signal.SIGINT)
                time.sleep(0.3)
            said, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    assert started
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert "interrupted" in said
    assert not (folder / "after").exists()
    deadline = time.monotonic() + 20
    while left := [pid for pid in started if _state(pid) != "Z"]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
    assert "b.run#0 skipped" in (folder / "out.trace").read_text("utf-8")


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def test_an_interrupt_while_looking(folder: Path) -> None:
    """Also what only looks ends with 130, without a word of Python's."""
    (folder / "t.events").write_text(
        "".join(f"on a{i}.run changed a{i + 1}.run\n" for i in range(60_000)), "utf-8"
    )
    with subprocess.Popen(
        [sys.executable, "-m", "evdsl", "plan", "t.events"],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(folder),
    ) as process:  # fmt: skip
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        said, wrong = process.communicate(timeout=60)
    assert process.returncode in (130, 0)  # 0 where it was quicker
    assert "Traceback" not in wrong
    assert process.returncode == 130 or said


# ---- which file, which values


def test_the_only_file_of_the_folder(tmp_path: Path) -> None:
    work = tmp_path / "w"
    work.mkdir()
    (work / "only.events").write_text("on a changed b\n", "utf-8")
    assert evdsl_(work, "expand").stdout == "on a.run changed b.run\n"
    (work / "second.events").write_text("on a changed b\n", "utf-8")
    done = evdsl_(work, "expand")
    assert (done.returncode, done.stdout) == (2, "")
    assert "only.events, second.events" in done.stderr


def test_values_from_everywhere(folder: Path) -> None:
    (folder / "t.events").write_text(
        'param p = "d"\nsecret s\nresource a{{p}} { run: sh "echo {{s}}" }\n', "utf-8"
    )
    (folder / "value").write_text("f\n", "utf-8")

    def name(*arguments: str, **more: str) -> str:
        return evdsl_(folder, "list", "t.events", *arguments, **more).stdout.split()[0]

    assert name() == "ad"
    assert name(EVDSL_SET_p="e") == "ae"
    assert name("--set-file", "p=value", EVDSL_SET_p="e") == "af"
    assert name("--set", "p=s", "--set-file", "p=value") == "as"
    assert name("--set", "p=s", "--set", "p=t") == "at"
    assert name("--set", "p=x.y") == "ax.y"


def test_a_secret_is_never_printed(folder: Path) -> None:
    (folder / "t.events").write_text(
        'secret s\nresource a { run: sh "echo {{s}}; exit 1" [retry = 1, delay = 0s] }\n', "utf-8"
    )
    said = ""
    for command in (
        "check",
        "plan -v",
        "plan --json",
        "simulate",
        "expand",
        "list",
        "graph",
        "run -v",
        "run --format jsonl",
    ):
        done = evdsl_(folder, *command.split(), "t.events", "--set", "s=verysecretvalue")
        said += done.stdout + done.stderr
    assert "a.run" in said
    assert "verysecretvalue" not in said
    state = [p.read_bytes() for p in folder.parent.rglob("*") if p.is_file()]
    assert state
    assert not any(b"verysecretvalue" in data for data in state)
