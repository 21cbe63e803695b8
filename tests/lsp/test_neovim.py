"""The server in a real Neovim, without its user's configuration."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TEXT = """\
## The proxy.
resource haproxy { run: sh "render" [changes = "/etc/haproxy.cfg"];   reload: systemd.reload "haproxy" }
on haproxy.run chnaged haproxy.reload
"""


@pytest.mark.real
def test_a_session(tmp_path: Path) -> None:
    nvim = shutil.which("nvim")
    if nvim is None:
        if os.environ.get("EVDSL_REAL") == "1":
            pytest.fail("nvim is not installed")
        pytest.skip("nvim is not installed")
    (tmp_path / "site.events").write_text(TEXT, "utf-8")
    out = tmp_path / "seen.json"
    script = Path(__file__).with_name("session.lua")
    done = subprocess.run(
        [nvim, "--headless", "-u", "NONE", "-i", "NONE", "-n", "-c", f"luafile {script}"],
        cwd=tmp_path,
        env={**os.environ, "EVDSL_SEEN": str(out), "EVDSL_PYTHON": sys.executable, "HOME": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert out.is_file(), done.stderr
    seen = json.loads(out.read_text("utf-8"))
    assert "error" not in seen, seen["error"]
    assert "EV103" in seen["codes"]
    assert seen["hover"].startswith("`haproxy` — resource")
    assert seen["definition"] == 2
    assert seen["events"][0] == "changed"
    assert "created" not in seen["events"]
    assert seen["mended"] == "on haproxy.run changed haproxy.reload"
    assert "EV103" not in seen["after"]
    assert seen["text"] == [
        "## The proxy.",
        'resource proxy { run: sh "render" [changes = "/etc/haproxy.cfg"]; reload: systemd.reload "haproxy" }',
        "on proxy.run changed proxy.reload",
    ]
    assert seen["symbols"] == ["proxy", "on proxy.run changed proxy.reload"]
    assert seen["references"] == 3
    assert seen["stopped"] is True
