"""A session from its begin to its end, and what must not end it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .client import WAIT, Client

Session = Callable[..., Client]


def test_it_ends_when_asked(session: Session) -> None:
    client = session({})
    assert client.server["serverInfo"]["name"] == "evdsl"
    assert client.stop() == 0


def test_it_ends_with_its_editor(session: Session) -> None:
    client = session({})
    assert client.process.stdin is not None
    client.process.stdin.close()
    assert client.process.wait(WAIT) == 1


def test_an_editor_that_is_gone_is_told_nothing() -> None:
    """It died in the middle of things: nobody reads the answers, and no traceback is left in the terminal."""
    process = subprocess.Popen(
        [sys.executable, "-m", "evdsl", "lsp"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    assert process.stderr

    def send(**message: object) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))  # type: ignore[union-attr]
        process.stdin.flush()  # type: ignore[union-attr]

    send(id=1, method="initialize", params={"processId": None, "rootUri": None, "capabilities": {}})
    assert process.stdout.readline()
    process.stdout.close()
    document = {"uri": "untitled:a", "languageId": "evdsl", "version": 1, "text": "on a changed b\n"}
    send(method="textDocument/didOpen", params={"textDocument": document})
    assert process.wait(WAIT) == -signal.SIGPIPE
    assert process.stderr.read() == b""
    process.stdin.close()
    process.stderr.close()


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'{"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {}}',
        b'{"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": {"uri": 5}}}',
        b'{"jsonrpc": "2.0", "method": "no/such", "params": null}',
        b'{"jsonrpc": "2.0", "id": 900, "method": "textDocument/hover", "params": {"position": "x"}}',
        b'{"jsonrpc": "2.0", "id": 901, "method": "no/such", "params": {}}',
        b'{"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": 12345}}',
        b'"\xff\xfe"',
    ],
)
def test_a_broken_message_does_not_end_it(session: Session, body: bytes) -> None:
    client = session({"t.events": "on a.run ok b.run\n"})
    client.raw(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    assert client.open("t.events") is not None
    assert client.stop() == 0


def test_positions_outside_of_the_text(session: Session) -> None:
    client = session({"t.events": "on a.run ok b.run"})
    client.open("t.events")
    for line, character in ((0, 999), (999, 0), (999, 999)):
        params = {
            "textDocument": {"uri": client.uri("t.events")},
            "position": {"line": line, "character": character},
        }
        client.ask("textDocument/hover", params)
        client.ask("textDocument/completion", params)
    assert client.stop() == 0


def test_what_is_not_open_and_what_is_no_file(session: Session) -> None:
    client = session({})
    params = {"textDocument": {"uri": client.uri("none.events")}, "position": {"line": 0, "character": 0}}
    assert client.ask("textDocument/hover", params) is None
    found = client.open("untitled:Untitled-1", "on a.run chnaged b.run\n")
    assert [d["code"] for d in found] == ["EV103"]


def test_odd_texts(session: Session) -> None:
    client = session({})
    for number, text in enumerate(
        ("\0", "a\rb\r\n\u2028on x\f", "\ufeffon a.run ok b.run\n", "\ud800", "resource {" * 300)
    ):
        client.open(f"{number}.events", text)
        client.type(f"{number}.events", "\non a.run chnaged b.run\n")
        client.checked(f"{number}.events")
    assert client.stop() == 0


def test_params_are_given_and_changed(session: Session) -> None:
    text = 'param env = "dev"\nresource a { run: sh "x" } if env == "prod"\non a.run changed b.run\nresource b { run: sh "y" }\n'
    client = session({"t.events": text}, options={"set": {"env": "prod"}})
    client.open("t.events")
    assert "EV506" not in client.codes("t.events")
    client.tell("workspace/didChangeConfiguration", {"settings": {"evdsl": {"set": {"env": "test"}}}})
    client.type("t.events", "\n")
    assert "EV506" in client.codes("t.events")


def test_it_writes_nothing_and_runs_nothing(session: Session, tmp_path: Path) -> None:
    text = 'resource a { run: sh "touch marker" [unless = "touch marker", creates = "/none"] }\non a.run changed a.run\n'
    client = session({"t.events": text})
    client.open("t.events")
    client.hover("t.events", "a.r‸un")
    client.complete("t.events", "on a‸.run")
    client.ask("textDocument/rename", client.at("t.events", "resource ‸a", newName="c"))
    client.stop()
    assert [p.name for p in (tmp_path / "project").iterdir()] == ["t.events"]


def test_without_pygls_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "pygls").mkdir()
    hidden = "import sys; sys.modules['pygls'] = None; sys.argv = ['evdsl', 'lsp']; from evdsl.__main__ import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", hidden], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 2
    assert "error[EV600]: the language server needs pygls, which is not installed" in done.stderr
    assert "pip install 'evdsl[lsp]'" in done.stderr


def test_a_human_at_a_terminal_is_told(tmp_path: Path) -> None:
    import pty

    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "evdsl", "lsp"],
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    )
    try:
        assert process.stderr is not None
        assert b"speaks with an editor" in process.stderr.readline()
    finally:
        process.kill()
        process.communicate()
        os.close(leader)
        os.close(follower)


def test_the_capabilities(session: Session) -> None:
    client = session({})
    capabilities = client.server["capabilities"]
    wanted = {
        "completionProvider", "hoverProvider", "definitionProvider", "referencesProvider", "renameProvider",
        "documentHighlightProvider", "documentSymbolProvider", "workspaceSymbolProvider", "codeActionProvider",
        "documentFormattingProvider", "executeCommandProvider", "foldingRangeProvider", "semanticTokensProvider", "inlayHintProvider",
    }  # fmt: skip
    assert {k for k in capabilities if k.endswith("Provider")} == wanted
    assert capabilities["positionEncoding"] == "utf-16"
    json.dumps(capabilities)
