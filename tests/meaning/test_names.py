"""Which part of a reference is the action: the four steps of LANGUAGE.md section 1, and the `actions/` folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from .programs import codes, files, loaded, meant, orders, rules, said, steps


def test_a_resource_means_its_run() -> None:
    """Step 1, though a rules-only program would read the same text as an action of `rmq`."""
    text = "resource rmq.cluster { run: sh ':' }\nresource rmq.1 { create: sh ':' }\non rmq.cluster changed rmq.1.create"
    assert rules(loaded(text)) == ["rmq.cluster.run changed rmq.1.create"]


def test_the_whole_name_comes_before_resource_and_action() -> None:
    text = "resource a { b: sh ':'; run: sh ':' }\nresource a.b { run: sh ':' }\non a.b changed a"
    assert rules(loaded(text)) == ["a.b.run changed a.run"]


def test_a_resource_without_run_is_no_other_resources_action() -> None:
    """Step 1 decides: what is left of it is an error, not step 2."""
    program = loaded(
        "resource a.b { go: sh ':' }\nresource a { b: sh ':'; run: sh ':' }\non a.b changed a.run"
    )
    assert said(program) == [("EV202", 3)]


def test_resource_and_action() -> None:
    """Step 2: everything before the last dot."""
    text = "resource a.b.c { d: sh ':' }\nresource x { run: sh ':' }\non x.run changed a.b.c.d"
    assert rules(loaded(text)) == ["x.run changed a.b.c.d"]


@pytest.mark.parametrize(
    ("reference", "code", "word"),
    [
        ("a.rnu", "EV202", "run"),
        ("a.restart", "EV202", None),
        ("keyston", "EV201", "keystone"),
        ("keyston.run", "EV201", "keystone.run"),
        ("keystone.reloda", "EV202", "reload"),
        ("a.b.c", "EV201", None),
        ("zzz", "EV201", None),
    ],
)
def test_what_nothing_declares(reference: str, code: str, word: str | None) -> None:
    """Step 4: an error, with the nearest declared name where one is near, and a fix that writes it."""
    text = "resource a { run: sh ':' }\nresource keystone { run: sh ':'; reload: sh ':' }\n"
    for line in (f"on a.run changed {reference}", f"on {reference} changed a.run", f"start {reference}",
                 f"a.run after {reference}", f"again {reference}"):  # fmt: skip
        program = loaded(f"{text}{line}")
        (found,) = (d for d in program.diagnostics if d.severity == "error")
        assert (found.code, found.span and found.span.line) == (code, 3)
        assert found.span is not None
        assert found.span.text == reference
        assert (f"did you mean `{word}`?" in found.message) == (word is not None), found.message
        if found.fix is not None:
            assert not codes(loaded(text + line.replace(reference, found.fix.text)))


def test_rules_only() -> None:
    """Step 3: the last segment is the action; one segment is a resource."""
    text = "on a changed b\non a.x.y changed b\nc after d.e\nstart f, g.h\nconnect i j\n"
    program = loaded(text)
    assert rules(program) == [
        "a.run changed b.run", "a.x.y changed b.run", "i.run changed j.reload", "i.remove changed j.run",
    ]  # fmt: skip
    assert [a.name for a in meant(program).actions] == [
        "a.run", "b.run", "a.x.y", "c.run", "d.e", "f.run", "g.h", "i.run", "j.reload", "i.remove", "j.run", "j.remove",
    ]  # fmt: skip


def test_one_declaration_ends_rules_only() -> None:
    assert codes(loaded("resource a { run: sh ':' }\non a changed b")) == ["EV201"]


def test_a_declaration_in_an_import_ends_rules_only(tmp_path: Path) -> None:
    program = files(
        tmp_path,
        {"m.events": 'import "l.events" as l\non a changed b\n', "l.events": "resource x { run: sh ':' }\n"},
    )
    assert codes(program) == ["EV201", "EV201"]


def test_again_names_what_something_else_mentions() -> None:
    assert codes(loaded("on a changed b\non b changed a\nagain a")) == []
    assert [d.code for d in loaded("on a changed b\nagain c").diagnostics if d.severity == "warning"] == [
        "EV409"
    ]


def test_keywords_are_names_with_their_action() -> None:
    assert rules(loaded("on on.run changed all.run\non all.run ok after.needs\non start.run changed again.run")) == [
        "on.run changed all.run", "all.run ok after.needs", "start.run changed again.run",
    ]  # fmt: skip


def test_names_with_signs() -> None:
    text = "on keystone-config.run changed getty@tty1.service.start\non gtk+.run changed x_1.run\n"
    assert codes(loaded(text)) == ["EV115"]  # `+` stands between letters, not behind them
    assert rules(loaded(text.replace("gtk+", "gtk+3"))) == [
        "keystone-config.run changed getty@tty1.service.start", "gtk+3.run changed x_1.run",
    ]  # fmt: skip


def test_a_blank_that_is_missing() -> None:
    program = loaded('host ctl = "192.0.2.5"\nresource x@ctl { run: sh ":" }')
    assert said(program) == [("EV220", 2)]
    assert codes(loaded('resource getty@tty1 { run: sh ":" }')) == []


def test_a_comment_or_a_number() -> None:
    program = loaded("on a changed b.run#1\non b.run#1 changed c")
    assert rules(program) == ["a.run changed b.run#1", "b.run#1 changed c.run"]
    program = loaded("on a changed b.run #1")
    assert rules(program) == ["a.run changed b.run"]
    assert codes(program, "warning") == ["EV412"]


@pytest.mark.parametrize("line", ["b#0 after a", "b after a#1", "start a#0", "again a#1", "connect a#0 b"])
def test_numbers_stand_in_rules_alone(line: str) -> None:
    program = loaded(f"on a changed b\non b changed a\n{line}")
    assert [line for _, line in said(program)] == [3]


def test_declared_twice() -> None:
    text = (
        "resource a { run: sh ':'; run: sh 'x' }\nresource a { run: sh ':' }\nresource b { x = 1; x = 2; run: sh ':' }\n"
        'host h = "1"\nhost h = "2"\nparam p = 1\nparam p = 2\nsecret p\ngroup g = [a]\ngroup g = [b]\n'
    )
    assert said(loaded(text)) == [("EV203", n) for n in (1, 2, 3, 5, 7, 8, 10)]


def test_a_fault_of_form_is_told_alone() -> None:
    """The action is there, though it could not be read: that the resource has none is not worth a word."""
    text = 'resource a { run: sh "x" [timeout = ] }\nresource b { run: sh ":" }\non a.run changed b.run\n'
    assert said(loaded(text)) == [("EV100", 1)]
    text = (
        'resource a {\n  run: sh "x"\n  reload sh "y"\n}\nresource b { run: sh ":" }\non b changed a.reload\n'
    )
    assert said(loaded(text)) == [("EV100", 3)]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('resource a {{ run: sh "x" }\nresource b { run: sh ":" }\non a.run, a.b.run changed b.run', "EV"),
        ('resorce a { run: sh "x" }\nresource b { run: sh ":" }\non a.run changed b.run\nconnect a b', "EV101"),
        ('host h "192.0.2.1"\nresource b @h { run: sh ":" }', "EV100"),
        ('host h#1 = "192.0.2.1"\nresource b @h { run: sh ":" }', "EV110"),
        ('hosts "gone.yml"\nfor h in web { resource b.{{h}} @{{h}} { run: sh ":" } }\nstart b.x.run', "EV224"),
        ('import "gone.events" as g (x = 1)\nresource b { run: sh ":" }\non g.a.run changed b.run\nconnect g.a b', "EV211"),
        ('import "gone.events" a g\nresource b { run: sh ":" }\non g.a.run changed b.run', "EV100"),
        ('resource c\nconnect c b { x - > y }\nresource b { run: sh ":" }', "EV"),
        ('resource c\nconnect c#1 b\nresource b { run: sh ":" }', "EV110"),
        ('for n in [1 2] { resource a.{{n}} { run: sh ":" } }\nstart a.1.run\nserial a.<n>.run', "EV100"),
        ('for n in web { resource a.{{n}} { run: sh ":" } }\nstart a.1.run\nserial a.<n>.run', "EV207"),
        ('for n in [1] { resource a.{{n}} {\n run: sh ":" [x y]\n } }\nstart a.1.run\nserial a.<n>.run', "EV100"),
        ('resource a {\n run: sh ":"\n x = \n}\nresource b { run: sh ":" }\nconnect a b { on go changed run }', "EV100"),
        ('resource a { run: sh ":" [timeout = 5m, timeout = 6m] }\nstart a.run', "EV114"),
        ('resource a { run: sh "\\x" }\nstart a.run, a.*', "EV112"),
        ('param n = [1, "\\z"]\nfor x in n { resource a.{{x}} { run: sh ":" } }\nstart a.q.run', "EV"),
        ('group n [1, 2]\nfor x in n { resource a.{{x}} { run: sh ":" } }\nstart a.1.run', "EV100"),
        ('secret s = 5\nresource a { run: sh "x {{s}}" }\nresource {{s}} { run: sh ":" }', "EV100"),
    ],
)  # fmt: skip
def test_what_a_fault_takes_away_is_not_told_as_missing(tmp_path: Path, text: str, fault: str) -> None:
    program = files(tmp_path, {"m.events": text + "\nresource sure { run: sh ':' }\n"})
    (code,) = codes(program)
    assert code.startswith(fault)


@pytest.mark.parametrize("name", ["5", "-a", "é", "a}}.{{5x"])
def test_braces_without_a_name(name: str) -> None:
    for text in (
        "on a.{{NAME}} changed b",
        'resource a.{{NAME}} { run: sh "x" }',
        "connect {{NAME}} b",
        "start {{NAME}}.*",
    ):
        program = loaded('param a = "q"\n' + text.replace("NAME", name))
        assert codes(program) == ["EV209"], text


def test_what_a_fault_does_not_take_away_is_told() -> None:
    text = 'resource a {\n run: sh "x" [y z]\n}\nresource b { run: sh ":" }\non c.run changed b.go\non b.run changed nope'
    assert codes(loaded(text)) == ["EV100", "EV201", "EV202", "EV201"]
    text = 'on a.run chnaged b.run\nresource b { run: sh ":" }\non a.run changed b.run'
    assert codes(loaded(text)) == ["EV103", "EV201"]
    for text in (
        "on {{x}} changed b.run\non *.run changed c.run",
        "resource r\nconnect {{x}} r",
        "on b changed {{x}}\non x changed y",
    ):
        assert codes(loaded(text))[0] == "EV208"


# ---- actions/


def test_actions_found_beside_the_file(tmp_path: Path) -> None:
    scripts = {
        f"actions/b/{name}": "x" for name in ("go.sh", "play.yml", "mani.pp", "st.sls", ".hidden.sh", "data")
    }
    program = files(
        tmp_path, {"m.events": "on b.go changed b.play, b.mani, b.st, b.prog, b.data\n", **scripts}
    )
    (tmp_path / "actions" / "b" / "prog").write_text("#!/bin/sh\n", "utf-8")
    (tmp_path / "actions" / "b" / "prog").chmod(0o755)
    program = files(tmp_path, {"m.events": "on b.go changed b.play, b.mani, b.st, b.prog, b.data\n"})
    found = {a.name: (a.driver, Path(a.file).name) for a in meant(program).actions}
    assert found == {
        "b.go": ("sh", "go.sh"), "b.play": ("ansible.playbook", "play.yml"), "b.mani": ("puppet.manifest", "mani.pp"),
        "b.st": ("salt.state", "st.sls"), "b.prog": ("exec", "prog"), "b.data": ("", ""),
    }  # fmt: skip
    assert codes(program, "warning") == ["EV403"]  # `data` is nothing that can be run


def test_what_is_declared_comes_before_what_is_found(tmp_path: Path) -> None:
    program = files(
        tmp_path,
        {
            "m.events": "resource b { go: sh 'mine' }\non b changed b.go\n",
            "actions/b/go.sh": "x",
            "actions/b/run.sh": "x",
        },
    )
    assert {a.name: bool(a.file) for a in meant(program).actions} == {"b.go": False, "b.run": True}
    assert steps(program) == ["b.run#0", "b.go#0"]


def test_a_resource_whose_actions_are_all_found_is_no_sink(tmp_path: Path) -> None:
    program = files(
        tmp_path,
        {"m.events": "resource b\nresource a { run: sh ':' }\nconnect a b\n", "actions/b/reload.sh": "x"},
    )
    assert not meant(program).resources["b"].sink
    assert rules(program) == ["a.run changed b.reload"]


def test_actions_of_an_import_lie_beside_it(tmp_path: Path) -> None:
    program = files(
        tmp_path,
        {
            "m.events": 'import "lib/l.events" as x\non x.b.run changed x.b.go\n',
            "lib/l.events": "on b.run changed b.go\n",
            "lib/actions/b/run.sh": "x",
            "actions/b/go.sh": "not this one",
            "actions/x.b/go.sh": "nor this",
        },
    )
    assert {a.name: a.file for a in meant(program).actions} == {
        "x.b.run": str(tmp_path / "lib/actions/b/run.sh"),
        "x.b.go": "",
    }


def test_an_action_found_nowhere_plans_all_the_same() -> None:
    program = loaded("resource b { run: sh ':' }\non b changed b.go")
    assert said(program) == [("EV202", 2)]
    program = loaded("on b changed b.go")
    assert steps(program) == ["b.run#0", "b.go#0"]
    assert orders(program) == []
