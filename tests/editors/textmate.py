"""`grammar/evdsl.tmLanguage.json` in the engine of VS Code."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from .classes import blanked, missing, program

HERE = Path(__file__).parent
SCOPES = {
    "comment": "comment",
    "string": "string",
    "keyword.control": "keyword",
    "constant.language.event": "event",
}


def tokens(texts: dict[str, str]) -> dict[str, Any]:
    """Begin, end and scopes of each token of each text."""
    node = program("node")
    if not (HERE / "node_modules/vscode-textmate").is_dir():
        missing("tests/editors/node_modules (npm ci in tests/editors)")
    done = subprocess.run(
        [node, str(HERE / "tokenise.js")], input=json.dumps(texts).encode(), capture_output=True, timeout=300
    )
    assert done.returncode == 0, done.stderr.decode()
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def coloured(texts: dict[str, str]) -> dict[str, list[str]]:
    """The class of each character of each text."""
    made = tokens(texts)
    return {name: classes(text, made[name]) for name, text in texts.items()}


def classes(text: str, tokens: Any) -> list[str]:
    made = [""] * len(text)
    for begin, end, scopes in tokens:
        for scope in scopes:
            kind = next((k for prefix, k in SCOPES.items() if scope.startswith(prefix)), "")
            if kind:
                made[begin:end] = [kind] * (end - begin)
                break
    return blanked(made, text)
