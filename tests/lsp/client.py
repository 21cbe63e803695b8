"""An editor's side of the protocol, as small as it can be: a real server process, messages over its pipes."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

WAIT = 60
CAPABILITIES: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-16"]},
    "textDocument": {
        "hover": {"contentFormat": ["markdown", "plaintext"]},
        "publishDiagnostics": {"relatedInformation": True, "tagSupport": {"valueSet": [1, 2]}},
        "documentSymbol": {"hierarchicalDocumentSymbolSupport": True},
        "rename": {"prepareSupport": True},
    },
}


class Failed(Exception):
    """The server answered with an error."""


class Client:
    """One session. Buffers are kept here as an editor keeps them; positions are given as the mark `‸` in a text."""

    def __init__(
        self, folder: Path, *, options: Any = None, workspace: bool = True, encoding: str = "utf-16"
    ) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "evdsl", "lsp"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.messages: queue.Queue[dict[str, Any]] = queue.Queue()
        self.number = 0
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.diagnostics: dict[str, list[dict[str, Any]]] = {}
        self.told: dict[str, int | None] = {}
        threading.Thread(target=self._read, daemon=True).start()
        capabilities = {**CAPABILITIES, "general": {"positionEncodings": [encoding]}}
        root = folder.as_uri() if workspace else None
        self.server = self.ask(
            "initialize",
            {
                "processId": None,
                "rootUri": root,
                "capabilities": capabilities,
                "initializationOptions": options,
            },
        )
        self.tell("initialized", {})

    # ---- messages

    def _read(self) -> None:
        out = self.process.stdout
        assert out is not None
        while header := out.readline():
            length = 0
            while header.strip():
                name, _, value = header.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
                header = out.readline()
            self.messages.put(json.loads(out.read(length)))
        self.messages.put({"closed": True})

    def raw(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.raw(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def tell(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def ask(self, method: str, params: Any) -> Any:
        self.number += 1
        number = self.number
        self._send({"id": number, "method": method, "params": params})
        while True:
            message = self._next()
            if message.get("id") == number and "method" not in message:
                if "error" in message:
                    raise Failed(message["error"]["message"])
                return message["result"]

    def _next(self) -> dict[str, Any]:
        message = self.messages.get(timeout=WAIT)
        assert "closed" not in message, f"the server ended with {self.process.wait(WAIT)}"
        if message.get("method") == "textDocument/publishDiagnostics":
            params = message["params"]
            self.diagnostics[params["uri"]] = params["diagnostics"]
            self.told[params["uri"]] = params.get("version")
        elif "method" in message and "id" in message:
            self._send({"id": message["id"], "result": None})
        return message

    # ---- documents

    def uri(self, name: str) -> str:
        return name if ":" in name else (self.folder / name).as_uri()

    def open(self, name: str, text: str | None = None) -> list[dict[str, Any]]:
        """Open a file with the text that is on the disk, or another; what is said of it."""
        uri = self.uri(name)
        self.texts[uri] = (self.folder / name).read_bytes().decode() if text is None else text
        self.versions[uri] = 1
        document = {"uri": uri, "languageId": "evdsl", "version": 1, "text": self.texts[uri]}
        self.tell("textDocument/didOpen", {"textDocument": document})
        return self.checked(name)

    def close(self, name: str) -> None:
        self.tell("textDocument/didClose", {"textDocument": {"uri": self.uri(name)}})

    def change(self, name: str, start: int, end: int, text: str) -> None:
        """Put a text in place of `[start, end)`, in code points, as an editor that sends only what changed."""
        uri = self.uri(name)
        before = self.texts[uri]
        self.versions[uri] += 1
        where = {"start": position(before, start), "end": position(before, end)}
        self.texts[uri] = before[:start] + text + before[end:]
        self.tell(
            "textDocument/didChange",
            {
                "textDocument": {"uri": uri, "version": self.versions[uri]},
                "contentChanges": [{"range": where, "text": text}],
            },
        )

    def type(self, name: str, text: str) -> None:
        """Write at the end of a file."""
        end = len(self.texts[self.uri(name)])
        self.change(name, end, end, text)

    def replace(self, name: str, old: str, new: str) -> None:
        at = self.texts[self.uri(name)].index(old)
        self.change(name, at, at + len(old), new)

    def checked(self, name: str) -> list[dict[str, Any]]:
        """What is said of a file in the version that it has now."""
        uri = self.uri(name)
        while self.told.get(uri) != self.versions[uri]:
            self._next()
        return self.diagnostics[uri]

    def codes(self, name: str) -> list[str]:
        return [d["code"] for d in self.checked(name)]

    # ---- what an editor asks about a place

    def at(self, name: str, mark: str, **more: Any) -> dict[str, Any]:
        """The parameters for the place of `‸` in a piece of the text."""
        text = self.texts[self.uri(name)]
        offset = text.index(mark.replace("‸", "")) + mark.index("‸")
        return {"textDocument": {"uri": self.uri(name)}, "position": position(text, offset), **more}

    def hover(self, name: str, mark: str) -> str:
        found = self.ask("textDocument/hover", self.at(name, mark))
        return found["contents"]["value"] if found else ""

    def complete(self, name: str, mark: str | None = None) -> dict[str, dict[str, Any]]:
        """The completions at a place, at the end if none is given, by label, in their order."""
        text = self.texts[self.uri(name)]
        params = self.at(name, mark) if mark else {
            "textDocument": {"uri": self.uri(name)}, "position": position(text, len(text))
        }  # fmt: skip
        found = self.ask("textDocument/completion", params)
        items = sorted(found["items"], key=lambda i: i["sortText"]) if found else []
        return {i["label"]: i for i in items}

    def take(self, name: str, label: str) -> None:
        """Take one completion at the end of a file."""
        edit = self.complete(name)[label]["textEdit"]
        self.apply({"changes": {self.uri(name): [edit]}})

    def apply(self, edit: dict[str, Any]) -> None:
        """Carry out the edits of an answer in the buffers, as the editor would."""
        for uri, edits in edit["changes"].items():
            for e in sorted(
                edits, key=lambda e: (e["range"]["start"]["line"], e["range"]["start"]["character"])
            )[::-1]:
                if uri not in self.texts:
                    self.open(str(Path(uri.removeprefix("file://")).relative_to(self.folder)))
                text = self.texts[uri]
                self.change(
                    uri, offset(text, e["range"]["start"]), offset(text, e["range"]["end"]), e["newText"]
                )

    def words(self, found: list[dict[str, Any]] | None) -> list[tuple[str, int, str]]:
        """Locations as file, line from 1, and the text there."""
        made = []
        for location in found or []:
            path = Path(location["uri"].removeprefix("file://"))
            text = self.texts.get(location["uri"]) or path.read_text("utf-8")
            begin, end = (offset(text, location["range"][side]) for side in ("start", "end"))
            made.append((path.name, location["range"]["start"]["line"] + 1, text[begin:end]))
        return made

    def stop(self) -> int:
        """Say goodbye; the exit code."""
        self.ask("shutdown", None)
        self.tell("exit", None)
        return self.process.wait(WAIT)


def position(text: str, at: int) -> dict[str, int]:
    """An offset in code points as line and UTF-16 units."""
    line = text.count("\n", 0, at)
    start = text.rfind("\n", 0, at) + 1
    return {"line": line, "character": len(text[start:at].encode("utf-16-le", "surrogatepass")) // 2}


def offset(text: str, where: dict[str, int]) -> int:
    start = 0
    for _ in range(where["line"]):
        start = text.index("\n", start) + 1
    units = at = 0
    while units < where["character"]:
        units += 2 if text[start + at] > "\uffff" else 1
        at += 1
    return start + at
