"""`grammar/vim` in a real Vim, without any configuration of its user."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from .classes import ROOT, blanked, program

HERE = Path(__file__).parent
GROUPS = {
    "evdslComment": "comment",
    "evdslString": "string",
    "evdslEvent": "event",
    "evdslOutcome": "event",
    **dict.fromkeys(
        ("evdslStatement", "evdslOn", "evdslOrder", "evdslAll", "evdslIn", "evdslAs", "evdslNoEvents", "evdslIf",
         "evdslLogic"), "keyword"),
}  # fmt: skip


def dumped(paths: list[Path], folder: Path) -> list[Any]:
    """File type and groups of each file."""
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


def coloured(texts: dict[str, str]) -> dict[str, list[str]]:
    """The class of each character of each text."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{n}.events" for n in range(len(texts))]
        for path, text in zip(paths, texts.values(), strict=True):
            path.write_text(text, "utf-8")
        made = dumped(paths, Path(folder))
    assert {one["filetype"] for one in made} == {"evdsl"}
    return {name: classes(text, one["lines"]) for (name, text), one in zip(texts.items(), made, strict=True)}
