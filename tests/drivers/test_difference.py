"""What differs between two contents, as people see it."""

from __future__ import annotations

import random
import subprocess
import time
from pathlib import Path

import pytest

from evdsl.drivers.difference import LARGEST, LONGEST, SHOWN, difference


def test_nothing() -> None:
    assert difference(b"a\n", b"a\n", "f") == ""


def test_a_line() -> None:
    old, new = (b"".join(b"line %d\n" % n for n in range(20)) for _ in range(2))
    assert difference(old, new.replace(b"line 9\n", b"nine\n"), "f").splitlines() == [
        *["--- f", "+++ f", "@@ -7,7 +7,7 @@", " line 6", " line 7", " line 8", "-line 9", "+nine"],
        *[" line 10", " line 11", " line 12"],
    ]


def test_a_new_file() -> None:
    text = difference(b"", b"a\nb\n", "f", is_new=True)
    assert text.splitlines() == ["--- /dev/null", "+++ f", "@@ -0,0 +1,2 @@", "+a", "+b"]
    assert difference(b"", b"", "f", is_new=True).splitlines() == ["--- /dev/null", "+++ f"]


def test_the_last_line_end() -> None:
    assert difference(b"a", b"a\n", "f").splitlines()[3:] == ["-a", "\\ No newline at end of file", "+a"]


@pytest.mark.parametrize("seed", range(40))
def test_patch_takes_it(seed: int, tmp_path: Path) -> None:
    """The hunks are where they say: the real patch makes the new file of the old one."""
    rng = random.Random(seed)
    words = ["a", "b", "", "c d", "+x", "-y", "@@", "\\"]
    old = [rng.choice(words) for _ in range(rng.randrange(60))]
    new = list(old)
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(new) + 1)
        new[at : at + rng.randrange(3)] = [rng.choice(words) for _ in range(rng.randrange(3))]
    before = "\n".join(old).encode() + b"\n" * rng.randrange(2)
    after = "\n".join(new).encode() + b"\n" * rng.randrange(2)
    shown = difference(before, after, "f")
    if not shown:
        assert before == after
        return
    if not before or not after:
        return  # patch removes what gets empty, and makes what was
    file = tmp_path / "f"
    file.write_bytes(before)
    done = subprocess.run(["patch", "-p0", "-s"], input=shown.encode(), cwd=tmp_path, capture_output=True)
    assert done.returncode == 0, (shown, done)
    assert file.read_bytes() == after
    assert not done.stdout, "no hunk had to be looked for elsewhere"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"\0", b"a", "f: binary (1 bytes before, 1 now)\n"),
        (b"a", b"\xff\xfe", "f: binary (1 bytes before, 2 now)\n"),
        (b"a", b"a" * (LARGEST + 1), f"f: too large to be shown (1 bytes before, {LARGEST + 1} now)\n"),
    ],
)
def test_what_is_not_shown(old: bytes, new: bytes, said: str) -> None:
    assert difference(old, new, "f") == said


def test_bounds() -> None:
    new = b"".join(b"%d\n" % n for n in range(SHOWN * 3))
    lines = difference(b"", new, "f").splitlines()
    assert len(lines) == SHOWN + 3
    assert lines[-1] == f"... {SHOWN * 2 + 1} more lines"
    begin = time.monotonic()
    many = [b"".join(b"%d\n" % (n * factor) for n in range(LONGEST * 4)) for factor in (1, 7)]
    assert "too many lines differ" in difference(*many, "f")
    rest = b"same\n" * 20_000
    assert "+new" in difference(rest + b"old\n" + rest, rest + b"new\n" + rest, "f")
    assert time.monotonic() - begin < 2
