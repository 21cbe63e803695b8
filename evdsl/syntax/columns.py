"""Columns of a formatted file: events and subscribers of rules, drivers of actions."""

from __future__ import annotations

from dataclasses import dataclass

from . import ast
from .oneline import Node, oneline, ref, refs


@dataclass(slots=True)
class Entry:
    """One line or more of a sequence: a node or, where that is None, a comment on its own line."""

    node: Node | None
    blank: bool  # a blank line stands before it
    text: str
    comment: str = ""


def align(entries: list[Entry], indent: int, limit: int) -> None:
    """Put the events and subscribers of rules, and the drivers of actions, that follow each other into columns."""
    run: list[Entry] = []
    for entry in entries:
        node = entry.node
        if entry.blank or (
            node is not None and not (_alignable(entry) and (not run or _alike(run[0], entry)))
        ):
            _columns(run, indent, limit)
            run = []
        if node is not None and _alignable(entry):
            run.append(entry)
    _columns(run, indent, limit)


def _alignable(entry: Entry) -> bool:
    node = entry.node
    return "\n" not in entry.text and (
        isinstance(node, ast.Action) or (isinstance(node, ast.Rule) and not node.all)
    )


def _alike(one: Entry, other: Entry) -> bool:
    return type(one.node) is type(other.node)


def _columns(run: list[Entry], indent: int, limit: int) -> None:
    if len(run) < 2:
        return
    rows = [_cells(entry.node) for entry in run]
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:-1]]
    pad = " " * indent
    texts = [
        pad + " ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    ]
    if any(len(text) > limit and len(text) > len(entry.text) for text, entry in zip(texts, run, strict=True)):
        return
    for entry, text in zip(run, texts, strict=True):
        entry.text = text


def _cells(node: Node | None) -> list[str]:
    """What stands in each column; together, with blanks, the node."""
    if isinstance(node, ast.Rule):
        left, events = "on " + refs(node.emitters), refs(node.events, "|")
        return [left, events, oneline(node)[len(left) + len(events) + 2 :]]
    assert isinstance(node, ast.Action)
    name = ref(node.name) + ":"
    return [name, oneline(node)[len(name) + 1 :]]
