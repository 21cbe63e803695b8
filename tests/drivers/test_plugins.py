"""Drivers of other packages: the one of tests/plugin, installed where a run of evdsl finds it, and broken ones."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import evdsl

PLUGIN = Path(__file__).parents[1] / "plugin"
ROOT = Path(evdsl.__file__).parents[1]


def install(target: Path, project: Path = PLUGIN) -> Path:
    """What pip leaves of a package of plain Python in a folder: its modules, and what is said of it beside them."""
    said = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    target.mkdir(exist_ok=True)
    for package in project.iterdir():
        if package.is_dir():
            shutil.copytree(package, target / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    info = target / f"{said['name'].replace('-', '_')}-{said['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {said['name']}\nVersion: {said['version']}\n"
    )
    lines = [f"{name} = {value}" for group in said["entry-points"].values() for name, value in group.items()]
    (info / "entry_points.txt").write_text("\n".join(["[evdsl.drivers]", *lines, ""]))
    return target


def run(*arguments: str, cwd: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *([str(path)] if path else [])])}
    command = [sys.executable, "-m", "evdsl", *arguments]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=60)


def program(folder: Path, text: str) -> str:
    (folder / "site.events").write_text(text)
    return "site.events"


def fold(folder: Path, path: Path) -> dict[str, str]:
    done = run("run", "site.events", "--format", "jsonl", cwd=folder, path=path)
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])["fold"]
    return found


TEXT = 'resource flag { run: touch "ready" }\nresource b { run: sh "true" }\non flag.run created b.run\n'


def test_run(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    target = install(tmp_path / "lib")
    program(site, TEXT)
    assert fold(site, target) == {"flag.run": "created", "b.run": "changed"}
    assert (site / "ready").exists()
    assert fold(site, target) == {"flag.run": "ok", "b.run": "idle"}
    program(site, TEXT.replace('"ready"', '"ready" [date = "2001-01-01"]'))
    assert fold(site, target)["flag.run"] == "changed"
    program(site, TEXT.replace('"ready"', '"none/ready"'))
    assert fold(site, target)["flag.run"] == "failed"
    program(site, TEXT.replace('"ready"', '"none/ready" [retry = 1, delay = 10ms, unless = "true"]'))
    assert fold(site, target)["flag.run"] == "changed", "its ok after a failure"
    assert fold(site, target)["flag.run"] == "ok", "what all actions have works for it too"


def test_check_knows_it_and_does_not_import_it(tmp_path: Path) -> None:
    file = program(tmp_path, TEXT)
    target = install(tmp_path / "lib")
    module = target / "evdsl_example_driver" / "__init__.py"
    module.write_text("raise SystemExit('imported')")
    done = run("check", file, cwd=tmp_path, path=target)
    assert (done.returncode, done.stdout.count("EV217")) == (0, 0), done
    done = run("check", file, cwd=tmp_path)
    assert done.returncode == 1
    assert "EV217" in done.stdout + done.stderr


def test_not_from_the_folder_one_is_in(tmp_path: Path) -> None:
    """A checkout from somebody else may hold what looks like an installed package."""
    file = program(tmp_path, TEXT)
    install(tmp_path)
    done = run("check", file, cwd=tmp_path)
    assert "EV217" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("text", "value", "said"),
    [
        ("import nowhere_at_all", "evdsl_example_driver:driver", "cannot be loaded: ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("driver = 1", "evdsl_example_driver:driver", "is no driver: it has no `commands` and `read`"),
        ("", "evdsl_example_driver:driver", "cannot be loaded: AttributeError"),
    ],
)  # fmt: skip
def test_broken_ones(tmp_path: Path, text: str, value: str, said: str) -> None:
    file = program(tmp_path, TEXT)
    target = install(tmp_path / "lib")
    (target / "evdsl_example_driver" / "__init__.py").write_text(text)
    done = run("run", file, cwd=tmp_path, path=target)
    assert done.returncode != 0
    assert "EV617" in done.stderr
    assert said in " ".join(done.stderr.split())


def test_one_that_raises_ends_in_error_and_the_run_goes_on(tmp_path: Path) -> None:
    program(tmp_path, TEXT + 'resource c { run: touch "c" }\non c.run error b.run')
    target = install(tmp_path / "lib")
    module = target / "evdsl_example_driver" / "__init__.py"
    text = module.read_text()
    module.write_text(text.replace("        known = {", "        raise KeyError('x')\n        known = {"))
    assert fold(tmp_path, target) == {"flag.run": "error", "c.run": "error", "b.run": "changed"}
    module.write_text(
        text.replace("        path, date =", "        raise KeyError('x')\n        path, date =")
    )
    assert fold(tmp_path, target) == {"flag.run": "error", "c.run": "error", "b.run": "changed"}


def test_two_of_one_name(tmp_path: Path) -> None:
    file = program(tmp_path, TEXT)
    target = install(tmp_path / "lib")
    copy = tmp_path / "copy"
    shutil.copytree(PLUGIN, copy)
    (copy / "evdsl_example_driver").rename(copy / "other_driver")
    project = (copy / "pyproject.toml").read_text()
    (copy / "pyproject.toml").write_text(
        project.replace("evdsl-example-driver", "other-driver").replace("evdsl_example", "other")
    )
    install(target, copy)
    done = run("run", file, cwd=tmp_path, path=target)
    assert "several packages provide it: evdsl-example-driver, other-driver" in " ".join(done.stderr.split())


def test_an_option_that_it_does_not_have(tmp_path: Path) -> None:
    file = program(tmp_path, TEXT.replace('"ready"', '"ready" [mode = "0600"]'))
    done = run("run", file, cwd=tmp_path, path=install(tmp_path / "lib"))
    assert "EV612" in done.stderr
    assert not (tmp_path / "ready").exists()


def test_pip_can_install_it(tmp_path: Path) -> None:
    """Where pip has what it needs for that without the network."""
    copy = tmp_path / "plugin"
    shutil.copytree(PLUGIN, copy)
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-build-isolation"]
    done = subprocess.run(
        [*pip, "--target", str(tmp_path / "lib"), str(copy)], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"pip cannot build here: {done.stderr.strip().splitlines()[-1:]}")
    program(tmp_path, TEXT)
    assert fold(tmp_path, tmp_path / "lib") == {"flag.run": "created", "b.run": "changed"}


def test_the_page_shows_this_one() -> None:
    shown = (ROOT / "docs" / "drivers.md").read_text()
    assert (PLUGIN / "evdsl_example_driver" / "__init__.py").read_text() in shown


def test_on_a_host(tmp_path: Path) -> None:
    """Only one that says so is taken there; tests/hosts has one that arrives."""
    file = program(tmp_path, 'host w = "127.0.0.1" [port = 1]\nresource flag @w { run: touch "ready" }\n')
    target = install(tmp_path / "lib")
    done = run("run", file, cwd=tmp_path, path=target)
    assert "EV611" in done.stderr
    assert "the driver `touch` of `flag.run` works on this machine only, and not on `w`" in done.stderr
    module = target / "evdsl_example_driver" / "__init__.py"
    module.write_text(module.read_text().replace("    options = ", "    hosts = True\n    options = "))
    done = run("run", file, cwd=tmp_path, path=target)
    assert done.returncode == 3, done
    assert "Connection refused" in done.stdout + done.stderr or "EV619" in done.stderr
    assert not (tmp_path / "ready").exists()
