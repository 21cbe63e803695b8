"""A driver of another package that says `hosts = True`, over a real ssh."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from drivers.test_plugins import install

from .world import ROOT, World

pytestmark = pytest.mark.real


def test_its_commands_run_there(world: World, folder: Path) -> None:
    target = install(folder / "lib")
    module = target / "evdsl_example_driver" / "__init__.py"
    module.write_text(
        module.read_text().replace('    options = ("date",)', '    options = ("date",)\n    hosts = True')
    )
    env = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(target)])}
    text = 'resource flag @web1 { run: touch "ready" }\nresource b @web1 { run: touch "none/ready" }\n'
    run = world.go(folder, text, env=env)
    assert run.outcomes == {"flag.run": "created", "b.run": "failed"}, run.text
    assert (world.root("web1") / "ready").exists()
    assert world.go(folder, text, env=env).outcomes["flag.run"] == "ok"
