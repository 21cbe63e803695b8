"""Secrets reach no sink: neither journal, log, plan, lock nor any output, however they are given and however they get about."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote

import pytest

VALUES = {
    "by_set": "s3t 'quoted' \"value\" \\ and ü",
    "by_file": "file-secret/with+signs&more=%",
    "by_env": "env$ecret;`touch x`",
}

TEXT = r"""
secret by_set
secret by_file
secret by_env

resource shows {
  run: sh '''
    printf '%s\n' "$by_set" "$by_file" "$by_env"
    printf '%s\n' "$by_set" "$by_file" "$by_env" >&2
    printf '%s' "$by_set" | cut -c1-9 | tr -d '\n'; sleep 0.1; printf '%s\n' "$by_set" | cut -c10-
    for value in "$by_set" "$by_file" "$by_env"; do printf '%s' "$value" | base64 -w0; echo; done
    "$PYTHON" -c "import json, os, urllib.parse as u; v = os.environ['by_set']; print(json.dumps(v), u.quote(v), u.quote_plus(v))"
    printf '%s\n' "$EVDSL_CAUSE"
  '''
  tries: sh 'echo "$by_env"; exit 3' [retry = 1, delay = 0s]
}
resource reports {
  run: sh '''
    echo "data.plain=8080" >> "$EVDSL_EVENT"
    echo "data.token=$by_file" >> "$EVDSL_EVENT"
    echo "data.within=https://u:$by_env@example.org" >> "$EVDSL_EVENT"
  '''
}
resource reads {
  run: sh 'echo "has $token and $within and $plain"; test -n "$token"'
}
resource says { run: sh 'echo "$by_env" > "$EVDSL_EVENT"' }
resource waits { run: sh 'printf "%s\n" "$by_set"; cp -a .evdsl during; test -e go || sleep 20' }
resource collector

connect reports reads { token -> token; within -> within; plain -> plain; no events }
connect reports collector { token -> tokens; no events }
collector.run after reports.run
on reports.run changed reads.run
on shows.run changed shows.tries
on reads.run changed waits.run
on collector.run changed shows.run
on says.run failure waits.run
"""


def forms(value: str) -> list[str]:
    return [
        value,
        json.dumps(value)[1:-1],
        quote(value, safe=""),
        b64encode(value.encode()).decode(),
        value.replace("'", "'\\''"),
    ]


class Site:
    def __init__(self, folder: Path) -> None:
        self.folder = folder / "site"
        self.folder.mkdir()
        (self.folder / "a.events").write_text(TEXT)
        self.file = folder / "by_file"
        self.file.write_text(VALUES["by_file"] + "\n")
        self.given = ["--set", f"by_set={VALUES['by_set']}", "--set-file", f"by_file={self.file}"]
        self.said = ""

    def start(self, *arguments: str, given: bool = True, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "evdsl", *arguments, *(self.given if given else [])],
            cwd=self.folder,
            env=os.environ | {"EVDSL_SET_by_env": VALUES["by_env"], "PYTHON": sys.executable} | more,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def evdsl(self, *arguments: str, given: bool = True, **more: str) -> str:
        output, _ = self.start(*arguments, given=given, **more).communicate(timeout=60)
        self.said += f"\n== {' '.join(arguments)}\n{output}"
        return output

    def kept_nowhere(self) -> None:
        found = {str(p): p.read_bytes() for p in self.folder.rglob("*") if p.is_file()}
        found["output"] = self.said.encode()
        for name, value in VALUES.items():
            for form in forms(value):
                where = [path for path, content in found.items() if form.encode() in content]
                at = self.said.find(form)
                around = self.said[max(0, self.said.rfind("\n== ", 0, at)) :][:200] if at >= 0 else ""
                assert not where, f"{name} as {form} in {where}: {around}"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_no_sink_has_them(site: Site) -> None:
    (site.folder / "go").touch()
    summary = site.folder / "summary"
    first = site.evdsl("run", "-vv", "--trace", "trace")
    assert "has *** and https://u:***@example.org and 8080" in first, "they were there, and are hidden"
    assert (site.folder / "during" / "a.events.sqlite-wal").exists()
    site.evdsl("run", "--format", "jsonl", "--trace", "trace2")
    site.evdsl("run", "-v", "--shell-workers", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
    site.evdsl("run", "--durability", "full", "--color", "always")
    site.evdsl("run", "--dry-run")
    for command in (
        "status", "history", "debts", "status --json", "history --json", "debts --json",
        "log shows.run", "log reads.run", "log says.run", "log shows.tries", "resume --list",
    ):  # fmt: skip
        site.evdsl(*command.split(), given=False)
    for command in (
        "plan -v", "plan --json", "simulate", "simulate --json", "list", "expand", "check", "graph", "why says.run",
        "why waits.run", "why collector.run", "run --limit nobody", "run --start nobody", "compile --to ansible",
    ):  # fmt: skip
        site.evdsl(*command.split())
    assert summary.exists()
    assert (site.folder / "trace").read_text().count("\n") == 7
    logs = b"".join(p.read_bytes() for p in site.folder.rglob("*.log"))
    assert logs.count(b"***") > 20
    site.kept_nowhere()


def test_none_after_a_kill_and_a_resume(site: Site) -> None:
    process = site.start("run", "-v")
    until = time.monotonic() + 30
    while not (site.folder / "during").exists() and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    site.said += process.communicate()[0]
    (site.folder / "go").touch()
    site.kept_nowhere()
    site.evdsl("debts", given=False)
    until = time.monotonic() + 30
    while "EV616" in (output := site.evdsl("resume", "-v")) and time.monotonic() < until:
        time.sleep(0.1)  # what was killed is being ended
    assert "goes on" in output
    site.kept_nowhere()


def test_another_value_of_a_sink_is_seen_though_none_is_kept(site: Site) -> None:
    def collected() -> str:
        site.evdsl("run", "-q", "--trace", "trace")
        return (site.folder / "trace").read_text().partition("collector.run#0 ")[2].split()[0]

    (site.folder / "go").touch()
    assert [collected(), collected()] == ["changed", "ok"]
    site.file.write_text("another")
    assert [collected(), collected()] == ["changed", "ok"]
    assert b"another" not in (site.folder / ".evdsl" / "a.events.sqlite").read_bytes()
    site.kept_nowhere()
