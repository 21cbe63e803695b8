"""What VS Code colours beyond the classes that all highlighters share."""

from __future__ import annotations

import pytest

from .textmate import tokens


@pytest.mark.real
def test_scopes() -> None:
    """What is coloured beyond those classes."""
    text = 'resource db @ctl {\n  port = 3306\n  run: copy "{{x}}" [timeout = 5m, mode = true]\n}\nhost h = "x" [user = "u"]\n'
    found = {text[b:e].strip(): scopes[-1] for b, e, scopes in tokens({"x": text})["x"]}
    assert {word: found[word].removesuffix(".evdsl") for word in ("db", "@ctl", "port", "3306", "run", "copy")} == {
        "db": "entity.name.type", "@ctl": "entity.name.tag.host", "port": "variable.other.property",
        "3306": "constant.numeric", "run": "entity.name.function.action", "copy": "support.function.driver",
    }  # fmt: skip
    option = "support.type.property-name.option"
    assert {word: found[word].removesuffix(".evdsl") for word in ("{{x}}", "timeout", "5m", "mode", "true", "user")} == {
        "{{x}}": "variable.other.interpolation", "timeout": option, "5m": "constant.numeric",
        "mode": "variable.other.property", "true": "constant.language.boolean", "user": option,
    }  # fmt: skip
