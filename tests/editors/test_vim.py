"""`grammar/vim` in a real Vim: loaded without an error, and coloured as the parser reads."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .classes import ROOT, blanked, differences, expected, files, program

HERE = Path(__file__).parent
GROUPS = {
    "evdslComment": "comment",
    "evdslString": "string",
    "evdslEvent": "event",
    **dict.fromkeys(
        ("evdslStatement", "evdslOn", "evdslOrder", "evdslAll", "evdslIn", "evdslAs", "evdslNoEvents", "evdslIf",
         "evdslLogic"), "keyword"),
}  # fmt: skip


def dumped(paths: list[Path], folder: Path) -> list[Any]:
    """File type and groups of each file, by Vim without any configuration of its user."""
    out = folder / "dump.json"
    names = [str(p) for p in paths]
    done = subprocess.run(
        [
            program("vim"),
            "-e",
            "-s",
            "-N",
            "-n",
            "-u",
            "NONE",
            "-i",
            "NONE",
            "-S",
            str(HERE / "dump.vim"),
            *names,
        ],
        env={
            **os.environ,
            "EVDSL_VIM": str(ROOT / "grammar/vim"),
            "EVDSL_DUMP": str(out),
            "HOME": str(folder),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=300,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    made: list[Any] = json.loads(out.read_text("utf-8"))
    return made


def groups(text: str, lines: list[list[str]]) -> list[str]:
    """The group of each character; Vim counts bytes."""
    made: list[str] = []
    for line, names in zip(text.split("\n"), lines, strict=False):
        at = 0
        for character in line:
            made.append(names[at])
            at += len(character.encode())
        made.append("")
    return (made + [""] * len(text))[: len(text)]


def classes(text: str, lines: list[list[str]]) -> list[str]:
    found = groups(text, lines)
    # what stands in `{{ }}` inside of a string is a hole, and part of the string
    quoted = [
        "string" if n == "evdslHole" and _within(found, i) else GROUPS.get(n, "") for i, n in enumerate(found)
    ]
    return blanked(quoted, text)


def _within(found: list[str], at: int) -> bool:
    while at and found[at] == "evdslHole":
        at -= 1
    return found[at] == "evdslString"


@pytest.mark.real
def test_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [p for p in files() if "random-" not in p.name and p.stat().st_size < 20_000]
    assert len(paths) > 50
    for path, made in zip(paths, dumped(paths, tmp_path), strict=True):
        text = path.read_text("utf-8")
        assert made["filetype"] == "evdsl"
        assert not differences(text, expected(text, monkeypatch), classes(text, made["lines"])), path


SAMPLE = """\
## doc
import "x.events" as acme (email = "on")
host h = "192.0.2.1" [user = "u", port = 22] if x in [true]
resource db.{{n}} @h { start: sh "{{x}} \\" # no" [timeout = 5m]; host = 'on' }
resource on {
  on: sh on
  run: exec ["a", {b = 1}] [
    retry = 2, # why
  ]
  x = \"\"\"
on a ok b # no
\"\"\"
}
on all ok, changed changed | failed ok if (x and
  not y)
on on.run ok all.run # no
after.run, b needs start.x
for in in web { on a.{{h}} ok b; c after d } if x
connect a b { port -> db; on run changed restart; no events }
serial a.<h>.x, b
"""


@pytest.mark.real
def test_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sample.events"
    path.write_text(SAMPLE, "utf-8")
    lines = dumped([path], tmp_path)[0]["lines"]
    assert not differences(SAMPLE, expected(SAMPLE, monkeypatch), classes(SAMPLE, lines))
    found = groups(SAMPLE, lines)
    shown = {
        word: found[SAMPLE.index(word)]
        for word in (
            "acme",
            "user",
            "22",
            "true",
            "db.{{n}}",
            "@h",
            "start",
            "sh",
            "{{x}}",
            "timeout",
            "5m",
            "retry",
        )
    }
    assert shown == {
        "acme": "evdslName", "user": "evdslOption", "22": "evdslNumber", "true": "evdslConstant",
        "db.{{n}}": "evdslResource", "@h": "evdslHost", "start": "evdslAction", "sh": "evdslDriver",
        "{{x}}": "evdslHole", "timeout": "evdslOption", "5m": "evdslNumber", "retry": "evdslOption",
    }  # fmt: skip
