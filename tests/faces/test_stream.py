"""One way out: whatever is written, and wherever to, the values of secrets are not in it."""

from __future__ import annotations

import base64
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from evdsl.base.redact import Redactor
from evdsl.faces.stream import Redacted
from evdsl.faces.terminal import Out

from .runs import Memory
from .terminals import Terminal

VALUE = 'geheim/nis "5%"+zwei'
FORMS = [
    VALUE, quote(VALUE), quote(VALUE, safe="").replace("%2F", "%2f").replace("%2B", "%2b"), quote(VALUE, safe=""),
    json.dumps(VALUE)[1:-1], base64.b64encode(VALUE.encode()).decode(),
    base64.b64encode(b"user:" + VALUE.encode()).decode(), base64.b64encode(b"a:" + VALUE.encode() + b"@x").decode(),
]  # fmt: skip
SEEN = [form[4:18] for form in FORMS]
"""A piece of each form that must not be seen."""


def clean(text: str) -> bool:
    return not any(piece in text for piece in SEEN)


def test_a_text_that_is_cut_anywhere() -> None:
    rng = random.Random(2)
    for form in FORMS:
        for _ in range(50):
            memory = Memory()
            stream = Redacted(memory, Redactor([VALUE]))
            rest = f"begin {form} between {form}{form} end\n"
            while rest:
                size = rng.randint(1, 7)
                stream.write(rest[:size])
                stream.flush()
                rest = rest[size:]
            stream.end()
            assert clean(memory.getvalue())
            assert memory.getvalue().startswith("begin ")
            assert memory.getvalue().endswith(" end\n")


def test_a_beginning_that_is_none_comes_out() -> None:
    memory = Memory()
    stream = Redacted(memory, Redactor(["secret"]))
    stream.write("it is secre")
    assert memory.getvalue() == "it is "
    stream.write("cy\nsec")
    assert memory.getvalue() == "it is secrecy\n"
    stream.end()
    assert memory.getvalue() == "it is secrecy\nsec"


def test_every_out_has_one() -> None:
    assert isinstance(Out(Memory()).stream, Redacted)


def test_a_long_secret_costs_little() -> None:
    """Lines are passed on at once, one look for each form that the value has."""
    value = "\n".join(f"{n:064x}" for n in range(60))
    memory = Memory()
    stream = Redacted(memory, Redactor([value]))
    stream.write("a line\n" * 1000)
    assert memory.getvalue() == "a line\n" * 1000
    stream.write(value.splitlines()[5])
    stream.end()
    assert memory.getvalue().endswith("a line\n***")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A program whose actions print a secret in all its forms, in pieces, and in what is said of a fault."""
    work = tmp_path / "work"
    work.mkdir()
    (work / "forms").write_text("\n".join(FORMS) + "\n", "utf-8")
    (work / "t.events").write_text(
        'secret s\nresource forms { run: sh "cat forms; exit 1" [retry = 1, delay = 0s] }\n'
        "resource pieces { run: sh \"for i in 1 2; do printf %s {{s}} | cut -c -9 | tr -d '\\n'; sleep 0.1;"
        ' printf %s {{s}} | cut -c 10-; done" }\n'
        "resource fault { run: exec ['/nowhere/program', 'x'] [cwd = 'nofolder'] }\n"
        "resource said { run: sh 'cat forms >> \"$EVDSL_EVENT\"' }\n",
        "utf-8",
    )
    return work


def run(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "PYTHONPATH", "XDG_CACHE_HOME")}
    env = kept | {"LANG": "C.UTF-8", "HOME": str(folder), "EVDSL_SET_s": VALUE} | more
    return subprocess.run(
        [sys.executable, "-m", "evdsl", "run", "t.events", *arguments],
        cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    "arguments", [(), ("-q",), ("-v",), ("-vv",), ("--format", "jsonl"), ("--shell-workers", "-vv")]
)
def test_no_sink_shows_it(folder: Path, arguments: tuple[str, ...]) -> None:
    done = run(folder, *arguments, "--trace", "out.trace")
    assert "***" in done.stdout or "jsonl" in arguments or arguments == ("-q",)
    assert clean(done.stdout + done.stderr)
    written = [p for p in folder.rglob("*") if p.is_file() and p.name not in ("forms", "t.events")]
    assert {"out.trace", "forms.run#0.log"} <= {p.name for p in written}
    for path in written:
        assert clean(path.read_bytes().decode("utf-8", "replace")), path


def test_github(folder: Path) -> None:
    summary = folder / "summary.md"
    done = run(folder, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
    assert "::error file=t.events,line=2" in done.stdout
    assert "***" in done.stdout
    assert clean(done.stdout + done.stderr)
    assert "forms.run" in summary.read_text("utf-8")
    assert clean(summary.read_text("utf-8"))


def test_a_terminal(folder: Path) -> None:
    with Terminal(folder, "run", "t.events", "-vv", EVDSL_SET_s=VALUE, columns=100) as terminal:
        terminal.end()
        assert b"***" in terminal.raw
        assert clean(terminal.raw.decode())


def test_an_exception_of_ours(folder: Path) -> None:
    """A traceback goes the same way as all else."""
    (folder / "sitecustomize.py").write_text(
        "import os\nfrom evdsl.faces import teller\n"
        "def broken(*given):\n    raise ValueError('a value: ' + os.environ['EVDSL_SET_s'])\n"
        "teller.Teller.end = broken\n"
    )
    done = run(folder, PYTHONPATH=str(folder))
    assert "ValueError: a value: ***" in done.stderr
    assert clean(done.stdout + done.stderr)


# ---- readers and disks


SLOW = "resource a { run: sh 'echo said' }\nresource b { run: sh 'sleep 0.3; touch done; exit 1' }\nb.run after a.run\n"


@pytest.mark.parametrize("flags", [(), ("--format", "jsonl"), ("-vv",)])
def test_a_reader_that_goes_away_does_not_end_the_run(tmp_path: Path, flags: tuple[str, ...]) -> None:
    (tmp_path / "t.events").write_text(SLOW, "utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "evdsl", "run", "t.events", *flags],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
        assert process.wait(60) == 1
    assert said == b""
    assert (tmp_path / "done").exists()


def test_a_full_disk_does_not_end_the_run(tmp_path: Path) -> None:
    (tmp_path / "t.events").write_text(SLOW, "utf-8")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "evdsl", "run", "t.events", "--trace", "/dev/full"],
            cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "the output cannot be written: No space left on device" in done.stderr
    assert "`--trace /dev/full` cannot be written: No space left on device" in done.stderr
    assert (tmp_path / "done").exists()
