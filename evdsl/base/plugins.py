"""Drivers of other packages: entry points in the group `evdsl.drivers` (docs/drivers.md).

They are looked for only where a program names a driver that is not built in. `check` asks no more than whether there
is one of that name and imports none: to look at a program runs nothing. Packages in the folder one happens to be in
are passed over.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "evdsl.drivers"


class Unusable(Exception):
    """A driver of another package that cannot be used; the text says why."""


class Plugin(NamedTuple):
    """A driver of another package (see drivers/driver.py), and the options of its own that it takes."""

    driver: Any
    options: tuple[str, ...]


def known(name: str) -> bool:
    """Whether a package provides a driver of this name."""
    return bool(_points(name))


def names() -> list[str]:
    """The drivers that other packages provide."""
    return sorted(_all())


@cache
def loaded(name: str) -> Plugin:
    """The driver of this name, for which there is an entry point. Imports its package. Raises Unusable."""
    points = _points(name)
    packages = sorted({point.dist.name if point.dist else "?" for point in points})
    if len(packages) > 1:
        raise Unusable(f"several packages provide it: {', '.join(packages)}")
    try:
        driver = points[0].load()
    except Exception as problem:  # a module of another package may raise anything
        said = f"{type(problem).__name__}: {problem}"
        raise Unusable(f"`{points[0].value}` of {packages[0]} cannot be loaded: {said}") from None
    lacks = [method for method in ("commands", "read") if not callable(getattr(driver, method, None))]
    if lacks:
        missing = " and ".join(f"`{method}`" for method in lacks)
        raise Unusable(f"`{points[0].value}` of {packages[0]} is no driver: it has no {missing}")
    return Plugin(driver, tuple(str(option) for option in getattr(driver, "options", ())))


def _points(name: str) -> list[EntryPoint]:
    return _all().get(name, [])


@cache
def _all() -> dict[str, list[EntryPoint]]:
    """Every entry point of the group, by name. The same one found twice counts once."""
    from importlib.metadata import distributions  # imported late: it takes longer than to check a program

    here = os.path.realpath(os.curdir)
    path = [folder for folder in sys.path if folder and os.path.realpath(folder) != here]
    found: dict[str, list[EntryPoint]] = {}
    seen: set[str] = set()
    for distribution in distributions(path=path):
        name = distribution.metadata["Name"]
        if name in seen:
            continue  # the first one on the path is the one that is imported
        seen.add(name)
        for point in distribution.entry_points:
            if point.group == GROUP and not any(p.value == point.value for p in found.get(point.name, [])):
                found.setdefault(point.name, []).append(point)
    return found
