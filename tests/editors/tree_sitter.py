"""`grammar/tree-sitter/grammar.js`, read as what it says: no generator is at hand, and so lark's Earley parser runs it."""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark, Token, Tree

from .classes import blanked, program

HERE = Path(__file__).parent
KINDS = {"event": "event", "string": "string", "raw": "string", "long_string": "string", "long_raw": "string"}
OVER = r"(?![\w.*<#@+-]|\{\{)"


@cache
def grammar() -> dict[str, Any]:
    done = subprocess.run(
        [program("node"), str(HERE / "tree_sitter.js")], capture_output=True, check=True, timeout=60
    )
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def words() -> set[str]:
    """The words that the grammar knows."""
    return {s for s in strings(grammar()["rules"]) if s[0].isalpha()}


def strings(node: Any) -> list[str]:
    if isinstance(node, list):
        return [s for item in node for s in strings(item)]
    if not isinstance(node, dict):
        return []
    own = [node["value"]] if node.get("type") == "STRING" else []
    return own + [s for value in node.values() for s in strings(value)]


class Translation:
    """The rules for lark. A rule made of tokens alone, such as a string with its holes, becomes one terminal."""

    def __init__(self, rules: dict[str, Any]) -> None:
        self.rules = rules
        self.terminals: dict[str, str] = {}
        self.whole = {name for name, rule in rules.items() if self.regular(rule)}

    def regular(self, rule: Any) -> bool:
        kind = rule["type"]
        if kind in ("TOKEN", "IMMEDIATE_TOKEN", "PATTERN"):
            return True
        return kind == "SEQ" and rule["members"][-1]["type"] == "IMMEDIATE_TOKEN"

    def regex(self, rule: Any) -> str:
        kind = rule["type"]
        if kind == "STRING":
            return re.escape(rule["value"])
        if kind == "PATTERN":
            return f"(?:{rule['value']})"
        if kind == "SYMBOL":
            return self.regex(self.rules[rule["name"]])
        if kind == "SEQ":
            return "".join(map(self.regex, rule["members"]))
        if kind == "CHOICE":
            return "(?:" + "|".join(map(self.regex, rule["members"])) + ")"
        if kind == "REPEAT":
            return f"(?:{self.regex(rule['content'])})*?"
        return self.regex(rule["content"])

    def terminal(self, regex: str, name: str = "") -> str:
        if regex not in self.terminals:
            self.terminals[regex] = name or f"T{len(self.terminals)}"
        return self.terminals[regex]

    def expression(self, rule: Any) -> str:
        kind = rule["type"]
        if kind == "STRING":
            value = rule["value"]
            if value.isalpha() or "_" in value:
                return self.terminal(re.escape(value) + OVER, "K_" + value.upper())
            more = r"(?!\{)" if value == "{" else ""
            return self.terminal(r"\n" if value == "\n" else re.escape(value) + more)
        if kind == "SYMBOL":
            name = rule["name"]
            return "r_" + name.strip("_")
        if kind == "SEQ":
            return " ".join(map(self.expression, rule["members"]))
        if kind == "CHOICE":
            some = [m for m in rule["members"] if m["type"] != "BLANK"]
            text = "(" + " | ".join(map(self.expression, some)) + ")"
            return text + "?" if len(some) < len(rule["members"]) else text
        if kind in ("REPEAT", "REPEAT1"):
            return f"({self.expression(rule['content'])})" + ("*" if kind == "REPEAT" else "+")
        return self.expression(rule["content"])

    def text(self) -> str:
        lines = []
        for name, rule in self.rules.items():
            if name in self.whole:
                regex = self.regex(rule)
                # an immediate token ends where the first end is; a reference takes all it can
                lines.append(f"r_{name.strip('_')}: {self.terminal(regex, 'L_' + name.strip('_').upper())}")
            else:
                lines.append(f"r_{name.strip('_')}: {self.expression(rule)}")
        for regex, name in self.terminals.items():
            escaped = regex.replace("/", r"\/").replace("\n", r"\n")
            lines.append(f"{name}{'.2' if name.startswith('K_') else ''}: /{escaped}/")
        lines += [r"%ignore /[ \t\n]+/", r"%ignore /\\\n/", r"%ignore /(?<!\S)#[^\n]*/"]
        return "\n".join(lines)


@cache
def parser() -> Lark:
    text = Translation(grammar()["rules"]).text()
    # its Earley parser wants to know where a text ends that may end in what is skipped
    return Lark(
        text + "\nstart: r_source_file END\nEND: /\\0/", start="start", parser="earley", lexer="dynamic"
    )


def coloured(texts: dict[str, str]) -> dict[str, list[str]]:
    """The class of each character of each text; comments are what is skipped and begins with `#`."""
    made = {}
    for name, text in texts.items():
        found = [""] * len(text)
        tree = parser().parse(text + "\0")
        _fill(tree, "", found)
        read = _read(tree, set())
        for comment in re.finditer(r"(?<!\S)#[^\n]*", text):
            if comment.start() not in read:
                found[comment.start() : comment.end()] = ["comment"] * len(comment[0])
        made[name] = blanked(found, text)
    return made


def _fill(tree: Tree[Token], kind: str, found: list[str]) -> None:
    exits = tree.data == "r_option" and next(tree.scan_values(lambda _: True)) == "exits"
    for child in tree.children:
        if isinstance(child, Tree):
            _fill(child, KINDS.get(child.data.removeprefix("r_"), ""), found)
            for pair in child.find_data("r_pair") if exits else ():  # as the query has it
                value = list(pair.scan_values(lambda _: True))[-1]
                found[value.start_pos : value.end_pos] = ["event"] * len(value)
        elif child.type != "END" and child.start_pos is not None and child.end_pos is not None:
            word = tree.data not in ("r_option_name", "r_constant") and child.type.startswith("K_")
            is_ = kind or ("keyword" if word else "")
            found[child.start_pos : child.end_pos] = [is_] * len(child)


def _read(tree: Tree[Token], found: set[int]) -> set[int]:
    for child in tree.children:
        if isinstance(child, Tree):
            _read(child, found)
        else:
            found.update(range(child.start_pos or 0, child.end_pos or 0))
    return found
