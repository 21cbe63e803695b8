"""What is not built is refused before anything starts; files under actions/ and what runs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from evdsl.base.source import Source, Span
from evdsl.drivers import registry
from evdsl.drivers.driver import Command, Ended, Try, Unfit, Verdict
from evdsl.drivers.job import Here
from evdsl.drivers.registry import OPTIONS, for_file, load, refusals
from evdsl.syntax import words

from .jobs import exec_, sh

BUILT = ", ".join(f"`{name}`" for name in registry._BUILT)
PLACE = Span(Source("x.events", "resource a { run: sh 'x' }"), 0, 5)


@pytest.mark.parametrize(
    ("driver", "options", "host", "expected"),
    [
        ("sh", OPTIONS, None, []),
        ("exec", (), None, []),
        ("exce", (), None, ["EV610 there is no driver `exce` (for `a.run`) | did you mean `exec`?"]),
        ("zzz", (), None, [f"EV610 there is no driver `zzz` (for `a.run`) | the drivers are {BUILT}"]),
        ("sh", (), "ctl", []),
        ("systemd.start", (), "ctl", []),
        ("puppet.apply", (), "ctl", []),
        ("salt.state", (), "ctl", []),
        ("copy", (*OPTIONS, "mode", "owner", "group"), None, []),
        ("http.get", ("expect", "headers"), None, []),
        ("sh", ("timeout", "mode"), None, [f"EV612 `sh` has no option `mode` (for `a.run`) | its options are {', '.join(OPTIONS)}"]),
    ],
)  # fmt: skip
def test_refusals(driver: str, options: tuple[str, ...], host: str | None, expected: list[str]) -> None:
    found = refusals("a.run", driver, dict.fromkeys(options), host, PLACE)
    assert [f"{d.code} {d.message} | {d.hint}" for d in found] == expected
    assert all(d.span == PLACE and d.severity == "error" for d in found)


def test_every_option_of_the_language_is_built() -> None:
    assert OPTIONS == words.OPTIONS


@pytest.mark.parametrize(
    ("name", "text", "mode", "driver", "runs"),
    [
        ("run", "#!/bin/cat\n", 0o755, "exec", []),
        ("run.sh", "true\n", 0o644, "exec", ["/bin/sh"]),
        ("run.sh", "true\n", 0o755, "exec", ["/bin/sh"]),
        ("run.sh", "#!/bin/bash\n", 0o755, "exec", []),
        ("run.yml", "", 0o644, "ansible.playbook", None),
        ("run.pp", "", 0o644, "puppet.manifest", None),
        ("run.sls", "", 0o644, "salt.state", None),
    ],
)
def test_files(tmp_path: Path, name: str, text: str, mode: int, driver: str, runs: list[str] | None) -> None:
    file = tmp_path / name
    file.write_text(text)
    file.chmod(mode)
    assert for_file(str(file)) == (driver, (str(file),) if runs is None else ([*runs, str(file)],))
    later = [d.code for d in refusals("a.run", driver, {}, None, None) if d.code != "EV619"]
    assert later == ([] if driver in registry._BUILT else ["EV610"])


def test_a_driver_makes_a_process_of_each_try() -> None:
    first = Try(sh("echo a", environment={"A": "1"}, env={"B": "2"}), 1, "/e/0")
    second = Try(sh("echo b\necho c", step=1, folder="/tmp", cwd="sub"), 1, "/e/1")
    one, two = load("sh").commands([first, second], Here())
    assert isinstance(one, Command)
    assert isinstance(two, Command)
    assert one.argv == ("/bin/sh", "-c", "echo a")
    assert one.env == {"A": "1", "B": "2", "EVDSL_EVENT": "/e/0"}
    assert (one.cwd, one.tries, one.shown) == ("/", (first,), "echo a")
    assert (two.cwd, two.tries, two.shown) == ("/tmp/sub", (second,), "echo b ...")
    assert load("sh").read(first, Ended(3)) == Verdict(3)
    (three,) = load("exec").commands([Try(exec_("prog", 1, 2.5, True), 1, "")], Here())
    assert isinstance(three, Command)
    assert three.argv == ("prog", "1", "2.5", "true")


@pytest.mark.parametrize(
    ("job", "problem"),
    [
        (exec_(), "begins with a program"),
        (exec_("a", ["b"]), "a list is none"),
        (exec_("a", {"b": 1}), "a dict is none"),
    ],
)
def test_unfit_arguments(job: object, problem: str) -> None:
    with pytest.raises(Unfit, match=problem):
        load("exec").commands([Try(job, 1, "")], Here())  # type: ignore[arg-type]
