"""Runs the ```console blocks of a page and compares what they print with what the page shows.

A line `$ COMMAND` is run by bash, lines `> …` behind it go on with it (as a shell shows them); what follows is its
output, standard error in it. A page is one session in one folder: a block goes on where the one before left off.
Not compared, on either side (see `masked`):

- times: `00:05`, `0.3s`, `in 2.1s`, `12:30:00`, and `at`, `seconds` and the version in JSON lines;
- the order of lines of a run that stand together: actions that do not wait for each other end in any order.

A line `…` in the page stands for any number of lines.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CLOCK = re.compile(r"^( \S+ )\d\d:\d\d ")
_WROTE = re.compile(r"^   \S+ \| ")
_MASKS = (
    (re.compile(r" +\d+\.\ds\b"), " #s"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "#:#:#"),
    (re.compile(r'"at": "[^"]*"'), '"at": "#"'),
    (re.compile(r'"seconds": [\d.e-]+'), '"seconds": #'),
    (re.compile(r'"evdsl": "[^"]*"'), '"evdsl": "#"'),
)
_END = "--end-of-command--"


class Command(NamedTuple):
    """One command of a page, the line it stands on, and the output that the page shows."""

    line: int
    text: str
    shown: list[str]


def commands(page: str) -> Iterator[Command]:
    """The commands of all console blocks of a page, in their order."""
    for block in _BLOCK.finditer(page):
        begin = page.count("\n", 0, block.start(1)) + 1
        found: list[Command] = []
        for line, text in enumerate(block[1].splitlines(), begin):
            if text.startswith("$ "):
                found.append(Command(line, text[2:], []))
            elif not found:
                raise ValueError(f"line {line}: a console block begins with a command")
            elif text.startswith(">") and not found[-1].shown:
                found[-1] = found[-1]._replace(text=f"{found[-1].text}\n{text[2:]}")
            else:
                found[-1].shown.append(text)
        yield from found


class Session:
    """A bash in a folder, with this Python's scripts first in the PATH."""

    def __init__(self, folder: Path) -> None:
        env = {k: v for k, v in os.environ.items() if not k.startswith(("EVDSL", "FORCE_COLOR"))}
        env |= {"PATH": os.path.dirname(sys.executable) + os.pathsep + env["PATH"], "LC_ALL": "C.UTF-8"}
        env |= {"PYTHONUTF8": "1", "NO_COLOR": "1", "COLUMNS": "80"}
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def run(self, command: str) -> list[str]:
        """What the command prints, line by line. `$?` of the next one is its exit code."""
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._bash.stdin.write(f"{{\n{command}\n}} </dev/null; s=$?; echo; echo {_END}; (exit $s)\n")
        self._bash.stdin.flush()
        lines: list[str] = []
        for line in self._bash.stdout:
            if line == _END + "\n":
                return lines if lines[-1] else lines[:-1]
            lines.append(line.rstrip("\n"))
        raise AssertionError(f"the shell ended in `{command}`: {lines}")

    def close(self) -> None:
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._bash.stdin.close()
        self._bash.stdout.close()
        self._bash.wait()


def masked(lines: list[str]) -> list[str]:
    """The lines without what is not compared."""
    found: list[str] = []
    for line in lines:
        for mask, instead in _MASKS:
            line = mask.sub(instead, line)
        found.append(line.rstrip())
    return [line for group in _together(found) for line in group]


def _together(lines: list[str]) -> Iterator[list[str]]:
    """Lines of a run that stand together in an order that is always the same, all others as they stand. What an action
    wrote belongs to its line."""
    for ended, group in groupby(lines, lambda line: bool(_CLOCK.match(line) or _WROTE.match(line))):
        if not ended:
            yield list(group)
            continue
        entries: list[list[str]] = []
        for line in group:
            if _CLOCK.match(line) or not entries:
                entries.append([])
            entries[-1].append(_CLOCK.sub(r"\1", line))
        yield from sorted(entries)


def agrees(printed: list[str], shown: list[str]) -> bool:
    """Whether a command printed what its page shows."""
    pattern = "".join(r"(?:.*\n)*?" if line == "…" else re.escape(line) + "\n" for line in masked(shown))
    return re.fullmatch(pattern, "".join(line + "\n" for line in masked(printed))) is not None
