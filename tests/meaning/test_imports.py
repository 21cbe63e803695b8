"""`import`: another file's statements under a prefix (LANGUAGE.md section 2)."""

from __future__ import annotations

from pathlib import Path

from .programs import codes, files, loaded, meant, orders, rules, steps


def names(program: object) -> list[str]:
    return [a.name for a in meant(program).actions]  # type: ignore[arg-type]


def test_prefix(tmp_path: Path) -> None:
    program = files(
        tmp_path,
        {
            "m.events": 'import "l.events" as x\non x.b.go changed y.go\n',
            "l.events": "on a.run changed b.go\nb.go needs c.run\nserial n.<h>.run\nstart n.1.run, n.2.run\nconnect p q\n",
        },
    )
    assert rules(program) == [
        "x.a.run changed x.b.go", "x.p.run changed x.q.reload", "x.p.remove changed x.q.run", "x.b.go changed y.go",
    ]  # fmt: skip
    assert orders(program)[:2] == ["x.b.go needs x.c.run", "x.n.2.run needs x.n.1.run"]
    assert meant(program).starts == []  # an import's `start` does not count


def test_one_segment_in_a_rules_only_import_is_a_resource(tmp_path: Path) -> None:
    """Section 1, step 3: 'a reference of one segment is a resource, action `run`', in whichever file it stands."""
    program = files(
        tmp_path,
        {
            "m.events": 'import "l.events" as x\non x.b.run changed c\n',
            "l.events": "on a changed b\nb after d\n",
        },
    )
    assert rules(program) == ["x.a.run changed x.b.run", "x.b.run changed c.run"]
    assert orders(program) == ["x.b.run after x.d.run"]
    assert program.plan().start == ["x.a.run", "x.d.run"]


def test_one_segment_of_a_declared_import(tmp_path: Path) -> None:
    program = files(
        tmp_path,
        {
            "m.events": 'import "l.events" as x\nresource c { run: sh ":" }\non x.b changed c\n',
            "l.events": "resource a { run: sh ':' }\nresource b { run: sh ':' }\non a changed b\n",
        },
    )
    assert rules(program) == ["x.a.run changed x.b.run", "x.b.run changed c.run"]


def test_nested_and_dotted_prefixes(tmp_path: Path) -> None:
    program = files(
        tmp_path,
        {
            "m.events": 'import "l.events" as x.y\non x.y.z.q.run changed x.y.a.run\n',
            "l.events": 'import "sub/k.events" as z\non z.q.run changed a.run\n',
            "sub/k.events": 'import "j.events" as w\non q.run changed w.t.run\n',
            "sub/j.events": "on s.run changed t.run\n",
        },
    )
    assert rules(program) == [
        "x.y.z.w.s.run changed x.y.z.w.t.run", "x.y.z.q.run changed x.y.z.w.t.run", "x.y.z.q.run changed x.y.a.run",
    ]  # fmt: skip


def test_the_same_file_twice_with_other_arguments(tmp_path: Path) -> None:
    program = files(
        tmp_path,
        {
            "m.events": 'param e = "E"\nimport "l.events" as x\nimport "l.events" as y (p = e, q = ["{{e}}"])\n',
            "l.events": "param p = 'd'\nparam q = [1]\nresource a{{p}} { run: sh ':' }\nfor i in q { start a{{p}}.run }\n",
        },
    )
    assert list(meant(program).resources) == ["x.ad", "y.aE"]
    assert [unit.params for unit in meant(program).units[1:]] == [
        {"p": "d", "q": [1]},
        {"p": "E", "q": ["E"]},
    ]


def test_arguments_that_are_wrong(tmp_path: Path) -> None:
    library = "param greeting = 'd'\nsecret s\nresource a { run: sh 'echo {{greeting}} {{s}}' }\n"
    for arguments, code in (
        ('(greetin = "x")', "EV213"),
        ("(greeting = nope)", "EV207"),
        ('(s = "literal")', "EV223"),
        ("(greeting = t)", "EV223"),
        ('(greeting = "{{t}}")', "EV223"),
    ):
        program = files(
            tmp_path,
            {"m.events": f'secret t\nimport "l.events" as x {arguments}\n', "l.events": library},
            {"t": "v"},
        )
        assert codes(program) == [code], arguments


def test_params_are_set_from_outside_by_their_full_names(tmp_path: Path) -> None:
    texts = {
        "m.events": 'import "l.events" as x\n',
        "l.events": "param p = 1\nresource a{{p}} { run: sh ':' }\n",
    }
    assert list(meant(files(tmp_path, texts, {"x.p": "2"})).resources) == ["x.a2"]
    assert codes(files(tmp_path, texts, {"p": "2"})) == ["EV213"]
    assert codes(files(tmp_path, texts, {"x.q": "2"})) == ["EV213"]
    assert codes(files(tmp_path, texts, {"y.p": "2"})) == ["EV213"]
    (told,) = files(tmp_path, texts, {"x.p": "q"}).diagnostics
    assert told.message == "param `x.p` is a number, and was given `q`"
    texts["m.events"] = 'import "l.events" as x (p = 3)\n'
    (told,) = files(tmp_path, texts, {"x.p": "2"}).diagnostics
    assert (told.code, told.message) == ("EV213", "`--set x.p=…` has no effect: the import sets it")


def test_secrets_are_passed_on(tmp_path: Path) -> None:
    texts = {
        "m.events": 'secret token\nimport "l.events" as x (s = token)\n',
        "l.events": "secret s\nresource a { run: sh 'echo' }\n",
    }
    units = meant(files(tmp_path, texts, {"token": "T"})).units
    assert (units[0].secrets, units[1].secrets) == ({"token": "T"}, {"s": "T"})


def test_hosts_of_the_importer(tmp_path: Path) -> None:
    program = files(
        tmp_path,
        {
            "m.events": 'host h = "1"\nimport "l.events" as x\nhost late = "3"\nresource b @x.own { run: sh ":" }\n',
            "l.events": 'host own = "2"\nimport "k.events" as y\nresource a @h { run: sh ":" }\nresource c @own { run: sh ":" }\n',
            "k.events": 'resource a @h { run: sh ":" }\nresource c @own { run: sh ":" }\nresource d @late { run: sh ":" }\n',
        },
    )
    inner = meant(program)
    address = {name: inner.hosts[r.host].address for name, r in inner.resources.items() if r.host}
    assert address == {"x.y.a": "1", "x.y.c": "2", "x.y.d": "3", "x.a": "1", "x.c": "2", "b": "2"}


def test_an_importer_does_not_see_hosts_by_their_bare_names(tmp_path: Path) -> None:
    program = files(
        tmp_path,
        {
            "m.events": 'import "l.events" as x\nresource b @own { run: sh ":" }\n',
            "l.events": 'host own = "2"\n',
        },
    )
    assert codes(program) == ["EV204"]


def test_groups_and_params_stay_in_their_file(tmp_path: Path) -> None:
    for main, library in (
        ('group g = [a]\nimport "l.events" as x\n', "for i in g { on {{i}}.run changed z.run }\n"),
        ('import "l.events" as x\nfor i in g { on {{i}}.run changed z.run }\n', "group g = [a]\n"),
        ('param g = [1]\nimport "l.events" as x\n', "for i in g { on a{{i}}.run changed z.run }\n"),
    ):
        assert codes(
            files(tmp_path, {"m.events": main + "on p.run changed q.run\n", "l.events": library})
        ) == ["EV207"]


def test_the_importers_resources_are_not_seen(tmp_path: Path) -> None:
    texts = {
        "m.events": 'import "l.events" as x\nresource m { run: sh ":" }\n',
        "l.events": "resource a { run: sh ':' }\non m.run changed a.run\n",
    }
    assert codes(files(tmp_path, texts)) == ["EV201"]


def test_patterns_stay_under_their_prefix(tmp_path: Path) -> None:
    program = files(
        tmp_path,
        {
            "m.events": 'import "l.events" as x\nresource m { run: sh ":" }\non **.run changed m.run\nconnect x.* m { no events; a -> b }\n',
            "l.events": "resource a { run: sh ':' }\nresource b { run: sh ':'; go: sh ':' }\non *.run changed b.go\n",
        },
    )
    assert rules(program) == [
        "x.a.run changed x.b.go", "x.b.run changed x.b.go", "x.a.run changed m.run", "x.b.run changed m.run",
    ]  # fmt: skip
    assert [h.emitter for h in meant(program).handed] == ["x.a", "x.b"]


def test_statements_stand_at_the_import(tmp_path: Path) -> None:
    """First mentioned: an import's statements at the import."""
    texts = {
        "m.events": 'on a.run changed b.run\nimport "l.events" as x\non c.run changed d.run\n',
        "l.events": "on e.run changed f.run\n",
    }
    assert names(files(tmp_path, texts)) == ["a.run", "b.run", "x.e.run", "x.f.run", "c.run", "d.run"]


def test_defaults_and_agains_of_an_import(tmp_path: Path) -> None:
    library = "defaults [retry = 3]\n" + "".join(f"resource {n} {{ run: sh ':' }}\n" for n in "sab")
    library += "on s.run changed a.run, b.run\non a.run changed b.run\non b.run changed a.run\nagain b\n"
    program = files(
        tmp_path, {"m.events": 'import "l.events" as x\nresource c { run: sh ":" }\n', "l.events": library}
    )
    assert steps(program) == ["c.run#0", "x.s.run#0", "x.b.run#0", "x.a.run#0", "x.b.run#1"]


def test_two_imports_of_one_name(tmp_path: Path) -> None:
    texts = {
        "m.events": 'import "l.events" as x\nimport "l.events" as x\n',
        "l.events": "on a.run changed b.run\n",
    }
    assert codes(files(tmp_path, texts)) == ["EV203"]


def test_an_import_in_a_loop(tmp_path: Path) -> None:
    program = files(
        tmp_path,
        {
            "m.events": 'for i in [1, 2] { import "l{{i}}.events" as x{{i}} (p = i) }\n',
            "l1.events": "param p = 0\non a{{p}}.run changed b.run\n",
            "l2.events": "param p = 0\non c{{p}}.run changed b.run\n",
        },
    )
    assert rules(program) == ["x1.a1.run changed x1.b.run", "x2.c2.run changed x2.b.run"]


def test_paths_are_relative_to_their_file(tmp_path: Path) -> None:
    texts = {
        "m.events": 'import "sub/l.events" as x\n',
        "sub/l.events": 'import "../k.events" as y\nimport "l2.events" as z\n',
        "k.events": "on a.run changed b.run\n",
        "sub/l2.events": "on c.run changed d.run\n",
    }
    assert rules(files(tmp_path, texts)) == ["x.y.a.run changed x.y.b.run", "x.z.c.run changed x.z.d.run"]


def test_messages_name_the_file(tmp_path: Path) -> None:
    program = files(
        tmp_path,
        {
            "m.events": 'import "sub/l.events" as x\n',
            "sub/l.events": "resource a { run: sh ':' }\non b changed a\n",
        },
    )
    (found,) = (d for d in program.diagnostics if d.severity == "error")
    assert (found.file, found.span and found.span.line) == (str(tmp_path / "sub" / "l.events"), 2)


def test_a_text_from_nowhere_has_no_neighbours() -> None:
    assert codes(loaded('import "l.events" as x\non a changed b')) == ["EV211"]
