"""`evdsl explain`: the page of a diagnostic code, for somebody who sees it for the first time."""

from __future__ import annotations

import argparse
import re
import textwrap
import tomllib
from pathlib import Path
from typing import Any

from ..base.diagnostic import Diagnostic
from .opening import REFUSED, out, usage
from .terminal import Out, printable

Page = dict[str, Any]

FILE = Path(__file__).parent.parent / "base" / "codes.toml"
_NAME = re.compile(r"(?:ev)?([0-9]{3})", re.IGNORECASE | re.ASCII)
_WIDEST = 80


def main(args: argparse.Namespace) -> int:
    """Print the page of one code, or all codes with their titles. 0, or 2 for a code that does not exist."""
    known = pages()
    shown = out(args)
    if args.code is None:
        for code, page in known.items():
            severity = _severity(code)
            shown.line((code, severity), f"  {severity:<7}  ", page["title"])
        return 0
    found = _NAME.fullmatch(args.code.strip())
    code = f"EV{found[1]}" if found else args.code
    if code not in known:
        near = _nearest(code, list(known))
        said = f"; did you mean `{near}`?" if near else ""
        usage(args, f"no code is called `{args.code}`{said}", "`evdsl explain` lists all of them")
        return REFUSED
    _show(code, known[code], shown)
    return 0


def pages() -> dict[str, Page]:
    """Every code with its page: `title`, `about`, and for most an example, `bad` and `good`, with files beside it."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def _severity(code: str) -> str:
    return Diagnostic(code, "", None).severity


def _nearest(code: str, known: list[str]) -> str | None:
    """The code that a word is spelt like; a wrong number gives no hint at the right one."""
    from ..base.spell import nearest

    return None if code[:2].upper() == "EV" else nearest(code.upper(), known)


def _show(code: str, page: Page, shown: Out) -> None:
    severity = _severity(code)
    shown.line((f"{severity}[{code}]", severity), (f": {page['title']}", "strong"))
    shown.line()
    for line in textwrap.wrap(
        page["about"], min(shown.columns, _WIDEST), break_long_words=False, break_on_hyphens=False
    ):
        shown.line(line)
    for name, text in page.get("files", {}).items():
        _example(f"Beside the program, {name}:", text, shown, name)
    for title, key in (("Has it:", "bad"), ("Mended:", "good")):
        if key in page:
            _example(title, page[key], shown)
    for name, text in page.get("added", {}).items():
        _example(f"Beside it, {name}:", text, shown, name)


def _example(title: str, text: str, shown: Out, name: str = "x.events") -> None:
    shown.line()
    shown.line((title, "strong"))
    lines = [printable(line) for line in text.splitlines()]
    if shown.color and shown.stream.isatty() and name.endswith(".events"):
        lines = _coloured(lines)
    for line in lines:
        shown.line("    " + line)


def _coloured(lines: list[str]) -> list[str]:
    """The lines of a program in the sixteen colours of the terminal. Only for somebody who reads: it takes 0.1 s."""
    from io import StringIO

    from rich.console import Console
    from rich.syntax import Syntax

    from .highlight import EvdslLexer

    text = Syntax("", EvdslLexer(), theme="ansi_dark", background_color="default").highlight("\n".join(lines))
    console = Console(file=StringIO(), force_terminal=True, color_system="standard", no_color=False)
    with console.capture() as captured:
        console.print(text, soft_wrap=True, end="")
    return captured.get().splitlines()
