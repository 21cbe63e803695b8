"""Sessions of the language server, each ended whatever the test did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .client import WAIT, Client


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Client]]:
    """Starts a server in a folder with these files; the folder is the workspace."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path.parent / "cache"))
    clients: list[Client] = []

    def start(files: dict[str, str] | None = None, **options: Any) -> Client:
        folder = tmp_path / "project"
        folder.mkdir(exist_ok=True)
        for name, text in (files or {}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(text.encode())
        clients.append(Client(folder, **options))
        return clients[-1]

    yield start
    for client in clients:
        if client.process.poll() is None:
            client.process.kill()
        client.process.wait(WAIT)
        for pipe in (client.process.stdin, client.process.stdout):
            assert pipe is not None
            pipe.close()
