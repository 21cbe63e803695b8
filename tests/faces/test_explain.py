"""`evdsl explain`."""

from __future__ import annotations

import pytest

from evdsl.faces.cli import main
from evdsl.faces.explain import pages


@pytest.mark.parametrize("name", ["EV103", "ev103", "103"])
def test_a_page(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", name]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith("error[EV103]: an event that does not exist\n\nA rule listens for one of ten words")
    assert "\nHas it:\n    on keystone.run chnaged haproxy.reload\n" in out
    assert out.endswith("\nMended:\n    on keystone.run changed haproxy.reload\n")


def test_files_beside_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "EV403"]) == 0
    out = capsys.readouterr().out
    assert "\nBeside the program, actions/config/run.sh:\n    render app.conf\n" in out
    assert out.endswith("\nBeside it, actions/app/reload.sh:\n    systemctl reload app\n")


def test_all_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[:5] for line in lines] == list(pages())
    assert "EV406  warning  `all … changed` waits for all to change" in lines
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("code", pages())
def test_every_page_is_shown_and_drives_no_terminal(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", code, "--color", "never"]) == 0
    out = capsys.readouterr().out
    assert all(line.isprintable() for line in out.splitlines())
    about = out.split("\n\n")[1]
    assert max(map(len, about.splitlines())) <= 80


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("EV222", None),
        ("EV999", None),
        ("e103", "EV103"),
        ("EV000", None),
        ("xyz", None),
        ("", None),
    ],
)
def test_no_such_code(name: str, near: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", name]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert f"no code is called `{name}`" + (f"; did you mean `{near}`?" if near else "\n") in err
