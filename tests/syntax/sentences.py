"""Random files of the language: every construct, with blanks, line ends and comments wherever one may stand."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

REFS = (
    "a.run", "b.run", "on.run", "all.run", "after.needs", "if.in", "changed.ok", "rmq.{{n}}.join", "rmq.{{ n }}.x",
    "app.*.run", "**.stop", "app.<h>.restart", "x-y.z_1", "getty@tty1.service.start", "gtk+-3.run", "ha.run#1",
    "ha.run#0", "cluster", "a_rather_long_name_of_a_resource.with_a_long_action",
)  # fmt: skip
NAMES = ("a", "b", "events", "mariadb", "keystone-config", "no", "a-name-of-thirty-odd-characters")
VALUES = ("port", "host", "start", "events", "db-port", "on", "no")
EVENTS = ("changed", "ok", "failed", "success", "created")
STRINGS = (
    '"x"', "'y'", '""', "''", '"a # b"', "'a # b'", '"{{x}} }"', r'"\" \\ \n \t"', r"'\ no escape'", '"# no"',
    '"""one line"""', "'''raw'''", '"""\n  a\n    b # no  \n  """', "'''\nx\n\n \\ ]}\n'''", '"""first\n  then"""',
    '"a string that is long enough that a few of them do not fit on a line"',
)  # fmt: skip
PLAIN = ("5", "-3", "1.5", "007", "500ms", "30s", "true", "false", "env", "on", "if", "x.y", "ha.run#1")
COMMENTS = (
    "# note",
    "#",
    "## doc",
    "# } ] )",
    '# "open',
    "# it's",
    "# {{",
    "# trailing  ",
    "# ends in \\",
    "#!x",
    "# a; b",
)


class Sentences:
    """Writes random text; every choice is `random`'s."""

    def __init__(self, source: random.Random) -> None:
        self.random = source
        self.brackets = 0  # how many open brackets let a line go on

    def one(self, items: tuple[str, ...]) -> str:
        return self.random.choice(items)

    def chance(self, of: float) -> bool:
        return self.random.random() < of

    # ---- what stands between words

    def blank(self) -> str:
        """At least one blank."""
        if self.brackets and self.chance(0.2):
            return self.one((" ", "")) + "\n" + (self.one(COMMENTS) + "\n" if self.chance(0.3) else "")
        if self.brackets and self.chance(0.1):
            return " " + self.one(COMMENTS) + "\n"
        return self.one((" ", " ", " ", " ", "  ", "\t", " \\\n", " \\\n  ")) if self.chance(0.3) else " "

    def loose(self) -> str:
        return self.blank() if self.chance(0.4) else ""

    def line_end(self) -> str:
        text = " " + self.one(COMMENTS) if self.chance(0.2) else ""
        if text and self.chance(0.1):
            text = " \\\n" + text
        text += self.one(("", "", " ")) + "\n"
        while self.chance(0.2):
            text += self.one(("\n", " \n", self.one(COMMENTS) + "\n", "  " + self.one(COMMENTS) + "\n"))
        return text + self.one(("", "", "  ", "\t"))

    # ---- values

    def value(self, depth: int = 0, *, stiff: bool = False) -> str:
        kind = self.random.random()
        if depth > 2 or kind < 0.35:
            return self.one(PLAIN)
        if kind < 0.7:
            return self.one(STRINGS)
        if kind < 0.87 or stiff:
            return self.bracketed("[", "]", [lambda: self.value(depth + 1)] * self.random.randrange(5))
        keys = self.random.sample(["a", "b-c", '"quoted key"', "'raw key'", "on"], self.random.randrange(4))
        return self.bracketed("{", "}", [partial(self.pair, k, depth + 1) for k in keys])

    def pair(self, key: str, depth: int) -> str:
        return key + self.loose() + "=" + self.loose() + self.value(depth)

    def bracketed(self, opening: str, close: str, items: list[Callable[[], str]]) -> str:
        self.brackets += 1
        text = opening + self.loose()
        for i, item in enumerate(items):
            text += ("," + self.loose() if i else "") + item() + self.loose()
        if items and self.chance(0.2):
            text += "," + self.loose()
        self.brackets -= 1
        return text + close

    def options(self, opening: str = "[", close: str = "]", least: int = 1) -> str:
        names = ["timeout", "retry", "env", "my-opt", "unless"]
        some = self.random.sample(names, self.random.randrange(least, 4))
        return self.bracketed(opening, close, [partial(self.pair, n, 0) for n in some])

    # ---- conditions

    def when(self, least: float = 0.25) -> str:
        return self.blank() + "if" + self.blank() + self.condition() if self.chance(least) else ""

    def condition(self, depth: int = 0) -> str:
        kind = self.random.random()
        if depth < 3 and kind < 0.2:
            words = [self.condition(depth + 1) for _ in range(self.random.randrange(2, 4))]
            text = words[0]
            for word in words[1:]:
                text += self.blank() + self.one(("and", "or")) + self.blank() + word
            return text
        if depth < 3 and kind < 0.3:
            return "not" + self.blank() + self.condition(depth + 1)
        if depth < 3 and kind < 0.5:
            self.brackets += 1
            text = "(" + self.loose() + self.condition(depth + 1) + self.loose()
            self.brackets -= 1
            return text + ")"
        if kind < 0.7:
            return self.value(1, stiff=True)
        operator = self.one(("==", "!=", "in", "not" + self.blank() + "in"))
        return self.value(1, stiff=True) + self.blank() + operator + self.blank() + self.value(1, stiff=True)

    # ---- statements

    def refs(self, refs: tuple[str, ...] = REFS, between: str = ",", most: int = 3) -> str:
        some = [self.one(refs) for _ in range(self.random.choice((1, 1, 1, most)))]
        return (self.loose() + between + self.loose()).join(some)

    def rule(self) -> str:
        every = "all" + self.blank() if self.chance(0.2) else ""
        emitters, events = self.refs(), self.refs(EVENTS, "|")
        return (
            f"on{self.blank()}{every}{emitters}{self.blank()}{events}{self.blank()}{self.refs()}{self.when()}"
        )

    def body(self, kinds: tuple[Callable[[], str], ...]) -> str:
        oneline = self.chance(0.5)
        text = "{" + self.loose() + ("" if oneline else self.line_end())
        for i in range(self.random.randrange(4)):
            if i:
                text += self.loose() + (
                    ";" + self.loose() if oneline or self.chance(0.2) else self.line_end()
                )
            text += self.random.choice(kinds)()
        return text + self.loose() + ("" if oneline else self.line_end()) + "}"

    def attribute(self) -> str:
        return f"{self.one(NAMES)}{self.loose()}={self.loose()}{self.value()}"

    def action(self) -> str:
        text = f"{self.one(NAMES)}{self.loose()}:{self.loose()}{self.one(('sh', 'exec', 'ansible.role'))}"
        for _ in range(self.random.randrange(3)):
            text += self.blank() + self.value()
        return text + (self.blank() + self.options() if self.chance(0.4) else "")

    def link(self) -> str:
        kind = self.random.random()
        if kind < 0.6:
            return f"{self.one(VALUES)}{self.loose()} ->{self.loose()}{self.one(VALUES)}"
        if kind < 0.8:
            return f"on{self.blank()}run{self.blank()}{self.refs(EVENTS, '|')}{self.blank()}restart"
        return f"no{self.blank()}events"

    def declaration(self) -> str:
        name = self.one(NAMES)
        kinds: dict[str, Callable[[], str]] = {
            "host": lambda: f"{name} = {self.value()}" + (self.blank() + self.options() if self.chance(0.5) else "") + self.when(),
            "group": lambda: f"{name}{self.loose()}= {self.value()}{self.when()}",
            "hosts": lambda: self.one(STRINGS),
            "param": lambda: f"{name} ={self.loose()}{self.value()}",
            "secret": lambda: name,
            "defaults": self.options,
            "import": lambda: f"{self.one(STRINGS)}{self.blank()}as {name}"
            + (self.blank() + self.options("(", ")", 0) if self.chance(0.5) else "") + self.when(),
            "serial": self.refs, "start": self.refs, "again": self.refs,
        }  # fmt: skip
        word = self.random.choice(list(kinds))
        return word + self.blank() + kinds[word]()

    def statement(self, depth: int = 0) -> str:
        kind = self.random.random()
        if kind < 0.4:
            return self.rule()
        if kind < 0.5:
            return f"{self.refs()}{self.blank()}{self.one(('after', 'needs'))}{self.blank()}{self.refs()}{self.when()}"
        if kind < 0.7:
            body = (
                self.loose() + self.body((self.attribute, self.action, self.action))
                if self.chance(0.8)
                else ""
            )
            at = self.blank() + "@" + self.one(("ctl", "node{{n}}")) if self.chance(0.4) else ""
            return f"resource{self.blank()}{self.one(NAMES)}{at}{body}{self.when()}"
        if kind < 0.8:
            body = self.loose() + self.body((self.link,)) if self.chance(0.7) else ""
            return f"connect{self.blank()}{self.one(NAMES)} {self.one(NAMES)}{body}{self.when()}"
        if kind < 0.9 and depth < 3:
            over = self.value(1, stiff=True)
            body = self.body((lambda: self.statement(depth + 1),))
            return f"for{self.blank()}{self.one(NAMES[:3])} in{self.blank()}{over}{self.blank()}{body}{self.when()}"
        return self.declaration()

    def file(self, most: int = 8) -> str:
        text = self.line_end() if self.chance(0.3) else ""
        for _ in range(self.random.randrange(most)):
            text += self.statement() + self.line_end()
        return text.rstrip("\n") if self.chance(0.2) else text
