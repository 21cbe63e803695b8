"""`grammar/vscode`: it packs, its client starts the server, its problem matcher reads what `check` prints."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from evdsl.faces.cli import main
from evdsl.version import __version__

from .classes import ROOT, missing, program

HERE = Path(__file__).parent
EXTENSION = ROOT / "grammar/vscode"
PACKAGE: dict[str, Any] = json.loads((EXTENSION / "package.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the unpacked .vsix, which vsce has made of a copy."""
    modules = EXTENSION / "node_modules"
    if not (modules / "@vscode/vsce").is_dir():
        missing("grammar/vscode/node_modules (npm ci in grammar/vscode)")
    root = tmp_path_factory.mktemp("vscode")
    made = root / "grammar/vscode"
    shutil.copytree(
        EXTENSION, made, ignore=shutil.ignore_patterns("node_modules", "dist", "*.vsix", "LICENSE")
    )
    (made / "node_modules").symlink_to(modules)
    shutil.copy(ROOT / "grammar/evdsl.tmLanguage.json", root / "grammar")
    shutil.copy(ROOT / "LICENSE", root)
    done = subprocess.run(
        [program("npm"), "run", "--silent", "package"], cwd=made, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr + done.stdout
    with zipfile.ZipFile(made / "evdsl.vsix") as archive:
        archive.extractall(root / "unpacked")
    return root / "unpacked/extension"


@pytest.mark.real
def test_it_packs(packed: Path) -> None:
    names = {str(p.relative_to(packed)) for p in packed.rglob("*") if p.is_file()}
    assert names == {
        "LICENSE.txt", "readme.md", "package.json", "language-configuration.json", "dist/extension.js",
        "dist/evdsl.tmLanguage.json",
    }  # fmt: skip
    made = json.loads((packed / "package.json").read_text("utf-8"))
    named = [made["main"], *(g["path"] for g in made["contributes"]["grammars"])]
    named += [language["configuration"] for language in made["contributes"]["languages"]]
    assert all((packed / name).is_file() for name in named)
    grammar = (packed / "dist/evdsl.tmLanguage.json").read_bytes()
    assert grammar == (ROOT / "grammar/evdsl.tmLanguage.json").read_bytes()


def started(packed: Path, folder: Path, command: str) -> dict[str, Any]:
    done = subprocess.run(
        [
            program("node"),
            str(HERE / "extension.js"),
            str(packed / "dist/extension.js"),
            str(folder),
            command,
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    made: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return made


def messages(path: Path) -> list[dict[str, Any]]:
    """The messages of one side of a conversation."""
    data, found = path.read_bytes(), []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        length = int(re.search(rb"Content-Length: (\d+)", head)[1])  # type: ignore[index]
        found.append(json.loads(data[:length]))
        data = data[length:]
    return found


@pytest.mark.real
def test_its_client_starts_the_server(packed: Path, tmp_path: Path) -> None:
    """The real client of the extension, the real server; only the editor around it is not there."""
    command = tmp_path / "evdsl"
    command.write_text(
        f'#!/bin/sh\necho "$@" >"{tmp_path}/arguments"\n'
        f'tee "{tmp_path}/asked" | "{sys.executable}" -m evdsl "$@" | tee "{tmp_path}/answered"\n'
    )
    command.chmod(0o755)
    made = started(packed, tmp_path, str(command))
    assert made["shown"] == []
    assert made["registered"] == ["evdsl.restart", "**/{*.events,actions/**}"]
    assert (tmp_path / "arguments").read_text() == "lsp --stdio\n"
    asked = messages(tmp_path / "asked")
    assert [m["method"] for m in asked if "method" in m][:2] == ["initialize", "initialized"]
    assert [m["method"] for m in asked if "method" in m][-2:] == ["shutdown", "exit"]
    assert asked[0]["params"]["initializationOptions"] == {"set": {"env": "prod"}}
    assert asked[0]["params"]["rootUri"] == tmp_path.as_uri()
    answer = next(
        m for m in messages(tmp_path / "answered") if m.get("id") == asked[0]["id"] and "result" in m
    )
    assert answer["result"]["serverInfo"]["name"] == "evdsl"
    assert answer["result"]["capabilities"]["hoverProvider"]


@pytest.mark.real
def test_a_server_that_is_missing_is_told(packed: Path, tmp_path: Path) -> None:
    told = started(packed, tmp_path, str(tmp_path / "nothing"))["shown"][-1]
    assert "pip install 'evdsl[lsp]'" in told
    assert "evdsl.path" in told


def test_it_is_the_version_of_evdsl() -> None:
    assert PACKAGE["version"] == __version__
    lock = json.loads((EXTENSION / "package-lock.json").read_text("utf-8"))
    assert lock["version"] == __version__


def test_a_folder_does_not_choose_what_is_started() -> None:
    assert PACKAGE["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"] == ["evdsl.path"]


PROGRAMS = {
    "errors": 'resource app { run: sh "a" }\non app.run chnaged b.run\non app.run changed app.rlaod\n',
    "warnings and notes": "param unused = 1\non a.run changed b.run\non b.run changed a.run\n",
}


@pytest.mark.parametrize("text", PROGRAMS.values(), ids=PROGRAMS)
def test_the_problem_matcher_reads_what_check_prints(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a b.events").write_text(text, "utf-8")
    main(["check", "a b.events"])
    lines = capsys.readouterr().out.splitlines()
    (matcher,) = PACKAGE["contributes"]["problemMatchers"]
    found = []
    for pair in pairwise(lines):
        named: dict[str, str] = {}
        for line, pattern in zip(pair, matcher["pattern"], strict=True):
            if (match := re.match(pattern["regexp"], line)) is not None:
                named |= {key: match[group] for key, group in pattern.items() if key != "regexp"}
        if len(named) == 6:
            found.append(named)
    main(["check", "--json", "a b.events"])
    said = json.loads(capsys.readouterr().out)["diagnostics"]
    assert found == [{key: str(d[key]) for key in found[0]} for d in said]
    assert len(found) >= 2


def test_the_matcher_of_github_is_the_same() -> None:
    (matcher,) = json.loads((ROOT / "grammar/github-matcher.json").read_text("utf-8"))["problemMatcher"]
    (other,) = PACKAGE["contributes"]["problemMatchers"]
    assert (matcher["owner"], matcher["pattern"]) == (other["owner"], other["pattern"])


def test_no_build_is_kept() -> None:
    ignored = (EXTENSION / ".gitignore").read_text().splitlines()
    assert {"dist/", "LICENSE", "*.vsix"} <= set(ignored)
    assert os.path.isfile(EXTENSION / ".vscodeignore")
