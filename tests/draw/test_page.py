"""The page: what it is made of, and what it does in a real browser."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import evdsl
from evdsl.draw.network import network, told
from evdsl.draw.page import page
from evdsl.draw.select import selected

from .chromium import Chromium
from .programs import KEYSTONE, planned_cases
from .test_collapse import fleet
from .test_select import FLEET
from .test_svg import EVIL


def drawn(text: str, name: str = "site.events", way: str = "auto") -> str:
    plan = evdsl.load(text + "\n", name=name).plan()
    return page(network(plan.inner, told(plan.program)), way)


class Parsed(HTMLParser):
    """The elements of a page, and the text in each kind of them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open = tag
        self.texts.setdefault(tag, []).append("")

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts[self._open][-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._open = ""


def test_its_policy_allows_its_own_style_and_script_alone() -> None:
    text = drawn(KEYSTONE)
    found = Parsed(text)
    policy = next(a["content"] or "" for t, a in found.elements if a.get("http-equiv"))
    for kind, tag in (("style-src", "style"), ("script-src", "script")):
        own = found.texts[tag][-1].encode()
        assert f"{kind} 'sha256-{b64encode(hashlib.sha256(own).digest()).decode()}'" in policy
    assert "default-src 'none'" in policy
    assert not any(name.startswith("on") or name == "style" for _, a in found.elements for name in a)
    assert set(re.findall(r"https?://[^\s\"'<)]*", text)) == {"http://www.w3.org/2000/svg"}
    assert not any(name in ("src", "href", "action") for _, a in found.elements for name in a)


def test_the_same_plan_gives_the_same_page() -> None:
    assert drawn(fleet(60)) == drawn(fleet(60))


@pytest.mark.parametrize("evil", EVIL)
def test_user_text_is_data(evil: str) -> None:
    doc = evil.replace("\x00", "").replace("\x1b", "")
    text = drawn(f"## {doc}\nresource a {{ run: sh 'true' }}", evil + ".events")
    plain = Parsed(drawn("## doc\nresource a { run: sh 'true' }"))
    found = Parsed(text)
    assert [tag for tag, _ in found.elements] == [tag for tag, _ in plain.elements]
    assert [sorted(a) for _, a in found.elements] == [sorted(a) for _, a in plain.elements]
    data = json.loads(next(t for t in found.texts["script"] if t.startswith("{")))
    assert data["nodes"][0]["doc"] == doc.strip()


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with Chromium() as found:
        yield found


@pytest.fixture
def show(browser: Chromium, tmp_path: Path) -> Iterator[Any]:
    """Opens a page of a text; in the end nothing but the file was asked for and nothing went wrong."""
    path = tmp_path / "page.html"

    def shown(text: str, way: str = "auto") -> Chromium:
        path.write_text(drawn(text, way=way), encoding="utf-8")
        browser.size(1400, 800)
        browser.asked.clear()
        browser.said.clear()
        browser.open(path)
        return browser

    yield shown
    assert set(browser.asked) <= {path.as_uri()}
    assert browser.said == []


def marked(browser: Chromium, kind: str) -> list[str]:
    return sorted(
        browser.run(
            f"[...document.querySelectorAll('#stage .node.{kind}:not(.join)')]"
            ".map(e => e.querySelector('title').textContent.split('\\n')[0])"
        )
    )


@pytest.mark.real
def test_pointing_lights_up_causes_and_consequences(show: Any) -> None:
    browser = show(KEYSTONE)
    browser.mouse("move", "[data-key='4']")
    assert marked(browser, "self") == ["glance-config.run#0"]
    assert marked(browser, "cause") == [
        "haproxy.run#0",
        "keystone-config.run#0",
        "keystone.run#0",
        "mariadb.run#0",
    ]
    assert marked(browser, "effect") == ["glance.run#0", "haproxy.run#1", "pager.page#0", "smoke.run#0"]
    faint = "getComputedStyle(document.querySelector('.edge.on-needs .line')).stroke"
    lit = "getComputedStyle(document.querySelector('.edge.cause .line')).stroke"
    assert browser.run(faint) != browser.run(lit)
    browser.mouse("move", "header")
    assert marked(browser, "self") == []


@pytest.mark.real
def test_a_click_keeps_it_and_tells_of_the_step(show: Any) -> None:
    browser = show(KEYSTONE)
    browser.mouse("click", "[data-key='5']")
    assert browser.run("document.querySelector('#panel h2').textContent") == "glance.run#0"
    told = browser.run("document.getElementById('panel').innerText")
    assert "haproxy.run#1" in told
    assert "closes the cycle" in told
    assert "site.events:5" in told
    browser.mouse("move", "header")
    assert marked(browser, "self") == ["glance.run#0"]
    browser.key("Escape")
    assert browser.run("document.getElementById('panel').hidden")
    assert marked(browser, "self") == []


@pytest.mark.real
def test_the_keyboard_goes_along_the_rules(show: Any) -> None:
    browser = show(KEYSTONE)
    focused = "document.activeElement.querySelector('title').textContent.split('\\n')[0]"
    for _ in range(30):
        browser.key("Tab")
        if browser.run("document.activeElement.matches('#stage .node')"):
            break
    assert browser.run(focused) == "mariadb.run#0"
    seen = []
    for _ in range(4):
        browser.key("ArrowRight")
        seen.append(browser.run(focused))
    assert seen == ["keystone-config.run#0", "keystone.run#0", "haproxy.run#0", "glance-config.run#0"]
    assert "mariadb.run#0" in marked(browser, "cause")
    browser.key("ArrowLeft")
    assert browser.run(focused) == "haproxy.run#0"
    browser.key("Enter")
    assert browser.run("document.querySelector('#panel h2').textContent") == "haproxy.run#0"
    assert browser.run("document.querySelectorAll('#stage [tabindex=\"0\"]').length") == 1


@pytest.mark.real
def test_search(show: Any) -> None:
    browser = show(KEYSTONE)
    browser.key("/")
    browser.type("glance")
    assert marked(browser, "found") == ["glance-config.run#0", "glance.run#0"]
    browser.key("Escape")
    assert marked(browser, "found") == []
    browser.key("/")
    browser.type("+glance-config.run")
    browser.key("ArrowDown")
    browser.key("Enter")
    assert browser.run("document.querySelector('#panel h2').textContent") == "keystone-config.run#0"


@pytest.mark.real
@pytest.mark.parametrize("text", [FLEET, KEYSTONE], ids=["fleet", "keystone"])
def test_the_page_selects_as_the_command_line_does(show: Any, text: str) -> None:
    plan = evdsl.load(text).plan()
    words = [step.id for step in plan.steps] + [step.name for step in plan.steps]
    words += [step.resource for step in plan.steps]
    words += [
        "rmq",
        "rmq.*",
        "*.run",
        "**",
        "<a>.<b>",
        "<a>.<a>",
        "@web1",
        "@web*",
        "@none",
        "none",
        "@",
        "",
        "+",
    ]
    words += [form.format(w) for w in list(words) for form in ("+{}", "{}+", "+{}+", "{}+2", "1+{}", "{}+0")]
    browser = show(text)
    for word in dict.fromkeys(words):
        wanted = [plan.steps[step].id for step in selected(plan.inner, plan.program, word)]
        assert browser.run(f"evdsl.selected({json.dumps(word)})") == wanted, word


@pytest.mark.real
def test_dark_and_light(show: Any) -> None:
    browser = show(KEYSTONE)
    ground = "getComputedStyle(document.body).backgroundColor"
    browser.scheme("light")
    light = browser.run(ground)
    browser.scheme("dark")
    dark = browser.run(ground)
    assert (light, dark) == ("rgb(255, 255, 255)", "rgb(16, 21, 29)")
    browser.key("t")
    assert browser.run(ground) == light
    browser.key("t")
    assert browser.run(ground) == dark
    browser.run("localStorage.clear()")
    browser.scheme("light")


@pytest.mark.real
def test_groups_open_and_close(show: Any) -> None:
    browser = show(fleet(100))
    shown = "[...document.querySelectorAll('#stage .node .name')].map(e => e.textContent)"
    assert browser.run(shown) == ["db.*", "app.*", "pager.page"]
    browser.mouse("click", "[data-key='g2']", clicks=2)
    assert "app.7.reload" in browser.run(shown)
    assert browser.run("document.getElementById('panel').hidden")
    assert browser.run("document.querySelector('#crumbs').innerText.replace(/\\s+/g, ' ')") == "all › app.*"
    browser.key("/")
    browser.type("db.42")
    browser.key("Enter")
    assert (
        browser.run("document.activeElement.querySelector('title').textContent.split('\\n')[0]")
        == "db.42.run#0"
    )
    browser.key("Escape")
    browser.key("Escape")
    assert browser.run(shown) == ["db.*", "app.*", "pager.page"]


@pytest.mark.real
def test_a_group_lights_what_its_steps_reach_and_not_what_its_neighbours_do(show: Any) -> None:
    text = "\n".join(f"on a.{n} changed b.{n}" for n in range(100))
    text += "\non b.0 changed c.0\non b.0 changed c.1\non x.0 changed b.50\non x.0 changed b.51\non x.0 changed x.1"
    browser = show(text)
    groups = browser.run(
        "Object.fromEntries([...document.querySelectorAll('#stage .group')]"
        ".map(e => [e.querySelector('.name').textContent, e.dataset.key]))"
    )
    browser.mouse("move", f"[data-key='{groups['x']}']")
    assert marked(browser, "self") == ["x"]
    assert marked(browser, "effect") == ["b"]  # c follows from other steps of b
    browser.mouse("move", f"[data-key='{groups['c']}']")
    assert marked(browser, "cause") == ["a", "b"]


@pytest.mark.real
def test_zoom_drag_and_fit(show: Any) -> None:
    browser = show(KEYSTONE)
    box = "document.querySelector('#stage svg').getAttribute('viewBox').split(' ').map(Number)"
    whole = browser.run(box)
    browser.send("Input.dispatchMouseEvent", type="mouseWheel", x=700, y=400, deltaX=0, deltaY=-300)
    browser.frame()
    nearer = browser.run(box)
    assert nearer[2] < whole[2]
    for kind, x in (("mousePressed", 500), ("mouseMoved", 560), ("mouseMoved", 600), ("mouseReleased", 600)):
        browser.send("Input.dispatchMouseEvent", type=kind, x=x, y=700, button="left", buttons=1)
    browser.frame()
    assert browser.run(box)[0] < nearer[0]
    browser.key("0")
    assert browser.run(box) == whole


@pytest.mark.real
def test_names_fit_into_their_boxes(show: Any) -> None:
    browser = show(
        "\n".join(KEYSTONE.splitlines())
        + "\non keystone.run done wwwwwwwwww.mmmmmmmm\non 漢字.run ok mariadb.x"
    )
    wide = browser.run(
        "[...document.querySelectorAll('#stage .step')].map(e => [e.querySelector('.box').getBBox().width,"
        " ...[...e.querySelectorAll('text')].map(t => t.getBBox().x + t.getBBox().width)])"
    )
    for box, *texts in wide:
        assert max(texts) <= box - 4


@pytest.mark.real
def test_the_table(show: Any) -> None:
    browser = show(KEYSTONE)
    browser.mouse("click", "#tab-table")
    rows = browser.run(
        "[...document.querySelectorAll('#rows tr')].map(r => [...r.cells].map(c => c.innerText))"
    )
    assert len(rows) == 9
    assert ["haproxy.run#1", "runs again", "", "glance.run changed"] in rows
    assert ["smoke.run", "possible", "", "all of keystone.run, glance.run success"] in rows
    assert browser.run("document.getElementById('stage').hidden")


@pytest.mark.real
def test_printed_it_shows_everything(show: Any) -> None:
    import base64

    browser = show(KEYSTONE)
    paper = base64.b64decode(browser.send("Page.printToPDF", printBackground=True)["data"])
    assert paper.startswith(b"%PDF")
    browser.send("Emulation.setEmulatedMedia", media="print")
    assert browser.run("getComputedStyle(document.getElementById('tools')).display") == "none"
    assert browser.run("getComputedStyle(document.getElementById('table')).display") == "block"
    browser.send("Emulation.setEmulatedMedia", media="")


@pytest.mark.real
def test_everything_has_a_name(show: Any) -> None:
    """What a screen reader is told: each thing that can be reached has a role and a name."""
    browser = show(KEYSTONE)
    browser.send("Accessibility.enable")
    nodes = browser.send("Accessibility.getFullAXTree")["nodes"]
    reached = [
        (n["role"]["value"], n.get("name", {}).get("value", ""))
        for n in nodes
        if not n.get("ignored")
        and n.get("role", {}).get("value") in ("button", "tab", "combobox", "image", "link")
    ]
    assert ("combobox", "search steps") in reached
    assert any(role == "button" and name.startswith("glance.run#0") for role, name in reached)
    assert [found for found in reached if not found[1].strip()] == []
    browser.send("Accessibility.disable")


@pytest.mark.real
def test_a_page_without_script_shows_the_picture(show: Any, tmp_path: Path) -> None:
    browser = show(KEYSTONE)
    path = tmp_path / "quiet.html"
    path.write_text(drawn(KEYSTONE), encoding="utf-8")
    browser.send("Emulation.setScriptExecutionDisabled", value=True)
    browser.send("Page.navigate", url=path.as_uri())
    while not browser.run("location.href.endsWith('quiet.html') && document.readyState == 'complete'"):
        pass
    height = browser.run("document.querySelector('.picture').getBoundingClientRect().height")
    tools = browser.run("document.getElementById('tools').hidden")
    browser.send("Emulation.setScriptExecutionDisabled", value=False)
    browser.asked.clear()
    assert height > 300
    assert tools


@pytest.mark.real
@pytest.mark.parametrize("way", ["auto", "never"])
def test_two_thousand_steps(show: Any, way: str) -> None:
    browser = show(fleet(660), way)
    assert browser.run("document.querySelectorAll('#stage .node').length") == (1981 if way == "never" else 3)
    browser.key("/")
    browser.type("app.123.reload")
    browser.key("Enter")
    assert browser.run("document.querySelector('#panel h2').textContent") == "app.123.reload#0"
    assert marked(browser, "cause") == ["app.123.run#0", "db.123.run#0"] or way == "auto"


@pytest.mark.real
@pytest.mark.parametrize("path", planned_cases()[::7], ids=lambda p: p.stem)
def test_cases_open(show: Any, path: Path, browser: Chromium, tmp_path: Path) -> None:
    plan = evdsl.load(path).plan()
    file = tmp_path / "page.html"
    file.write_text(page(network(plan.inner, told(plan.program))), encoding="utf-8")
    browser.said.clear()
    browser.asked.clear()
    browser.open(file)
    assert browser.run("document.querySelectorAll('#stage .step').length") == len(plan.steps)
