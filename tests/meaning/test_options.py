"""What `check` knows of drivers, arguments and options before anything runs (LANGUAGE.md sections 2 and 9)."""

from __future__ import annotations

import pytest

from evdsl.base.drivers import DRIVERS
from evdsl.meaning.render import render

from .programs import codes, loaded, meant, said

ACTIONS = {
    "sh": 'sh "x"', "exec": 'exec ["x", "y"]', "copy": 'copy "a" "b"', "template": 'template "a" "b"', "http.get": 'http.get "u"',
    "http.post": 'http.post "u"', "systemd.start": 'systemd.start "u"', "systemd.stop": 'systemd.stop "u"',
    "systemd.restart": 'systemd.restart "u"', "systemd.reload": 'systemd.reload "u"', "systemd.enable": 'systemd.enable "u"',
    "systemd.disable": 'systemd.disable "u"', "ansible.playbook": 'ansible.playbook "p"', "ansible.role": 'ansible.role "r"',
    "ansible.module": 'ansible.module "m"', "puppet.apply": 'puppet.apply "c"', "puppet.manifest": 'puppet.manifest "m"',
    "salt.state": 'salt.state "s"',
}  # fmt: skip


def test_every_driver_is_here() -> None:
    assert set(ACTIONS) == set(DRIVERS)


@pytest.mark.parametrize("driver", ACTIONS)
def test_a_driver_is_taken(driver: str) -> None:
    assert codes(loaded(f"resource a {{ run: {ACTIONS[driver]} }}")) == []
    assert (
        codes(
            loaded(
                f"resource a {{ run: {ACTIONS[driver]} [timeout = 5m, retry = 2, delay = 1s, cwd = '/', env = {{A = 1}}] }}"
            )
        )
        == []
    )


@pytest.mark.parametrize("driver", ACTIONS)
def test_arguments_are_counted(driver: str) -> None:
    assert said(loaded(f"resource a {{ run: {driver} }}")) == [("EV218", 1)]
    assert said(loaded(f'resource a {{ run: {ACTIONS[driver]} "one" "more" "too" }}')) == [("EV218", 1)]


@pytest.mark.parametrize("driver", ACTIONS)
@pytest.mark.parametrize("value", ["5", "true", "30s", "{a = 1}", "[[1]]"])
def test_arguments_of_another_kind(driver: str, value: str) -> None:
    first = ACTIONS[driver].partition(" ")[0]
    more = ' "b"' if driver in ("copy", "template") else ""
    assert codes(loaded(f"resource a {{ run: {first} {value}{more} }}")) == ["EV218"]


@pytest.mark.parametrize(
    ("word", "near"), [("exce", "exec"), ("systemd.restrat", "systemd.restart"), ("docker.run", None)]
)
def test_an_unknown_driver(word: str, near: str | None) -> None:
    program = loaded(f'resource a {{ run: {word} "x" }}')
    (found,) = (d for d in program.diagnostics if d.severity == "error")
    assert found.code == "EV217"
    assert (f"did you mean `{near}`" in found.message) == (near is not None), found.message
    assert (found.fix is not None) == (near is not None)


@pytest.mark.parametrize(
    "option",
    [
        "timeout = 5m", "timeout = 0.5s", "retry = 0", "retry = 3", "delay = 500ms", 'cwd = "/tmp"', "env = {A = 1, 'b c' = 'x'}",
        "sudo = true", 'sudo = "postgres"', 'unless = "test -f x"', 'onlyif = "true"', 'creates = "/x"', 'changes = "/x"',
        'changes = ["/x", "/y"]', "changes = []", "exits = {0 = ok, 2 = changed, 255 = error}", 'exits = {"3" = failed}', "confirm = true",
        'confirm = "sure?"', "sensitive = true", 'on_cut = "echo"', 'on_cut = "{{p}}"', "timeout = d", "retry = n",
    ],
)  # fmt: skip
def test_options(option: str) -> None:
    text = f'param p = "x"\nparam n = 2\nparam d = 5m\nresource a {{ run: sh "echo {{{{p}}}} {{{{n}}}} {{{{d}}}}" [{option}] }}'
    assert codes(loaded(text)) == []
    assert codes(loaded(text.replace(f" [{option}]", "") + f"\ndefaults [{option}]\n")) == []


@pytest.mark.parametrize(
    "option",
    [
        "timeout = 'x'", "timeout = true", "timeout = [1]", "retry = 1.5", "retry = -1", "retry = 'x'", "retry = true", "delay = 'x'",
        "cwd = 5", "cwd = []", "env = []", "env = 'A=1'", "sudo = 5", "unless = true", "unless = ['x']", "onlyif = 1", "creates = ['x']",
        "changes = 5", "changes = {a = 1}", "exits = []", "exits = {a = ok}", "exits = {0 = fine}", "exits = {256 = ok}",
        "exits = {0 = done}", "exits = {0 = idle}", "exits = {-1 = ok}", "exits = {0 = 1}", "confirm = 5", "sensitive = 'x'", "on_cut = 5",
        "timout = 5m", "nope = 1", "mode = '0644'", "body = 'x'",
    ],
)  # fmt: skip
def test_options_of_another_kind(option: str) -> None:
    found = codes(loaded(f'resource a {{ run: sh "x" [{option}] }}'))
    assert found == (["EV100"] if "{-1" in option else ["EV219"])  # `-1` is no key of a map


@pytest.mark.parametrize("option", ["timeout = 30", "delay = 2"])
def test_a_number_of_seconds_is_a_duration(option: str) -> None:
    assert codes(loaded(f'resource a {{ run: sh "x" [{option}] }}')) == []


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ('copy "a" "b" [mode = "0644", owner = "root", group = "root"]', None),
        ('http.get "u" [expect = 200, headers = {A = "b"}]', None),
        ('http.get "u" [expect = [200, 204]]', None),
        ('http.post "u" [body = {a = 1}, headers = {A = "b"}]', None),
        ('ansible.role "r" [vars = {a = [1]}, tags = ["x"]]', None),
        ('http.get "u" [body = "x"]', "EV219"),
        ('ansible.role "r" [vars = [1]]', "EV219"),
        ('copy "a" "b" [mode = true]', "EV219"),
        ('http.post "u" [headers = "x"]', "EV219"),
        ('systemd.start "u" [expect = 200]', "EV219"),
        ('puppet.apply "x" [vars = {a = 1}]', "EV219"),
    ],
)
def test_options_of_a_driver(action: str, code: str | None) -> None:
    assert codes(loaded(f"resource a {{ run: {action} }}")) == ([code] if code else [])


@pytest.mark.parametrize(
    ("option", "code"),
    [
        ("port = 22, parallel = 3", None),
        ('port = "2222"', None),
        ('port = ""', None),
        ("port = 0", None),
        ('port = "ssh"', "EV219"),
        ("port = 65536", "EV219"),
        ("port = 22.5", "EV219"),
        ("port = [22]", "EV219"),
        ("parallel = 0", "EV219"),
        ("parallel = true", "EV219"),
        ("parallel = 2s", "EV219"),
        ("parallel = 1001", "EV219"),
    ],
)
def test_numbers_of_a_host(option: str, code: str | None) -> None:
    """What `run` would refuse is told by `check`."""
    program = loaded(f'host h = "192.0.2.1" [{option}]\nresource a @h {{ run: sh "x" }}')
    assert codes(program) == ([code] if code else [])


def test_an_option_is_given_once() -> None:
    assert codes(loaded('resource a { run: sh "x" [retry = 1, retry = 2] }')) != []


def test_a_near_miss_has_a_fix() -> None:
    text = 'resource a { run: sh "x" [timout = 5m] }'
    program = loaded(text)
    (found,) = (d for d in program.diagnostics if d.severity == "error")
    assert found.fix is not None
    assert found.fix.text == "timeout"
    assert codes(loaded(text[: found.fix.span.start] + found.fix.text + text[found.fix.span.end :])) == []


def test_defaults() -> None:
    """Options of every action below in this file; an action's own win, one by one."""
    text = """\
resource z { run: sh "x" }
defaults [timeout = 5m, retry = 2]
resource a { run: sh "x" [retry = 1] }
defaults [cwd = "/", timeout = 1m]
resource b { run: sh "x"; go: sh "y" [timeout = 1s] }
"""
    inner = meant(loaded(text))
    options = {a.name: render(inner, a, {}).options for a in inner.actions}
    assert options == {
        "z.run": {},
        "a.run": {"timeout": 300.0, "retry": 1},
        "b.run": {"timeout": 60.0, "retry": 2, "cwd": "/"},
        "b.go": {"timeout": 1.0, "retry": 2, "cwd": "/"},
    }


def test_defaults_that_do_not_fit_a_driver_are_its_own_affair() -> None:
    """`defaults` are for all actions: what one driver does not take is no error there, a wrong word is one."""
    assert (
        codes(
            loaded('defaults [mode = "0644"]\nresource a { run: sh "x" }\nresource b { run: copy "a" "b" }')
        )
        == []
    )


def test_a_wrong_word_in_defaults() -> None:
    program = loaded('defaults [timout = 5m]\nresource a { run: sh "x" }')
    assert codes(program) == ["EV219"]
    assert "did you mean `timeout`" in program.diagnostics[0].message
    assert program.diagnostics[0].span is not None
    assert program.diagnostics[0].span.text == "timout"
    assert codes(loaded('defaults [timout = 5m]\nresource a { run: acme "x" }')) == ["EV217"]


def test_every_fault_of_a_file_is_told() -> None:
    text = """\
resource a { run: sh }
resource b { run: nope "x" }
resource c { run: sh "echo {{nope}}" }
resource d { run: sh "echo '{{name}}'" }
resource e { run: sh "x" [retry = "x"] }
resource f { run: exec [] }
resource g { v = nope; run: sh "x" }
resource h { run: sh "x" }
on h.run changed a.run
"""
    assert said(loaded(text)) == [
        ("EV218", 1), ("EV217", 2), ("EV208", 3), ("EV210", 4), ("EV219", 5), ("EV218", 6), ("EV207", 7),
    ]  # fmt: skip
