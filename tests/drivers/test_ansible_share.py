"""Several actions of `ansible.module` in one ansible-playbook: each its own outcome, output, environment and event."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from environment import ANSIBLE
from run.jobs import finish

import evdsl
from evdsl.drivers.ansible_share import kin
from evdsl.drivers.job import Job
from evdsl.drivers.outcome import Outcome
from evdsl.run.executor import Done
from evdsl.run.local import LocalExecutor

from .jobs import job

REAL = os.environ.get("EVDSL_REAL") == "1"
needs_ansible = pytest.mark.skipif(
    not (ANSIBLE / "bin" / "ansible-playbook").exists() and not REAL,
    reason="no Ansible: `python3 tests/environment.py` installs it",
)


@pytest.fixture(autouse=True)
def _found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", f"{ANSIBLE / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def executor() -> Iterator[LocalExecutor]:
    made = LocalExecutor(1)
    yield made
    made.close()
    assert not os.path.exists(made._folder)


def shell(step: int, text: str, folder: Path, **options: object) -> Job:
    return job(
        "ansible.module", "shell", step=step, folder=folder, vars={"cmd": f"cd {folder}; {text}"}, **options
    )


def shared(executor: LocalExecutor, *jobs: Job) -> None:
    """Start them as the loop of a run does that has room for one."""
    executor.start([one._replace(share=jobs[0].step) for one in jobs])
    assert len(executor._processes) == 1


@needs_ansible
@pytest.mark.real
def test_each_has_what_is_its_own(executor: LocalExecutor, tmp_path: Path) -> None:
    """Whatever became of those before it; the order is that in which they were given."""
    jobs = [
        shell(
            0, "echo $EVDSL_WHO $LOWER${other-none} >> all", tmp_path, env={"EVDSL_WHO": "zero", "other": "x"}
        ),
        job("ansible.module", "command", step=1, folder=tmp_path, vars={"cmd": "/bin/false"}),
        job("ansible.module", "ping", step=2, folder=tmp_path),
        shell(
            3, 'echo created > "$EVDSL_EVENT"; echo "data.a=b" >> "$EVDSL_EVENT"; echo three-says', tmp_path
        ),
        shell(4, "echo $EVDSL_WHO $LOWER${other-none} >> all; exit 0", tmp_path, names={"a": 1}),
    ]
    shared(executor, *jobs)
    done, again = finish(executor, 5)
    assert [done[n].event for n in range(5)] == ["changed", "failed", "ok", "created", "changed"], done
    assert done[3].data == {"a": "b"}
    assert done[1].reason.startswith("localhost, task `s1.run#0`: ")
    assert (tmp_path / "all").read_text() == "zero x\nnone\n"
    for n in range(5):
        text = done[n].output.text
        assert f"TASK [s{n}.run#0]" in text
        assert text.count("TASK [") == 1
        assert "RECAP" not in text
    assert again == []


@needs_ansible
@pytest.mark.real
def test_what_is_alone_in_failing_to_begin_does_not_hinder_the_others(
    executor: LocalExecutor, tmp_path: Path
) -> None:
    """Ansible looks for all modules before it begins; what was not begun is run alone, and that is its first try."""
    jobs = [
        shell(0, "echo x >> zero", tmp_path),
        job("ansible.module", "no.such.module", step=1, folder=tmp_path),
    ]
    shared(executor, *jobs)
    done, again = finish(executor, 2)
    assert [done[n].event for n in range(2)] == ["changed", "error"], done
    assert "no.such.module" in done[1].reason
    assert (tmp_path / "zero").read_text() == "x\n"
    assert again == []


@needs_ansible
@pytest.mark.real
def test_one_that_fails_is_tried_again_alone(executor: LocalExecutor, tmp_path: Path) -> None:
    text = "echo x >> one; test $(wc -l < one) = 2"
    shared(executor, shell(0, text, tmp_path, retry=1, delay=0.01), shell(1, "echo x >> two", tmp_path))
    done, again = finish(executor, 2)
    assert [done[n].event for n in range(2)] == ["changed", "changed"], done
    assert [(a.step, a.number) for a in again] == [(0, 1)]
    assert (tmp_path / "one").read_text() == "x\nx\n"
    assert (tmp_path / "two").read_text() == "x\n"


def ended(executor: LocalExecutor, folder: Path, count: int, end: Callable[[], None]) -> dict[int, Outcome]:
    """The outcomes, where the process is ended by `end` in the middle of a play that sleeps."""
    done: dict[int, Outcome] = {}
    for _ in range(600):
        for notice in executor.wait(0.05):
            assert isinstance(notice, Done), notice
            done[notice.step] = notice.outcome
        if end and (folder / "pid").exists() and (folder / "pid").read_text():
            end()
            os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
            (folder / "pid").unlink()
        if len(done) == count:
            return done
    raise AssertionError("nothing happens any more")


@needs_ansible
@pytest.mark.real
def test_a_process_that_is_killed_takes_only_what_ran(executor: LocalExecutor, tmp_path: Path) -> None:
    sleeps = "echo $$ > pid; exec sleep 300"
    shared(
        executor, shell(0, "echo x >> zero", tmp_path), shell(1, sleeps, tmp_path), shell(2, "true", tmp_path)
    )
    ((pid, _),) = executor._processes._running.items()
    done = ended(executor, tmp_path, 3, lambda: os.kill(pid, signal.SIGKILL))
    assert [done[n].event for n in range(3)] == ["changed", "error", "changed"], done
    assert "Ansible told no results, exit 137" in done[1].reason
    assert (tmp_path / "zero").read_text() == "x\n"


@needs_ansible
@pytest.mark.real
def test_an_interrupt_ends_what_runs_and_begins_nothing_more(executor: LocalExecutor, tmp_path: Path) -> None:
    sleeps = "echo $$ > pid; exec sleep 300"
    shared(
        executor, shell(0, "true", tmp_path), shell(1, sleeps, tmp_path), shell(2, "echo x >> two", tmp_path)
    )
    done = ended(executor, tmp_path, 3, lambda: executor.interrupt(2))
    assert [done[n].event for n in range(3)] == ["changed", "error", "error"], done
    assert done[1].reason.startswith("interrupted (")
    assert done[2].reason.startswith("interrupted before it was started")
    assert not (tmp_path / "two").exists()


def test_one_that_cannot_be_run_leaves_the_room_as_it_is(executor: LocalExecutor, tmp_path: Path) -> None:
    """No file is written for it: the others of its share are run alone, one after the other."""
    jobs = [job("ansible.module", "a b", step=0), job("ansible.module", "c d", step=1)]
    executor.start([one._replace(share=0) for one in jobs])
    done, _ = finish(executor, 2)
    assert all("no name of a module" in done[n].reason for n in range(2)), done
    assert executor.free == 1


def test_what_may_share() -> None:
    one = job("ansible.module", "copy", step=1)
    assert kin(one) == kin(job("ansible.module", "command", step=2, names={"a": 1}, retry=2))
    assert kin(one) == kin(one._replace(environment={"EVDSL_CAUSE": "[]", "port": "80"}))
    other = [
        job("ansible.module", "copy", folder="/tmp"),
        job("ansible.module", "copy", cwd="/tmp"),
        job("ansible.module", "copy", env={"ANSIBLE_BECOME": "true"}),
        one._replace(driver="ansible.role"),
    ]
    assert kin(one) not in list(map(kin, other))
    for name in ("set_fact", "ansible.builtin.template", "setup", "service_facts", "wait_for", "debug"):
        assert kin(job("ansible.module", name)) is None
    options = {
        "timeout": 5.0, "unless": "x", "onlyif": "x", "creates": "x", "changes": ["x"], "sudo": True, "sensitive": True,
        "on_cut": "fail",
    }  # fmt: skip
    for name, value in options.items():
        assert kin(job("ansible.module", "copy", **{name: value})) is None


@needs_ansible
@pytest.mark.real
@pytest.mark.parametrize(("places", "expected"), [(1, [1, 5]), (2, [3, 3]), (6, [1] * 6)])
def test_only_those_share_that_would_wait_and_evenly(
    tmp_path: Path, places: int, expected: list[int]
) -> None:
    text = "".join(
        f'resource r{n} {{ run: ansible.module "shell" [vars = {{cmd = "echo share=$EVDSL_SHARE $EVDSL_RESULTS >> {tmp_path}/all"}}] }}\n'
        for n in range(6)
    )
    (tmp_path / "p.events").write_text(text)
    env = {**os.environ, "PYTHONPATH": str(Path(evdsl.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-m", "evdsl", "run", "p.events", "-j", str(places), "--format", "jsonl"],
        cwd=tmp_path, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    fold = json.loads(done.stdout.splitlines()[-1])["fold"]
    assert set(fold.values()) == {"changed"}, done
    lines = (tmp_path / "all").read_text().splitlines()
    counts = sorted(lines.count(line) for line in set(lines))
    assert counts == expected, lines


@needs_ansible
@pytest.mark.real
def test_what_only_seemed_to_be_kin_waits(tmp_path: Path) -> None:
    """What `env` gives is known when an action is about to start: `-j` holds all the same."""
    busy = f"mkdir {tmp_path}/busy || touch {tmp_path}/twice; sleep 0.3; rmdir {tmp_path}/busy"
    text = "".join(
        f'resource r{n} {{ n = {n}; run: ansible.module "shell" [vars = {{cmd = "{busy}"}}, env = {{NUMBER = "{{{{n}}}}"}}] }}\n'
        for n in range(3)
    )
    (tmp_path / "p.events").write_text(text)
    env = {**os.environ, "PYTHONPATH": str(Path(evdsl.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-m", "evdsl", "run", "p.events", "-j", "1", "--format", "jsonl"],
        cwd=tmp_path, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    fold = json.loads(done.stdout.splitlines()[-1])["fold"]
    assert set(fold.values()) == {"changed"}, done
    assert not (tmp_path / "twice").exists()
