"""What a command imports: nothing that it does not need, as that is most of what a short command costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_ASK = """
import os, sys
code = 0
sys.argv[:1] = ["evdsl"]
keep = os.dup(1)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
from evdsl.__main__ import main
try:
    code = main()
except SystemExit as end:
    code = end.code
sys.stdout.flush()
os.write(keep, " ".join([str(code), *sorted(sys.modules)]).encode())
"""

PROGRAM = """\
param env = "dev"
host web1 = "192.0.2.21"
resource db { port = 5432; run: sh "true" }
resource web @web1 { run: sh "echo {{env}}"; reload: systemd.reload "nginx" }
connect db web { port -> db_port }
on web.run changed web.reload
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "t.events").write_text(PROGRAM, "utf-8")
    return tmp_path


def modules(folder: Path, *arguments: str) -> set[str]:
    """All modules that are imported once the command has ended, and it ended well."""
    done = subprocess.run(
        [sys.executable, "-c", _ASK, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    code, *names = done.stdout.split()
    assert code in ("0", "None"), done.stderr
    assert "evdsl" in names
    return set(names)


DEAR = {
    "networkx",
    "rich",
    "asyncio",
    "pygls",
    "sqlite3",
    "subprocess",
    "yaml",
    "jinja2",
    "socket",
    "ssl",
    "http",
}


def test_check(folder: Path) -> None:
    modules(folder, "check", "t.events")  # the tables of the grammar are kept from now on
    names = modules(folder, "check", "t.events")
    assert names & {*DEAR, "lark", "json", "difflib", "tomllib", "importlib.metadata"} == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "--json", "t.events"),
        ("plan", "t.events"),
        ("plan", "--json", "t.events"),
        ("simulate", "t.events"),
        ("expand", "t.events"),
        ("list", "t.events"),
        ("fmt", "--check", "t.events"),
        ("graph", "t.events"),
        ("graph", "--format", "dot", "t.events"),
        ("graph", "--format", "svg", "t.events"),
        ("graph", "--format", "html", "t.events"),
        ("graph", "--format", "mermaid", "--select", "web+", "t.events"),
    ],
    ids=" ".join,
)
def test_what_looks_at_a_program(folder: Path, arguments: tuple[str, ...]) -> None:
    assert modules(folder, *arguments) & DEAR == set()


def test_colour_takes_no_library(folder: Path) -> None:
    assert modules(folder, "plan", "--color", "always", "t.events") & DEAR == set()


def test_graphml_takes_networkx(folder: Path) -> None:
    names = modules(folder, "graph", "--format", "graphml", "t.events")
    assert "networkx" in names
    assert names & {"rich", "sqlite3", "yaml"} == set()


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_version(folder: Path, option: str) -> None:
    names = modules(folder, option)
    assert names & {*DEAR, "argparse", "lark", "json", "pathlib", "dataclasses"} == set()
    assert {name for name in names if name.startswith("evdsl")} == {
        "evdsl",
        "evdsl.__main__",
        "evdsl.version",
    }


@pytest.mark.parametrize("arguments", [("--help",), ("plan", "--help"), ("run", "--help")], ids=" ".join)
def test_help(folder: Path, arguments: tuple[str, ...]) -> None:
    names = modules(folder, *arguments)
    assert names & {*DEAR, "lark", "json"} == set()
    assert not any(
        name.startswith(("evdsl.syntax", "evdsl.meaning", "evdsl.plan", "evdsl.run")) for name in names
    )


@pytest.mark.parametrize("arguments", [("explain", "EV103"), ("completion", "bash")], ids=" ".join)
def test_what_needs_no_program(folder: Path, arguments: tuple[str, ...]) -> None:
    assert modules(folder, *arguments) & DEAR == set()


def test_the_interface_for_python_is_lazy() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import evdsl, sys; print(*sorted(m for m in sys.modules if m.startswith('evdsl')))",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == ["evdsl", "evdsl.version"]
