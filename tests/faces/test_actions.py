"""A run in GitHub Actions: groups, annotations, the summary; and no text of an action is a command."""

from __future__ import annotations

from pathlib import Path

import pytest

from evdsl.base.redact import Redactor
from evdsl.faces.actions import Actions
from evdsl.faces.stream import Redacted
from evdsl.faces.teller import USUAL, Run
from evdsl.faces.terminal import Out
from evdsl.faces.workflow import Tamed, command

from .runs import Clock, Memory, ended, out, planned, result, said, unrun


class Job:
    """A run in a job of GitHub Actions."""

    def __init__(self, level: int = USUAL, secrets: tuple[str, ...] = ()) -> None:
        self.memory, self.beside = Memory(), Memory()
        self.shown = Out(Redacted(self.memory, Redactor(secrets)))
        run = Run(planned(), 7, dict, lambda id_: "", lambda c: c)
        self.actions = Actions(run, self.shown, out(self.beside), level, clock=Clock())

    @property
    def lines(self) -> list[str]:
        return self.memory.getvalue().splitlines()


@pytest.fixture(autouse=True)
def _no_job_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)


def test_groups_and_annotations() -> None:
    job = Job()
    job.actions(ended(0, said("changed", "one\ntwo\n")))
    job.actions(ended(2, said("changed")))
    job.actions(ended(1, said("failed", "50% of it:\nno", "exit 2"), ("db.run", "changed")))
    job.actions.end(result(1, db="changed", app="failed", page="changed"))
    assert job.lines[:9] == [
        "::group::● 00:00 db.run    changed     1.0s",
        "   db.run | one",
        "   db.run | two",
        "::endgroup::",
        " ● 00:00 page.run  changed     1.0s",
        "::group::✗ 00:00 app.run   failed      1.0s  exit 2  ← db.run changed",
        "   app.run | 50% of it:",
        "   app.run | no",
        "::endgroup::",
    ]
    assert job.lines[9] == "::error file=t.events,line=3,title=app.run failed::exit 2%0A50%25 of it:%0Ano"
    assert any(line.startswith("Run 7 failed") for line in job.lines)


EVIL = [
    "::set-output name=x::y", "  ::error::no", "\t::stop-commands::x", "##[error]no", "x ##[group]y", "\r::add-mask::a",
    "::endgroup::", "\u2028::warning::x", "\x0b::error::x", "\u00a0::error::x", "\x1b[31m::error::x",
]  # fmt: skip


@pytest.mark.parametrize("level", [USUAL, 1, 2])
def test_no_text_is_a_command(level: int) -> None:
    job = Job(level)
    text = "\n".join(EVIL) + "\n"
    job.actions(ended(0, said("changed", text)))
    job.actions(ended(1, said("failed", text, "\n".join(EVIL))))
    job.actions(unrun(2, "skipped", "::error::x"))
    job.actions.end(result(1, app="failed"))
    ours = [
        line
        for line in job.memory.getvalue().replace("\r", "\n").split("\n")
        if line.lstrip().startswith("::")
    ]
    assert [line.partition(" ")[0].partition("::●")[0] for line in ours[:2]] == ["::group", "::endgroup::"]
    assert [line.split(" ")[0].split("✗")[0] for line in ours[2:]] == ["::group::", "::endgroup::", "::error"]
    assert "##[" not in job.memory.getvalue()


def test_a_command_is_escaped() -> None:
    assert command("error", "a%\r\nb::c", file="a,b:c%.events", line=3, title="x\ny", col=None) == (
        "::error file=a%2Cb%3Ac%25.events,line=3,title=x\\x0ay::a%25%0Ab::c\n"
    )


def test_the_older_form_is_no_command_either() -> None:
    memory = Memory()
    stream = Tamed(Redacted(memory))
    stream.write("::error::x\n a ##[error]\nplain ::x\n")
    assert memory.getvalue() == ".::error::x\n a # #[error]\nplain ::x\n"


def test_the_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "summary.md"
    path.write_text("before\n", "utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    job = Job(secrets=("geheim|nis",))
    job.actions(ended(0, said("changed")))
    job.actions(ended(0, said("ok")))
    job.actions(
        ended(1, said("failed", "```\ngeheim|nis\n</details>", "geheim|nis | <b>"), ("db.run", "changed"))
    )
    job.actions.end(result(1, db="changed", app="failed"))
    assert path.read_text("utf-8") == (
        "before\n### evdsl run 7 failed\n\n1 changed, 1 failed\n\n"
        "| action | outcome | time | cause |\n| --- | --- | --- | --- |\n"
        "| db.run | changed | 1.0s |  |\n| app.run | failed | 1.0s | ← db.run changed |\n\n"
        "<details><summary>app.run failed: &#42;&#42;&#42; &#124; &#60;b&#62;</summary>\n\n"
        "````text\n```\n***\n</details>\n````\n\n</details>\n\n"
    )


def test_a_summary_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "none" / "summary.md"))
    job = Job()
    job.actions.end(result(0, db="ok"))
    assert job.beside.getvalue() == "warning: the summary cannot be written: No such file or directory\n"


def test_paths_begin_at_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    monkeypatch.chdir(tmp_path / "sub")
    job = Job()
    job.actions(ended(1, said("failed", "", "exit 2")))
    job.actions.end(result(1, app="failed"))
    assert "::error file=sub/t.events,line=3,title=app.run failed::exit 2" in job.lines
