"""What an action said: the outcome of one instance (sections 3 and 9 of docs/language.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..base.events import OUTCOMES
from .output import Kept

_NOTHING: Mapping[str, str] = {}
_SAID = frozenset(OUTCOMES)


class Outcome(NamedTuple):
    """What one instance that ran ended with.

    `event` is one of `base.events.OUTCOMES`; `reason` says why in words where that is not plain (`exit 3`,
    `timed out after 30 s: ...`); `data` are the values that it reported to `connect` (section 8); `output` is what is
    kept of the output of its last try; `seconds` how long it took, guards and all tries together.
    """

    event: str
    reason: str = ""
    data: Mapping[str, str] = _NOTHING
    output: Kept = Kept()
    seconds: float = 0.0


class Facts(NamedTuple):
    """All that an outcome is decided from.

    `exit`: the exit code as shells report it (killed by signal n: 128 + n), None where there is none; then `problem`
    says why (not started, transport lost, timed out). `exits`: the option of that name. `word`: the word in the event
    file, `fault` what is wrong with that file. `differs`: whether the files of the option `changes` differ from
    before, None without the option. `known`: what the driver itself knows, empty if nothing, and `why` in words.
    """

    exit: int | None
    problem: str = ""
    exits: Mapping[int, str] = {}
    word: str = ""
    fault: str = ""
    differs: bool | None = None
    known: str = ""
    why: str = ""


def decide(facts: Facts) -> tuple[str, str]:
    """The outcome and its reason: the first of the eight rules of section 9 that applies. The reason may be empty."""
    code = facts.exit
    if code is None:  # 1
        return "error", facts.problem
    if code in facts.exits:  # 2
        mapped = facts.exits[code]
        if mapped not in _SAID:
            return "error", f"`exits` has `{mapped}` for exit {code}, which is no outcome"
        return mapped, (facts.why or f"exit {code}") if code else ""
    if no_verdict(code):  # 3
        return "error", described(code)
    if code:  # 4
        if facts.word == "error":
            return "error", f"said error, exit {code}"
        return "failed", facts.why or f"exit {code}"
    if facts.fault:  # 5
        return "error", facts.fault
    if facts.word:
        return facts.word, f"said {facts.word}" if facts.word in ("failed", "error") else ""
    if facts.differs is not None:  # 6
        return ("changed" if facts.differs else "ok"), ""
    if facts.known:  # 7
        return facts.known, facts.why
    return "changed", ""  # 8


def no_verdict(code: int) -> bool:
    """Whether an exit code tells that the command itself was not run to its end (rule 3)."""
    return code in (126, 127) or 129 <= code <= 192


def described(code: int) -> str:
    """An exit code of rule 3 in words."""
    if code == 126:
        return "exit 126, cannot be executed"
    if code == 127:
        return "exit 127, command not found"
    import signal  # imported late: only wanted when something was killed

    try:
        return f"exit {code}, killed by {signal.Signals(code - 128).name}"
    except ValueError:
        return f"exit {code}, killed by signal {code - 128}"
