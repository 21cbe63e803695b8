"""Plans to draw, and what every picture of them must hold."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import evdsl
from evdsl.plan.plan import Plan

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests/cases"

KEYSTONE = """\
on mariadb.run changed keystone-config.run
on keystone-config.run changed keystone.run
on keystone.run changed haproxy.run
on haproxy.run changed glance-config.run
on glance-config.run changed glance.run
on glance.run changed haproxy.run
on glance.run failure pager.page
on all keystone.run, glance.run success smoke.run
keystone.run needs mariadb.run
"""


def plan_of(text: str) -> Plan:
    """The plan of a rules-only text."""
    return evdsl.load(text + "\n").plan().inner


def planned_cases() -> list[Path]:
    """The programs of the contract that have a plan."""
    found = sorted([*CASES.glob("plain/*.events"), *CASES.glob("declared/*.events")])
    return [path for path in found if '"refused": true' not in path.with_suffix(".json").read_text()]


def real(tool: str) -> str:
    """The path of a program; where it is missing the test is skipped, with EVDSL_REAL=1 it fails."""
    path = shutil.which(tool)
    if path is None:
        if os.environ.get("EVDSL_REAL") == "1":
            pytest.fail(f"{tool} is not installed")
        pytest.skip(f"{tool} is not installed")
    return path
