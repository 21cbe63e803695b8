"""What an action can say (section 9 of docs/language.md), as far as its declaration shows it."""

from __future__ import annotations

import re

from ..base.drivers import DRIVERS, SINK
from ..base.events import OUTCOMES, SUCCESS
from ..meaning.program import Action, Program
from ..meaning.render import options_of
from ..syntax import ast

Said = frozenset[str]

_GUARDS = ("creates", "unless", "onlyif")
_HOLE = r"\{\{[^{}]*\}\}"
_SPLIT = r"[;&|()`\n]+"
_SCRIPTS = (".sh", ".bash", ".py", ".pl", ".rb", ".js", ".lua", ".php")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_KEYWORDS = _words("if then elif else while until do ! { } fi done")
_WRAPPERS = _words(
    "sudo doas su env exec nohup nice ionice time timeout xargs command builtin setsid flock chroot find parallel watch "
    "retry unshare systemd-run runuser"
)
_INTERPRETERS = _words(
    "sh ash bash dash zsh ksh fish eval source . trap python python2 python3 perl ruby node php lua awk make just task "
    "rake npm npx yarn pnpm tox nox invoke"
)


class Says:
    """What each action of a program can say, by its number; None where its declaration does not show that."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._fed = {handed.receiver for handed in program.handed}
        self._known: dict[int, Said | None] = {}

    def __call__(self, action: int) -> Said | None:
        if action not in self._known:
            of = self._program.actions[action]
            self._known[action] = _sink(of.resource in self._fed) if of.driver == SINK else said(of)
        return self._known[action]

    def surely(self, action: int, wanted: Said) -> bool:
        """Whether an action can say one of these words, where that shows without a look at its text."""
        of = self._program.actions[action]
        driver = DRIVERS.get(of.driver)
        if driver is None or of.node is None or of.scope is None:
            return of.driver != SINK
        plain = not of.node.options and not of.scope.unit.defaults
        return bool(plain and wanted & driver.says)


def _sink(fed: bool) -> Said:
    """A sink that something is handed to ends with `error` where there is no value (section 8)."""
    return frozenset(("ok", "changed", "error") if fed else ("ok", "changed"))


def said(action: Action) -> Said | None:
    """The outcomes that a declared action can end with; None where something that is not seen has a word in it.

    Files under `actions/`, `exec` and shell texts that start programs of their own can write any word. That an `ok`
    is recorded as `changed` after a failure (section 7) is left out here.
    """
    driver = DRIVERS.get(action.driver)
    if driver is None or action.node is None or (driver.commands and shell_texts(action) is None):
        return None
    options, found = options_of(action), driver.says
    if "changes" in options:
        value = options["changes"].value
        never = isinstance(value, ast.List) and not value.items
        found = found - SUCCESS | ({"ok"} if never else {"ok", "changed"})
    if "exits" in options:
        codes = _exits(options["exits"].value)
        if codes is None:
            return None
        if driver.commands and "0" in codes:
            found = found - SUCCESS
        found = found.union(codes.values()) & frozenset(OUTCOMES)
    return found | {"ok"} if any(guard in options for guard in _GUARDS) else found


def _exits(value: ast.Value) -> dict[str, str] | None:
    """The word for each exit code as written; None where a value is not."""
    if not isinstance(value, ast.Map) or not all(isinstance(word, ast.Word) for _, word in value.pairs):
        return None
    return {
        key.text if isinstance(key, ast.Ref) else key.value: word.text
        for key, word in value.pairs
        if isinstance(word, ast.Word)
    }


def shell_texts(action: Action) -> list[str] | None:
    """The shell texts of a `sh` action, guards included; None for other commands, and where the text of the action
    mentions `EVDSL_EVENT` or starts what it does not show: a script, a path, an interpreter, a variable."""
    if action.driver != "sh" or action.node is None:
        return None
    text = action.node.arguments[0] if action.node.arguments else None
    if not isinstance(text, ast.Text) or starts_unseen(text.value):
        return None
    options = options_of(action)
    guards = [options[name].value for name in ("unless", "onlyif") if name in options]
    return [text.value, *(guard.value for guard in guards if isinstance(guard, ast.Text))]


def starts_unseen(text: str) -> bool:
    """Whether a shell text mentions the event file or starts a program of its author's that could."""
    if not re.search(r"[/$\"'\\{]|\.\w|EVDSL", text):  # most texts need no closer look
        if _INTERPRETERS.isdisjoint(re.split(r"[\s;&|()`]+", text)):
            return False
    if "EVDSL_EVENT" in text or re.search(r"\|\s*raw\s*\}\}", text):
        return True
    return any(_unseen(piece.split()) for piece in re.split(_SPLIT, re.sub(_HOLE, "$", text)))


def _unseen(words: list[str]) -> bool:
    """The words of one simple command, `$` in place of each `{{name}}`."""
    at = 0
    while at < len(words) and (words[at] in _KEYWORDS or re.match(r"\w+=", words[at])):
        at += 1
    if any(word.strip("\"'").endswith(_SCRIPTS) for word in words[at:]):
        return True
    if at == len(words) or words[at].startswith("#"):
        return False
    program, rest = words[at], words[at + 1 :]
    if program in _WRAPPERS:
        return any(_own(word) or word in _INTERPRETERS for word in rest)
    return _own(program) or program in _INTERPRETERS


def _own(word: str) -> bool:
    """Whether what a word names, where a program stands, is not simply a program of the system."""
    return bool(word.strip("\"'")) and any(c in word for c in "/$\"'\\") and not re.match(r"\d?[<>]", word)
