"""What has no value or could not be read. Of the names that it may declare nothing more is said: the fault is told."""

from __future__ import annotations

import re

from ..base.diagnostic import Diagnostic

_NAME = r"((?:\{\{[^}\n]*\}\}|[\w.+@-])+)"
_DECLARED = re.compile(
    rf"(?:(?:\A|[{{;\n])[ \t]*(?!(?:on|serial|start|again|connect)\b)\w+|\bas)[ \t]+{_NAME}"
)
_WORD = re.compile(_NAME)
_MOST_OPEN = 1_000
"""More names with `{{ }}` than that, and every name may be among them."""


class Unknown(Exception):
    """Names that have no value here, or values that do not fit: the diagnostics of all of them.

    None, where the value was lost by a fault that is told already.
    """

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__(diagnostics[0].message if diagnostics else "told already")
        self.diagnostics = diagnostics


class Lost:
    """What could not be read in one file, and the names that it may declare. Empty where nothing is wrong."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._looked = 0
        self._names: set[str] = set()
        self._open: dict[str, re.Pattern[str]] = {}
        self.all = False  # it may declare any name

    def __bool__(self) -> bool:
        return bool(self.all or self.texts or self._names or self._open)

    def name(self, name: str) -> None:
        """Something of that name has no value or no meaning; `{{x}}` in it stands for anything."""
        if "{{" not in name:
            self._names.add(name)
        elif len(self._open) <= _MOST_OPEN:
            parts = map(re.escape, re.split(r"\{\{[^}\n]*\}\}", name))
            self._open[name] = re.compile(".+".join(parts) + r"(?:\..*)?")

    def may_declare(self, name: str) -> bool:
        """Whether what is lost may declare this name, or what it is a part of."""
        if not self:
            return False
        if self.value(name) or len(self._open) > _MOST_OPEN:
            return True
        at = name.rfind(".")
        while at > 0:
            if name[:at] in self._names:
                return True
            at = name.rfind(".", 0, at)
        return any(p.fullmatch(name) for p in self._open.values())

    def value(self, name: str) -> bool:
        """Whether what is lost may give a value to this name, which is not one with `{{ }}` filled in."""
        for text in self.texts[self._looked :]:
            for found in (_WORD if text.startswith("import") else _DECLARED).finditer(text):
                self.name(found[1])
        self._looked = len(self.texts)
        return self.all or name in self._names

    def says(self, word: str) -> bool:
        """Whether a word stands in what is lost."""
        return any(re.search(rf"\b{re.escape(word)}\b", text) for text in self.texts)
