"""Drivers and targets of other packages: entry points in the groups `evdsl.drivers` and `evdsl.targets`
(docs/drivers.md, docs/compile.md).

They are looked for only where one is named that is not built in. `check` asks no more than whether there is a driver of
that name and imports none: to look at a program runs nothing. Packages in the folder one happens to be in are passed
over.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

DRIVERS = "evdsl.drivers"
TARGETS = "evdsl.targets"
_NEEDS = {DRIVERS: ("driver", ("commands", "read")), TARGETS: ("target", ("emit",))}
"""What an object of each group is, and the methods that make it one."""


class Unusable(Exception):
    """What another package provides and what cannot be used; the text says why."""


class Plugin(NamedTuple):
    """A driver of another package (see drivers/driver.py), and the options of its own that it takes."""

    driver: Any
    options: tuple[str, ...]


def known(name: str, group: str = DRIVERS) -> bool:
    """Whether a package provides a driver (or what else the group holds) of this name."""
    return bool(_points(name, group))


def names(group: str = DRIVERS) -> list[str]:
    """The names of all that other packages provide in a group."""
    return sorted(_all(group))


def loaded(name: str) -> Plugin:
    """The driver of this name, for which there is an entry point. Imports its package. Raises Unusable."""
    driver = provided(name, DRIVERS)
    return Plugin(driver, tuple(str(option) for option in getattr(driver, "options", ())))


@cache
def provided(name: str, group: str) -> Any:
    """The object of this name in a group, for which there is an entry point. Imports its package. Raises Unusable."""
    points = _points(name, group)
    packages = sorted({point.dist.name if point.dist else "?" for point in points})
    if len(packages) > 1:
        raise Unusable(f"several packages provide it: {', '.join(packages)}")
    try:
        found = points[0].load()
    except Exception as problem:  # a module of another package may raise anything
        said = f"{type(problem).__name__}: {problem}"
        raise Unusable(f"`{points[0].value}` of {packages[0]} cannot be loaded: {said}") from None
    kind, methods = _NEEDS[group]
    lacks = [method for method in methods if not callable(getattr(found, method, None))]
    if lacks:
        missing = " and ".join(f"`{method}`" for method in lacks)
        raise Unusable(f"`{points[0].value}` of {packages[0]} is no {kind}: it has no {missing}")
    return found


def _points(name: str, group: str) -> list[EntryPoint]:
    return _all(group).get(name, [])


@cache
def _all(group: str) -> dict[str, list[EntryPoint]]:
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
            if point.group == group and not any(p.value == point.value for p in found.get(point.name, [])):
                found.setdefault(point.name, []).append(point)
    return found
