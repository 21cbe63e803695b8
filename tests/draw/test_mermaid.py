"""Mermaid text: quoted, coloured, bounded; drawn by Mermaid itself where it is installed."""

from __future__ import annotations

import html
import json
import os
from pathlib import Path

import pytest

import evdsl
from evdsl.draw.mermaid import MOST_LINES, mermaid, quoted, too_large
from evdsl.draw.network import Network, network, told

from .chromium import Chromium
from .programs import KEYSTONE, planned_cases

BUNDLE = Path(__file__).parent / "node_modules/mermaid/dist/mermaid.min.js"


def drawn(text: str) -> Network:
    plan = evdsl.load(text + "\n").plan()
    return network(plan.inner, told(plan.program))


def test_the_text() -> None:
    lines = mermaid(drawn(KEYSTONE)).splitlines()
    assert lines[0] == "flowchart LR"
    assert '  n0("mariadb.run")' in lines
    again = next(line for line in lines if line.endswith('("haproxy.run#35;1<br/>runs again")'))
    number = again.split("(")[0].strip()
    assert any(line.endswith(f'-->|"changed #40;closes the cycle#41;"| {number}') for line in lines)
    assert any(line.endswith('-.->|"needs"| n2') for line in lines)
    assert f"  class {number} again" in lines
    assert any(line.startswith("  linkStyle ") for line in lines)


def test_groups_have_counts() -> None:
    many = "\n".join(f"on x.{n}.run changed y.{n}.run" for n in range(100))
    text = mermaid(drawn(many))
    assert '  n0[["x.#42;<br/>100 steps"]]' in text
    assert '-->|"changed ×100"| n1' in text


@pytest.mark.parametrize(
    "text", ["plain.run", 'a"b', "#quot;", "x<br/>y", "end", "a;b\nc", "größe 漢字", "}}]]))|"]
)
def test_quoted_text_is_data(text: str) -> None:
    written = quoted(text)
    assert not set(written) & set('"<>[](){};`\\\n') - {";"}
    unescaped = "".join(
        chr(int(part[: part.index(";")])) + part[part.index(";") + 1 :] if at else part
        for at, part in enumerate(written.split("#"))
    )
    assert unescaped == text


def test_what_mermaid_would_refuse_is_told() -> None:
    large = "\n".join(f"on a{n % 20}.run changed b{n // 20}.run" for n in range(MOST_LINES + 10))
    said = too_large(mermaid(drawn(large)))
    assert said == f"{MOST_LINES + 10} arrows, and Mermaid draws {MOST_LINES} at most"
    assert too_large("x" * 60_000).startswith("60000 characters")
    assert too_large(mermaid(drawn(KEYSTONE))) == ""


@pytest.mark.real
def test_mermaid_draws_it(tmp_path: Path) -> None:
    if not BUNDLE.exists():
        if os.environ.get("EVDSL_REAL") == "1":
            pytest.fail("mermaid is not installed: `npm ci` in tests/draw")
        pytest.skip("mermaid is not installed")
    texts = [mermaid(drawn(KEYSTONE))]
    for path in planned_cases():
        plan = evdsl.load(path).plan()
        texts.append(mermaid(network(plan.inner, told(plan.program))))
    page = tmp_path / "page.html"
    page.write_text(f'<meta charset="utf-8"><body><script src="{html.escape(BUNDLE.as_uri())}"></script>')
    with Chromium() as browser:
        browser.open(page)
        browser.run("mermaid.initialize({startOnLoad: false})")
        for number, text in enumerate(texts):
            shown = browser.run(
                f"mermaid.render('p{number}', {json.dumps(text)}).then(done => {{"
                " const host = document.createElement('div'); host.innerHTML = done.svg;"
                " return [host.querySelectorAll('.node').length, host.textContent]; })"
            )
            assert shown[0] == sum(line.startswith("  n") and " -" not in line for line in text.splitlines())
            if not number:
                assert "haproxy.run#1" in shown[1]
