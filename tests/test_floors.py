"""The house has floors: a module imports from its own or a lower one, and each library has its room."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import evdsl

ROOT = Path(evdsl.__file__).parent
MODULES = sorted(p.relative_to(ROOT) for p in ROOT.rglob("*.py"))

FLOORS = ["version", "base", "syntax", "meaning", "plan", "drivers", "run", "emit", "draw", "api", "faces"]
"""From the ground up. `drivers` hold what runs one action and know nothing of plans; `run` runs plans with them."""

ROOMS = {
    "lark": "syntax/tables.py",
    "argparse": "faces/*.py",
    "pygls": "faces/**",
    "lsprotocol": "faces/**",
    "sqlite3": "run/state.py",
    "yaml": "meaning/inventory.py",
    "jinja2": "drivers/*.py",
    "ansible": "emit/ansible_module.py drivers/ansible_callback/*.py",
    "salt": "drivers/salt_outputter/*.py",
    "rich": "faces/*.py",
    "pygments": "faces/highlight.py",
}
"""Where alone a library may be imported. networkx may be in any room, but only inside of functions."""

LATE = {"lark", "networkx", "yaml", "jinja2", "sqlite3", "asyncio", "pygls", "lsprotocol", "rich", "pygments"}
"""What costs too much to be imported where nobody asked for it: only inside of functions, or of a room of its own."""

LONGEST = 450
LONGER = {"syntax/build.py"}
"""Files over LONGEST lines, each one too many."""


class Import(NamedTuple):
    """One import of one module: `target` as written in full (`evdsl.plan.plan`), `late` inside of a function."""

    module: Path
    line: int
    target: str
    late: bool
    typing: bool

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.target}"


def imports(module: Path) -> Iterator[Import]:
    tree = ast.parse((ROOT / module).read_text("utf-8"))
    package = ["evdsl", *module.parts[:-1]]

    def walk(node: ast.AST, late: bool, typing: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for name in child.names:
                    yield Import(module, child.lineno, name.name, late, typing)
            elif isinstance(child, ast.ImportFrom):
                base = ".".join(package[: len(package) - child.level + 1]) if child.level else ""
                target = ".".join(part for part in (base, child.module) if part)
                if target == "evdsl":  # `from . import api`
                    for name in child.names:
                        yield Import(module, child.lineno, f"evdsl.{name.name}", late, typing)
                else:
                    yield Import(module, child.lineno, target, late, typing)
            elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                yield from walk(child, True, typing)
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
                yield from walk(child, late, True)
            else:
                yield from walk(child, late, typing)

    yield from walk(tree, False, False)


ALL = [found for module in MODULES for found in imports(module)]


def floor(name: str) -> int:
    """How high a module of ours lies: `evdsl.plan.plan` on the floor `plan`; the package itself on top of all."""
    parts = name.split(".")
    return FLOORS.index(parts[1]) if len(parts) > 1 and parts[1] in FLOORS else len(FLOORS)


def own(module: Path) -> str:
    parts = [*module.parts[:-1], module.stem]
    return ".".join(["evdsl", *(part for part in parts if part not in ("__init__", "__main__"))])


def test_all_modules_are_on_a_floor() -> None:
    folders = {module.parts[0] for module in MODULES if len(module.parts) > 1}
    assert folders <= set(FLOORS)
    assert {"version.py", "api.py"} <= {str(module) for module in MODULES}
    assert len(ALL) > 300


def test_nothing_imports_from_a_higher_floor() -> None:
    up = [i for i in ALL if i.target.split(".")[0] == "evdsl" and floor(i.target) > floor(own(i.module))]
    assert list(map(str, up)) == []


def test_no_absolute_imports_of_the_package() -> None:
    """`from evdsl…` would go round the floors of a second installation."""
    lines = [
        f"{module}:{node.lineno}"
        for module in MODULES
        for node in ast.walk(ast.parse((ROOT / module).read_text("utf-8")))
        if (
            isinstance(node, ast.ImportFrom)
            and not node.level
            and (node.module or "").split(".")[0] == "evdsl"
        )
        or (isinstance(node, ast.Import) and any(name.name.split(".")[0] == "evdsl" for name in node.names))
    ]
    assert lines == []


@pytest.mark.parametrize("library", ROOMS)
def test_each_library_has_its_room(library: str) -> None:
    outside = [
        str(i)
        for i in ALL
        if i.target.split(".")[0] == library
        and not i.typing
        and not any(_in(i.module, room) for room in ROOMS[library].split())
    ]
    assert outside == []


def _in(module: Path, room: str) -> bool:
    if room.endswith("**"):
        return module.parts[0] == room.partition("/")[0]
    return module.match(room) and len(module.parts) == len(Path(room).parts)


def test_what_is_dear_is_imported_late() -> None:
    """In functions only; at the top of a room of its own is late too, as that room is: sqlite3, the language server, the
    lexer of Pygments."""
    early = [i for i in ALL if i.target.split(".")[0] in LATE and not i.late and not i.typing]
    assert {str(i.module) for i in early if i.module.parent != Path("faces/lsp")} <= {
        "run/state.py",
        "faces/highlight.py",
    }
    entering = [i for i in ALL if i.target.startswith("evdsl.faces.lsp") and not i.late and not i.typing]
    assert {i.module.parent for i in entering} <= {Path("faces/lsp")}
    assert [str(i) for i in early if i.module == Path("faces/lsp/start.py")] == []
    assert [str(i) for i in ALL if i.target == "evdsl.faces.highlight" and not i.late] == []
    importers = [i for i in ALL if i.target == "evdsl.run.state" and not i.late and not i.typing]
    assert {i.module.parts[0] for i in importers} <= {"run"}


def test_only_known_libraries() -> None:
    """What is neither ours nor of the standard library is declared in pyproject.toml, or asked for where it is used."""
    known = {"evdsl", "networkx", *ROOMS, *sys.stdlib_module_names}
    assert [str(i) for i in ALL if i.target.split(".")[0] not in known] == []


def test_what_plans_does_no_io() -> None:
    """Up to `plan` nothing starts processes, opens sockets or knows a terminal."""
    barred = {"subprocess", "socket", "asyncio", "multiprocessing", "signal", "pty", "curses", "ssl", "http"}
    pure = {"base", "syntax", "meaning", "plan", "draw"}
    found = [str(i) for i in ALL if i.module.parts[0] in pure and i.target.split(".")[0] in barred]
    assert found == []


def test_files_are_short() -> None:
    lines = {str(m): len((ROOT / m).read_text("utf-8").splitlines()) for m in MODULES}
    assert {m for m, count in lines.items() if count > LONGEST} - LONGER == set()
    assert lines.keys() >= LONGER
