"""`grammar/evdsl.tmLanguage.json` in the engine of VS Code colours what the parser reads."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .classes import ROOT, blanked, differences, expected, files, missing, program

HERE = Path(__file__).parent
SCOPES = {
    "comment": "comment",
    "string": "string",
    "keyword.control": "keyword",
    "constant.language.event": "event",
}

Tokenise = Callable[[dict[str, str]], dict[str, Any]]


@pytest.fixture(scope="module")
def tokenise() -> Tokenise:
    node = program("node")
    if not (HERE / "node_modules/vscode-textmate").is_dir():
        missing("tests/editors/node_modules (npm ci in tests/editors)")

    def run(texts: dict[str, str]) -> dict[str, Any]:
        done = subprocess.run(
            [node, str(HERE / "tokenise.js")],
            input=json.dumps(texts).encode(),
            capture_output=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr.decode()
        made: dict[str, Any] = json.loads(done.stdout)
        return made

    return run


def classes(text: str, tokens: Any) -> list[str]:
    made = [""] * len(text)
    for begin, end, scopes in tokens:
        for scope in scopes:
            kind = next((k for prefix, k in SCOPES.items() if scope.startswith(prefix)), "")
            if kind:
                made[begin:end] = [kind] * (end - begin)
                break
    return blanked(made, text)


@pytest.mark.real
def test_files(tokenise: Tokenise, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {str(p.relative_to(ROOT)): p.read_text("utf-8") for p in files()}
    assert len(texts) > 90
    tokens = tokenise(texts)
    for name, text in texts.items():
        assert not differences(text, expected(text, monkeypatch), classes(text, tokens[name])), name


TRICKY = {
    "keywords as names": "on on.run changed all.run\nconnect ok failed\non ok ok ok\non.run after after.run\nstart start.x\n"
    "resource on {\n  start: sh on\n  on: sh 'x'\n  if = if\n  host = \"x\"\n}\nfor in in in { start a }\n",
    "events": "on a.run changed|failed b\non a, b changed | ok c, d\non all a,b created b if ok\non a.ok ok ok.b\n",
    "several lines": "on a.run, \\\n  b.run \\\n  changed \\\n  c.run \\\n  if x\nb.run \\\n  after a.run\n",
    "comments": "on a ok b#1 # ok\n# on a ok b\nresource a { # on\n  run: sh 'x' # }\n  ## doc\n} # if\non a ok b # x \\\nstart a\n",
    "strings": "resource a {\n  run: sh \"on \\\" {{x}} # no\" 'if \\'\n  x = \"\"\"\non a ok b # no\n\"\"\"\n  y = '''\n} '''\n}\n"
    "on a ok b if \"x # y\" in ['in', \"}\"]\n",
    "conditions": "on a ok b if (x # c\n and not y) or z not in [1, 2] and \"a\" == b\nresource a {} if x\n"
    "for h in web { on a.{{h}} ok b; c after d } if not x\ngroup g = [a, b] if x and y\n",
    "bodies on a line": "for h in [1] { for k in x { on a ok b; start c }; resource d { run: sh 'x'; stop: sh 'y' } }\n"
    "connect a b { port -> db; on run changed|ok restart; no events } if x\nconnect a b {\n  host -> on\n  no events # x\n}\n",
    "names": "on rmq.{{n}}.run changed rmq.<n>.x\non **.* failure x-y@z+w.run\nresource a.{{n}} @h{{n}} { x{{n}}: sh 'x' }\n",
    "declarations": "import \"x\" as acme (email = \"on\") if y\nhost h = \"1.2.3.4\" [user = \"x\", port = 22] if x in [y]\n"
    "hosts \"inventory.yml\"\nparam env = [1, 2s, -3.5, true]\nsecret token\ndefaults [timeout = 5m, env = {A = 'x'}]\n"
    "serial a.<h>.x, b\nagain a\n",
    "options on several lines": "resource a {\n  run: sh 'x' [ # why\n    timeout = 5m, # on\n    exits = {0 = ok, 2 = changed},\n  ]\n"
    "  x = [\n    on, # c\n    if,\n  ]\n}\non a ok b\n",
}  # fmt: skip


@pytest.mark.real
@pytest.mark.parametrize("name", TRICKY)
def test_tricky(name: str, tokenise: Tokenise, monkeypatch: pytest.MonkeyPatch) -> None:
    text = TRICKY[name]
    got = classes(text, tokenise({"x": text})["x"])
    assert not differences(text, expected(text, monkeypatch), got)


@pytest.mark.real
def test_scopes(tokenise: Tokenise) -> None:
    """What is coloured beyond those classes."""
    text = 'resource db @ctl {\n  port = 3306\n  run: copy "{{x}}" [timeout = 5m, mode = true]\n}\nhost h = "x" [user = "u"]\n'
    found = {text[b:e].strip(): scopes[-1] for b, e, scopes in tokenise({"x": text})["x"]}
    assert {word: found[word].removesuffix(".evdsl") for word in ("db", "@ctl", "port", "3306", "run", "copy")} == {
        "db": "entity.name.type", "@ctl": "entity.name.tag.host", "port": "variable.other.property",
        "3306": "constant.numeric", "run": "entity.name.function.action", "copy": "support.function.driver",
    }  # fmt: skip
    option = "support.type.property-name.option"
    assert {word: found[word].removesuffix(".evdsl") for word in ("{{x}}", "timeout", "5m", "mode", "true", "user")} == {
        "{{x}}": "variable.other.interpolation", "timeout": option, "5m": "constant.numeric",
        "mode": "variable.other.property", "true": "constant.language.boolean", "user": option,
    }  # fmt: skip
