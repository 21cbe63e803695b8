"""`evdsl compile`: where an artifact comes to, what is kept, what is refused, and that it is the same every time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evdsl.api import load_file
from evdsl.emit.target import KINDS, Entry, Findings, Order, Refusal, load

GOOD = "resource a { run: sh 'true' }\nresource b { x: sh 'echo it''s' }\non a.run changed b.x\n".replace(
    "it''s", "its"
)


def evdsl(folder: Path, *words: str, seed: str = "0") -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONHASHSEED": seed}
    command = [sys.executable, "-m", "evdsl", "compile", *words]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "p.events").write_text(GOOD)
    return tmp_path


def test_to_standard_output_and_to_a_file(folder: Path) -> None:
    shown = evdsl(folder, "--to", "sh")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert evdsl(folder, "--to", "sh", "-o", "out.sh").returncode == 0
    assert (folder / "out.sh").read_text() == shown.stdout
    assert (folder / "out.sh").stat().st_mode & 0o111
    assert subprocess.run(["sh", str(folder / "out.sh"), "-q"]).returncode == 0


def test_the_same_bytes_under_any_hash_seed(folder: Path) -> None:
    lines = [
        f"resource r{i} {{ v{i} = {i}; run: sh 'true' [env = {{A = 'x', B = 'y'}}]; x: sh 'true' }}"
        for i in range(9)
    ]
    lines += [f"connect r{i} r{i + 1} {{ v{i} -> v; on run changed|failed x }}" for i in range(8)]
    (folder / "p.events").write_text(
        "\n".join(["secret s", "secret t", *lines, "on r8.run changed r0.run"]) + "\n"
    )
    made = {evdsl(folder, "--to", "sh", seed=str(seed)).stdout for seed in range(4)}
    assert len(made) == 1
    assert "made by evdsl" in made.pop()


def test_check(folder: Path) -> None:
    words = ("--to", "sh", "-o", "out.sh")
    done = evdsl(folder, *words, "--check")
    assert (done.returncode, "EV705" in done.stderr) == (1, True)
    evdsl(folder, *words)
    assert evdsl(folder, *words, "--check").returncode == 0
    (folder / "p.events").write_text(GOOD + "b.x needs a.run\n")
    before = (folder / "out.sh").read_bytes()
    assert evdsl(folder, *words, "--check").returncode == 1
    assert (folder / "out.sh").read_bytes() == before
    assert evdsl(folder, "--to", "sh", "--check").returncode == 2


def test_what_is_not_ours_is_kept(folder: Path) -> None:
    (folder / "out.sh").write_text("mine")
    done = evdsl(folder, "--to", "sh", "-o", "out.sh")
    assert (done.returncode, "EV703" in done.stderr, (folder / "out.sh").read_text()) == (2, True, "mine")
    assert evdsl(folder, "--to", "sh", "-o", "out.sh", "--force").returncode == 0
    assert evdsl(folder, "--to", "sh", "-o", "out.sh").returncode == 0, "an artifact may be made anew"


def test_a_link_leads_to_the_file(folder: Path) -> None:
    (folder / "link").symlink_to("real.sh")
    (folder / "real.sh").touch()
    assert evdsl(folder, "--to", "sh", "-o", "link", "--force").returncode == 0
    assert (folder / "link").is_symlink()
    assert (folder / "real.sh").stat().st_size > 1000


@pytest.mark.parametrize("out", ["missing/out.sh", ".", "file/out.sh"])
def test_where_nothing_can_be_written(folder: Path, out: str) -> None:
    (folder / "file").touch()
    before = sorted(folder.rglob("*"))
    done = evdsl(folder, "--to", "sh", "-o", out)
    assert (done.returncode, "EV704" in done.stderr) == (2, True), done.stderr
    assert sorted(folder.rglob("*")) == before


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(folder: Path) -> None:
    (folder / "shut").mkdir(mode=0o555)
    words = [sys.executable, "-m", "evdsl", "compile", "--to", "sh", "p.events", "-o", "shut/out.sh"]
    if os.geteuid() == 0:
        words = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--", *words]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
        if done.returncode == 0:
            pytest.skip("this root may write anywhere all the same")
    else:
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    assert (done.returncode, "EV704" in done.stderr) == (2, True), done.stderr
    assert list((folder / "shut").iterdir()) == []


REFUSED = {
    "host h = '-x'\nresource a @h { run: sh 'true' }": ("EV701", "the address of `h` cannot be `-x`", ":2:"),
    "host h = '192.0.2.1'\nresource a @h { run: sh 'true' [env = {UID = '1'}] }": ("EV701", "`UID` cannot be", ":2:"),
    "host h = '192.0.2.1'\nresource a @h { run: puppet.apply 'x' }": ("EV701", "`puppet.apply`", ":2:"),
    "resource a { run: systemd.reload ' ' }": ("EV701", "takes one text, the unit", ":1:"),
    "resource a { run: sh 'true' [sudo = true] }": ("EV702", "--allow sudo", ":1:"),
    "resource a { run: copy 'none' '/tmp/x' }": ("EV701", "does not exist", ":1:"),
    "resource a { run: sh 'true' }\non a.run changed b.run": ("EV", "b", ":2:"),
    "on a.run changed b.run": ("EV701", "`a.run` is found nowhere", ":1:"),
    "resource a { p = 1; run: sh 'true' }\nresource b { run: sh \"echo {{p | raw}}\" }\nconnect a b { p -> p }": (
        "EV701", "known only when the script runs", ":2:",
    ),
    "resource a { x: sh 'true' [on_cut = 'ask'] }\nstart a.x": ("EV701", "cut off", ":1:"),
}  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_refused(folder: Path, text: str) -> None:
    """Each refusal has its code, says what it is about and where, and nothing is written."""
    (folder / "p.events").write_text(text + "\n")
    done = evdsl(folder, "--to", "sh", "-o", "out.sh")
    code, said, place = REFUSED[text]
    assert (done.returncode, (folder / "out.sh").exists()) == (2, False)
    assert code in done.stderr
    assert said in done.stderr
    assert f"p.events{place}" in done.stderr


def test_allowed(folder: Path) -> None:
    (folder / "p.events").write_text("resource a { run: sh 'true' [sudo = 'nobody'] }\n")
    done = evdsl(folder, "--to", "sh", "-o", "out.sh", "--allow", "sudo")
    assert done.returncode == 0
    assert "approximated: p.events:1: `a.run` runs only where" in done.stderr
    assert "approximated: p.events:1: `a.run` runs only where" in (folder / "out.sh").read_text()
    assert evdsl(folder, "--to", "sh", "--allow", "what").returncode == 2


@pytest.mark.parametrize(
    "words",
    [["--to", "none"], ["--to", "s\x1bh"], [], ["--to", "sh", "missing.events"], ["--to", "sh", "-o", ""]],
)
def test_wrong_usage(folder: Path, words: list[str]) -> None:
    done = evdsl(folder, *words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr


def test_a_program_without_anything_to_run(folder: Path) -> None:
    (folder / "p.events").write_text("resource a { }\nparam x = 1\n")
    done = evdsl(folder, "--to", "sh", "-o", "out.sh")
    assert (done.returncode, (folder / "out.sh").exists()) == (2, False)
    assert "Traceback" not in done.stderr


def test_odd_names_and_texts(folder: Path) -> None:
    """Quotes, line ends, `$`, `*`, leading dashes and letters of other scripts: data, never code."""
    (folder / "-o 'x' $(touch no).events").write_text(
        "resource grün-ñ@x { run: sh '''\n  printf %s \"-n *\" >ok\n  : $X `true`\n'''; "
        "size = '-e $(touch no2)'; copy: copy '-s' '-d *' }\nstart grün-ñ@x.copy\n",
        "utf-8",
    )
    (folder / "-s").write_text("$(touch no3)\n'")
    done = evdsl(folder, "--to", "sh", "-o", "out.sh", "--", "-o 'x' $(touch no).events")
    assert done.returncode == 0, done.stderr
    ran = subprocess.run(["sh", "out.sh"], cwd=folder, capture_output=True, text=True)
    assert ran.returncode == 0, ran
    assert (folder / "ok").read_text() == "-n *"
    assert (folder / "-d *").read_text() == "$(touch no3)\n'"
    assert not [p for p in folder.iterdir() if p.name.startswith("no")]


def test_findings() -> None:
    order: Order = Order(None, None, "0", "", frozenset({"w"}))  # type: ignore[arg-type]
    findings = Findings(order, {"w": "gives up", "v": "gives up more"})
    findings.note("lost", "a")
    findings.note("approximated", "b")
    findings.note("lost", "a")
    findings.unless_allowed("w", "m", None, "instead")
    assert findings.report == [
        Entry("approximated", "b"),
        Entry("approximated", "instead"),
        Entry("lost", "a"),
    ]
    assert KINDS[0] == "kept"
    findings.unless_allowed("v", "m", None, "instead")
    findings.refuse("n", None, "h")
    with pytest.raises(Refusal) as refused:
        _ = findings.report
    assert [d.code for d in refused.value.diagnostics] == ["EV702", "EV701"]


def test_no_such_target() -> None:
    with pytest.raises(Refusal, match="no target `shh`"):
        load("shh")


def test_the_target_of_the_page(folder: Path) -> None:
    """docs/compile.md shows one whole."""
    page = (Path(__file__).parents[2] / "docs" / "compile.md").read_text("utf-8")
    names: dict[str, Any] = {}
    exec(page.partition("```python\n")[2].partition("```")[0], names)
    made = load_file(str(folder / "p.events"))
    assert made.inner is not None
    plan = made.plan().inner
    artifact = names["target"].emit(Order(made.inner, plan, "1", "f"))
    assert artifact.files[""].content == b"# made by evdsl 1, plan f\na.run#0\nb.x#0"
    (folder / "p.events").write_text(GOOD + "b.x after a.run\n")
    made = load_file(str(folder / "p.events"))
    assert made.inner is not None
    with pytest.raises(Refusal):
        names["target"].emit(Order(made.inner, made.plan().inner, "1", "f"))
