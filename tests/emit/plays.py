"""A plan as a playbook, run by the real ansible-playbook against this machine."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from environment import ANSIBLE

from evdsl.api import Plan
from evdsl.emit.target import Artifact, Order, load
from evdsl.version import __version__

HERE = Path(__file__).parent
REAL = os.environ.get("EVDSL_REAL") == "1"
THERE = (ANSIBLE / "bin" / "ansible-playbook").exists()

needs_ansible = pytest.mark.skipif(
    not THERE and not REAL, reason="no Ansible: `python3 tests/environment.py` installs it"
)


def emitted(plan: Plan, allow: Collection[str] = ()) -> Artifact:
    """The project of a plan."""
    order = Order(plan.program, plan.inner, __version__, "0" * 64, frozenset(allow))
    return load("ansible").emit(order)


def written(artifact: Artifact, folder: Path) -> Path:
    """The project on disk."""
    for path, file in artifact.files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.content)
        place.chmod(file.mode)
    return folder


def connections(folder: Path) -> dict[str, str]:
    """What keeps the connections of one world of test hosts apart from those of another one, which has the same addresses:
    Ansible's own folder for their sockets is one for all. They end soon after the play."""
    return {
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder / "cp"),
        "ANSIBLE_SSH_ARGS": "-o ControlMaster=auto -o ControlPersist=3s",
    }


class Played(NamedTuple):
    """What came of a playbook. `outcomes`: of each step, as the playbook tells them; `tasks`: each task that ended."""

    outcomes: dict[str, str]
    tasks: list[dict[str, Any]]
    exit: int
    output: str


def play(
    folder: Path, *options: str, env: Mapping[str, str] | None = None, local: Collection[str] = ()
) -> Played:
    """Run the playbook of a project. `local`: hosts of its inventory that are this machine."""
    told = folder / "outcomes.jsonl"
    told.unlink(missing_ok=True)
    here = 'ansible_connection=local ansible_python_interpreter="{{ ansible_playbook_python }}"'
    (folder / "here.ini").write_text("".join(f"{host} {here}\n" for host in local))
    more = ["-i", "inventory.yml", "-i", "here.ini"] if local else []
    done = subprocess.run(
        [str(ANSIBLE / "bin" / "ansible-playbook"), *more, "site.yml", *options],
        cwd=folder,
        env=environment(folder) | {"OUTCOMES_FILE": str(told)} | dict(env or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
    )
    lines = told.read_text("utf-8").splitlines() if told.exists() else []
    tasks = [json.loads(line) for line in lines]
    outcomes = next((task["outcomes"] for task in tasks if task["outcomes"]), {})
    return Played(outcomes, tasks, done.returncode, done.stdout.decode("utf-8", "replace"))


def environment(folder: Path) -> dict[str, str]:
    """What Ansible is run with: nothing of its own in the home folder, our callback beside its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return kept | {
        "PATH": f"{ANSIBLE / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "ANSIBLE_HOME": str(folder / ".ansible"),
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callbacks"),
        "ANSIBLE_CALLBACKS_ENABLED": "ansible_outcomes",
        "ANSIBLE_NOCOLOR": "1",
        "PYTHONDONTWRITEBYTECODE": "",
    }


def seen(plan: Plan, played: Played) -> dict[str, str]:
    """What Ansible saw of each step, from the results of its tasks alone.

    A task whose output is hidden tells no event of its own: it is known by `changed` and `failed` only.
    """
    by_name = {task["task"]: task for task in played.tasks}
    several = {step.name for step in plan.inner.steps if step.instance}
    return {
        step.id: _seen(by_name.get(f"Step {step.id if step.name in several else step.name}"))
        for step in plan.inner.steps
    }


def _seen(task: dict[str, Any] | None) -> str:
    if task is None:
        return "no task"
    if task["status"] == "skipped":
        return "skipped" if "evdsl_bars" in task["condition"] else "idle"
    if task["event"]:
        wrong = (task["status"] == "failed") != (task["event"] in ("failed", "error"))
        differs = task["changed"] != (task["event"] in ("changed", "created", "removed"))
        return f"{task['event']} as {task['status']}" if wrong or differs else str(task["event"])
    if task["status"] == "unreachable":
        return "error"
    return "~failure" if task["status"] == "failed" else "~changed" if task["changed"] else "~ok"


ROUGHLY = {"~failure": ("failed", "error"), "~changed": ("changed", "created", "removed"), "~ok": ("ok",)}
"""What is known of a task that hides its output."""


def differences(expected: Mapping[str, str], plan: Plan, played: Played) -> list[str]:
    """Where a playbook did not what was expected: by what it tells, and by what Ansible saw."""
    found = []
    saw = seen(plan, played)
    for id_, event in expected.items():
        if played.outcomes.get(id_) != event:
            found.append(f"{id_}: {played.outcomes.get(id_)}, not {event}")
        if saw[id_] != event and event not in ROUGHLY.get(saw[id_], ()):
            found.append(f"{id_}: Ansible saw {saw[id_]}, not {event}")
    return found
