"""The words of the language, once. The Lark grammar, the highlighters and the messages are held to this list."""

from __future__ import annotations

from ..base.events import EVENTS

STATEMENTS = (
    "on",
    "serial",
    "start",
    "again",
    "connect",
    "resource",
    "host",
    "hosts",
    "group",
    "for",
    "param",
    "secret",
    "defaults",
    "import",
)
"""What a statement begins with; one that begins with a reference is an order."""

CLAUSES = ("all", "after", "needs", "if", "as", "in", "not", "and", "or", "no events")
"""What a clause inside a statement begins with."""

CONSTANTS = ("true", "false")

OPTIONS = (
    "timeout",
    "retry",
    "delay",
    "cwd",
    "env",
    "sudo",
    "unless",
    "onlyif",
    "creates",
    "changes",
    "exits",
    "confirm",
    "sensitive",
    "on_cut",
)
"""The options that every action takes."""

HOST_OPTIONS = ("user", "port", "parallel", "key", "jump")
HOST_NUMBERS = {"port": (0, 65535), "parallel": (1, 1000)}
"""Those of them that take a whole number: the least and the largest. Port 0 leaves the port open."""

KEYWORDS = (*STATEMENTS, *CLAUSES)

__all__ = [
    "CLAUSES",
    "CONSTANTS",
    "EVENTS",
    "HOST_NUMBERS",
    "HOST_OPTIONS",
    "KEYWORDS",
    "OPTIONS",
    "STATEMENTS",
]
