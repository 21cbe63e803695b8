"""Graphviz text, read by the real `dot`."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import evdsl
from evdsl.draw.dot import dot, quoted
from evdsl.plan.plan import Plan

from .programs import KEYSTONE, plan_of, planned_cases, real

SVG = "{http://www.w3.org/2000/svg}"


def svg(text: str) -> ET.Element:
    done = subprocess.run(
        [real("dot"), "-Tsvg"], input=text.encode(), capture_output=True, check=True, timeout=120
    )
    assert done.stderr == b""
    return ET.fromstring(done.stdout)


def groups(picture: ET.Element, kind: str) -> dict[str, ET.Element]:
    found = {}
    for group in picture.iter(f"{SVG}g"):
        if group.get("class") == kind:
            title = group.find(f"{SVG}title")
            assert title is not None
            found[title.text or ""] = group
    return found


def labels(group: ET.Element) -> list[str | None]:
    return [text.text for text in group.iter(f"{SVG}text")]


def test_the_text_tells_starts_second_runs_failures_and_orders() -> None:
    lines = dot(plan_of(KEYSTONE)).splitlines()
    assert lines[0] == "digraph plan {"
    assert lines[-1] == "}"

    def line(begin: str) -> str:
        return next(found for found in lines if found.startswith(f"  {begin}"))

    assert 'penwidth="2.2"' in line('"mariadb.run#0" [')
    assert "dashed" in line('"haproxy.run#1" [')
    assert "dashed" not in line('"haproxy.run#0" [')
    failure = line('"glance.run#0" -> "pager.page#0"')
    assert 'style="dashed"' in failure
    assert 'color="#c0392b"' in failure
    assert 'color="#5b6780:#b7791f"' in line('"glance.run#0" -> "haproxy.run#1"')
    assert "#b7791f" not in line('"glance-config.run#0" -> "glance.run#0"')
    assert 'style="dotted"' in line('"mariadb.run#0" -> "keystone.run#0"')


def test_the_edges_of_an_all_rule_meet() -> None:
    lines = dot(plan_of("on all a.run, b.run, c.run success d.run\non a.run changed d.run")).splitlines()
    assert len([e for e in lines if ' -> "all 1"' in e]) == 3
    assert len([e for e in lines if e.startswith('  "all 1" -> "d.run#0"')]) == 1
    assert len([e for e in lines if e.startswith('  "a.run#0" -> "d.run#0"')]) == 1


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain", '"plain"'),
        ('a"b', '"a\\"b"'),
        ("a\\", '"a\\\\"'),
        ("\\N", '"\\\\N"'),
        ("a\nb\0", '"a\\\\x0ab\\\\x00"'),
        ("&lt;", '"&amp;lt;"'),
    ],
)
def test_quoted(text: str, written: str) -> None:
    assert quoted(text) == written


@pytest.mark.real
@pytest.mark.parametrize(
    "text", ['a"b', "a\\", "\\N \\l \\G", '"];x[label="', "&lt;b&gt; <b>x</b>", "größe 漢字", "//x /* # "]
)
def test_dot_shows_what_was_quoted(text: str) -> None:
    picture = svg(f"graph {{ {quoted('id' + text)} [label={quoted(text)}] }}")
    (node,) = groups(picture, "node").values()
    assert labels(node) == [text.replace("\xa0", " ")]


@pytest.mark.real
def test_dot_draws_the_keystone_plan() -> None:
    picture = svg(dot(plan_of(KEYSTONE)))
    nodes = groups(picture, "node")
    assert labels(nodes["haproxy.run#1"]) == ["haproxy.run#1"]
    assert labels(nodes["mariadb.run#0"]) == ["mariadb.run"]
    assert "glance.run#0->haproxy.run#1" in groups(picture, "edge")


def every(plan: Plan) -> set[str]:
    return {step.id for step in plan.steps}


@pytest.mark.real
@pytest.mark.parametrize("path", planned_cases()[::4], ids=lambda p: p.stem)
def test_dot_draws_the_cases(path: Path) -> None:
    plan = evdsl.load(path).plan().inner
    nodes = {title for title in groups(svg(dot(plan)), "node") if not title.startswith("all ")}
    assert nodes == every(plan)
