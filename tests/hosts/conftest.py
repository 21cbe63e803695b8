"""The three hosts, made once for the tests of a process."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .world import SHELLS, World, worlds

_PROGRAMS = (
    "ssh",
    "sshd",
    "ssh-keygen",
    "ip",
    "unshare",
    "nsenter",
    *(os.path.basename(s) for s in SHELLS.values()),
)


@pytest.fixture(scope="session")
def built() -> Iterator[World]:
    missing = [
        name for name in _PROGRAMS if not shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    ]
    if os.geteuid() or missing:
        why = f"no {', '.join(missing)}" if missing else "needs root, for network namespaces"
        if os.environ.get("EVDSL_REAL") == "1":
            pytest.fail(why)
        pytest.skip(why)
    yield from worlds()


@pytest.fixture
def world(built: World) -> World:
    """The hosts as they are at first: all up, known, with an empty /root."""
    built.reset()
    return built


@pytest.fixture
def folder(built: World, request: pytest.FixtureRequest) -> Path:
    """A folder for programs that no host mounts anything over."""
    path = built.folder / f"t-{abs(hash(request.node.nodeid)) % 10**9}"
    path.mkdir()
    return path
