"""Colours, light and dark, and the style sheet that gives them to pictures."""

from __future__ import annotations

import os
import re

COLOURS = {
    "ground": ("#ffffff", "#10151d"),
    "panel": ("#f6f7f9", "#171e29"),
    "ink": ("#172033", "#e8edf5"),
    "muted": ("#586579", "#9dabc0"),
    "box": ("#ffffff", "#1b2431"),
    "border": ("#c4ccd8", "#3a475b"),
    "faint": ("#e2e6ec", "#262f3c"),
    "on-badge": ("#ffffff", "#10151d"),
    "accent": ("#3f3cbb", "#a5a8ff"),
    "accent-soft": ("#f1f1fe", "#20233f"),
    "slate": ("#5c6980", "#94a3b8"),
    "idle": ("#8e9aab", "#66748a"),
    "blue": ("#1d5fd1", "#74aefc"),
    "blue-soft": ("#edf4fe", "#162941"),
    "green": ("#157a3c", "#56d083"),
    "red": ("#c8202f", "#ff8087"),
    "red-soft": ("#fdf0f0", "#3a1c22"),
    "amber": ("#a85b00", "#f5b84a"),
    "amber-soft": ("#fef8ea", "#33290f"),
    "violet": ("#8334c4", "#c99afc"),
}
"""Name to light and dark. Text in `muted` and in every colour of an event reads at 4.5:1 on the ground of its theme."""


def sheet(name: str) -> str:
    """A file that lies beside this one."""
    with open(os.path.join(os.path.dirname(__file__), name), encoding="utf-8") as file:
        return file.read()


def standing_alone() -> str:
    """The style of a picture that is a file: literal colours, so that viewers without variables show them."""
    rules = _small(sheet("picture.css"))
    light, dark = (_literal(rules, theme) for theme in (0, 1))
    return f"{light}@media (prefers-color-scheme: dark){{{_coloured(dark)}}}"


def variables() -> str:
    """The colours as variables of a page, which follow its `color-scheme`."""
    pairs = ";".join(f"--{name}:light-dark({light},{dark})" for name, (light, dark) in COLOURS.items())
    return f":root{{{pairs}}}"


def _small(css: str) -> str:
    return re.sub(r"\s*([{};:,])\s*", r"\1", css).replace("\n", "")


def _literal(css: str, theme: int) -> str:
    return re.sub(r"var\(--([a-z-]+)\)", lambda found: COLOURS[found[1]][theme], css)


def _coloured(css: str) -> str:
    """The rules with what is a colour in them, alone."""
    found = []
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", css):
        kept = [part for part in body.split(";") if "#" in part]
        if kept:
            found.append(f"{selector}{{{';'.join(kept)}}}")
    return "".join(found)
