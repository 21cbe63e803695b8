"""Completion scripts, driven by the real shells."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from evdsl.faces.cli import parser
from evdsl.faces.completion import script


def real(tool: str) -> str:
    """The path of a program; where it is missing the test is skipped, with EVDSL_REAL=1 it fails."""
    path = shutil.which(tool)
    if path is None:
        if os.environ.get("EVDSL_REAL") == "1":
            pytest.fail(f"{tool} is not installed")
        pytest.skip(f"{tool} is not installed")
    return path


def awkward() -> argparse.ArgumentParser:
    """A parser whose help holds what shells take for theirs."""
    top = argparse.ArgumentParser(prog="evdsl")
    verb = top.add_subparsers().add_parser("plan", help='it\'s [all] `here`: $HOME \\ "x" 100%%')
    verb.add_argument("--when", action="append", metavar="REF=OUTCOME", help="[a]: it's $(b) `c` \\")
    verb.add_argument("--level", choices=(1, 2), default=1, help="default %(default)s")
    verb.add_argument("file", metavar="FILE")
    return top


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("site.events", "my site.events", "notes.txt", "sub/x.events"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def bash(folder: Path, *words: str) -> list[str]:
    (folder / ".script").write_text(script("bash", parser()))
    code = 'source ./.script; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _evdsl; printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(
        [real("bash"), "--norc", "-c", code, "bash", "evdsl", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return sorted(done.stdout.split("\n")[:-1]) if done.stdout != "\n" else []


def fish(folder: Path, line: str) -> list[str]:
    (folder / ".script").write_text(script("fish", parser()))
    environment = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder / ".config")}
    done = subprocess.run(
        [real("fish"), "--no-config", "-c", "source .script; complete -C $argv[1]", line],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert done.stderr == ""
    return [found.split("\t")[0] for found in done.stdout.splitlines()]


@pytest.mark.real
@pytest.mark.parametrize("made", [parser, awkward])
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_read_by_its_shell(shell: str, made: object, tmp_path: Path) -> None:
    path = tmp_path / "script"
    path.write_text(script(shell, made()))  # type: ignore[operator]
    done = subprocess.run([real(shell), "-n", str(path)], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.real
def test_zsh_loads_it(tmp_path: Path) -> None:
    (tmp_path / "_evdsl").write_text(script("zsh", awkward()))
    code = "autoload -U compinit; compinit -u -D; source ./_evdsl; print -r -- $_comps[evdsl]"
    done = subprocess.run([real("zsh"), "-f", "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("_evdsl\n", "")


@pytest.mark.real
@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["gra"], ["graph"]),
        (["--ver"], ["--version"]),
        (["graph", "--fo"], ["--format"]),
        (["graph", "--format", ""], ["dot", "graphml", "html", "json", "mermaid", "svg", "text"]),
        (["graph", "--format", "=", "d"], ["dot"]),
        (["graph", "--format", "="], ["dot", "graphml", "html", "json", "mermaid", "svg", "text"]),
        (["graph", "--format=d"], ["--format=dot"]),
        (["graph", ""], ["my site.events", "site.events", "sub"]),
        (["graph", "--format", "dot", "si"], ["site.events"]),
        (["graph", "my"], ["my site.events"]),
        (["graph", "-o", "n"], ["notes.txt"]),
        (["plan", "--action", ""], []),
        (["completion", ""], ["bash", "fish", "zsh"]),
        (["explain", ""], []),
    ],
)
def test_bash_completes(words: list[str], found: list[str], folder: Path) -> None:
    assert bash(folder, *words) == found


@pytest.mark.real
def test_bash_knows_every_command(folder: Path) -> None:
    commands = next(a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
    assert bash(folder, "") == sorted(commands.choices)


@pytest.mark.real
@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("evdsl gra", {"graph"}),
        ("evdsl graph --fo", {"--format"}),
        ("evdsl graph --format ", {"dot", "graphml", "html", "json", "mermaid", "svg", "text"}),
        ("evdsl graph s", {"site.events", "sub/"}),
        ("evdsl graph -o no", {"notes.txt"}),
        ("evdsl completion ", {"bash", "fish", "zsh"}),
    ],
)
def test_fish_completes(line: str, found: set[str], folder: Path) -> None:
    assert set(fish(folder, line)) == found
