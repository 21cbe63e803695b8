"""Faults, done to real runs: each campaign raises AssertionError where something is lost, doubled or torn, and returns
what it did. test_faults.py has them small, bench/faults.py in full size."""

from __future__ import annotations

import glob
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from evdsl.faces.holding import damage
from evdsl.run.cut import MOST
from evdsl.run.lock import NAME, holders
from evdsl.run.runs import now, runs
from evdsl.run.state import State, Unusable

LAUNCHER = str(Path(__file__).with_name("launcher.py"))
LAYERS, WIDE = 6, 5

# An action says `changed` the first time alone. So what is not set off after a crash by what was kept of it is never.
_TEXT = """
test -e "$EVDSL_RESOURCE.there" && word=ok || word=changed
PAUSE: > "$EVDSL_RESOURCE.there"
echo "$EVDSL_RESOURCE" >> effects
echo $word > "$EVDSL_EVENT"
"""


def plan_text(pause: str = "", layers: int = LAYERS) -> str:
    """30 actions in six layers, or fewer; each is set off by two of the layer before."""
    text = _TEXT.replace("PAUSE", pause)
    lines = [
        f"resource n{layer}{i} {{ run: sh '''{text}''' }}" for layer in range(layers) for i in range(WIDE)
    ]
    lines += [
        f"on n{layer - 1}{i}.run, n{layer - 1}{(i + 1) % WIDE}.run changed n{layer}{i}.run"
        for layer in range(1, layers)
        for i in range(WIDE)
    ]
    return "\n".join(lines) + "\n"


NAMES = {f"n{layer}{i}" for layer in range(LAYERS) for i in range(WIDE)}


class Site:
    """A folder with one file, and evdsl in it."""

    def __init__(self, folder: Path, text: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "a.events").write_text(text)
        self.mark = f"EVDSL_TEST={folder}"

    def start(self, *arguments: str, command: Sequence[str] = ("-m", "evdsl")) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *command, *arguments],
            cwd=self.folder,
            env=os.environ | {"EVDSL_TEST": str(self.folder), "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def evdsl(self, *arguments: str, command: Sequence[str] = ("-m", "evdsl")) -> tuple[int, str]:
        process = self.start(*arguments, command=command)
        output, _ = process.communicate(timeout=1200)
        assert "Traceback" not in output, output
        return process.returncode, output

    def free(self) -> None:
        """Wait until what a killed run has left is ended."""
        until = time.monotonic() + 60
        while left := holders(str(self.folder / ".evdsl" / NAME)):
            assert time.monotonic() < until, f"still there: {left}"
            time.sleep(0.01)

    def effects(self) -> Counter[str]:
        path = self.folder / "effects"
        return Counter(path.read_text().split()) if path.exists() else Counter()

    def ends(self) -> dict[tuple[int, str], str]:
        """What the journal has, by run and step; that it is sound is looked at on the way."""
        with self.state() as state:
            assert state.database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            return {(run.number, e.id): e.state for run in runs(state) for e in run.entries if e.ran}

    @contextmanager
    def state(self) -> Iterator[State]:
        with State.open(str(self.folder / "a.events"), write=False) as state:
            yield state

    def left(self) -> int:
        with self.state() as state:
            return len(now(state).debts)

    def alive(self) -> list[int]:
        """The processes that were started here and are still there."""
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            try:
                if self.mark.encode() in (path / "environ").read_bytes().split(b"\0"):
                    if (path / "stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z":
                        found.append(int(path.name))
            except OSError:
                continue
        return found


def to_the_end(site: Site, rng: random.Random) -> None:
    """Resume, or run again; all must have been done then, nothing that is recorded twice, nothing owed."""
    before, counted = site.ends(), site.effects()
    if rng.random() < 0.5:
        code, output = site.evdsl("resume", "-j5")
        if "EV624" not in output:  # else all of it had been written down
            assert code == 0, output
            number = max(run for run, _ in site.ends())
            for run, id_ in before:
                name = id_.partition(".")[0]
                if run == number:
                    assert site.effects()[name] == counted[name], f"{id_} was recorded, and is run again"
    code, output = site.evdsl("run", "-j5")
    assert code == 0, output
    assert site.effects().keys() == NAMES, f"lost: {NAMES - site.effects().keys()}"
    assert site.left() == 0
    for key, state in before.items():
        assert site.ends()[key] == state, f"{key} was {state}"


def killed_at_random(folder: Path, kills: int, seed: int = 0) -> dict[str, int]:
    """Killed at random moments, several times in a row, then resumed or run again to the end.

    Not so often that one action could be cut off MOST times: it would not be started any more.
    """
    rng = random.Random(seed)
    done = Counter[str]()
    while done["kills"] < kills:
        site = Site(folder / f"{seed}-{done['files']}", plan_text("sleep 0.01\n"))
        for _ in range(min(rng.randint(1, MOST - 1), kills - done["kills"])):
            before = site.ends()
            command = "resume" if before and rng.random() < 0.5 else "run"
            process = site.start(command, "-j5", "-q")
            time.sleep(rng.uniform(0.1, 0.6))
            done["kills"] += process.poll() is None
            process.kill()
            output, _ = process.communicate()
            assert "Traceback" not in output, output
            site.free()
            assert before.items() <= site.ends().items(), "an end was recorded, and is lost"
            done["kills with something recorded"] += len(site.ends()) > 0
        to_the_end(site, rng)
        done["files"] += 1
        done["effects"] += site.effects().total()
        shutil.rmtree(site.folder)
    return dict(done)


def moments(folder: Path, text: str, jobs: int = 1) -> int:
    """In how many moments a run could be killed; with more jobs at a time there are fewer."""
    site = Site(folder, text)
    code, output = site.evdsl("0", "run", f"-j{jobs}", "-q", command=(LAUNCHER,))
    assert code == 0, output
    return int((folder / "moments").read_text())


def killed_at_each_moment(folder: Path, numbers: Sequence[int], jobs: int) -> dict[str, int]:
    """Killed before or after a commit or a start, the how-manieth `numbers` say, then resumed or run again."""
    done = Counter[str]()
    for number in numbers:
        site = Site(folder / str(number), plan_text())
        process = site.start(str(number), "run", f"-j{jobs}", "-q", command=(LAUNCHER,))
        process.communicate(timeout=60)
        done["kills"] += process.returncode == -signal.SIGKILL
        site.free()
        to_the_end(site, random.Random(number))
        shutil.rmtree(site.folder)
    return dict(done)


def damaged(folder: Path, every: int, part: int = 0, parts: int = 1) -> dict[str, int]:
    """The write-ahead log of a killed run, cut and with a bit flipped at every so many bytes: what is read is a
    beginning of what happened, or it is refused in words. `part` of `parts`: not all of it, but its share."""
    site = broken_off(folder, plan_text(layers=2))
    source = site.folder / ".evdsl"
    log = (source / "a.events.sqlite-wal").read_bytes()
    history = _history(site)
    assert len(history) > 15
    assert len(log) > 20_000
    lengths = set()
    done = Counter[str]()
    copy = Site(folder / "copy", "")
    target = copy.folder / ".evdsl"
    for place in range(part * every, len(log), parts * every):
        flipped = bytearray(log)
        flipped[place] ^= 1 << (place // every % 8)
        for kind, content in (("cut", log[:place]), ("flipped", bytes(flipped))):
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir(mode=0o700)
            shutil.copy(source / "a.events.sqlite", target)
            (target / "a.events.sqlite-wal").write_bytes(content)
            done[kind] += 1
            try:
                found = _history(copy)
            except (Unusable, sqlite3.Error, ValueError) as problem:
                refused = isinstance(problem, Unusable) or damage(problem, "a.events") is not None
                if not refused:
                    raise
                done["refused"] += 1
                continue
            assert found == history[: len(found)], f"{kind} at {place}: no beginning"
            lengths.add(len(found))
    assert len(lengths) > 3, "the beginnings are all the same"
    return {**done, "bytes": len(log), "lengths of history": len(lengths)}


def broken_off(folder: Path, text: str) -> Site:
    """Where a run was killed just before its end, so that all of it is in the write-ahead log."""
    site = Site(folder / "site", text)
    number = moments(folder / "whole", text) - 4
    site.start(str(number), "run", "-j1", "-q", command=(LAUNCHER,)).communicate()
    site.free()
    return site


def _history(site: Site) -> list[tuple[object, ...]]:
    """All that the journal tells, in the order in which it was written, as far as that can be told."""
    with site.state() as state:
        found = [(run.began, "", run.number) for run in runs(state)]
        rows = state.database.execute("SELECT at, step, attempt FROM started").fetchall()
        rows += state.database.execute("SELECT at, step, state FROM ended").fetchall()
        now(state)
        assert state.database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return [*found, *sorted(rows, key=lambda row: (row[0], row[1], str(row[2])))]


def commands_on_damage(folder: Path, places: Sequence[int]) -> dict[str, int]:
    """The commands themselves, on a database and a log with a bit flipped: an answer or a refusal, no traceback."""
    site = broken_off(folder, plan_text())
    done = Counter[str]()
    for number, place in enumerate(places):
        for command in ("plan", "debts", "status", "log", "history", "resume", "run"):
            copy = Site(folder / f"{number}-{command}", plan_text())
            shutil.copytree(site.folder / ".evdsl", copy.folder / ".evdsl")
            for path in (copy.folder / ".evdsl").glob("a.events.sqlite*"):
                if (path.name.endswith("-wal")) == (number % 2 == 0) and not path.name.endswith("-shm"):
                    content = bytearray(path.read_bytes())
                    content[place % len(content)] ^= 0x40
                    path.write_bytes(content)
            (copy.folder / ".evdsl" / "a.events.sqlite-shm").unlink(missing_ok=True)
            words = [command, "n00.run"] if command == "log" else [command]
            code, output = copy.evdsl(*words)
            assert code in (0, 1, 2, 3, 4), f"{command}, {place}: {code}\n{output}"
            assert code != 3 or "EV62" in output, output
            done[f"{command} {code}"] += 1
            shutil.rmtree(copy.folder)
    return dict(done)


_FULL = {
    "journal": 'mount -t tmpfs -o size="$size" none .evdsl',
    "logs": 'mkdir -p -m 700 .evdsl/runs && mount -t tmpfs -o size="$size" none .evdsl/runs',
    "TMPDIR": 'mkdir tmp && mount -t tmpfs -o size="$size" none tmp && export TMPDIR="$PWD/tmp"',
}


def disk_full(folder: Path, where: str, sizes: Sequence[int]) -> dict[str, int]:
    """A file system of so many KiB for the journal, the logs or TMPDIR; then with room again. Needs root."""
    done = Counter[str]()
    at = {"journal": ".evdsl", "logs": ".evdsl/runs", "TMPDIR": "tmp"}[where]
    for size in sizes:
        text = plan_text().replace("echo $word", "seq 2000; echo $word")
        site = Site(folder / f"{where}-{size}", text)
        script = f"""
            size={size}k
            mkdir -m 700 .evdsl
            {_FULL[where]} || exit
            "$PYTHON" -m evdsl run -j5 >first 2>&1; echo $? >code
            grep -sc . effects >begun
            mount -o remount,size=64m none {at}
            "$PYTHON" -m evdsl resume -j5 >second 2>&1
            "$PYTHON" -m evdsl run -j5 >third 2>&1; echo $? >last
        """
        subprocess.run(
            ["unshare", "-m", "sh", "-c", script],
            cwd=site.folder,
            env=os.environ | {"PYTHON": sys.executable, "NO_COLOR": "1"},
            check=False,
        )
        said = {
            name: (site.folder / name).read_text() for name in ("code", "first", "second", "third", "last")
        }
        code, begun = int(said["code"]), int((site.folder / "begun").read_text() or 0)
        for name in ("first", "second", "third"):
            assert "Traceback" not in said[name], f"{where}, {size} KiB:\n{said[name]}"
        assert code in (0, 1, 3), f"{where}, {size} KiB: {code}\n{said['first']}"
        if where == "journal" and code:
            assert code == 3, said["first"]
            assert "cannot be" in said["first"], said["first"]
        elif code:
            assert any(word in said["first"] for word in ("No space left", "I/O error", "EV62")), said[
                "first"
            ]
        assert int(said["last"]) == 0, f"{where}, {size} KiB:\n{said['second']}{said['third']}"
        assert site.effects().keys() == NAMES
        done[f"exit {code}, {'all' if begun == 30 else 'some' if begun else 'nothing'} begun"] += 1
        shutil.rmtree(site.folder)
    return dict(done)


def two_at_once(folder: Path, times: int) -> dict[str, int]:
    """Two evdsl started together: one runs, the other says who does, and 4."""
    text = "resource a { run: sh 'echo x >> effects; while test ! -e enough; do sleep 0.02; done' }\n"
    for number in range(times):
        site = Site(folder / str(number), text)
        both = [site.start("run"), site.start("run")]
        until = time.monotonic() + 30
        while all(one.poll() is None for one in both) and time.monotonic() < until:
            time.sleep(0.005)
        (site.folder / "enough").touch()
        said = {one.pid: one.communicate(timeout=30)[0] for one in both}
        codes = {one.pid: one.returncode for one in both}
        assert sorted(codes.values()) == [0, 4], said
        runner, other = sorted(codes, key=lambda pid: codes[pid])
        assert "EV616" in said[other], said
        assert f"process {runner}" in " ".join(said[other].split()), said
        assert site.effects() == {"x": 1}
        shutil.rmtree(site.folder)
    return {"pairs": times}


_ACTIONS = (
    "sleep 30",
    "(sleep 30; :) & sleep 30; wait",
    "trap '' TERM; sleep 30 & sleep 30; :",
    "sleep 0.05; for i in 1 2 3; do sleep 0.1; done",
)


def signalled(folder: Path, times: int, seed: int = 0) -> dict[str, int]:
    """STOP, CONT and TERM at random, and an end to it: nothing is left two seconds later."""
    rng = random.Random(seed)
    done = Counter[str]()
    for number in range(times):
        lines = [f'resource r{i} {{ run: sh """{rng.choice(_ACTIONS)}""" }}' for i in range(6)]
        site = Site(folder / f"{seed}-{number}", "\n".join(lines) + "\n")
        process = site.start("run", "-j4")
        time.sleep(rng.uniform(0.05, 0.5))
        for _ in range(rng.randint(0, 3)):
            process.send_signal(rng.choice((signal.SIGSTOP, signal.SIGCONT, signal.SIGTERM)))
            time.sleep(rng.uniform(0, 0.1))
        process.send_signal(signal.SIGCONT)
        if rng.random() < 0.3:
            process.kill()
            done["killed"] += 1
        else:
            for _ in range(3):
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
                    time.sleep(0.05)
        process.communicate(timeout=30)
        done[f"exit {process.returncode}"] += 1
        until = time.monotonic() + 2
        while site.alive() and time.monotonic() < until:
            time.sleep(0.02)
        assert not site.alive(), [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in site.alive()]
        site.ends()
        shutil.rmtree(site.folder)
    return dict(done)


def many(folder: Path, actions: int) -> dict[str, int]:
    """A run of so many actions, killed in its midst and resumed: each is done, each end is written once."""
    lines = [f'resource n{i} {{ run: sh ":" }}' for i in range(actions)]
    lines += [f"on n{i // 10}.run changed n{i}.run" for i in range(1, actions)]
    site = Site(folder, "\n".join(lines) + "\n")
    process = site.start("run", "-q", "--shell-workers")
    until = time.monotonic() + 600
    while process.poll() is None and time.monotonic() < until:
        time.sleep(0.2)
        if (folder / ".evdsl" / "a.events.sqlite").exists() and len(site.ends()) > actions // 3:
            break
    process.kill()
    process.communicate()
    site.free()
    kept = len(site.ends())
    begin, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    code, output = site.evdsl("resume", "-q", "--shell-workers")
    assert code == 0, output
    ends = site.ends()
    assert len(ends) == actions
    assert {number for number, _ in ends} == {1}
    peak = max(before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) // 1024
    return {"before the kill": kept, "resumed in seconds": round(time.monotonic() - begin), "peak MB": peak}


def mounts(folder: Path) -> bool:
    """Whether we may mount a file system that only we see."""
    script = 'mount -t tmpfs -o size=64k none "$1"'
    done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", str(folder)], capture_output=True)
    return done.returncode == 0


def faketime() -> str | None:
    """Where libfaketime is."""
    found = glob.glob("/usr/lib/*/faketime/libfaketime.so.1") + glob.glob(
        "/usr/lib/faketime/libfaketime.so.1"
    )
    return found[0] if found else None


def clock_jumps(folder: Path, library: str, jumps: Sequence[int]) -> dict[str, int]:
    """The clock jumps by so many seconds in the middle of a run: no timeout is early or late, no duration negative."""
    for jump in jumps:
        site = Site(
            folder / str(jump),
            "resource slow { run: sh 'sleep 0.3; echo $JUMP > clock; sleep 0.5; echo it went on' [timeout = 5s] }\n"
            "resource late { run: sh 'sleep 20' [timeout = 1500ms] }\n".replace("$JUMP", f'"{jump:+d}"'),
        )
        (site.folder / "clock").write_text("+0\n")
        begin = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "evdsl", "run", "--format", "jsonl", "-j2"],
            cwd=site.folder,
            env=os.environ
            | {
                "LD_PRELOAD": library,
                "FAKETIME_TIMESTAMP_FILE": str(site.folder / "clock"),
                "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            },
            capture_output=True,
            text=True,
            timeout=60,
        )
        took = time.monotonic() - begin
        records = [json.loads(line) for line in done.stdout.splitlines()]
        ends = {r["id"]: r for r in records if r["type"] == "step" and r["state"] not in ("started", "retry")}
        assert ends["slow.run#0"]["state"] == "changed", done.stdout + done.stderr
        assert ends["late.run#0"]["state"] == "error"
        assert 1.5 <= ends["late.run#0"]["seconds"] <= took
        assert 0.8 <= ends["slow.run#0"]["seconds"] <= took
        times = [r["at"] for r in records if r["type"] == "step"]
        assert abs(jump) < 60 or (times[-1][:13] != times[0][:13]), "the clock did not jump"
        with site.state() as state:
            (run,) = runs(state)
            assert 1.5 <= (run.seconds or 0) <= took
            assert all((e.ended or 0) >= (e.began or 0) for e in run.entries)
    return {"jumps": len(jumps)}
