"""YAML for Ansible: written by hand, so that every text of the user is data and the same values give the same bytes.

A mapping, list, number or truth value is itself. A `str` is data: where Ansible could take it for a template, it is
marked `!unsafe`. What Ansible is to evaluate is a `Jinja`, which is made of names and words of ours alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

WIDTH = 110
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./@+#-]*( [A-Za-z0-9_./@+-]+)*\Z", re.ASCII)
_RESERVED = frozenset(["y", "n", "yes", "no", "true", "false", "on", "off", "null", "none"])
_TEMPLATE = re.compile(r"\{[{%#]|\A#jinja2:")
_NAMED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}
_ESCAPED = re.compile(r"[^ !#-\[\]-~]")
"""What may have to be escaped in double quotes."""
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
    _lines(value, 0, lines)
    return "\n".join(lines) + "\n"


def _lines(value: object, indent: int, out: list[str]) -> None:
    """Put the lines of a mapping or list behind `out`."""
    pad = " " * indent
    if isinstance(value, Mapping):
        for key, item in value.items():
            _entry(f"{pad}{_key(str(key))}:", item, indent + 2, out)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            if isinstance(item, Noted):
                if number:
                    out.append("")
                for text in item.comments:
                    out += [pad + line for line in comment(text, indent)]
            if isinstance(item, (Mapping, list)) and item and not isinstance(item, (Flow, FlowMap)):
                first = len(out)
                _lines(item, indent + 2, out)
                out[first] = f"{pad}- {out[first].lstrip(' ')}"
            else:
                _entry(f"{pad}-", item, indent + 2, out)
    else:  # pragma: no cover - documents are lists or mappings
        raise TypeError(type(value).__name__)


def _entry(begin: str, item: object, indent: int, out: list[str]) -> None:
    """A key or a dash with what belongs to it."""
    if isinstance(item, str):
        _text(begin, item, indent, out)
        return
    if isinstance(item, (Flow, FlowMap)) or item in ({}, []):
        line = f"{begin} {_flow(item)}"
        if len(line) <= WIDTH + 30:
            out.append(line)
            return
        item = list(item) if isinstance(item, list) else dict(item)
    if isinstance(item, (Mapping, list)):
        out.append(begin)
        _lines(item, indent, out)
    else:
        out.append(f"{begin} {scalar(item)}")


def _text(begin: str, text: str, indent: int, out: list[str]) -> None:
    """A text: on one line if it is short, in a block if it is made of lines, else folded."""
    short = scalar(text)
    if isinstance(text, Titled):
        out.append(f"{begin} {short}  # noqa: {text.noqa}")
        return
    if len(begin) + 1 + len(short) <= WIDTH and "\n" not in text.rstrip("\n"):
        out.append(f"{begin} {short}")
        return
    pad, unsafe = " " * indent, "!unsafe " if _unsafe(text) else ""
    if isinstance(text, Jinja) and _folds(text):
        out.append(f"{begin} >-")
        out += [pad + line for line in _wrapped(text, WIDTH - indent)]
    elif _blocks(text, indent):
        chomp = "-" if not text.endswith("\n") else ""
        out.append(f"{begin} {unsafe}|{chomp}")
        out += [pad + line if line else "" for line in text.removesuffix("\n").split("\n")]
    else:
        out += _folded(f"{begin} {unsafe}", text, indent)


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
    if isinstance(value, str):
        if _PLAIN.match(value) and value.lower() not in _RESERVED:
            return value
        if isinstance(value, Jinja) and not value.startswith("{") and _condition(value):
            return value
        return ("!unsafe " if _unsafe(value) else "") + '"' + _ESCAPED.sub(_escape, value) + '"'
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        whole, e, power = repr(value).partition("e")
        return f"{whole if '.' in whole or not e else whole + '.0'}{e}{power}"  # without a point it would be text
    assert isinstance(value, int), type(value)
    return str(value)


@lru_cache(maxsize=4096)
def _key(text: str) -> str:
    """A key: most come back in every task."""
    return scalar(text)


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


def _escape(found: re.Match[str]) -> str:
    return _escaped(found[0])


def _escaped(c: str) -> str:
    if c in _NAMED:
        return _NAMED[c]
    if _printable(c):
        return c
    code = ord(c)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
