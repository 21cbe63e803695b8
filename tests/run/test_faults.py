"""Faults done to real runs, few of each; `python3 bench/faults.py` does them all, in full size."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from . import faults

REAL = os.environ.get("EVDSL_REAL") == "1"
MOMENTS = 64  # at least as many as a run with -j5 has


@pytest.mark.parametrize("seed", range(5))
def test_killed_at_random(tmp_path: Path, seed: int) -> None:
    assert faults.killed_at_random(tmp_path, 10, seed)["kills"] == 10


@pytest.mark.parametrize("part", range(8))
def test_killed_at_each_moment(tmp_path: Path, part: int) -> None:
    done = faults.killed_at_each_moment(tmp_path, range(1 + part, MOMENTS, 8), jobs=5)
    assert done["kills"] >= 4


@pytest.mark.parametrize("part", range(4))
def test_a_damaged_log(tmp_path: Path, part: int) -> None:
    assert faults.damaged(tmp_path, 64, part, 4)["flipped"] > 300


def test_commands_on_damage(tmp_path: Path) -> None:
    faults.commands_on_damage(tmp_path, [24, 6_000, 30_000, 70_000])


@pytest.mark.real
@pytest.mark.parametrize(
    ("where", "sizes"), [("journal", (40, 130, 200)), ("logs", (8,)), ("TMPDIR", (8, 100))]
)
def test_a_full_disk(tmp_path: Path, where: str, sizes: tuple[int, ...]) -> None:
    if not (os.geteuid() == 0 and shutil.which("unshare") and faults.mounts(tmp_path)):
        assert not (REAL and os.geteuid() == 0), "unshare -m is refused"
        pytest.skip("only root can mount a small file system")
    faults.disk_full(tmp_path, where, sizes)


@pytest.mark.parametrize("part", range(2))
def test_two_at_once(tmp_path: Path, part: int) -> None:
    faults.two_at_once(tmp_path, 10)


@pytest.mark.parametrize("seed", range(2))
def test_stop_cont_and_term(tmp_path: Path, seed: int) -> None:
    faults.signalled(tmp_path, 10, seed)


@pytest.mark.real
def test_the_clock_jumps(tmp_path: Path) -> None:
    library = faults.faketime()
    if library is None:
        assert not REAL, "libfaketime is not there"
        pytest.skip("without libfaketime")
    faults.clock_jumps(tmp_path, library, [3600, -3600])


def test_many_actions(tmp_path: Path) -> None:
    faults.many(tmp_path, 5_000)
