#!/usr/bin/env python3
"""What an answer of the language server costs: `python3 bench/lsp.py`. CPU time of the server, the median and the worst.

The file has 1,000 rules between 333 declared resources, with small cycles in them, and is open in one editor session.
Before each request something is typed in the middle of it, so that no answer comes from a version seen before.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path[:0] = [str(TESTS), str(Path(__file__).resolve().parent)]
from environment import ready  # noqa: E402

TIMES = 15


def program(count: int) -> str:
    from compile import rules

    text = rules(count, True)
    names = sorted({word.rpartition(".")[0] for line in text.splitlines() for word in line.split()[1::2]})
    declared = [
        f'resource {n} {{ run: sh "render {n}" [changes = "/etc/{n}"] }}\n' for n in names if "ring" not in n
    ]
    rings = dict.fromkeys(n.rpartition(".")[0] for n in names if "ring" in n)
    declared += [f'resource {n} {{ x: sh "a"; y: sh "b" }}\n' for n in rings]
    declared += [f'resource {n} {{ run: sh "c" }}\n' for n in names if "ring" in n]
    return "".join(declared) + text


def spent(pid: int) -> float:
    """CPU milliseconds of all threads of a process so far."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(t.read_text().split()[0]) for t in tasks) / 1e6


def main() -> None:
    from lsp.client import Client

    text = program(1000)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "big.events").write_text(text, "utf-8")
        before_start = spent_by_start = 0.0
        client = Client(Path(folder))
        pid = client.process.pid
        spent_by_start = spent(pid) - before_start
        print(
            f"{len(text.splitlines())} lines, {text.count(chr(10) + 'on ')} rules; start of the server: {spent_by_start:.0f} ms"
        )
        began = spent(pid)
        found = client.open("big.events")
        errors = [d["code"] for d in found if d["severity"] == 1]
        assert not errors, errors[:3]
        print(f"open and check: {spent(pid) - began:.0f} ms, {len(found)} diagnostics\n")
        print(f"{'after a keystroke':34} {'median':>8} {'worst':>8}   ms of CPU")

        lines = text.splitlines()
        rule = next(line for line in lines[len(lines) // 2 :] if line.startswith("on host"))
        middle = rule.split()[1]
        uri = client.uri("big.events")
        screen = {
            "start": {"line": len(lines) // 2, "character": 0},
            "end": {"line": len(lines) // 2 + 50, "character": 0},
        }
        document = {"textDocument": {"uri": uri}}
        here: dict[str, Any] = {"here": True}
        requests: list[tuple[str, str, dict[str, Any]]] = [
            ("hover", "textDocument/hover", here),
            ("definition", "textDocument/definition", here),
            ("references", "textDocument/references", {**here, "context": {"includeDeclaration": True}}),
            ("document symbols", "textDocument/documentSymbol", document),
            ("folding", "textDocument/foldingRange", document),
            ("semantic tokens, 50 lines", "textDocument/semanticTokens/range", {**document, "range": screen}),
            ("semantic tokens, whole file", "textDocument/semanticTokens/full", document),
            ("inlay hints, 50 lines", "textDocument/inlayHint", {**document, "range": screen}),
            (
                "code actions",
                "textDocument/codeAction",
                {**document, "range": screen, "context": {"diagnostics": []}},
            ),
            (
                "formatting",
                "textDocument/formatting",
                {**document, "options": {"tabSize": 2, "insertSpaces": True}},
            ),
            ("rename", "textDocument/rename", {**here, "newName": "renamed"}),
        ]

        def measured(name: str, ask: Callable[[], object], half: str = "# typed\n") -> None:
            """The cost of a change and what is asked after it; the change is taken back, uncounted."""
            costs = []
            at = text.index(rule)
            for _ in range(TIMES):
                client.checked("big.events")
                began = spent(pid)
                client.change("big.events", at, at, half)
                answer = ask()
                costs.append(spent(pid) - began)
                assert answer is not None, name
                client.change("big.events", at, at + len(half), "")
            client.checked("big.events")
            print(f"{name:34} {statistics.median(costs):8.1f} {max(costs):8.1f}")

        def placed(params: dict[str, Any]) -> dict[str, Any]:
            """With the place of the emitter of the rule, where it is asked for."""
            if "here" not in params:
                return params
            rest = {k: v for k, v in params.items() if k != "here"}
            return client.at("big.events", f"{rule[:5]}‸{rule[5:]}", **rest)

        measured("diagnostics", lambda: client.checked("big.events"))
        measured("diagnostics, half-typed", lambda: client.checked("big.events"), f"on {middle} chan\n")
        for start in ("on ho", f"on {middle} ", f"on {middle} changed ho"):
            mark = f"{start}‸\n{rule}"
            measured(
                f"completion, `{start[:18]}`", lambda m=mark: client.complete("big.events", m), f"{start}\n"
            )
        for name, method, params in requests:
            measured(name, lambda m=method, p=params: client.ask(m, placed(p)))
        assert client.stop() == 0


if __name__ == "__main__":
    if len(sys.argv) == 1:
        import os

        os.execv(python := ready("test"), [python, __file__, "measured"])
    main()
