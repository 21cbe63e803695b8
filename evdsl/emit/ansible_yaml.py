"""YAML for Ansible: written by hand, so that every text of the user is data and the same values give the same bytes.

A mapping, list, number or truth value is itself. A `str` is data: where Ansible could take it for a template, it is
marked `!unsafe`. What Ansible is to evaluate is a `Jinja`, which is made of names and words of ours alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

WIDTH = 110
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./@+#-]*( [A-Za-z0-9_./@+-]+)*\Z", re.ASCII)
_RESERVED = frozenset(["y", "n", "yes", "no", "true", "false", "on", "off", "null", "none"])
_TEMPLATE = re.compile(r"\{[{%#]|\A#jinja2:")
_NAMED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}
_BLOCK = re.compile(r"[^\S\n]\n|[^\S\n]\Z|\A[\s]|\A#")


class Jinja(str):
    """What Ansible evaluates: a whole template for a value, a bare expression for `when` and its like."""

    __slots__ = ()


class Flow(list[object]):
    """A list that is written on one line."""

    __slots__ = ()


class FlowMap(dict[str, object]):
    """A mapping that is written on one line."""

    __slots__ = ()


class Titled(str):
    """A name with a word to ansible-lint behind it: the rules that do not hold for what is named."""

    __slots__ = ("noqa",)
    noqa: str

    @classmethod
    def of(cls, text: str, noqa: str) -> Titled:
        """This text with these rules."""
        made = cls(text)
        made.noqa = noqa
        return made


class Noted(dict[str, object]):
    """A mapping with a comment above it."""

    __slots__ = ("comments",)

    def __init__(self, comments: list[str], *entries: Mapping[str, object]) -> None:
        super().__init__()
        for entry in entries:
            self.update(entry)
        self.comments = comments


def expression(text: str) -> Jinja:
    """The template that is the value of an expression."""
    return Jinja("{{ " + text + " }}")


def unsafe_within(value: object) -> bool:
    """Whether a value holds data that looks like a template."""
    if isinstance(value, str):
        return _unsafe(value)
    if isinstance(value, Mapping):
        return any(map(unsafe_within, value.values()))
    return isinstance(value, list) and any(map(unsafe_within, value))


def comment(text: str, indent: int = 0) -> Iterator[str]:
    """Lines of a comment: nothing in the text can end it."""
    words = "".join(c if c.isprintable() else " " for c in text).split(" ")
    line, room = "", WIDTH - indent - 2
    for word in words:
        while len(word) > room:
            if line:
                yield f"# {line}"
            line, word = word[:room], word[room:]
        if line and len(line) + 1 + len(word) > room:
            yield f"# {line}"
            line = word
        else:
            line = f"{line} {word}" if line else word
    yield f"# {line}" if line else "#"


def document(value: object, head: list[str]) -> str:
    """A whole file with a comment at its head; items of its outermost tasks apart by a blank line."""
    lines = [*head, "---"] if head else ["---"]
    return "\n".join([*lines, *_lines(value, 0)]) + "\n"


def _lines(value: object, indent: int) -> Iterator[str]:
    pad = " " * indent
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _entry(f"{pad}{scalar(str(key))}:", item, indent + 2)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            if isinstance(item, Noted):
                if number:
                    yield ""
                for text in item.comments:
                    yield from (pad + line for line in comment(text, indent))
            if isinstance(item, (Mapping, list)) and item and not isinstance(item, (Flow, FlowMap)):
                first, *rest = _lines(item, indent + 2)
                yield f"{pad}- {first.lstrip(' ')}"
                yield from rest
            else:
                yield from _entry(f"{pad}-", item, indent + 2)
    else:  # pragma: no cover - documents are lists or mappings
        raise TypeError(type(value).__name__)


def _entry(begin: str, item: object, indent: int) -> Iterator[str]:
    """A key or a dash with what belongs to it."""
    if isinstance(item, (Flow, FlowMap)) or item in ({}, []):
        line = f"{begin} {_flow(item)}"
        if len(line) <= WIDTH + 30:
            yield line
            return
        item = list(item) if isinstance(item, list) else dict(item)
    if isinstance(item, (Mapping, list)):
        yield begin
        yield from _lines(item, indent)
    elif isinstance(item, str):
        yield from _text(begin, item, indent)
    else:
        yield f"{begin} {scalar(item)}"


def _text(begin: str, text: str, indent: int) -> Iterator[str]:
    """A text: on one line if it is short, in a block if it is made of lines, else folded."""
    pad = " " * indent
    unsafe = "!unsafe " if _unsafe(text) else ""
    short = scalar(text)
    if isinstance(text, Titled):
        yield f"{begin} {short}  # noqa: {text.noqa}"
    elif len(begin) + 1 + len(short) <= WIDTH and "\n" not in text.rstrip("\n"):
        yield f"{begin} {short}"
    elif isinstance(text, Jinja) and _folds(text):
        yield f"{begin} >-"
        yield from (pad + line for line in _wrapped(text, WIDTH - indent))
    elif _blocks(text, indent):
        chomp = "-" if not text.endswith("\n") else ""
        yield f"{begin} {unsafe}|{chomp}"
        yield from (pad + line if line else "" for line in text.removesuffix("\n").split("\n"))
    else:
        yield from _folded(f"{begin} {unsafe}", text, indent)


def _folds(text: str) -> bool:
    """Whether only single blanks stand between the words of an expression of ours."""
    return "\n" not in text and "  " not in text and text == text.strip() and not text.startswith("#")


def _wrapped(text: str, width: int) -> Iterator[str]:
    line = ""
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > width:
            yield line
            line = word
        else:
            line = f"{line} {word}" if line else word
    yield line


def _blocks(text: str, indent: int) -> bool:
    """Whether a text can stand in a literal block and be read there."""
    lines = text.split("\n")
    return (
        len(lines) > 1
        and not text.endswith("\n\n")
        and not _BLOCK.search(text.removesuffix("\n"))
        and all(len(line) + indent <= WIDTH + 40 for line in lines)
        and all(c == "\n" or c == "\t" or _printable(c) for c in text)
    )


def _folded(begin: str, text: str, indent: int) -> Iterator[str]:
    """A text in double quotes, over several lines where it is long."""
    line, pad = begin + '"', " " * indent
    for c in text:
        atom = _escaped(c)
        if len(line) + len(atom) >= WIDTH and line.strip(" ") not in ('"', ""):
            yield line + "\\"
            line = pad
            if c == " ":
                atom = "\\ "
        line += atom
    yield line + '"'


def scalar(value: object) -> str:
    """A value as it stands on one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        whole, e, power = repr(value).partition("e")
        return f"{whole if '.' in whole or not e else whole + '.0'}{e}{power}"  # without a point it would be text
    if isinstance(value, int):
        return str(value)
    assert isinstance(value, str), type(value)
    if _PLAIN.match(value) and value.lower() not in _RESERVED:
        return value
    if isinstance(value, Jinja) and not value.startswith("{") and _condition(value):
        return value
    return ("!unsafe " if _unsafe(value) else "") + '"' + "".join(map(_escaped, value)) + '"'


def _condition(text: str) -> bool:
    """Whether an expression of ours can stand without quotes."""
    return (
        (text[:1].isalpha() or text[:1] == "(")
        and ": " not in text
        and " #" not in text
        and not text.endswith(":")
    )


def _flow(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(str(k))}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return scalar(value)


def _unsafe(text: str) -> bool:
    return not isinstance(text, Jinja) and _TEMPLATE.search(text) is not None


def _printable(c: str) -> bool:
    return c.isprintable() and c not in "\x85\u2028\u2029\ufeff"


def _escaped(c: str) -> str:
    if c in _NAMED:
        return _NAMED[c]
    if _printable(c):
        return c
    code = ord(c)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
