"""The pages say what is so: each console block is run, each events block stands, links lead somewhere."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

import evdsl

from .console import Command, Session, agrees, commands, masked

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("examples/README.md"),
        *ROOT.glob("examples/[!.]*/README.md"),
    ]
)
_NOT_COPIED = shutil.ignore_patterns(".try", ".evdsl", "out", "__pycache__")
_EVENTS = re.compile(r"^```events\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def show(page: Path, command: Command, moved: int, printed: list[str]) -> int:
    """Put what a command printed in the place of what its page shows. `moved`: by how many lines what stands above it
    has grown; returns by how many it has now."""
    lines = page.read_text(encoding="utf-8").split("\n")
    begin = command.line + moved + command.text.count("\n")
    lines[begin : begin + len(command.shown)] = [line.rstrip() for line in printed]
    page.write_text("\n".join(lines), encoding="utf-8")
    return moved + len(printed) - len(command.shown)


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


WITH_COMMANDS = [page for page in PAGES if any(commands(page.read_text(encoding="utf-8")))]


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=named)
def test_console_blocks(page: Path, tmp_path: Path) -> None:
    """In a copy: an example's page in its folder, every other one where `examples/` lies.

    With EVDSL_UPDATE=1 the page is rewritten to show what was printed; read the difference before you believe it.
    """
    wanted = list(commands(page.read_text(encoding="utf-8")))
    folder = tmp_path / "here"
    if page.parent.parent == ROOT / "examples":
        shutil.copytree(page.parent, folder, ignore=_NOT_COPIED)
    else:
        shutil.copytree(ROOT / "examples", folder / "examples", ignore=_NOT_COPIED)
    session, moved = Session(folder), 0
    try:
        for command in wanted:
            printed = session.run(command.text)
            if not agrees(printed, command.shown):
                if os.environ.get("EVDSL_UPDATE"):
                    moved = show(page, command, moved, printed)
                    continue
                assert masked(printed) == masked(command.shown), (
                    f"{named(page)}:{command.line}: {command.text}"
                )
    finally:
        session.close()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_events_blocks(page: Path) -> None:
    """Each ```events block is a program of its own without an error."""
    text = page.read_text(encoding="utf-8")
    for block in _EVENTS.finditer(text):
        program = evdsl.load(
            block[1], name=f"{named(page)}, block on line {text.count(chr(10), 0, block.start()) + 1}"
        )
        wrong = [d for d in program.diagnostics if d.severity == "error"]
        assert not wrong, wrong
        _, wrong = program.try_plan()
        assert not [d for d in wrong if d.severity == "error"], wrong


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links(page: Path) -> None:
    """Links into the checkout lead to something."""
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{named(page)}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_scripts_are_there(page: Path) -> None:
    """What a ```sh block starts from the checkout exists."""
    for script in re.findall(
        r"^(?:python3 )?((?:examples|tests|grammar|\.ci)/\w+)\b", page.read_text(), re.MULTILINE
    ):
        assert (ROOT / script).is_file(), f"{named(page)}: {script}"


def test_agreement() -> None:
    shown = [
        " ● 00:00 a.run  changed     0.0s",
        " ● 00:00 b.run  changed     0.0s",
        "Run 1 ok in 0.0s: 2 changed",
    ]
    printed = [
        " ● 00:07 b.run  changed    12.3s",
        " ● 00:01 a.run  changed     0.4s",
        "Run 1 ok in 7.4s: 2 changed",
    ]
    assert agrees(printed, shown)
    assert agrees(printed, ["…", "Run 1 ok in 0.0s: 2 changed"])
    assert agrees(["a", "b", "c"], ["a", "…"])
    assert not agrees(printed, [*shown[:2], "Run 1 ok in 0.0s: 1 changed"])
    assert not agrees(printed, shown[:2])
    assert not agrees([], ["a"])


def test_a_session_keeps_folder_exit_code_and_unfinished_lines(tmp_path: Path) -> None:
    session = Session(tmp_path)
    try:
        assert session.run("mkdir x; cd x; printf 'no end'") == ["no end"]
        assert session.run("pwd") == [str(tmp_path / "x")]
        assert session.run("cat; exit_code() { return 7; }; exit_code") == []
        assert session.run("echo $?; echo wrong >&2") == ["7", "wrong"]
    finally:
        session.close()
