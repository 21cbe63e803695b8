"""The picture in the documentation is the one that is drawn."""

from __future__ import annotations

import os

import evdsl
from evdsl.draw.network import network, told
from evdsl.draw.svg import svg

from .programs import ROOT

PICTURE = ROOT / "docs/keystone.svg"
SOURCE = "examples/keystone-haproxy/two-paths.events"


def test_the_picture_of_the_page() -> None:
    plan = evdsl.load(ROOT / SOURCE, name=SOURCE).plan()
    drawn = svg(network(plan.inner, told(plan.program)))
    if os.environ.get("EVDSL_UPDATE") == "1":
        PICTURE.write_text(drawn, encoding="utf-8")
    assert PICTURE.read_text(encoding="utf-8") == drawn
