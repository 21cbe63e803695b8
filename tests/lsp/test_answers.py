"""What the server answers, by a real session over its pipes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .client import Client, Failed

Session = Callable[..., Client]

SITE = """\
import "lib/mail.events" as mail (to = "ops@example.org")
param env = "dev"
host ctl = "192.0.2.5"
group web = [ctl]

## Renders *the* <b>configuration</b>.
resource haproxy @ctl {
  port = 80
  run: sh "render {{port}} {{env}}" [changes = "/etc/haproxy.cfg"]
  reload: systemd.reload "haproxy"
}
resource app @ctl { run: sh "start {{backend}}"; reload: sh "true" }
connect haproxy app { port -> backend }
on haproxy.run changed haproxy.reload
on haproxy.run failure mail.sender.run
"""
MAIL = """\
param to = "root"
# Sends.
resource sender { run: sh "mail {{to}}" }
"""
FILES = {"site.events": SITE, "lib/mail.events": MAIL}


@pytest.fixture
def site(session: Session) -> Client:
    client = session(FILES)
    assert [d["code"] for d in client.open("site.events") if d["severity"] == 1] == []
    return client


def test_hover(site: Client) -> None:
    said = site.hover("site.events", "on haproxy.r‸un")
    assert "`haproxy.run` — sh — on ctl" in said
    assert "Renders \\*the\\* \\<b\\>configuration\\<\\/b\\>" in said.replace("/b", "\\/b")
    assert "Can say ok, changed, failed, error\\." in said
    assert "- `on haproxy.run changed haproxy.reload` line 14" in said
    assert "- `on haproxy.run changed app.reload` line 13" in said
    assert "This stands for" in site.hover("site.events", "conn‸ect haproxy")
    assert "`app.reload needs app.run (weak)`" in site.hover("site.events", "conn‸ect haproxy")
    assert "matches changed, created, removed" in site.hover("site.events", "run chan‸ged haproxy.reload")
    assert "text or a list" in site.hover("site.events", "[chan‸ges")
    assert "192\\.0\\.2\\.5" in site.hover("site.events", "@c‸tl")
    assert site.hover("site.events", "‸\n## Renders") == ""


@pytest.mark.parametrize(
    ("mark", "where"),
    [
        ("on hapro‸xy.run changed", ("site.events", 7, "haproxy")),
        ("on haproxy.run changed haproxy.rel‸oad", ("site.events", 10, "reload")),
        ("failure mail.sender.r‸un", ("mail.events", 3, "run")),
        ("failure mail.sen‸der.run", ("mail.events", 3, "sender")),
        ("failure ma‸il.sender.run", ("site.events", 1, "mail")),
        ("(t‸o =", ("mail.events", 1, "to")),
        ("render {{po‸rt}}", ("site.events", 8, "port")),
        ("{{e‸nv}}", ("site.events", 2, "env")),
        ("haproxy @c‸tl", ("site.events", 3, "ctl")),
        ("[c‸tl]", ("site.events", 3, "ctl")),
        ("start {{back‸end}}", ("site.events", 13, "backend")),
        ('"lib/ma‸il.events"', ("mail.events", 1, "")),
    ],
)
def test_definition(site: Client, mark: str, where: tuple[str, int, str]) -> None:
    found = site.ask("textDocument/definition", site.at("site.events", mark))
    assert site.words(found) == [where]


def test_definition_under_actions(session: Session) -> None:
    client = session({"r.events": "on web.run changed web.reload\n", "actions/web/reload.sh": "true\n"})
    client.open("r.events")
    found = client.ask("textDocument/definition", client.at("r.events", "web.rel‸oad"))
    assert client.words(found) == [("reload.sh", 1, "")]
    assert client.words(client.ask("textDocument/definition", client.at("r.events", "web.r‸un"))) == [
        ("r.events", 1, "run")
    ]


def test_references_in_all_files(site: Client) -> None:
    site.open("lib/mail.events")
    params = site.at("lib/mail.events", "resource sen‸der", context={"includeDeclaration": True})
    assert site.words(site.ask("textDocument/references", params)) == [
        ("mail.events", 3, "sender"),
        ("site.events", 15, "sender"),
    ]
    params["context"]["includeDeclaration"] = False
    assert site.words(site.ask("textDocument/references", params)) == [("site.events", 15, "sender")]


@pytest.mark.parametrize(
    ("mark", "new", "lines"),
    [
        ("on hapro‸xy.run changed", "lb", ["resource lb @ctl {", "connect lb app { port -> backend }"]),
        (
            "haproxy.rel‸oad\n",
            "refresh",
            ['  refresh: systemd.reload "haproxy"', "on haproxy.run changed haproxy.refresh"],
        ),
        (
            "{{e‸nv}}",
            "stage",
            ['param stage = "dev"', '  run: sh "render {{port}} {{stage}}" [changes = "/etc/haproxy.cfg"]'],
        ),
        ("as ma‸il", "post", ["on haproxy.run failure post.sender.run"]),
        ("start {{back‸end}}", "upstream", ["connect haproxy app { port -> upstream }"]),
        ("host c‸tl", "gate", ["group web = [gate]", "resource haproxy @gate {"]),
    ],
)
def test_rename(site: Client, mark: str, new: str, lines: list[str]) -> None:
    site.apply(site.ask("textDocument/rename", site.at("site.events", mark, newName=new)))
    after = site.texts[site.uri("site.events")].splitlines()
    assert [line for line in lines if line not in after] == []
    assert [d["message"] for d in site.checked("site.events") if d["severity"] == 1] == []


@pytest.mark.parametrize(
    ("mark", "new", "why"),
    [
        ("on hapro‸xy.run changed", "a b", "`a b` cannot be the name of a resource"),
        ("on hapro‸xy.run changed", "x.run\non y", "cannot be the name of a resource"),
        ("on hapro‸xy.run changed", "app", "`app` does not fit: resource `app` is declared twice"),
        ("haproxy.rel‸oad\n", "run", "`run` does not fit: action `run` is declared twice"),
        ("haproxy.rel‸oad\n", "a.b", "`a.b` cannot be the name of an action"),
        ("{{e‸nv}}", "port", "`port` would change what `run: sh \"render {{port}} {{env}}\""),
    ],
)  # fmt: skip
def test_rename_is_refused(site: Client, mark: str, new: str, why: str) -> None:
    with pytest.raises(Failed) as refused:
        site.ask("textDocument/rename", site.at("site.events", mark, newName=new))
    assert why in str(refused.value)


def test_rename_keeps_what_patterns_match(session: Session) -> None:
    client = session(
        {
            "t.events": 'resource app.a { run: sh "a" }\nresource lb { reload: sh "b" }\non app.*.run changed lb.reload\n'
        }
    )
    client.open("t.events")
    with pytest.raises(
        Failed, match=r"would change what `on app\.\*\.run changed lb\.reload` in line 3 means|does not fit"
    ):
        client.ask("textDocument/rename", client.at("t.events", "app‸.a", newName="web.a"))
    edit = client.ask("textDocument/rename", client.at("t.events", "app‸.a", newName="app.b"))
    assert [e["newText"] for e in edit["changes"][client.uri("t.events")]] == ["app.b"]


def test_what_a_pattern_or_a_loop_names_cannot_be_renamed_there(session: Session) -> None:
    text = 'for n in [1, 2] { resource a.{{n}} { run: sh "x" } }\non a.*.run changed a.1.run\n'
    client = session({"t.events": text})
    client.open("t.events")
    with pytest.raises(Failed, match="stands for"):
        client.ask("textDocument/prepareRename", client.at("t.events", "a.‸*"))
    with pytest.raises(Failed, match="is made of"):
        client.ask("textDocument/rename", client.at("t.events", "changed a‸.1", newName="b.1"))


@pytest.mark.parametrize(
    ("typed", "first", "absent"),
    [
        ("on ", ["haproxy.run", "app.run", "haproxy.reload", "mail.sender.run"], "host"),
        ("on haproxy.reload ", ["changed", "ok", "failed", "error", "success", "failure"], "created"),
        ("on haproxy.run changed ap", ["haproxy.run"], "changed"),
        ("resource x @", ["@ctl"], "ctl"),
        ("resource x { run: ", ["sh", "exec", "copy"], "run"),
        ('resource x { run: copy "a" "b" [mo', ["mode", "owner", "group", "timeout"], "expect"),
        ('resource x { run: sh "a" [timeout = 5m, ', ["retry"], "timeout"),
        ('resource x { run: sh "a {{', ["host", "name", "env"], "haproxy"),
        ("connect app ha", ["haproxy", "app"], "haproxy.run"),
        ("connect haproxy app { ", ["port", "host", "name", "on", "no events"], "run"),
        ("connect haproxy app { port -> ", ["backend"], "port"),
        ("on app.run ok app.reload if ", ["env"], "ctl"),
        ("for h in ", ["web"], "ctl"),
        ('import "', ["lib/mail.events"], "site.events"),
        ('import "lib/mail.events" as m (', ["to"], "env"),
        ("", ["on", "serial", "start"], "all"),
    ],
)
def test_completion(site: Client, typed: str, first: list[str], absent: str) -> None:
    site.type("site.events", typed)
    found = list(site.complete("site.events"))
    assert [label for label in found if label in first] == first
    assert absent not in found


def test_completion_in_the_middle_of_a_broken_file(site: Client) -> None:
    site.change("site.events", 0, 0, "resource {\non x\nresource half { run: \n")
    site.type("site.events", "on haproxy.run chan\nconnect {\n")
    assert "changed" in site.complete("site.events", "on haproxy.run chan‸\n")


def test_code_actions_choose_what_runs_again(session: Session) -> None:
    text = "on s.run changed a.run\non t.run changed b.run\non a.run changed b.run\non b.run changed a.run\n"
    client = session({"t.events": text})

    def offered() -> list[Any]:
        (cycle,) = [d for d in client.checked("t.events") if d["code"] == "EV501"]
        document = {"uri": client.uri("t.events")}
        params = {"textDocument": document, "range": cycle["range"], "context": {"diagnostics": [cycle]}}
        found: list[Any] = client.ask("textDocument/codeAction", params)
        return found

    client.open("t.events")
    (other,) = offered()
    assert other["title"] == "Let `b.run` run again, not `a.run`"
    client.apply(other["edit"])
    assert client.texts[client.uri("t.events")] == text + "again b.run\n"
    (back,) = offered()
    assert back["title"] == "Let `a.run` run again, not `b.run`"
    client.apply(back["edit"])
    assert client.texts[client.uri("t.events")] == text + "again a.run\n"


def test_diagnostics_carry_code_page_tag_and_places(site: Client) -> None:
    site.type("site.events", 'param unused = "x"\nresource app { run: sh "x" }\n')
    found = {d["code"]: d for d in site.checked("site.events")}
    assert found["EV203"]["relatedInformation"][0]["message"] == "first declared here"
    page, _, line = found["EV203"]["codeDescription"]["href"].removeprefix("file://").partition("#L")
    with open(page, encoding="utf-8") as pages:
        assert pages.read().splitlines()[int(line) - 1] == "[EV203]"
    site.replace("site.events", 'resource app { run: sh "x" }\n', "")
    found = {d["code"]: d for d in site.checked("site.events")}
    assert found["EV404"]["tags"] == [1]


def test_a_library_is_looked_at_with_its_importers(site: Client) -> None:
    site.open("lib/mail.events", MAIL.replace("sender {", "sender @ctl {"))
    assert "EV204" not in site.codes("lib/mail.events")  # the host is the importer's
    site.replace("lib/mail.events", "run: sh", "go: sh")
    assert "EV202" in site.codes("lib/mail.events") + site.codes("site.events")
    # what is not saved counts for the importer too
    assert "its actions: go" in str(site.diagnostics[site.uri("site.events")])
    site.close("lib/mail.events")
    site.type("site.events", "\n")
    assert "EV202" not in site.codes("site.events")


def test_symbols_folds_and_format(site: Client) -> None:
    document = {"textDocument": {"uri": site.uri("site.events")}}
    symbols = site.ask("textDocument/documentSymbol", document)
    assert [s["name"] for s in symbols][:5] == ["mail", "env", "ctl", "web", "haproxy"]
    assert [c["name"] for c in symbols[4]["children"]] == ["port", "run", "reload"]
    found = site.ask("workspace/symbol", {"query": "SEND"})
    assert [s["name"] for s in found] == ["sender", "sender.run"]
    folds = site.ask("textDocument/foldingRange", document)
    assert [(f["startLine"], f["endLine"]) for f in folds] == [(6, 10)]
    options = {"tabSize": 2, "insertSpaces": True}
    site.replace("site.events", "on haproxy.run changed", "on   haproxy.run   changed")
    (edit,) = site.ask("textDocument/formatting", {**document, "options": options})
    site.apply({"changes": {site.uri("site.events"): [edit]}})
    assert "on haproxy.run changed haproxy.reload\n" in site.texts[site.uri("site.events")]
    site.type("site.events", "on x\n")
    assert site.ask("textDocument/formatting", {**document, "options": options}) is None


def test_semantic_tokens(site: Client) -> None:
    document = {"textDocument": {"uri": site.uri("site.events")}}
    legend = site.server["capabilities"]["semanticTokensProvider"]["legend"]["tokenTypes"]
    data = site.ask("textDocument/semanticTokens/full", document)["data"]
    lines, found, line, character = SITE.splitlines(), [], 0, 0
    for new, by, length, kind, _ in zip(*[iter(data)] * 5, strict=True):
        line, character = line + new, by if new else character + by
        found.append((lines[line][character : character + length], legend[kind]))
    assert found[:4] == [
        ("import", "keyword"),
        ('"lib/mail.events"', "string"),
        ("as", "keyword"),
        ("mail", "namespace"),
    ]
    for word in (
        ("haproxy", "class"),
        ("run", "method"),
        ("changed", "enumMember"),
        ("env", "parameter"),
        ("ctl", "type"),
    ):
        assert word in found
    where = {"start": {"line": 13, "character": 0}, "end": {"line": 13, "character": 5}}
    part = site.ask("textDocument/semanticTokens/range", {**document, "range": where})["data"]
    assert part[:5] == [13, 0, 2, legend.index("keyword"), 0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_positions_of_astral_characters_and_crlf(session: Session, encoding: str) -> None:
    text = (
        '# \U0001f600\r\nresource a { run: sh "\U0001f600\U0001f600"; x: sh "b" }\r\non a.run chnaged a.x\r\n'
    )
    client = session({"t.events": text}, encoding=encoding)
    (wrong,) = [d for d in client.open("t.events") if d["code"] == "EV103"]
    assert wrong["range"] == {"start": {"line": 2, "character": 9}, "end": {"line": 2, "character": 16}}
    symbols = client.ask("textDocument/documentSymbol", {"textDocument": {"uri": client.uri("t.events")}})
    x = symbols[0]["children"][1]["selectionRange"]["start"]["character"]
    assert x == {"utf-8": 33, "utf-16": 29, "utf-32": 27}[encoding]
