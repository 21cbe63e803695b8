"""The hooks of .pre-commit-hooks.yaml: what they name is there, and pre-commit itself runs them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from evdsl.faces.cli import parser

from .classes import ROOT, missing, program

HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))


def test_what_they_start() -> None:
    assert [hook["id"] for hook in HOOKS] == ["evdsl-fmt", "evdsl-check"]
    for hook in HOOKS:
        command, *arguments = hook["entry"].split()
        assert command == "evdsl"
        assert parser().parse_args([*arguments, "a.events", "b.events"]).files == ["a.events", "b.events"]
        assert re.search(hook["files"], "site/web.events")
        assert not re.search(hook["files"], "site/events.py")


def do(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PRE_COMMIT_HOME": str(folder / "home"), "GIT_CONFIG_GLOBAL": os.devnull}
    return subprocess.run(
        command,
        cwd=folder / "site",
        env=environment,
        capture_output=True,
        text=True,
        timeout=550,
        check=False,
    )


@pytest.mark.real
def test_pre_commit_runs_them(tmp_path: Path) -> None:
    """From a repository of its own, so that what is under way in this one does not matter."""
    own = Path(sys.executable).parent / "pre-commit"
    pre_commit = str(own) if own.is_file() else shutil.which("pre-commit") or missing("pre-commit")
    git = program("git")
    source, site = tmp_path / "evdsl", tmp_path / "site"
    site.mkdir()
    for name in ("evdsl", "grammar/vim"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("evdsl.lark", "evdsl.tmLanguage.json"):
        shutil.copy(ROOT / "grammar" / name, source / "grammar")
    for name in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, source)
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for folder in (source, site):
        assert do(tmp_path, git, "-C", str(folder), "init", "-q").returncode == 0
    do(tmp_path, git, "-C", str(source), "add", ".")
    assert do(tmp_path, git, "-C", str(source), *who, "commit", "-q", "-m", "x").returncode == 0
    revision = do(tmp_path, git, "-C", str(source), "rev-parse", "HEAD").stdout.strip()
    config = {"repos": [{"repo": str(source), "rev": revision, "hooks": [{"id": h["id"]} for h in HOOKS]}]}
    (site / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    (site / "a b.events").write_text("on a.run   changed b.run\n")
    (site / "wrong.events").write_text("on a.run chnaged b.run\n")
    do(tmp_path, git, "add", ".")

    done = do(tmp_path, pre_commit, "run", "--all-files")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "changed a b.events" in done.stdout
    assert "did you mean `changed`?" in done.stdout
    assert (site / "a b.events").read_text() == "on a.run changed b.run\n"

    (site / "wrong.events").write_text("on a.run changed b.run\n")
    do(tmp_path, git, "add", ".")
    done = do(tmp_path, pre_commit, "run", "--all-files")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Passed") == 2
