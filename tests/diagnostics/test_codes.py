"""The pages of `evdsl explain`: one for each code that the sources know, and examples that do what they say."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import evdsl
from evdsl.base.diagnostic import Diagnostic

PACKAGE = Path(evdsl.__file__).parent
PAGES: dict[str, dict[str, Any]] = tomllib.loads((PACKAGE / "base/codes.toml").read_text(encoding="utf-8"))
CODE = re.compile(r"\bEV\d{3}\b")
WITHOUT_EXAMPLE = {"EV414", "EV001", "EV002", "EV116", "EV215", "EV508"}
"""No file of the right size, encoding or length shows these; nor do those of the command line and of runs, EV6."""


def emitted() -> set[str]:
    """The codes in the sources; docstrings name only codes that there are."""
    return {code for path in PACKAGE.rglob("*.py") for code in CODE.findall(path.read_text(encoding="utf-8"))}


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    assert sorted(emitted()) == sorted(PAGES)


def test_pages_stand_in_order() -> None:
    assert list(PAGES) == sorted(PAGES)


@pytest.mark.parametrize("code", PAGES)
def test_a_page_is_whole(code: str) -> None:
    page = PAGES[code]
    assert set(page) <= {"title", "about", "bad", "good", "files", "added"}
    assert len(page["title"]) <= 60
    assert not page["title"].endswith(".")
    sentences = re.findall(r"[.?!](?= |$)", page["about"])
    assert 2 <= len(sentences) <= 6, page["about"]
    assert "  " not in page["about"]
    assert "\n" not in page["about"]
    has_example = code not in WITHOUT_EXAMPLE and not code.startswith(("EV6", "EV7"))
    assert ("bad" in page, "good" in page) == (has_example, has_example)
    for text in (page.get("bad", ""), page.get("good", "")):
        assert all(len(line) <= 100 for line in text.splitlines()) or code == "EV109"


def examples(which: str) -> list[Any]:
    return [
        pytest.param(
            code,
            page[which],
            page.get("files", {}) | (page.get("added", {}) if which == "good" else {}),
            id=code,
        )
        for code, page in PAGES.items()
        if which in page
    ]


def said(text: str, files: dict[str, str], folder: Path) -> list[Diagnostic]:
    """All that is said of a program and its plan."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    path = folder / "site.events"
    path.write_text(text)
    program = evdsl.load(path)
    return [*program.diagnostics, *program.try_plan()[1]]


@pytest.mark.parametrize(("code", "text", "files"), examples("bad"))
def test_a_bad_example_has_its_code(code: str, text: str, files: dict[str, str], tmp_path: Path) -> None:
    found = said(text, files, tmp_path)
    assert code in {d.code for d in found}
    wrong = {d.code for d in found if d.severity in ("error", "warning")}
    assert wrong <= {code}, found


@pytest.mark.parametrize(("code", "text", "files"), examples("good"))
def test_a_good_example_is_mended(code: str, text: str, files: dict[str, str], tmp_path: Path) -> None:
    found = said(text, files, tmp_path)
    assert [d for d in found if d.code == code or d.severity in ("error", "warning")] == []
