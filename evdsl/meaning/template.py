"""`{{name}}` in texts: where the holes are, and how a value goes into one without becoming shell syntax."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..base.duration import Seconds

_HOLE = re.compile(r"\{\{[ \t]*([A-Za-z_][\w-]*)[ \t]*(\|[ \t]*raw[ \t]*)?\}\}")
_SAFE = re.compile(r"[A-Za-z0-9_@%+:./-]+\Z")
_RESERVED = re.compile(
    "case|coproc|do|done|elif|else|end|esac|fi|for|foreach|function|if|in|nocorrect|noglob|repeat|select|then|time|until|while"
)
"""Words that are no commands where a command may stand, in some shell."""
_HEREDOC = (
    r"<<-?[ \t]*(['\"]?)([A-Za-z_]\w*)\1(?=[\s;|&<>)]|$)"  # compiled when one is met, as few texts have one
)


class Hole(NamedTuple):
    """`{{name}}` at `text[start:end]`; `raw` for `{{name | raw}}`."""

    name: str
    raw: bool
    start: int
    end: int


class Unclosed(ValueError):
    """`{{` at offset `at` begins no hole."""

    def __init__(self, at: int) -> None:
        super().__init__(f"no hole at {at}")
        self.at = at


def holes(text: str) -> list[Hole]:
    """The holes of a text, in order. Raises Unclosed for `{{` that begins none."""
    found = likely_holes(text)
    if text.count("{{") != len(found):
        taken = {h.start for h in found}
        raise Unclosed(next(m.start() for m in re.finditer(r"\{\{", text) if m.start() not in taken))
    return found


def likely_holes(text: str) -> list[Hole]:
    """The holes of a text, whatever else in it looks like one."""
    return [Hole(m[1], bool(m[2]), m.start(), m.end()) for m in _HOLE.finditer(text)]


def fill(text: str, value: Callable[[Hole], str]) -> str:
    """The text with each hole replaced by what `value` says of it."""
    if "{{" not in text:
        return text
    parts: list[str] = []
    at = 0
    for hole in holes(text):
        parts += (text[at : hole.start], value(hole))
        at = hole.end
    return "".join(parts) + text[at:]


def plain(value: object) -> str:
    """A value as text: strings and durations as written, lists and maps as JSON, true and false in lower case."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, dict)):
        import json  # imported late, as all that `check` of a plain file does without

        return json.dumps(worded(value), ensure_ascii=False)
    return str(value)


def worded(value: object) -> object:
    """The value with each duration in it as text: for JSON and for tools, which know no such thing."""
    if isinstance(value, list):
        return [worded(item) for item in value]
    if isinstance(value, dict):
        return {name: worded(item) for name, item in value.items()}
    return str(value) if isinstance(value, Seconds) else value


def shell_word(value: object, before: str = "", after: str = "") -> str:
    """A value as one word of the shell; a list as its items, each quoted, with blanks.

    Quoted is all that could be more than a word, wherever it stands: an assignment, a reserved word, the number of a
    redirection. `before` and `after` are the characters next to it, as `i` and `f` are a reserved word together.
    """
    if isinstance(value, list):
        return " ".join(shell_word(item, before, after) for item in value)
    text = plain(value)
    if _SAFE.match(text) and not _RESERVED.fullmatch(text):
        letters = text.isalpha() and (before.isalpha() or before == "}" or after.isalpha() or after == "{")
        if not letters and not (text.isdecimal() and after in ("<", ">")):
            return text
    return quoted(text)


def bare(value: object) -> str:
    """A value put into a shell text as it is; a list as its items with blanks."""
    return " ".join(map(bare, value)) if isinstance(value, list) else plain(value)


def quoted(value: object) -> str:
    """A value as one word of the shell, in quotes whatever stands beside it; a list as its items with blanks."""
    if isinstance(value, list):
        return " ".join(map(quoted, value))
    return "'" + plain(value).replace("'", "'\\''") + "'"


def in_quotes(text: str) -> Iterator[tuple[Hole, str]]:
    """The holes of a shell text that stand where a quoted word would not be one word, with the name of that place.

    Places: double or single quotes, backquotes, a comment, a here-document. A hole with `raw` is its author's own
    affair. What the scan does not know for certain counts as quoted, never as bare.
    """
    spots = {h.start: h for h in holes(text) if not h.raw}
    if not spots:
        return
    starts = list(spots)

    def between(begin: int, end: int, place: str) -> Iterator[tuple[Hole, str]]:
        for at in starts[bisect_right(starts, begin) : bisect_left(starts, end)]:
            yield spots[at], place

    carried: dict[int, bool] = {}  # behind a line that goes on: whether a word could begin before it

    def begins_word(at: int) -> bool:
        return carried[at] if at in carried else at == 0 or text[at - 1] in " \t\n;&|()<>"

    stack: list[str] = []  # what is open: " ` $( (
    waiting: list[tuple[str, bool]] = []  # here-documents whose bodies begin at the next line end
    unsure = ""  # from here on nothing is certain: a here-document or a `case` that the scan does not follow
    i, n = 0, len(text)
    while i < n:
        c = text[i]
        top = stack[-1] if stack else ""
        if i in spots:
            if unsure:
                yield spots[i], unsure
            elif "$((" in stack:
                yield spots[i], "arithmetic"
            elif "${" in stack or top == '"':
                yield spots[i], "double quotes"
            elif "`" in stack:
                yield spots[i], "backquotes"
            i = spots[i].end
            continue
        if c == "\\":
            if i + 1 in spots and top != '"':
                yield spots[i + 1], "an escape"
            if text.startswith("\n", i + 1):
                carried[i + 2] = begins_word(i)
            i += 1 if i + 1 in spots else 2
            continue
        if c == "$" and i + 1 in spots:  # no `${`
            i += 1
            continue
        if top == '"':
            if c == '"':
                stack.pop()
            elif c == "`":
                stack.append("`")
            elif text.startswith("${", i):
                stack.append("${")
                i += 1
            elif text.startswith("$(", i):
                arithmetic = text.startswith("$((", i)
                stack.append("$((" if arithmetic else "$(")
                i += 2 if arithmetic else 1
        elif top == "${":
            if c == "}":
                stack.pop()
        elif c == "'":
            end = text.find("'", i + 1)
            end = n if end < 0 else end
            if text[i - 1 : i] == "$" and text[end - 1] == "\\":
                unsure = "`$'…\\'`, which shells read in different ways"
            yield from between(i, end, unsure or "single quotes")
            i = end
        elif c == '"':
            stack.append('"')
        elif c == "`":
            if top == "`":
                stack.pop()
            else:
                stack.append("`")
        elif text.startswith("$((", i):
            stack.append("$((")
            i += 2
        elif top == "$((" and text.startswith("${", i):
            stack.append("${")
            i += 1
        elif c == ")" and top == "$((":
            if text.startswith("))", i):
                stack.pop()
                i += 1
        elif c == "c" and "$(" in stack and re.match(r"case\b", text[i : i + 5]):
            unsure = "a `case` inside `$( )`"
        elif text.startswith("((", i):
            stack.append("$((")
            i += 1
        elif c == "(":
            if stack or text.startswith("$(", i - 1):
                stack.append("$(")
        elif c == ")":
            if top == "$(":
                stack.pop()
        elif c == "#" and begins_word(i):
            end = text.find("\n", i)
            end = n if end < 0 else end
            yield from between(i, end, "a comment")
            i = end
            continue
        elif text.startswith("<<", i) and "$((" not in stack and not re.match(_HEREDOC, text[i : i + 200]):
            unsure = "a here-document"
            i += 1
        elif c == "<" and (here := re.match(_HEREDOC, text[i : i + 200])):
            waiting.append((here[2], here[0].startswith("<<-")))
            i += here.end()
            continue
        elif c == "\n" and waiting:
            for word, tabs in waiting:
                lead = r"\t*" if tabs else ""
                close = re.compile(rf"^{lead}{re.escape(word)}$", re.MULTILINE).search(text, i + 1)
                end = close.end() if close else n
                yield from between(i, end, "a here-document")
                i = end
            waiting = []
            continue
        i += 1
