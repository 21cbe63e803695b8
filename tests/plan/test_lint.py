"""What lint warns of, whole: place, code, message, hint. Beside each what it must leave alone."""

from __future__ import annotations

from pathlib import Path

import pytest

import evdsl
from evdsl.base.diagnostic import Diagnostic, in_order
from evdsl.plan.lint_names import is_slip, near_pairs
from evdsl.plan.says import starts_unseen

TESTS = Path(__file__).parent.parent
CORPORA = sorted([*(TESTS / "corpora").glob("*.events"), *(TESTS / "corpora/origin").glob("*.events")])
CASES = sorted((TESTS / "cases").glob("*/*.events"))


def said(path_or_text: Path | str) -> list[Diagnostic]:
    """The warnings of a program and of its plain plan, and the note that nothing has a driver."""
    program = evdsl.load(path_or_text, name="site.events")
    assert program.stands, program.diagnostics
    found = in_order([*program.diagnostics, *program.try_plan()[1]])
    return [d for d in found if d.severity == "warning" or d.code == "EV507"]


def told(path_or_text: Path | str) -> list[str]:
    """One line for each but EV507: `LINE:COLUMN CODE text at the place: message | hint`."""
    return [
        f"{d.span.line}:{d.span.column} {d.code} {d.span.text}: {d.message} | {d.hint}"
        for d in said(path_or_text)
        if d.code != "EV507" and d.span is not None
    ]


SET_OFF = """
resource config { run: sh "render" }
resource app { run: sh "deploy"; reload: sh "reload" }
"""
TELLS = (
    "write `success` for whatever went well, or let the action tell: by `changes`, by `unless`, or by "
    '`echo ok > "$EVDSL_EVENT"`'
)
READERS = 'resource app { run: sh "deploy $level; echo $used" }\n'

WARNS = {
    # ---- EV401
    "an action that nothing sets off": (
        SET_OFF + "on config.run changed app.run\n",
        "3:34 EV401 reload: nothing sets off `app.reload` | "
        "write a rule `on … changed app.reload`, or `start app.reload`",
    ),
    "an order sets nothing off": (
        SET_OFF + "app.reload after config.run\n",
        "3:34 EV401 reload: nothing sets off `app.reload`: an order alone does not | "
        "write a rule `on … changed app.reload`, or `start app.reload`",
    ),
    "one that a loop declares several times": (
        'for n in [1, 2, 3] { resource app.{{n}} { run: sh "deploy"; reload: sh "reload" } }\n'
        "serial app.<n>.run\n",
        "1:61 EV401 reload: nothing sets off `app.1.reload` and the 2 others declared here | "
        "write a rule `on … changed app.1.reload`, or `start app.1.reload`",
    ),
    # ---- EV402
    "a bare command never says ok": (
        SET_OFF + "on config.run ok app.reload\n",
        f"4:15 EV402 ok: `config.run` never says `ok`: this rule never matches | {TELLS}",
    ),
    "one of several emitters": (
        SET_OFF + 'resource db { run: sh "migrate" [unless = "q"] }\non db.run, config.run ok app.reload\n',
        f"5:23 EV402 ok: `config.run` never says `ok`: this rule never matches it | {TELLS}",
    ),
    "one of several that must all match": (
        SET_OFF + 'resource db { run: sh "q" [unless = "q"] }\non all db.run, config.run ok app.reload\n',
        f"5:27 EV402 ok: `config.run` never says `ok`: this rule never matches | {TELLS}",
    ),
    "a pattern none of which can match": (
        SET_OFF + "on *.run ok|created app.reload\n",
        f"4:10 EV402 ok|created: `config.run` and `app.run` never say `ok` or `created`: this rule never matches | "
        f"{TELLS}",
    ),
    "created by a bare command": (
        SET_OFF + "on config.run created app.reload\n",
        "4:15 EV402 created: `config.run` never says `created`: this rule never matches | "
        'as it stands it says `changed`, `failed` or `error`; `echo created > "$EVDSL_EVENT"` says more',
    ),
    "a driver that never says it": (
        'resource web { run: http.get "http://localhost" }\nresource app { reload: sh "x" }\n'
        "on web.run created app.reload\non web.run changed app.reload\n",
        "3:12 EV402 created: `web.run` never says `created`: this rule never matches | "
        "`http.get` says `ok`, `failed` or `error`",
        "4:12 EV402 changed: `web.run` says `changed` only in the run after a failure: else this rule never matches | "
        "`http.get` says `ok`, `failed` or `error`",
    ),
    "exits that leave no other word": (
        'resource a { run: sh "x" [exits = {0 = ok}] }\nresource b { run: sh "x" }\non a.run created b.run\n',
        "3:10 EV402 created: `a.run` never says `created`: this rule never matches | "
        "as it stands it says `ok`, `failed` or `error`; another exit code in `exits` can say `created`",
    ),
    "a sink": (
        'resource cluster\nresource node { run: sh "x"; addr = 1 }\nresource lb { reload: sh "x" }\n'
        "connect node cluster { addr -> nodes }\non cluster removed|failed lb.reload\n",
        "5:12 EV402 removed|failed: `cluster.run` never says `removed` or `failed`: this rule never matches | "
        "a sink says `ok`, `changed` or `error`",
    ),
    "a rule of a connect's own": (
        'resource a { run: sh "x" }\nresource b { run: sh "x"; go: sh "x" }\nconnect a b { on run ok go }\n',
        f"3:22 EV402 ok: `a.run` never says `ok`: this rule never matches | {TELLS}",
    ),
    # ---- EV404
    "unused names": (
        'param color = "red"\nparam level = 1\nsecret token\nsecret used\ngroup web = [a, b]\n' + READERS,
        '1:7 EV404 color: nothing reads the param `color` | read it as `{{color}}`, in a command also as `"$color"`, '
        "or take it out",
        '3:8 EV404 token: nothing reads the secret `token` | read it in a command as `"$token"`, or take it out',
        "5:7 EV404 web: nothing reads the group `web` | write `for x in web { … }`, or take it out",
    ),
    # ---- EV405
    "a resource that nothing uses": (
        'resource app { run: sh "deploy" }\nresource lb { reload: sh "x"; check: sh "x" }\n'
        'resource db { run: sh "x" }\non db.run changed app.run\n',
        "2:10 EV405 lb: nothing uses `lb`: it has no `run`, and no rule, order or start names it | "
        "name one of its actions in a rule or a `start`, or take it out",
    ),
    # ---- EV406
    "all changed": (
        'resource a { run: systemd.start "a" }\nresource b { run: sh "b" }\nresource c { run: sh "c" }\n'
        "on all a.run, b.run changed c.run\n",
        "4:8 EV406 a.run, b.run changed: this rule is idle as soon as one of its 2 emitters says `ok`: all must say "
        "`changed` | write `success`, or a plain `on` and `needs` to wait for all and run if one changed something",
    ),
    # ---- EV407
    "started and set off": (
        SET_OFF + "on config.run changed app.reload\nstart app.reload\n",
        "5:7 EV407 app.reload: `app.reload` is set off by rules too: it runs once, after all of them are settled | "
        "take `start app.reload` out if it need not run without them",
    ),
    # ---- EV408
    "a cycle without ok": (
        'resource s { run: sh "x" }\nresource a { run: sh "x" }\nresource b { run: sh "x" [unless = "q"] }\n'
        "on s.run changed a.run\non a.run changed b.run\non b.run changed a.run\n",
        "6:1 EV408 on b.run changed a.run: `a.run` runs again in a cycle and never says `ok`: nothing shows that all "
        'is settled | let it tell: by `changes`, by `unless`, or by `echo ok > "$EVDSL_EVENT"`',
    ),
    # ---- EV409
    "a resource that looks like a slip": (
        "on keyston.run changed a.run\non b.run changed keystone.run\non keystone.run changed c.run\n",
        "1:4 EV409 keyston.run: `keyston` is mentioned once and `keystone` 2 times; did you mean `keystone.run`? | "
        "where nothing is declared, every name that a rule mentions makes an action",
    ),
    "an action that looks like a slip": (
        "on a.run changed b.restrat\non b.run changed c.restart\non c.run changed d.restart\n",
        "1:18 EV409 b.restrat: `restrat` is mentioned once and `restart` 2 times; did you mean `b.restart`? | "
        "where nothing is declared, every name that a rule mentions makes an action",
    ),
    "dash and underscore, in a connect": (
        "connect glance_api a\nconnect glance-api b\nconnect c glance-api\n",
        "1:9 EV409 glance_api: `glance_api` is mentioned once and `glance-api` 2 times; did you mean `glance-api`? | "
        "where nothing is declared, every name that a rule mentions makes an action",
    ),
    # ---- EV411
    "read before it is written": (
        'resource a { run: sh "echo data.port=3 > $EVDSL_EVENT" }\nresource b { run: sh "x" }\n'
        "connect a b { port -> p; no events }\n",
        "3:15 EV411 port -> p: no rule or order puts `b` behind `a`: it sees `port` as it was when the run began | "
        "write `b.run after a.run`, or a rule",
    ),
    # ---- EV412
    "a comment that looks like an instance": (
        "on a.run changed b.run #1\nb.run after a.run #2 or so\n",
        "1:24 EV412 #1: `#1` is a comment here, for a blank stands before it | "
        "write `b.run#1` for that run of the action, or `# 1` for a comment",
        "2:19 EV412 #2: `#2` is a comment here, for a blank stands before it | "
        "write `a.run#2` for that run of the action, or `# 2` for a comment",
    ),
    # ---- EV413
    "a dormant emitter, once, and not what follows": (
        'resource app { run: sh "x" }\nresource disk { check: sh "x"; clean: sh "x"; mail: sh "x" }\n'
        "on disk.check changed disk.clean\non disk.clean changed disk.mail\non disk.check failed disk.mail\n",
        "3:4 EV413 disk.check: nothing in a plain run sets off `disk.check`, so this rule never matches, nor does the "
        "other on it | write `start disk.check`, or a rule that sets it off",
    ),
    "a dormant cycle": (
        'resource app { run: sh "x" }\nresource d { check: sh "x"; clean: sh "x" }\n'
        "on d.check changed d.clean\non d.clean changed d.check\n",
        "3:4 EV413 d.check: nothing in a plain run sets off `d.check`, so this rule never matches | "
        "write `start d.check`, or a rule that sets it off",
    ),
}


@pytest.mark.parametrize("name", WARNS)
def test_warns(name: str) -> None:
    text, *expected = WARNS[name]
    assert told(text) == expected


LEAVES_ALONE = {
    "it is set off": SET_OFF + "on config.run changed app.reload\n",
    "it is started": SET_OFF + "start app.reload\n",
    "a rule behind an `if`": 'param env = "dev"\n'
    + SET_OFF
    + 'on config.run changed app.reload if env == "prod"\n',
    "a rule in a loop over nothing": "param extra = []\n"
    + SET_OFF
    + "for x in extra { on {{x}}.run changed app.reload }\n",
    "a connect behind an `if`": 'param env = "dev"\n' + SET_OFF + 'connect config app if env == "prod"\n',
    "for --action": 'resource a { run: sh "x"; status: sh "s"; remove: sh "r" }\n'
    'resource b { run: sh "x"; status: sh "s" }\n',
    "all is started by hand": 'resource a { deploy: sh "x"; status: sh "s" }\nresource b { go: sh "x" }\n',
    "a loop of which some are set off": 'for n in [1, 2] { resource a.{{n}} { run: sh "x"; join: sh "j" } }\n'
    "on a.1.run changed a.2.join\n",
    # ---- EV402
    "what a script says is not known": 'resource a { run: sh "./deploy" }\nresource b { run: exec ["deploy"] }\n'
    'resource c { run: sh "echo ok > $EVDSL_EVENT" }\nresource d { run: sh "python3 x" }\nresource e { run: sh "x" }\n'
    "on a.run, b.run, c.run, d.run ok|created e.run\n",
    "options that say ok": 'resource a { run: sh "x" [changes = "/x"] }\nresource b { run: sh "x" [creates = "/x"] }\n'
    'resource c { run: sh "x" [exits = {3 = ok}] }\nresource d { run: sh "x" [onlyif = "x"] }\n'
    'resource e { run: sh "x" }\non a.run, b.run, c.run, d.run ok e.run\n',
    "defaults that say ok": 'defaults [unless = "q"]\nresource a { run: sh "x" }\nresource b { run: sh "x" }\n'
    "on a.run ok b.run\n",
    "words that hold the one it says": SET_OFF
    + "on config.run done|skipped app.reload\non app.run success|ok app.reload\n",
    "a pattern of which some can match": SET_OFF
    + 'resource web { run: http.get "x" }\non *.run ok app.reload\n',
    "what connect made by itself": 'resource a { run: http.get "x" }\nresource b { run: sh "x"; reload: sh "x" }\n'
    "connect a b\n",
    # ---- EV404
    "read in places that are not evaluated": 'param env = "dev"\nparam level = 1\ngroup web = [a]\n'
    'for h in web { resource app.{{h}} { run: sh "x {{level}}" } } if env == "prod"\nresource b { run: sh "x" }\n',
    "read by who knows what": 'param color = "red"\nsecret token\nresource a { run: exec ["x"] }\n',
    "read by a template": 'param color = "red"\nresource a { run: template "x.j2" "/x" }\n',
    "a program's own variable": 'secret PGPASSWORD\nresource a { run: sh "psql -c x" }\n',
    "handed to an option": 'param wait = 3s\nresource a { run: sh "x" [timeout = wait] }\n',
    "a rules-only program": 'param color = "red"\non a.run changed b.run\n',
    # ---- EV405
    "named by an order": 'resource app { run: sh "x" }\nresource lb { check: sh "x" }\non lb.check done app.run\n'
    "start lb.check\n",
    "a library, which those that import it relate": 'resource app { run: sh "x"; reload: sh "x" }\n'
    'resource lb { check: sh "x" }\n',
    "only remove": 'resource app { run: sh "x" }\nresource old { remove: sh "x" }\n',
    # ---- EV406
    "all changed where none can say ok": 'resource a { run: sh "a" }\nresource b { run: sh "b" }\n'
    'resource c { run: sh "c" }\non all a.run, b.run changed c.run\n',
    "all success": "on all a.run, b.run success c.run\non all a.run, b.run failure d.run\n",
    # ---- EV407
    "an entry action that starts anyway": "on a.run changed b.run\nstart b.run\n",
    "a cycle that a start opens": "start a.go\non a.go changed b.go\non b.go changed a.go\n",
    # ---- EV408
    "a retry": 'resource a { run: sh "x" }\non a.run failed a.run\n',
    "a cycle that can tell": 'resource a { run: sh "x" [changes = "/x"] }\nresource b { run: sh "x" }\n'
    "on a.run changed b.run\non b.run changed a.run\nagain a.run\n",
    # ---- EV409
    "numbered siblings": "on node1.run changed nodes2.run\non nodes1.run changed a.run\non nodes1.run changed b.run\n",
    "plural, daemon, doer": "on services.run changed chronyd.run\non compute.run changed a.run\n"
    "on service.run changed b.run\non service.run changed c.run\non chrony.run changed a.run\non chrony.run changed b.run\n"
    "on computer.run changed b.run\non computer.run changed c.run\n",
    "the first letter": "on a.run changed fs.umount\non b.run changed fs.mount\non c.run changed fs.mount\n",
    "in one statement": "on keystone.run changed keyston.run\non a.run changed keystone.run\n",
    "twice each": "on keyston.run changed keyston.go\non keystone.run changed a.run\non b.run changed keystone.go\n",
    "short words": "on webs.run changed a.run\non web.run changed b.run\non web.run changed c.run\non wbe.run changed d.run\n",
    # ---- EV411
    "a declared value": 'resource a { run: sh "x"; port = 3 }\nresource b { run: sh "x" }\n'
    "connect a b { port -> p; name -> n; host -> h; no events }\n",
    "handed on from where it is declared": 'resource z { run: sh "x"; port = 3 }\nresource a { run: sh "x" }\n'
    'resource b { run: sh "x" }\nconnect z a { port -> p }\nconnect a b { p -> q; no events }\n',
    "behind by the connect itself": "connect a b { port -> p }\nconnect b c { port -> q }\n",
    "behind by way of others": 'resource a { run: exec ["x"] }\nresource b { run: sh "x" }\nresource c { run: sh "x" }\n'
    "connect a c { port -> p; no events }\nc.run after b.run\non a.run changed b.run\n",
    # ---- EV412
    "comments": "on a.run changed b.run # 1\non a.run changed c.run #1st\nstart a.run #one\n"
    "on a.run changed d.run #\n#1\nfor n in [1] { #2\n}\n",
    "an instance": "on a.run changed b.run\non b.run changed c.run\non c.run changed b.run#1 #1\n",
    # ---- EV413
    "on remove": 'resource a { run: sh "x"; remove: sh "x" }\nresource b { run: sh "x" }\non a.remove changed b.run\n',
    "another entry action": "on a.run changed b.run\non a.update changed b.update\non b.update changed c.update\n",
    "no entry action starts": "on a.go changed b.go\non c.go changed d.go\non d.go changed c.go\n",
    "set off behind an `if`": 'param env = "dev"\nresource a { run: sh "x" }\nresource d { check: sh "x"; fix: sh "x" }\n'
    'on a.run changed d.check if env == "prod"\non d.check changed d.fix\n',
}


@pytest.mark.parametrize("name", LEAVES_ALONE)
def test_leaves_alone(name: str) -> None:
    assert told(LEAVES_ALONE[name]) == []


def test_nothing_has_a_driver() -> None:
    (note,) = said("on a.run changed b.run\nstart a.run\n")
    assert (note.code, note.severity, repr(note.span), note.message, note.hint) == (
        "EV507",
        "note",
        "site.events:1:4",
        "none of the 2 actions has a driver, so `run` has nothing to run yet; `plan` and `simulate` need none",
        "put a file `actions/a/run.sh` beside this one, and so for each, or declare resources",
    )
    (note,) = said("start a.run\n")
    assert (repr(note.span), note.message[:24]) == ("site.events:1:7", "`a.run` has no driver, s")


def test_found_nowhere(tmp_path: Path) -> None:
    (tmp_path / "actions/a").mkdir(parents=True)
    (tmp_path / "actions/a/run.sh").write_text("true\n")
    file = tmp_path / "site.events"
    file.write_text("on a.run changed b.run\nc.run after b.run\nconnect a d\n")
    hint = "put an executable `actions/{0}` there, or one that ends with .sh, .yml, .pp or .sls"
    assert told(file) == [
        f"{place}: `{path.replace('/', '.')}` is found nowhere: there is no `actions/{path}` | {hint.format(path)}"
        for place, path in (
            ("1:18 EV403 b.run", "b/run"),
            ("2:1 EV403 c.run", "c/run"),
            ("3:1 EV403 connect a d", "d/reload"),
            ("3:1 EV403 connect a d", "d/run"),
        )
    ]


def test_actions_found_in_files_can_say_anything(tmp_path: Path) -> None:
    for resource in ("a", "b"):
        (tmp_path / f"actions/{resource}").mkdir(parents=True)
        (tmp_path / f"actions/{resource}/run.sh").write_text("true\n")
    (tmp_path / "site.events").write_text("on a.run ok|created b.run\n")
    assert said(tmp_path / "site.events") == []


def test_an_imported_file_need_not_be_used_whole(tmp_path: Path) -> None:
    (tmp_path / "lib.events").write_text(
        'param spare = 1\nresource app { run: sh "x"; check: sh "x"; more: sh "x" }\nresource u { go: sh "x" }\n'
        "start app.check\non app.check changed app.more\n"
    )
    (tmp_path / "site.events").write_text('import "lib.events" as one\nimport "lib.events" as two\n')
    assert [line.partition(" |")[0] for line in told(tmp_path / "site.events")] == [
        "1:7 EV404 spare: nothing reads the param `spare`"
    ]


def test_the_fix_puts_the_name_right() -> None:
    for text in (
        "on a.run changed keyston.run#1\non keystone.run changed b.run\non b.run changed keystone.run\n",
        "on a.run changed b.run  #1\non b.run changed c.run\non c.run changed b.run\n",
    ):
        program = evdsl.load(text)
        (fix,) = [d.fix for d in program.diagnostics if d.fix]
        fixed = text[: fix.span.start] + fix.text + text[fix.span.end :]
        assert fixed.splitlines()[0] in ("on a.run changed keystone.run#1", "on a.run changed b.run#1")


# ---- what others have written


@pytest.mark.parametrize("path", CORPORA, ids=lambda p: p.stem)
def test_no_warning_on_a_corpus(path: Path) -> None:
    """All are rules-only and without drivers, which is told once; nothing else is wrong with them.

    Puppet's and Salt's rules on `ok` among them: what their actions can say is not known.
    """
    assert [d.code for d in said(path)] == ["EV507"]


ACCEPTED = {
    "declared/cycle-with-again": "7 EV408",  # a bare command runs again
    "plain/all-never-live": "1 EV406, 1 EV413",
    "plain/random-00": "1 EV413",
    "plain/random-01": "3 EV413",
    "plain/random-02": "1 EV413",
    "plain/random-05": "13 EV406",
    "plain/random-07": "2 EV413",
    "plain/random-11": "5 EV413",
    "plain/random-14": "1 EV413",
    "plain/random-15": "8 EV406, 12 EV406",
    "plain/random-19": "7 EV413",
    "plain/random-20": "6 EV413",
    "plain/random-28": "2 EV413",
    "plain/random-31": "2 EV413",
    "plain/random-33": "3 EV413, 5 EV413",
    "plain/random-34": "2 EV413",
    "plain/random-35": "7 EV413",
    "plain/random-36": "2 EV413",
}
"""The warnings on the cases of the contract. The random ones hold `reload` actions that nothing sets off."""


@pytest.mark.parametrize("path", CASES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_cases(path: Path) -> None:
    found = [f"{d.span.line} {d.code}" for d in said(path) if d.span and d.severity == "warning"]
    assert ", ".join(found) == ACCEPTED.get(f"{path.parent.name}/{path.stem}", "")


def declared(name: str) -> str:
    """A corpus with a resource for each role, of all that its source declares."""
    roles: dict[str, list[str]] = {}
    listed = name.replace(".with-dangling", "")
    for action in (TESTS / f"corpora/{listed}.declared.txt").read_text("utf-8").split():
        role, _, own = action.rpartition(".")
        roles.setdefault(role, []).append(own)
    made = (
        f"resource {role} {{\n" + "".join(f'  {a}: ansible.module "x"\n' for a in own) + "}\n"
        for role, own in roles.items()
    )
    return "".join(made) + (TESTS / f"corpora/{name}.events").read_text("utf-8")


DEAD = {
    "ansible-kubespray": [
        "kubernetes_control_plane.h_control_plane_remove_controller_manager_container_containerd",
        "kubernetes_control_plane.h_control_plane_remove_controller_manager_container_docker",
        "kubernetes_control_plane.h_control_plane_remove_scheduler_container_containerd_crio",
        "kubernetes_control_plane.h_control_plane_remove_scheduler_container_docker",
        "network_plugin_calico.h_calico_delete_calico_node_crio_containerd_containers",
        "network_plugin_calico.h_calico_delete_calico_node_docker_containers",
        "network_plugin_calico.h_delete_10_calico_conflist",
    ],
    "ansible-ansible-collection-hardening": ["os_hardening.h_update_initramfs"],
    "ansible-RHEL8-CIS": [],
}


@pytest.mark.parametrize("name", DEAD)
def test_dead_handlers(name: str) -> None:
    """The handlers that nothing notifies: what a run that all tasks start leaves dormant, and what EV401 tells."""
    text = declared(name)
    program = evdsl.load(text)
    assert [d for d in program.diagnostics if d.severity != "note"] == []
    tasks = [a for a in program.actions if not a.rpartition(".")[2].startswith("h_")]
    plan, found = program.try_plan(start=tasks)
    assert plan is not None
    assert sorted(plan.dormant) == DEAD[name]
    assert [d for d in found if d.severity == "warning"] == []

    started = evdsl.load(text + "start " + ", ".join(tasks) + "\n")
    assert sorted(d.message for d in started.diagnostics) == [f"nothing sets off `{a}`" for a in DEAD[name]]


def test_dangling_handler() -> None:
    program = evdsl.load(declared("ansible-RHEL8-CIS.with-dangling"))
    assert [d.code for d in program.diagnostics] == ["EV202"] * 6
    (message,) = {d.message.partition("; did")[0] for d in program.diagnostics}
    assert message == "`ansible_lockdown_rhel8_cis` has no action `h_authselect_update`"


# ---- the pieces


@pytest.mark.parametrize(
    ("text", "unseen"),
    [
        ("systemctl reload haproxy > /dev/null 2>&1", False),
        ("cp /etc/a /etc/b; rm -rf /tmp/x", False),
        ("apt-get install -y pkg={{version}}", False),
        ("if test -f /etc/x; then systemctl stop x; fi", False),
        ("X=/usr/lib pip install y", False),
        ("sudo systemctl restart x", False),
        ("apt-get install python3", False),
        ("printenv EVDSL_EVENT", True),
        ("echo", False),
        ("", False),
        ("# ./x", False),
        ("./deploy", True),
        ("cd /srv && bin/deploy", True),
        ("sudo -u app /opt/deploy", True),
        ("bash deploy", True),
        ("deploy.sh now", True),
        ("cp x.py /opt", True),
        ("$TOOL run", True),
        ("{{tool}} run", True),
        ("echo {{x | raw}}", True),
        ('echo "$(./x)"', True),
        ("echo ok > $EVDSL_EVENT", True),
        ("if test x; then ./y; fi", True),
        ("timeout 5 python3 x", True),
        ("make install", True),
    ],
)
def test_starts_unseen(text: str, unseen: bool) -> None:
    assert starts_unseen(text) is unseen


@pytest.mark.parametrize(
    ("name", "other", "slip"),
    [
        ("keyston", "keystone", True),
        ("keystonee", "keystone", True),
        ("keysotne", "keystone", True),
        ("haproxy-confg", "haproxy-config", True),
        ("ekystone", "keystone", False),  # the first letter
        ("keystonr", "keystone", False),  # another letter
        ("keystones", "keystone", False),
        ("keystone1", "keystone", False),
        ("keystone12", "keystone21", False),
        ("web-abc", "web-ab", False),
        ("rmq.clutser", "rmq.cluster", True),
        ("keystone", "keystone", False),
    ],
)
def test_is_slip(name: str, other: str, slip: bool) -> None:
    assert is_slip(name, other) is slip
    assert is_slip(other, name) is slip


def test_near_pairs_takes_the_most_frequent() -> None:
    from collections import Counter

    counts = Counter({"keyston": 1, "keystone": 2, "kesyton": 9, "Haproxy-1": 1, "haproxy_1": 4})
    assert near_pairs(counts) == {"keyston": "kesyton", "Haproxy-1": "haproxy_1"}
