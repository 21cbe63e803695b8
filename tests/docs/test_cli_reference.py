"""docs/cli.md is what the command line takes: every command, every option, nothing else."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from evdsl.faces.cli import parser

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
_OPTIONS = re.compile(r"^\| (`-[^|]*) \|", re.MULTILINE)
_SHARED = re.compile(r"Takes:\s+([a-z,\s]+)\.")


def commands() -> dict[str, argparse.ArgumentParser]:
    found = next(a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
    return dict(found.choices)


def value(action: argparse.Action) -> str:
    """What stands behind an option in `--help`: its metavar or its choices; nothing for a switch."""
    if action.nargs == 0:
        return ""
    return action.metavar if isinstance(action.metavar, str) else "{" + ",".join(action.choices or ()) + "}"


def spelled(action: argparse.Action) -> str:
    """An option as the page writes it: `-j`, `--jobs N`."""
    *short, long = action.option_strings
    return ", ".join(f"`{option}`" for option in [*short, f"{long} {value(action)}".rstrip()])


def heading(name: str, command: argparse.ArgumentParser) -> str:
    forms = {"?": "[{}]", "*": "[{} ...]", None: "{}"}
    takes = [forms[a.nargs].format(value(a)) for a in command._actions if not a.option_strings]  # type: ignore[index]
    return " ".join([f"evdsl {name}", *takes])


def section(title: str, level: str = "##") -> str:
    found = re.search(rf"^{level} {re.escape(title)}\n(.*?)(?=^##? |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/cli.md has no section `{level} {title}`"
    return found[1]


def shared(title: str) -> set[str]:
    return set(_OPTIONS.findall(section(title, "###").split("\n### ")[0]))


@pytest.mark.parametrize("name", commands())
def test_a_command(name: str) -> None:
    command = commands()[name]
    text = section(heading(name, command))
    told = set(_OPTIONS.findall(text))
    takes = _SHARED.search(text)
    assert takes, "the section says which shared options it takes"
    for group in re.split(r",\s+", takes[1]):
        told |= shared(group.capitalize())
    taken = {spelled(a) for a in command._actions if a.option_strings and a.dest != "help"}
    assert told == taken


def test_no_other_command() -> None:
    told = re.findall(r"^## evdsl ([a-z]+)", PAGE, re.MULTILINE)
    assert told == list(commands())
