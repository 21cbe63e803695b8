"""SVG, read by a real XML parser."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import evdsl
from evdsl.draw.escape import script_json, xml
from evdsl.draw.network import Network, network, told
from evdsl.draw.svg import svg
from evdsl.draw.theme import COLOURS

from .programs import KEYSTONE, planned_cases

SVG = "{http://www.w3.org/2000/svg}"
EVIL = [
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a&b <i> ' \" \x00 \x1b[31m ]]> <!-- ",
]


def drawn(text: str, name: str = "site.events") -> Network:
    plan = evdsl.load(text + "\n", name=name).plan()
    return network(plan.inner, told(plan.program))


def groups(root: ET.Element, kind: str) -> list[ET.Element]:
    return [g for g in root.iter(f"{SVG}g") if kind in (g.get("class") or "").split()]


def title(group: ET.Element) -> str:
    return group.findtext(f"{SVG}title") or ""


def test_every_step_and_every_arrow_is_there_once() -> None:
    shown = drawn(KEYSTONE)
    root = ET.fromstring(svg(shown))
    steps = groups(root, "step")
    assert sorted(title(g).split("\n")[0] for g in steps) == sorted(n.id for n in shown.nodes if not n.join)
    assert len(groups(root, "edge")) == len(shown.arrows) + len({a.look for a in shown.arrows}) + 1  # legend
    assert len(groups(root, "join")) == 1
    assert len(groups(root, "on-failure")) == 2


def test_the_second_pass_of_a_cycle_is_drawn() -> None:
    root = ET.fromstring(svg(drawn(KEYSTONE)))
    again = [title(g) for g in groups(root, "again")]
    assert [t.split("\n")[0] for t in again] == ["haproxy.run#1"]
    (closing, legend) = groups(root, "closing")
    assert title(closing).startswith("glance.run#0 → haproxy.run#1\nchanged, closes the cycle")
    assert closing.findtext(f"{SVG}text") == "changed ↻"
    assert legend.findtext(f"{SVG}text") == "closes a cycle"


def test_state_is_told_by_colour_and_sign_and_word() -> None:
    root = ET.fromstring(svg(drawn(KEYSTONE)))
    words = {}
    for group in groups(root, "step"):
        sub = next(t for t in group.iter(f"{SVG}text") if t.get("class") == "sub")
        words[title(group).split("\n")[0]] = (group.get("class") or "", "".join(sub.itertext()))
        assert any("icon" in (path.get("class") or "") for path in group.iter(f"{SVG}path"))
    assert words["mariadb.run#0"] == ("node step certain", "certain")
    assert words["pager.page#0"] == ("node step failure", "on failure")
    assert words["haproxy.run#1"] == ("node step again", "runs again")


@pytest.mark.parametrize("path", planned_cases(), ids=lambda p: p.stem)
def test_all_cases_are_drawn(path: Path) -> None:
    plan = evdsl.load(path).plan()
    shown = network(plan.inner, told(plan.program))
    text = svg(shown)
    root = ET.fromstring(text)
    assert len(groups(root, "step")) == len(plan.steps)
    assert svg(shown) == text


@pytest.mark.parametrize("evil", EVIL)
def test_user_text_is_data(evil: str) -> None:
    name = evil + ".events"
    doc = evil.replace("\n", " ").replace("\x00", "").replace("\x1b", "")
    shown = drawn(
        f"## {doc}\nresource a {{ run: sh 'true' }}\n## {doc}\nresource b {{ run: sh 'true' }}\non a.run changed b.run",
        name,
    )
    root = ET.fromstring(svg(shown))
    assert {e.tag.removeprefix(SVG) for e in root.iter()} <= {
        "svg",
        "title",
        "style",
        "rect",
        "g",
        "path",
        "circle",
        "text",
        "tspan",
    }
    assert doc.strip() in title(groups(root, "step")[0])
    assert root.findtext(f"{SVG}title", "").startswith(evil.split("\x00")[0])


@pytest.mark.parametrize("evil", EVIL)
def test_escapes(evil: str) -> None:
    parsed = ET.fromstring(f'<a b="{xml(evil)}">{xml(evil)}</a>')
    assert parsed.text == parsed.get("b") == evil.replace("\x00", "\\x00").replace("\x1b", "\\x1b")
    written = script_json({evil: [evil]})
    assert not re.search("[<>&']", written)
    assert json.loads(written) == {evil: [evil]}


def test_nothing_is_fetched() -> None:
    text = svg(drawn(KEYSTONE))
    assert set(re.findall(r"https?://[^\s\"'<)]*", text)) == {"http://www.w3.org/2000/svg"}
    assert "url(" not in text
    assert "@import" not in text


def test_a_long_name_is_cut_and_told_in_full() -> None:
    long = "a" * 30 + "." + "b" * 30
    root = ET.fromstring(svg(drawn(f"on {long}.run changed c.run")))
    names = [t.text or "" for t in root.iter(f"{SVG}text") if t.get("class") == "name"]
    assert "…" in names[0]
    assert len(names[0]) <= 34
    assert title(groups(root, "step")[0]).startswith(long)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    "name", ["ink", "muted", "accent", "slate", "blue", "green", "red", "amber", "violet"]
)
def test_text_can_be_read(name: str, theme: int) -> None:
    for ground in ("ground", "panel", "box"):
        one, other = sorted(luminance(COLOURS[c][theme]) for c in (name, ground))
        assert (other + 0.05) / (one + 0.05) >= 4.5
