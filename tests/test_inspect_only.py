"""What looks at a program runs nothing, opens no socket and writes nothing but the parser's cache (LANGUAGE.md 9, 10).

Held by the interpreter's own audit events, of which every process, socket and opened file is one, and by strace.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

_WATCHED = """
import json, os, sys
allowed, record = json.loads(sys.argv[1])
seen = []
names = ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "os.system", "pty.spawn")
writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
changing = ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod",
    "os.chown", "os.utime", "os.setxattr", "os.kill", "os.putenv", "shutil.", "sqlite3.connect", "ctypes.", "tempfile.")

def inside(path):
    return isinstance(path, (str, bytes)) and os.path.abspath(os.fsdecode(path)).startswith(allowed)

def hook(event, arguments):
    if event.startswith("socket.") or event.startswith(names):
        seen.append([event, repr(arguments)])
    elif event == "open" and arguments[2] & writing and not isinstance(arguments[0], int) and not inside(arguments[0]):
        seen.append([event, repr(arguments)])
    elif event.startswith(changing) and not any(map(inside, arguments)):
        seen.append([event, repr(arguments)])

import evdsl.faces.cli, io
sys.addaudithook(hook)
sys.argv = ["evdsl", *sys.argv[2:]]
from evdsl.__main__ import main
try:
    code = main()
except SystemExit as end:
    code = end.code
sys.stdout.flush()
found = list(seen)
with open(record, "w") as file:
    json.dump([code, found], file)
"""

MAIN = """\
param env = "dev"
param list = ["a", "b"]
secret token
host web1 = "192.0.2.21" [user = "deploy", port = 22]
hosts "inventory.yml"
group web = [web1]
defaults [timeout = 5m]
import "lib/site.events" as site (greeting = "hi")

## Touches a file, if it is run.
resource local {
  port = 5432
  run: sh "touch {{marker}}" [unless = "touch marker", onlyif = "touch marker", creates = "/nonexistent"]
  marker = "marker-of-sh"
  other: exec ["touch", "marker-of-exec"] [env = {token = token}, changes = ["marker"]]
  put: copy "source.txt" "marker-of-copy" [mode = "0644"]
  fill: template "source.txt" "marker-of-template"
  get: http.get "http://127.0.0.1:9/"
  post: http.post "http://127.0.0.1:9/" [body = "x"]
}
for h in web {
  resource app.{{h}} @{{h}} {
    run: systemd.start "nginx"
    stop: systemd.stop "nginx"
    restart: systemd.restart "nginx"
    reload: systemd.reload "nginx"
    enable: systemd.enable "nginx"
    disable: systemd.disable "nginx"
  }
}
for h in grouped {
  resource node.{{h}} @{{h}} { run: sh "echo {{host}} {{list}}" }
}
resource ansible { run: ansible.playbook "site.yml"; role: ansible.role "nginx"; module: ansible.module "ping" }
resource puppet { run: puppet.apply "notice(1)"; file: puppet.manifest "site.pp" }
resource salt { run: salt.state "nginx" }
resource found
resource pool
connect local app.<h> { port -> db_port; on run changed restart }
connect node.<h> pool { host -> nodes }
on local.run changed local.other, local.put, local.fill, local.get, local.post
on app.<h>.restart changed app.<h>.reload
on local.post failed local.run
on ansible.run changed puppet.run, salt.run if env == "dev"
on pool changed found.run
on site.conf.run changed ansible.role, ansible.module, puppet.file
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with every driver, a secret, an import, an inventory and an actions/ folder."""
    project = tmp_path / "project"
    (project / "lib").mkdir(parents=True)
    (project / "actions" / "found").mkdir(parents=True)
    (project / "main.events").write_text(MAIN, "utf-8")
    (project / "source.txt").write_text("{{ lookup }}\n", "utf-8")
    (project / "inventory.yml").write_text(
        "grouped: {hosts: {'n[1:2]': {ansible_host: 192.0.2.9}}}\n", "utf-8"
    )
    (project / "lib" / "site.events").write_text(
        'param greeting = "x"\nresource conf { run: sh "touch ../marker {{greeting}}" }\n', "utf-8"
    )
    for name in ("run", "go.sh", "play.yml", "mani.pp", "st.sls"):
        (project / "actions" / "found" / name).write_text("#!/bin/sh\ntouch marker-of-actions\n", "utf-8")
        (project / "actions" / "found" / name).chmod(0o755)
    (project / "rules.events").write_text(
        "on found.run changed found.go\non a.run changed found.run\n", "utf-8"
    )
    (project / "outcomes.json").write_text('{"local.run#0": "failed"}', "utf-8")
    (project / "token.txt").write_text("s3cret\n", "utf-8")
    (project / "broken.events").write_text("on a.run chnaged b.run\nresource {\n", "utf-8")
    return project


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """All files of a folder with mode and content."""
    return {
        str(p.relative_to(folder)): (p.lstat().st_mode, p.read_bytes() if p.is_file() else b"")
        for p in sorted(folder.rglob("*"))
    }


COMMANDS = [
    ("check", "main.events", "--set", "token=x"),
    ("check", "main.events", "--json", "--set-file", "token=token.txt"),
    ("check", "broken.events"),
    ("check", "none.events"),
    ("plan", "main.events"),
    ("plan", "main.events", "-v", "--color", "always"),
    ("plan", "main.events", "--json", "--start", "local"),
    ("plan", "broken.events"),
    ("simulate", "main.events", "--outcomes", "outcomes.json"),
    ("simulate", "main.events", "--when", "local=failed", "--json"),
    ("expand", "main.events"),
    ("graph", "main.events"),
    ("graph", "main.events", "--format", "dot"),
    ("graph", "main.events", "--format", "graphml"),
    ("graph", "main.events", "--format", "svg"),
    ("graph", "main.events", "--format", "html", "--collapse", "host"),
    ("graph", "main.events", "--format", "mermaid", "--select", "local+"),
    ("graph", "main.events", "--format", "json"),
    ("list", "main.events"),
    ("plan", "rules.events"),
    ("list", "rules.events"),
    ("simulate", "rules.events"),
    ("fmt", "-"),
    ("fmt", "--check", "main.events"),
    ("fmt", "--diff", "main.events"),
    ("fmt", "broken.events"),
    ("explain", "EV103"),
    ("completion", "bash"),
]


def environment(cache: Path) -> dict[str, str]:
    home = cache.parent / "home"
    home.mkdir(exist_ok=True)
    kept = {k: v for k, v in os.environ.items() if not k.startswith("XDG_")}
    return kept | {"XDG_CACHE_HOME": str(cache), "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}


def watched(folder: Path, *arguments: str) -> tuple[int, list[Any]]:
    """The exit code of a command, and all that it did that it should not."""
    cache, record = folder.parent / "cache", folder.parent / "record.json"
    cache.mkdir(exist_ok=True)
    allowed = json.dumps([str(cache / "evdsl"), str(record)])
    subprocess.run(
        [sys.executable, "-c", _WATCHED, allowed, *arguments],
        cwd=folder,
        input=MAIN.encode(),
        capture_output=True,
        timeout=60,
        check=True,
        env=environment(cache),
    )
    code, seen = json.loads(record.read_text("utf-8"))
    return code, seen


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_nothing_is_run_opened_or_written(folder: Path, arguments: tuple[str, ...]) -> None:
    before = tree(folder)
    code, seen = watched(folder, *arguments)
    assert seen == []
    assert tree(folder) == before
    assert sorted(p.name for p in folder.parent.iterdir()) == ["cache", "home", "project", "record.json"]
    assert list((folder.parent / "home").iterdir()) == []
    refused = (
        "broken" in " ".join(arguments) or "none.events" in arguments or arguments[:2] == ("fmt", "--check")
    )
    assert (code not in (0, None)) == refused, code


def test_a_run_is_seen(folder: Path) -> None:
    """The watch itself works: what a run does, it sees."""
    (folder / "one.events").write_text('resource a { run: sh "true" }\n', "utf-8")
    code, seen = watched(folder, "run", "one.events")
    assert code == 0
    events = {event for event, _ in seen}
    assert events & {"os.posix_spawn", "subprocess.Popen", "os.fork", "os.exec"}
    assert "sqlite3.connect" in events


@pytest.mark.parametrize(
    ("statement", "event"),
    [
        ("import socket; socket.socket()", "socket.__new__"),
        ("import subprocess; subprocess.run(['true'])", "subprocess.Popen"),
        ("import os; os.system('true')", "os.system"),
        ("open('marker', 'w')", "open"),
        ("import os; os.open('marker', os.O_CREAT | os.O_RDWR)", "open"),
        ("import os; os.mkdir('marker')", "os.mkdir"),
    ],
)
def test_the_watch_sees(folder: Path, statement: str, event: str) -> None:
    script = _WATCHED.replace("    code = main()", f"    {statement}\n    code = 0")
    assert script != _WATCHED
    record = folder.parent / "record.json"
    subprocess.run(
        [sys.executable, "-c", script, json.dumps(["/nowhere", str(record)])],
        cwd=folder,
        timeout=60,
        check=True,
    )
    _, seen = json.loads(record.read_text("utf-8"))
    assert event in {name for name, _ in seen}


@pytest.mark.real
@pytest.mark.parametrize("arguments", COMMANDS[::3], ids=" ".join)
def test_under_strace(folder: Path, arguments: tuple[str, ...]) -> None:
    """One execve, which is our own start; no connect, no socket; files opened for writing in the cache alone."""
    strace = shutil.which("strace")
    if strace is None:
        if os.environ.get("EVDSL_REAL") == "1":
            pytest.fail("strace is not installed")
        pytest.skip("strace is not installed")
    cache, log = folder.parent / "cache", folder.parent / "strace.log"
    cache.mkdir()
    calls = "execve,execveat,connect,socket,fork,vfork,clone,clone3,openat,open,creat,unlink,rename,mkdir"
    subprocess.run(
        [
            strace,
            "-f",
            "-qq",
            "-e",
            f"trace={calls}",
            "-o",
            str(log),
            sys.executable,
            "-m",
            "evdsl",
            *arguments,
        ],
        cwd=folder,
        input=MAIN.encode(),
        capture_output=True,
        timeout=120,
        check=False,
        env=environment(cache),
    )
    lines = log.read_text("utf-8", "replace").splitlines()
    started = [line for line in lines if re.search(r"\b(execve|execveat|fork|vfork|clone|clone3)\(", line)]
    assert len(started) == 1, started
    assert [line for line in lines if "socket(" in line or "connect(" in line] == []
    words = ("O_WRONLY", "O_RDWR", "O_CREAT", "unlink", "rename", "mkdir", "creat(")
    written = [line for line in lines if any(word in line for word in words) and str(cache) not in line]
    assert [line for line in written if "/dev/" not in line] == []
