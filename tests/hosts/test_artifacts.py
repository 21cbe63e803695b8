"""Compiled scripts over a real ssh: on hosts they do what a live run does, and tell apart what it tells apart."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from emit.places import MUTANTS
from emit.plays import connections, environment, needs_ansible
from environment import ANSIBLE

from . import test_hosts
from .world import ADDRESSES, ASIDE, ROOT, SHELLS, World

pytestmark = pytest.mark.real
RUN_BY = {"dash": ["dash"], "bash": ["bash"], "busybox": ["busybox", "ash"]}
EVERY = pytest.mark.parametrize("shell", RUN_BY)


def by(*shells: str) -> pytest.MarkDecorator:
    """The shells that a test goes through, where it is not worth the time of all."""
    return pytest.mark.parametrize("shell", shells)


_TOLD = re.compile(r"(ok|changed|created|removed|failed|error|skipped) +(\S+)  (.*)")


class Told:
    """What a script said: `outcomes` by step, `reasons` of those it told of, the exit code, all that was written."""

    def __init__(self, folder: Path, code: int | None, text: str) -> None:
        self.exit, self.text = code, text
        trace = folder / "trace"
        lines = [line.split(" ") for line in trace.read_text().splitlines()] if trace.exists() else []
        self.outcomes = {id_.removesuffix("#0"): word for id_, word in lines}
        found = (_TOLD.fullmatch(line) for line in text.splitlines())
        self.reasons = {match[2]: match[3] for match in found if match}


class Scripts:
    """Scripts of programs in a folder, for the hosts of a world."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder = world, folder

    def make(self, text: str, env: Mapping[str, str] | None = None) -> str:
        """The script of a program, in `p.sh`; returns what was said of it. The hosts stand before its text unless it
        declares them itself."""
        named = [(name, at) for name, at in ADDRESSES.items() if f"host {name} " not in text]
        hosts = "".join(f'host {name} = "{at}"\n' for name, at in named)
        (self.folder / "p.events").write_text(hosts + text, "utf-8")
        done = self.world.run(
            self.folder, "compile", "p.events", "--to", "sh", "-o", "p.sh", "--force", env=env
        )
        assert done.returncode == 0, done.stderr
        return done.stderr

    def begin(self, shell: str, *options: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        (self.folder / "trace").unlink(missing_ok=True)
        argv = [*RUN_BY[shell], "p.sh", "--trace", "trace", *options]
        return subprocess.Popen(
            self.world.argv(*argv),
            cwd=self.folder,
            env=self.world.env(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )

    def end(self, process: subprocess.Popen[str]) -> Told:
        text, _ = process.communicate(timeout=100)
        return Told(self.folder, process.returncode, text)

    def run(self, shell: str, *options: str, env: Mapping[str, str] | None = None) -> Told:
        return self.end(self.begin(shell, *options, env=env))

    def go(self, shell: str, text: str, *options: str, env: Mapping[str, str] | None = None) -> Told:
        self.make(text, env)
        return self.run(shell, *options, env=env)


@pytest.fixture
def scripts(world: World, folder: Path) -> Scripts:
    return Scripts(world, folder)


def _until(holds: Callable[[], object]) -> None:
    for _ in range(600):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it does not come to be")


_MORE = [
    ('sh "exit 1" [creates = "sshd_config", cwd = "../etc/ssh"]', "ok", "sshd_config exists"),
    ('sh "exit 1" [creates = "ssh", cwd = "../etc", sudo = "nobody"]', "ok", "ssh exists"),
]
_TABLE = test_hosts.test_an_action_on_a_host_says_what_it_would_here
(_ROWS,) = (mark.args[1] for mark in getattr(_TABLE, "pytestmark"))  # noqa: B009 - not declared


def _plainly(reason: str) -> str:
    """A reason without what evdsl and a script word in another way."""
    for number, name in ((9, "SIGKILL"), (15, "SIGTERM")):
        reason = reason.replace(f"signal {number}", name)
    return reason.replace("`", "").replace("'", "")


@EVERY
def test_the_truth_table_of_live_runs(scripts: Scripts, shell: str) -> None:
    rows = [*_ROWS, *_MORE]
    text = "".join(
        f"resource r{n} @web{1 if 'web1' in action else n % 3 + 1} {{ run: {action} }}\n"
        for n, (action, _, _) in enumerate(rows)
    )
    told = scripts.go(shell, text)
    for n, (action, outcome, reason) in enumerate(rows):
        assert told.outcomes[f"r{n}.run"] == outcome, f"{action}\n{told.text}"
        assert _plainly(told.reasons[f"r{n}.run"]).startswith(_plainly(reason)), f"{action}\n{told.text}"
        if outcome == "error":
            assert " (on web" in told.reasons[f"r{n}.run"]
    for host in ADDRESSES:
        assert scripts.world.on(host, "ls -A /tmp") == "", "nothing of ours is left"


def test_the_rows_of_our_own_live(scripts: Scripts) -> None:
    text = "".join(f"resource r{n} @web1 {{ run: {action} }}\n" for n, (action, _, _) in enumerate(_MORE))
    live = scripts.world.go(scripts.folder, text)
    assert list(live.outcomes.values()) == [outcome for _, outcome, _ in _MORE], live.text


@by("bash", "busybox")
def test_files(scripts: Scripts, shell: str) -> None:
    world, folder = scripts.world, scripts.folder
    every = bytes(range(256)) * 3
    (folder / "all").write_bytes(every)
    (folder / "t.j2").write_text("port {{ port }}\n")
    (folder / "big").write_bytes(os.urandom(900_000))
    text = """
    param port = 80
    resource a @web1 {
      run: copy "all" "/root/it's all" [mode = 0640, owner = "nobody"]
      tpl: template "t.j2" "t.conf"
      big: copy "big" "big" [cwd = "."]
      bad: copy "all" "/no/all"
      us: copy "all" "all" [sudo = "nobody"]
    }
    start a.tpl, a.big, a.bad, a.us
    """
    told = scripts.go(shell, text)
    assert told.outcomes == {
        "a.run": "created",
        "a.tpl": "created",
        "a.big": "created",
        "a.bad": "failed",
        "a.us": "error",
    }, told.text
    assert "the folder `/no` does not exist" in told.reasons["a.bad"]
    assert (world.root("web1") / "it's all").read_bytes() == every
    assert (world.root("web1") / "big").read_bytes() == (folder / "big").read_bytes()
    assert world.on("web1", "cd; stat -c '%a %U' \"it's all\"; cat t.conf") == "640 nobody\nport 80\n"
    (folder / "all").write_bytes(every[1:])
    world.on("web1", "chmod 600 /root/t.conf")
    told = scripts.go(shell, text.replace('"t.conf"', '"t.conf" [mode = 0644]'))
    assert told.outcomes["a.run"] == "changed", told.text
    assert told.outcomes["a.tpl"] == "changed"
    assert told.outcomes["a.big"] == "ok"
    assert world.on("web1", "cd; stat -c '%a %U' \"it's all\"; ls -A | grep evdsl") == "640 nobody\n"


@EVERY
def test_arguments_arrive_whatever_the_login_shell(scripts: Scripts, shell: str) -> None:
    every = bytes(range(1, 256)).decode("utf-8", "surrogateescape")
    text = 'param every = "x"\n'
    for user in SHELLS:
        text += f'host {user} = "192.0.2.11" [user = "{user}"]\n'
        text += f"resource r-{user} @{user} {{ v = \"{{{{every}}}}\"; run: exec ['sh', '-c', 'printf %s \"$1$v\" >$2', 'sh', \"{{{{every}}}}\", '{user}'] }}\n"  # fmt: skip
    told = scripts.go(shell, text, env={"EVDSL_SET_every": every})
    assert set(told.outcomes.values()) == {"changed"}, told.text
    for user in SHELLS:
        assert (scripts.world.root("web1") / user).read_bytes() == every.encode(
            "utf-8", "surrogateescape"
        ) * 2


@EVERY
def test_secrets_and_data(scripts: Scripts, shell: str) -> None:
    """A secret stands in no list of processes and not in the script; data and causes go from host to host."""
    look = "for p in /proc/[0-9]*/cmdline; do tr '\\\\0' ' ' <$p; echo; done > all"
    text = f"""
    secret token
    resource a @web1 {{
      run: sh "{look}; printf %s \\"$token\\" > got; printf %s \\"$token\\"; echo \\"data.port=80 80\\" > \\"$EVDSL_EVENT\\"; echo changed >> \\"$EVDSL_EVENT\\""
      us: sh "{look}; printf %s \\"$token\\" > /tmp/got" [sudo = "nobody", env = {{TOKEN = token}}, cwd = "/tmp"]
    }}
    resource b @web2 {{ run: sh 'printf %s "$db_port-$EVDSL_CAUSE-$EVDSL_HOST" > got' }}
    connect a b {{ port -> db_port; on run changed run }}
    on b.run changed a.us
    """
    token = "h-u-s-h-'1\n2"
    told = scripts.go(shell, text, env={"EVDSL_SET_token": token})
    assert set(told.outcomes.values()) == {"changed"}, told.text
    assert (scripts.world.root("web1") / "got").read_text() == token
    assert scripts.world.on("web1", "cat /tmp/got; rm /tmp/*") == token
    listed = (scripts.world.root("web1") / "all").read_text()  # of both sides: they share the processes
    assert "p.sh" in listed
    assert "ssh" in listed
    everything = b"".join(p.read_bytes() for p in scripts.folder.rglob("*") if p.is_file())
    assert "h-u-s-h" not in listed + told.text + everything.decode("utf-8", "replace")
    got = (scripts.world.root("web2") / "got").read_text()
    assert got.startswith('80 80-[{"from": "a.run')
    assert got.endswith("-web2")


@pytest.mark.parametrize(
    ("shell", "how"),
    [("dash", "timeout"), ("bash", "interrupt"), ("busybox", "interrupt")],
)
def test_nothing_goes_on_there_after_the_end_here(scripts: Scripts, shell: str, how: str) -> None:
    limit = " [timeout = 1s]" if how == "timeout" else ""
    world = scripts.world
    scripts.make(
        f"resource a @web1 {{ run: sh 'trap \"\" TERM; (sleep 4321; true) & touch begun; sleep 4321; sleep 4321'{limit} }}\n"
        "resource b @web2 { run: sh 'trap \"touch heeded; exit 0\" TERM; touch begun; while :; do sleep 0.1; done'"
        f"{limit} }}\n"
    )
    process = scripts.begin(shell)
    _until(lambda: all((world.root(host) / "begun").exists() for host in ("web1", "web2")))
    if how == "interrupt":
        os.killpg(process.pid, signal.SIGINT)
        _until(lambda: (scripts.folder / "p.sh.state").exists())
        time.sleep(0.2)
        os.killpg(process.pid, signal.SIGINT)
    told = scripts.end(process)
    if how == "timeout":
        assert "timed out after 1 s (on web1 (192.0.2.11))" in told.reasons["a.run"]
        assert told.exit == 3
    else:
        assert told.exit == 130, told.text
    assert (world.root("web2") / "heeded").exists()
    _until(lambda: not any("4321" in line for line in world.processes("web1")))
    _until(lambda: world.on("web1", "ls -A /tmp") == "")
    _until(lambda: _here(world) == "")  # no process of ours is left


def _here(world: World) -> str:
    return subprocess.run(
        ["ip", "netns", "pids", f"{world.tag}c"], capture_output=True, text=True, check=False
    ).stdout


@by("dash")
def test_what_keeps_a_host_away_is_told_by_name(scripts: Scripts, shell: str) -> None:
    world = scripts.world
    world.link("web1", up=False)
    world.known("web2")
    (world.at("web3") / "authorized").write_text("")
    world.configure("Host *\n  ConnectTimeout 2\n  StrictHostKeyChecking no\n")
    told = scripts.go(
        shell,
        "".join(f"resource r{n} @web{n} {{ run: sh 'echo x'; x: sh 'x' }}\n" for n in (1, 2, 3))
        + "on r1.run success r1.x\non r2.run error r2.x\n",
    )
    assert {told.outcomes[f"r{n}.run"] for n in (1, 2, 3)} == {"error"}, told.text
    assert "No route to host" in told.reasons["r1.run"] or "timed out" in told.reasons["r1.run"]
    assert "Host key verification failed" in told.reasons["r2.run"]
    assert "Permission denied (publickey)" in told.reasons["r3.run"]
    for n in (1, 2, 3):
        assert f"on web{n} (192.0.2.1{n})" in told.reasons[f"r{n}.run"]
    assert told.exit == 3
    _until(lambda: _here(world) == "")


@by("busybox")
def test_a_changed_host_key_is_refused(scripts: Scripts, shell: str) -> None:
    world = scripts.world
    old = (world.at("web1") / "key.pub").read_text()
    world.stop("web1")
    world.new_key("web1")
    world.start("web1")
    world.configure("StrictHostKeyChecking no\n")
    try:
        told = scripts.go(shell, "resource a @web1 { run: sh 'echo x' }\n")
        assert "Host key verification failed" in told.reasons["a.run"], told.text
        assert old.split()[1] in (world.ssh / "known_hosts").read_text()
    finally:
        world.known()


@by("dash", "bash")
def test_a_host_lost_in_the_middle_is_an_error_and_its_debt_is_paid(scripts: Scripts, shell: str) -> None:
    world = scripts.world
    world.configure("ServerAliveInterval 1\nServerAliveCountMax 2\nConnectTimeout 2\n")
    scripts.make("""
    resource a { run: sh "test -e was && echo ok > $EVDSL_EVENT; touch was" }
    resource b @web1 { run: sh "touch begun; test -e ready || sleep 4322" }
    resource c @web2 { run: sh "echo c" }
    on a.run changed b.run, c.run
    on b.run success c.run
    """)
    process = scripts.begin(shell)
    _until(lambda: (world.root("web1") / "begun").exists())
    world.link("web1", up=False)
    told = scripts.end(process)
    assert told.outcomes == {"a.run": "changed", "b.run": "error", "c.run": "changed"}, told.text
    assert "the connection was lost" in told.reasons["b.run"]
    assert told.exit == 3
    world.link("web1", up=True)
    (world.root("web1") / "ready").touch()
    told = scripts.run(shell)
    assert told.outcomes == {"a.run": "ok", "b.run": "changed", "c.run": "changed"}, told.text
    assert told.exit == 0


@by("bash")
def test_no_more_than_parallel_at_a_time_and_j_is_for_here(scripts: Scripts, shell: str) -> None:
    busy = "mkdir busy || touch twice; sleep 0.2; rmdir busy; test -e late-$name || { touch late-$name; exit 1; }"
    text = 'host two = "192.0.2.12" [parallel = 2]\n'
    for n in range(3):
        text += f"resource one-{n} @web1 {{ run: sh '{busy}' [retry = 1, delay = 10ms] }}\n"
        text += f"resource two-{n} @two {{ run: sh 'touch at-{n}; ls at-* | wc -l >> count; sleep 0.5; rm at-{n}' }}\n"
    told = scripts.go(shell, text, "-j", "1")
    assert set(told.outcomes.values()) == {"changed"}, told.text
    assert not (scripts.world.root("web1") / "twice").exists()
    counts = (scripts.world.root("web2") / "count").read_text().split()
    assert max(counts) == "2", counts


@by("dash", "busybox")
def test_what_waits_for_a_host_is_over_where_nothing_more_is_started(scripts: Scripts, shell: str) -> None:
    began = scripts.world.root("web1") / "began"
    text = f"""
    resource a @web1 {{ run: sh "exit 1" [retry = 5, delay = 10ms] }}
    resource b @web1 {{ run: sh "touch began; sleep 1" }}
    resource c @web1 {{ run: sh "true" }}
    resource d {{ run: sh "while [ ! -e {began} ]; do sleep 0.05; done; exit 1" }}
    """
    told = scripts.go(shell, text, "--fail-fast")
    assert told.outcomes == {
        "a.run": "failed",
        "b.run": "changed",
        "c.run": "skipped",
        "d.run": "failed",
    }, told.text
    assert told.exit == 1


@by("bash")
def test_a_killed_script_leaves_nothing_there_and_goes_on(scripts: Scripts, shell: str) -> None:
    world = scripts.world
    scripts.make("""
    resource a @web1 { run: sh "true"; x: sh "touch began; test -e ready || sleep 4323"; y: sh "true" }
    on a.run changed a.x
    on a.x changed a.y
    """)
    process = scripts.begin(shell)
    _until(lambda: (world.root("web1") / "began").exists())
    for pid in _here(world).split():
        os.kill(int(pid), signal.SIGKILL)
    scripts.end(process)
    _until(lambda: not any("4323" in line for line in world.processes("web1")))
    (world.root("web1") / "ready").touch()
    told = scripts.run(shell, "--resume")
    assert told.outcomes == {"a.run": "changed", "a.x": "changed", "a.y": "changed"}, told.text
    assert told.exit == 0
    _until(lambda: _here(world) == "")


@by("dash")
def test_by_way_of_jump_hosts_with_port_user_and_key(scripts: Scripts, shell: str) -> None:
    world, folder = scripts.world, scripts.folder
    world.ssh.joinpath("id_ed25519").rename(folder / "key")
    try:
        text = f"""
        host web1 = "192.0.2.11" [user = "root", port = 22, key = "key"]
        host inner = "{ASIDE}" [jump = "web1", key = "key"]
        resource a @inner {{ run: sh "hostname > /root/name" }}
        resource b @web1 {{ run: sh "true" }}
        """
        said = scripts.make(text)
        assert "the key of `inner` is expected at key, beside the script" in said
        told = scripts.run(shell)
        assert told.outcomes == {"a.run": "changed", "b.run": "changed"}, told.text
        assert (world.root("aside") / "name").read_text() == "aside\n"
        world.known("web1")
        lost = scripts.run(shell).reasons
        assert "by way of web1 (192.0.2.11)" in lost["a.run"]
        assert "Host key verification failed" in lost["b.run"]
    finally:
        (folder / "key").rename(world.ssh / "id_ed25519")


@by("busybox")
def test_one_connection_serves_many_and_none_is_left(scripts: Scripts, shell: str, tmp_path: Path) -> None:
    text = "".join(f"resource r{n} @web1 {{ run: sh 'echo $SSH_CONNECTION >> c' }}\n" for n in range(6))
    odd = tmp_path / "a b%c"  # a folder whose name a socket could not have
    odd.mkdir()
    for folder in (Path("/var/tmp"), odd):
        told = scripts.go(shell, text, env={"TMPDIR": str(folder)})
        assert set(told.outcomes.values()) == {"changed"}, told.text
        _until(lambda: _here(scripts.world) == "")
    assert len(set((scripts.world.root("web1") / "c").read_text().split("\n")[:-1])) == 2
    assert list(odd.iterdir()) == []


@by("dash")
def test_a_dry_run_connects_to_nothing(scripts: Scripts, shell: str) -> None:
    (scripts.folder / "s").write_text("x")
    text = (
        'resource a @web1 { run: copy "s" "/root/f" [creates = "/etc/passwd", unless = "true"]; x: sh "y" }\n'
        "on a.run changed a.x\n"
    )
    scripts.world.link("web1", up=False)
    told = scripts.go(shell, text, "--dry-run")
    assert told.outcomes == {"a.run": "changed", "a.x": "changed"}
    assert "would run  a.run  on web1 (192.0.2.11): /root/f\n" in told.text
    assert told.exit == 0


PROGRAMS = int(os.environ.get("EVDSL_PROGRAMS", "300")) // 30


@pytest.mark.parametrize("first", range(2_000_000, 2_000_000 + 1000 * PROGRAMS, 5000))
def test_random_programs_on_hosts_live_simulated_and_compiled(scripts: Scripts, first: int) -> None:
    """As tests/emit/test_sh_differential.py, with most resources on hosts: dash and bash, two runs of each in a row."""
    _compare(scripts, "script", first, 5)


@pytest.mark.parametrize("what", MUTANTS)
def test_a_wrong_script_is_found(scripts: Scripts, what: str) -> None:
    _compare(scripts, what, 2_000_000, 1)


@needs_ansible
@pytest.mark.parametrize("first", range(3_000_000, 3_000_000 + 1000 * max(PROGRAMS // 5, 1), 1000))
def test_random_programs_on_hosts_live_and_as_plays(scripts: Scripts, first: int) -> None:
    _compare(scripts, "playbook", first, 1)


def _compare(scripts: Scripts, what: str, first: int, count: int) -> None:
    hosts = [f"{name}={address}" for name, address in ADDRESSES.items()]
    argv = [sys.executable, "-m", "emit.places", what, str(scripts.folder), str(first), str(count), *hosts]
    env = scripts.world.env({"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"})
    done = subprocess.run(scripts.world.argv(*argv), env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"{count} of "), done.stdout


@needs_ansible
def test_a_playbook_over_ssh(scripts: Scripts) -> None:
    """Roles and modules as themselves on their hosts, a way by a jump host with keys, what is told of a host that is away."""
    world, folder = scripts.world, scripts.folder
    (folder / "roles" / "web" / "tasks").mkdir(parents=True)
    (folder / "roles" / "web" / "tasks" / "main.yml").write_text(
        '---\n- ansible.builtin.copy: {content: "{{ port }}", dest: /root/role, mode: "0600"}\n'
    )
    (folder / "s").write_text("it's {{ x }}\n")
    world.ssh.joinpath("id_ed25519").rename(folder / "key")
    named = ", key = 'key'"
    text = f"""
    host web1 = "192.0.2.11" [user = "root"{named}]
    host web2 = "192.0.2.12" [user = "root"{named}]
    host web3 = "192.0.2.13" [user = "root"{named}]
    host inner = "{ASIDE}" [jump = "web1"{named}]
    resource a @web1 {{ run: ansible.role "web" [vars = {{port = 80}}]; sh: sh 'printf "data.v=%s" "$(cat role)" >"$EVDSL_EVENT"' }}
    resource b @web2 {{ run: sh 'printf %s "$w" >got; exit 255'; mod: ansible.module "ping"; file: copy "s" "s.out"; g: sh "x" [creates = "got"] }}
    resource c @inner {{ run: sh "hostname >name" }}
    resource d @web3 {{ run: sh "true" }}
    resource f {{ x: sh "true" }}
    resource e @web1 {{ run: systemd.start "none" }}
    connect a b {{ v -> w; no events }}
    on a.run changed a.sh
    on a.sh changed b.run
    on b.run failed b.mod, b.file, b.g
    on d.run error f.x
    """
    try:
        (folder / "p.events").write_text(text)
        done = world.run(
            folder, "compile", "p.events", "--to", "ansible", "-o", "project", "--allow", "created", "--allow", "error"
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "the key of `web1` is expected at key below the variable evdsl_folder" in done.stderr
        world.link("web3", up=False)
        world.configure("Host *\n  ConnectTimeout 2\n")
        argv = [str(ANSIBLE / "bin" / "ansible-playbook"), "site.yml", "-e", f"evdsl_folder={folder}"]
        env = world.env(
            environment(folder / "project") | connections(folder) | {"OUTCOMES_FILE": str(folder / "told")}
        )
        played = subprocess.run(
            world.argv(*argv), cwd=folder / "project", env=env, capture_output=True, text=True, check=False
        )
        lines = [json.loads(line) for line in (folder / "told").read_text().splitlines()]
        outcomes = next(line["outcomes"] for line in lines if line["outcomes"])
        del outcomes["e.run#0"]  # what systemd says here is its own business
        assert outcomes == {
            "a.run#0": "changed",
            "a.sh#0": "changed",
            "b.run#0": "failed",
            "b.mod#0": "ok",
            "b.file#0": "changed",
            "b.g#0": "ok",
            "c.run#0": "changed",
            "d.run#0": "error",
            "f.x#0": "changed",
        }, played.stdout + played.stderr
        assert played.returncode == 2
        assert (world.root("web2") / "got").read_text() == "80"
        assert (world.root("web2") / "s.out").read_text() == "it's {{ x }}\n"
        assert (world.root("aside") / "name").read_text() == "aside\n"
    finally:
        (folder / "key").rename(world.ssh / "id_ed25519")
