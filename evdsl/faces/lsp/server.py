"""The language server: what the editor asks, looked up. What the answers are made of lies on the floors below."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable
from typing import Any, BinaryIO

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.language_server import lsp_method

from ...base.source import Source
from ...version import __version__
from . import looking, marks, whole, writing
from .asking import Plain
from .project import Analysis, Projects
from .text import Text
from .tokens import LEGEND

_REST = 2.0
_PAUSE = 0.12
"""Seconds without a change after which a program is checked; longer where a check takes long."""


class _Protocol(LanguageServerProtocol):
    """Leaves the texts of documents to `Projects`: pygls splits lines where the protocol does not (U+2028, form feed)."""

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> Any:
        yield self.fm.features[types.TEXT_DOCUMENT_DID_OPEN], (params,), None

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> Any:
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CHANGE], (params,), None

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> Any:
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CLOSE], (params,), None

    def _send_response(self, msg_id: Any, result: Any = None, error: Any = None) -> None:
        """A result that is plain values goes out as it is: checking each once more takes longer than all the rest."""
        if isinstance(result, Plain):
            self._result_types.pop(msg_id, None)
            self._send_data({"jsonrpc": self.VERSION, "id": msg_id, "result": result.value})
        else:
            super()._send_response(msg_id, result, error)


class Server(LanguageServer):
    """One editor's session."""

    def __init__(self) -> None:
        super().__init__("evdsl", __version__, protocol_cls=_Protocol)
        self.projects = Projects()
        self.encoding = "utf-16"
        self.published: dict[str, bool] = {}
        self._waiting: asyncio.TimerHandle | None = None
        self._resting: asyncio.TimerHandle | None = None
        self._cost = 0.0
        for method, options, handle in FEATURES:
            self._register(method, options, handle)

    def _register(self, method: str, options: Any, handle: Callable[[Server, Any], Any]) -> None:
        def handler(params: Any) -> Any:
            return handle(self, params)

        self.feature(method, options)(handler)

    @property
    def clean(self) -> bool:
        """Whether the editor has said that it shuts down."""
        return bool(self.protocol._shutdown)

    # ---- what the editor shows

    def texts(self, source: Source) -> Text:
        return self.projects.text(source, self.encoding)

    def uris(self, path: str) -> str:
        return self.projects.uri(path)

    def roots(self, uri: str) -> list[Analysis]:
        return self.projects.roots(self.projects.key(uri))

    def open_text(self, uri: str) -> Text | None:
        return self.projects.buffers.get(self.projects.key(uri))

    # ---- checking

    def soon(self) -> None:
        """Check when nothing was typed for a moment."""
        if self._waiting is not None:
            self._waiting.cancel()
        if self._resting is not None:
            self._resting.cancel()
        pause = max(_PAUSE, 2 * self._cost)
        self._waiting = asyncio.get_running_loop().call_later(pause, self.check)

    def check(self) -> None:
        """Tell of all programs that open files are part of; take back what does not hold any more."""
        began = time.process_time()
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        found: dict[str, list[types.Diagnostic]] = {}
        for key, uri in self.projects.uris.items():
            found.setdefault(uri, [])
            for analysis in self.projects.roots(key):
                for d in analysis.diagnostics:
                    inside = found.setdefault(self.uris(d.file), [])
                    mark = marks.marked(d, self.texts, self.uris)
                    if mark not in inside:
                        inside.append(mark)
        for uri in [*found, *(u for u in self.published if u not in found)]:
            marked = found.get(uri, [])
            text = self.open_text(uri)
            if text or marked or self.published.get(uri):
                version = text.version if text else None
                self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, marked, version))
        self.published = {uri: bool(marked) for uri, marked in found.items()}
        self._cost = time.process_time() - began
        self._idle()

    def _idle(self) -> None:
        """Look for garbage when nothing was asked for a while; until then a look would only make answers late."""
        if self._resting is not None:
            self._resting.cancel()
        self._resting = asyncio.get_running_loop().call_later(_REST, gc.collect)


def serve(stdin: BinaryIO, stdout: BinaryIO) -> bool:
    """Serve one editor; whether it said goodbye."""
    server = Server()
    gc.collect()
    gc.disable()
    gc.freeze()  # the protocol's classes are many, and none of them goes away
    server.start_io(stdin, stdout)
    return server.clean


# ---- the session


def _initialize(ls: Server, params: types.InitializeParams) -> None:
    encoding = ls.protocol.workspace.position_encoding
    ls.encoding = str(getattr(encoding, "value", encoding))
    folders = [f.uri for f in params.workspace_folders or ()] or (
        [params.root_uri] if params.root_uri else []
    )
    ls.projects.folders = [ls.projects.key(uri) for uri in folders]
    _set(ls, params.initialization_options)


def _set(ls: Server, options: Any) -> None:
    """Values for params: `{"set": {"env": "prod"}}`."""
    given = options.get("set") if isinstance(options, dict) else None
    if isinstance(given, dict):
        ls.projects.settings = {str(k): str(v) for k, v in given.items()}
        ls.projects.look_again()


def _initialized(ls: Server, params: types.InitializedParams) -> None:
    """Ask to be told of files that change on the disk, where the editor can."""
    workspace = ls.client_capabilities.workspace
    watched = workspace.did_change_watched_files if workspace else None
    if watched is not None and watched.dynamic_registration:
        globs = ("**/*.events", "**/actions/**", "**/*.yml", "**/*.yaml")
        options = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher(g) for g in globs])
        register = types.Registration("files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
        ls.client_register_capability(types.RegistrationParams([register]), lambda _: None)


def _opened(ls: Server, params: types.DidOpenTextDocumentParams) -> None:
    document = params.text_document
    ls.projects.open(document.uri, document.text, document.version, ls.encoding)
    ls.check()


def _changed(ls: Server, params: types.DidChangeTextDocumentParams) -> None:
    key = ls.projects.key(params.text_document.uri)
    text = ls.projects.buffers.get(key)
    if text is not None:
        for change in params.content_changes:
            text = text.changed(change, params.text_document.version)
        ls.projects.buffers[key] = text
        ls.soon()


def _closed(ls: Server, params: types.DidCloseTextDocumentParams) -> None:
    ls.projects.close(params.text_document.uri)
    ls.check()


def _look_again(ls: Server, params: Any) -> None:
    ls.projects.look_again()
    ls.soon()


def _configured(ls: Server, params: types.DidChangeConfigurationParams) -> None:
    options = params.settings
    _set(ls, options.get("evdsl", options) if isinstance(options, dict) else None)
    ls.soon()


def _folders(ls: Server, params: types.DidChangeWorkspaceFoldersParams) -> None:
    gone = {ls.projects.key(f.uri) for f in params.event.removed}
    added = [ls.projects.key(f.uri) for f in params.event.added]
    ls.projects.folders = [f for f in ls.projects.folders if f not in gone] + added
    ls.soon()


_COMPLETION = types.CompletionOptions(trigger_characters=[" ", ".", "@", "[", "(", "{", ",", "|", '"', "/"])
_FIXES = types.CodeActionOptions([types.CodeActionKind.QuickFix])
_RENAME = types.RenameOptions(prepare_provider=True)

FEATURES: list[tuple[str, Any, Callable[[Server, Any], Any]]] = [
    (types.INITIALIZE, None, _initialize),
    (types.INITIALIZED, None, _initialized),
    (types.TEXT_DOCUMENT_DID_OPEN, None, _opened),
    (types.TEXT_DOCUMENT_DID_CHANGE, None, _changed),
    (types.TEXT_DOCUMENT_DID_CLOSE, None, _closed),
    (types.TEXT_DOCUMENT_DID_SAVE, None, _look_again),
    (types.WORKSPACE_DID_CHANGE_WATCHED_FILES, None, _look_again),
    (types.WORKSPACE_DID_CHANGE_CONFIGURATION, None, _configured),
    (types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS, None, _folders),
    (types.TEXT_DOCUMENT_HOVER, None, looking.hover),
    (types.TEXT_DOCUMENT_DEFINITION, None, looking.definition),
    (types.TEXT_DOCUMENT_REFERENCES, None, looking.references),
    (types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT, None, looking.highlight),
    (types.TEXT_DOCUMENT_PREPARE_RENAME, None, writing.prepare_rename),
    (types.TEXT_DOCUMENT_RENAME, _RENAME, writing.rename),
    (types.TEXT_DOCUMENT_COMPLETION, _COMPLETION, writing.completion),
    (types.TEXT_DOCUMENT_CODE_ACTION, _FIXES, writing.code_action),
    (types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, None, whole.document_symbol),
    (types.WORKSPACE_SYMBOL, None, whole.workspace_symbol),
    (types.TEXT_DOCUMENT_FOLDING_RANGE, None, whole.folding),
    (types.TEXT_DOCUMENT_FORMATTING, None, writing.formatting),
    (types.TEXT_DOCUMENT_INLAY_HINT, None, whole.inlay_hint),
    (types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, LEGEND, whole.semantic_tokens),
    (types.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE, LEGEND, whole.semantic_tokens),
]
