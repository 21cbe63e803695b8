"""`systemd.*`: enable and disable by the real systemctl on a folder, the others by one that says what is to be said."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from .jobs import brief, said

_FAKE = """#!/bin/sh
case $1 in
is-*) echo "$STATE"; exit "$ASKED" ;;
*) echo "$@" >>"$CALLS"; [ -z "$SAYS" ] || echo "$SAYS" >&2; exit "$ENDS" ;;
esac
"""
_AWAY = "Failed to connect to bus: No such file or directory"


@pytest.mark.parametrize(
    ("verb", "state", "asked", "ends", "says", "outcome", "acts"),
    [
        ("start", "active", 0, 0, "", "ok", False),
        ("start", "inactive", 3, 0, "", "changed", True),
        ("start", "failed", 3, 0, "", "changed", True),
        ("start", "inactive", 3, 1, "Job for x.service failed", "failed", True),
        ("start", _AWAY, 1, 0, "", "error", False),
        ("stop", "active", 0, 0, "", "changed", True),
        ("stop", "activating", 3, 0, "", "changed", True),
        ("stop", "inactive", 3, 0, "", "ok", False),
        ("stop", "failed", 3, 0, "", "ok", False),
        ("stop", "inactive", 4, 0, "", "failed", False),
        ("restart", "", 9, 0, "", "changed", True),
        ("restart", "", 9, 5, "Unit x.service not found.", "failed", True),
        ("restart", "", 9, 1, _AWAY, "error", True),
        ("reload", "", 9, 0, "", "changed", True),
        ("reload", "", 9, 1, "x.service is not active, cannot reload.", "failed", True),
        ("enable", "enabled", 0, 0, "", "ok", False),
        ("enable", "static", 0, 0, "", "ok", False),
        ("disable", "masked", 1, 0, "", "ok", False),
        ("disable", "enabled", 0, 1, _AWAY, "error", True),
    ],
)
def test_each_verb_asks_before_it_acts(
    tmp_path: Path, verb: str, state: str, asked: int, ends: int, says: str, outcome: str, acts: bool
) -> None:
    fake = tmp_path / "systemctl"
    fake.write_text(_FAKE)
    fake.chmod(0o755)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "CALLS": str(tmp_path / "calls"), "STATE": state}
    env |= {"ASKED": str(asked), "ENDS": str(ends), "SAYS": says}
    found = said(f"systemd.{verb}", "x", folder=tmp_path, env=env)
    assert found.event == outcome
    assert (tmp_path / "calls").exists() == acts
    if outcome in ("failed", "error"):
        assert (says or (state if asked != 4 else "there is no unit x")) in found.reason


@pytest.mark.real
def test_enable_and_disable_by_the_real_systemctl(tmp_path: Path) -> None:
    real = shutil.which("systemctl")
    if real is None:
        if os.environ.get("EVDSL_REAL") == "1":
            pytest.fail("no systemctl")
        pytest.skip("no systemctl")
    units = tmp_path / "root/etc/systemd/system"
    units.mkdir(parents=True)
    (units / "x.service").write_text(
        "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"
    )
    (units / "y.service").write_text("[Service]\nExecStart=/bin/true\n")
    shim = tmp_path / "systemctl"
    shim.write_text(f'#!/bin/sh\nexec {real} --root={tmp_path}/root "$@"\n')
    shim.chmod(0o755)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}

    def told(verb: str, unit: str) -> str:
        return brief(said(f"systemd.{verb}", unit, folder=tmp_path, env=env))[0]

    assert [told("enable", "x"), told("enable", "x")] == ["changed", "ok"]
    assert (units / "multi-user.target.wants/x.service").is_symlink()
    assert [told("disable", "x"), told("disable", "x")] == ["changed", "ok"]
    assert not (units / "multi-user.target.wants/x.service").is_symlink()
    assert [told("enable", "y"), told("disable", "y"), told("enable", "z")] == ["ok", "ok", "failed"]
