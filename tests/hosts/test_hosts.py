"""Actions on hosts, over a real ssh: what each driver, guard and option does there, and what is told apart."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from .world import ASIDE, SHELLS, World

pytestmark = pytest.mark.real


@pytest.mark.parametrize(
    ("action", "outcome", "reason"),
    [
        ('sh "true"', "changed", ""),
        ('sh "true" [changes = []]', "ok", ""),
        ("sh 'echo ok > \"$EVDSL_EVENT\"'", "ok", ""),
        ("sh 'echo created > \"$EVDSL_EVENT\"'", "created", ""),
        ("sh 'echo error > \"$EVDSL_EVENT\"; exit 3'", "error", "said error, exit 3"),
        ("sh 'mkdir \"$EVDSL_EVENT\"'", "error", "the event file is no plain file"),
        ("sh 'ln -s /etc/passwd \"$EVDSL_EVENT\"'", "error", "the event file is no plain file"),
        ("sh 'head -c 1100000 /dev/zero > \"$EVDSL_EVENT\"'", "error", "the event file has more than 1048576 bytes"),
        ('sh "exit 3"', "failed", "exit 3"),
        ('sh "exit 3" [exits = {3 = ok}]', "ok", "exit 3"),
        ('sh "exit 255"', "failed", "exit 255"),
        ('sh "exit 126"', "error", "exit 126, cannot be executed"),
        ('exec ["no-such-program"]', "error", "exit 127, command not found"),
        ("sh 'kill -9 $$'", "error", "exit 137, killed by SIGKILL"),
        ("sh 'kill -TERM $$'", "error", "exit 143, killed by SIGTERM"),
        ('sh "true" [cwd = "/no/such"]', "error", "cannot be started: "),
        ('sh "test $PWD = /usr/bin" [cwd = "/usr/bin"]', "changed", ""),
        ('sh "test $PWD = /root"', "changed", ""),
        ('sh "exit 1" [creates = "/etc/passwd"]', "ok", "`/etc/passwd` exists"),
        ('sh "exit 3" [creates = "none"]', "failed", "exit 3"),
        ('sh "exit 1" [unless = "test -d /root"]', "ok", "unless `test -d /root` succeeds"),
        ('sh "exit 1" [onlyif = "test -f /root"]', "ok", "onlyif `test -f /root` fails"),
        ('sh "true" [changes = "f"]', "ok", ""),
        ('sh "echo x > f" [changes = "f"]', "changed", ""),
        ('sh "true" [changes = "/etc"]', "error", "`changes` names `/etc`, which is a folder; name the files in it"),
        ('sh "test $A = b" [env = {A = "b"}]', "changed", ""),
        ('sh "test `id -u` = 65534" [sudo = "nobody"]', "changed", ""),
        ("sh 'echo ok > \"$EVDSL_EVENT\"; test $A = b' [sudo = \"nobody\", env = {A = \"b\"}]", "ok", ""),
        ('sh "exit 1" [sudo = "nobody", creates = "/etc/passwd"]', "ok", "`/etc/passwd` exists"),
        ('sh "true" [sudo = "no-such-user"]', "error", "sudo refused: "),
        ('sh "test `id -u` = 0" [sudo = true]', "changed", ""),
        ("sh 'exec 1>&- 2>&-; sleep 0.1'", "changed", ""),
        ("sh 'sleep 1000 & exit 0'", "changed", ""),
        ('sh "test $EVDSL_HOST = web1 && test {{host}} = 192.0.2.11"', "changed", ""),
        ("sh 'cat; test -z \"$(cat)\"'", "changed", ""),
    ],
)  # fmt: skip
def test_an_action_on_a_host_says_what_it_would_here(world: World, folder: Path, action: str, outcome: str, reason: str) -> None:  # fmt: skip
    run = world.go(folder, f"resource a @web1 {{ run: {action} }}\n")
    assert run.outcomes == {"a.run": outcome}, run.text
    assert run.reasons["a.run"].startswith(reason), run.text
    if outcome == "error":
        assert "on web1 (192.0.2.11)" in run.reasons["a.run"]
    assert world.on("web1", "ls -A /tmp") == ""  # nothing of ours is left


def test_a_file_is_placed_and_compared(world: World, folder: Path) -> None:
    (folder / "f.conf").write_text("one\ntwo\n")
    (folder / "t.j2").write_text("port {{ port }} {{ TOKEN }}\n")
    text = """
    param port = 80
    secret token
    resource a @web1 {
      run: copy "f.conf" "/root/f.conf" [mode = 0640, owner = "nobody"]
      tpl: template "t.j2" "t.conf" [env = {TOKEN = token}]
    }
    on a.run success a.tpl
    """
    env = {"EVDSL_SET_token": "hush-hush"}
    first = world.go(folder, text, env=env)
    assert first.outcomes == {"a.run": "created", "a.tpl": "created"}, first.text
    assert (
        world.on("web1", "stat -c '%a %U' /root/f.conf; cat /root/t.conf")
        == "640 nobody\nport 80 hush-hush\n"
    )
    assert world.go(folder, text, env=env).outcomes == {"a.run": "ok", "a.tpl": "ok"}
    (folder / "f.conf").write_text("one\nthree\n")
    third = world.go(folder, text, "--set", "port=81", env=env)
    assert third.outcomes == {"a.run": "changed", "a.tpl": "changed"}
    assert world.on("web1", "stat -c '%a %U' /root/f.conf; cat /root/f.conf") == "640 nobody\none\nthree\n"
    assert "hush-hush" not in third.text
    shown = world.run(folder, "log", "a.run").stdout
    assert "-two\n+three\n" in shown
    assert "not shown, it holds a secret" in world.run(folder, "log", "a.tpl").stdout
    world.on("web1", "chmod 600 /root/f.conf")
    assert world.go(folder, text, "--set", "port=81", env=env).outcomes["a.run"] == "changed"
    assert world.on("web1", "stat -c %a /root/f.conf; ls -A /root") == "640\nf.conf\nt.conf\n"


@pytest.mark.parametrize(
    ("action", "outcome", "reason"),
    [
        ('copy "f" "/no/f"', "failed", "the folder `/no` does not exist"),
        ('copy "f" "/etc"', "failed", "`/etc` is a folder; name the file in it"),
        ('copy "f" "link"', "failed", "`link` is a link; name the file that it leads to"),
        ('copy "none" "f"', "failed", "the source `"),
        ('copy "f" "f" [owner = "nobody-here"]', "failed", "there is no user `nobody-here`"),
        ('copy "f" "f" [group = "nobody-here"]', "failed", "there is no group `nobody-here`"),
        ('copy "f" "f" [cwd = "/no/such"]', "failed", "the folder `/no/such` does not exist"),
        ('copy "f" "/proc/f"', "error", "cannot write beside `/proc/f`: "),
        ('copy "f" "a b\'c" [mode = 4755]', "created", ""),
        ('copy "big" "/tmp/big"', "error", "cannot write beside `/tmp/big`: No space left on device"),
        ('copy "big" "big"', "created", ""),
        ('copy "all" "all"', "created", ""),
        ('copy "f" "f" [sudo = "nobody"]', "error", "cannot write beside `f`: Permission denied"),
    ],
)  # fmt: skip
def test_what_stands_in_the_way_of_a_file(
    world: World, folder: Path, action: str, outcome: str, reason: str
) -> None:
    (folder / "f").write_text("x")
    (folder / "big").write_bytes(os.urandom(6_000_000))  # /tmp of the hosts holds 4 MB
    (folder / "all").write_bytes(bytes(range(256)) * 3)
    world.on("web1", "ln -s f /root/link; chmod 711 /root")
    run = world.go(folder, f"resource a @web1 {{ run: {action} }}\n")
    assert run.outcomes == {"a.run": outcome}, run.text
    assert run.reasons["a.run"].startswith(reason), run.text
    if outcome == "created":
        name = action.split('"')[3]
        source = folder / action.split('"')[1]
        assert (world.root("web1") / name).read_bytes() == source.read_bytes()
        assert world.go(folder, f"resource a @web1 {{ run: {action} }}\n").outcomes == {"a.run": "ok"}
    assert world.on("web1", "ls -A /tmp /root | grep evdsl") == ""


def test_arguments_arrive_whatever_the_login_shell(world: World, folder: Path) -> None:
    every = bytes(range(1, 256)).decode("utf-8", "surrogateescape")  # all that an argument can hold, as bytes
    text = 'param every = "x"\n'
    for user in SHELLS:
        text += f'host {user} = "192.0.2.11" [user = "{user}"]\n'
        text += f"resource r-{user} @{user} {{ run: exec ['sh', '-c', 'printf %s \"$1\" >$2', 'sh', \"{{{{every}}}}\", '{user}'] }}\n"  # fmt: skip
    run = world.go(folder, text, env={"EVDSL_SET_every": every})
    assert set(run.outcomes.values()) == {"changed"}, run.text
    for user in SHELLS:
        assert (world.root("web1") / user).read_bytes() == every.encode("utf-8", "surrogateescape")


def test_secrets_stand_in_no_list_of_processes(world: World, folder: Path) -> None:
    (folder / "t.j2").write_text("{{ TOKEN }}")
    look = "for p in /proc/[0-9]*/cmdline; do tr '\\\\0' ' ' <$p; echo; done > all"
    text = f"""
    secret token
    resource a @web1 {{
      run: sh "{look}; printf %s \\"$token\\" > got; printf %s $token"
      tpl: template "t.j2" "t" [env = {{TOKEN = token}}, sudo = "root"]
    }}
    start a.tpl
    """
    run = world.go(folder, text, env={"EVDSL_SET_token": "h-u-s-h-1"})
    assert set(run.outcomes.values()) <= {"changed", "created"}, run.text
    assert (world.root("web1") / "got").read_text() == "h-u-s-h-1"
    listed = (world.root("web1") / "all").read_text()  # of both sides: they share the processes
    assert "evdsl" in listed
    assert "ssh" in listed
    assert "h-u-s-h-1" not in listed
    assert "h-u-s-h-1" not in run.text


@pytest.mark.parametrize("how", ["timeout", "interrupt", "kill"])
def test_nothing_goes_on_there_after_the_end_here(world: World, folder: Path, how: str) -> None:
    limit = " [timeout = 1s]" if how == "timeout" else ""
    text = f"""
    host web1 = "192.0.2.11"
    resource a @web1 {{ run: sh 'trap "" TERM; (sleep 4321; true) & touch begun; sleep 4321; sleep 4321'{limit} }}
    """
    (folder / "p.events").write_text(text)
    process = world.popen(folder, "run", "p.events")
    _until(lambda: (world.root("web1") / "begun").exists())
    if how == "interrupt":
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.2)
        os.killpg(process.pid, signal.SIGINT)
    elif how == "kill":
        os.kill(_evdsl(process.pid), signal.SIGKILL)
    out, _ = process.communicate(timeout=60)
    if how == "timeout":
        assert "timed out after 1 s" in out
    _until(lambda: not any("4321" in line for line in world.processes("web1")))
    _until(lambda: world.on("web1", "ls -A /tmp") == "")


def test_a_timeout_that_is_heeded_has_ended_before_the_next_try(world: World, folder: Path) -> None:
    text = """
    resource a @web1 {
      run: sh 'trap "sleep 0.5; echo out >> log; exit" TERM; echo in >> log; while :; do sleep 0.1; done' [timeout = 2s, retry = 1, delay = 1ms]
    }
    """
    run = world.go(folder, "resource w @web1 { run: sh 'true' }\non w.run changed a.run\n" + text)
    assert run.outcomes == {"w.run": "changed", "a.run": "error"}
    assert (world.root("web1") / "log").read_text() == "in\nout\nin\nout\n"


def _until(holds) -> None:  # type: ignore[no-untyped-def]
    for _ in range(600):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it does not come to be")


def _evdsl(pid: int) -> int:
    """The process of evdsl itself: `ip` and the others have become it."""
    assert b"evdsl" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return pid


def test_what_keeps_a_host_away_is_told_by_name(world: World, folder: Path) -> None:
    text = "".join(f"resource r{n} @web{n} {{ run: sh 'echo x' }}\n" for n in (1, 2, 3))
    world.link("web1", up=False)
    world.known("web2")
    (world.at("web3") / "authorized").write_text("")
    world.configure("Host *\n  ConnectTimeout 2\n")
    run = world.go(folder, text)
    assert set(run.outcomes.values()) == {"error"}
    assert "No route to host" in run.reasons["r1.run"] or "timed out" in run.reasons["r1.run"]
    assert "Host key verification failed" in run.reasons["r2.run"]
    assert "Permission denied (publickey)" in run.reasons["r3.run"]
    for n in (1, 2, 3):
        assert f"on web{n} (192.0.2.1{n})" in run.reasons[f"r{n}.run"]
    assert run.exit == 3


def test_a_changed_host_key_is_refused_whatever_the_configuration_says(world: World, folder: Path) -> None:
    world.stop("web1")
    old = (world.at("web1") / "key.pub").read_text()
    world.new_key("web1")
    world.start("web1")
    world.configure("StrictHostKeyChecking no\n")
    try:
        run = world.go(folder, "resource a @web1 { run: sh 'echo x' }\n")
        assert "Host key verification failed" in run.reasons["a.run"], run.text
        assert old.split()[1] in (world.ssh / "known_hosts").read_text()
        world.known("web1")
        assert "Host key verification failed" in world.go(folder, "resource a @web1 { run: sh 'x' }").text
    finally:
        world.known()


def test_a_host_lost_in_the_middle_is_an_error_and_its_debt_is_paid(world: World, folder: Path) -> None:
    world.configure("ServerAliveInterval 1\nServerAliveCountMax 2\nConnectTimeout 2\n")
    text = """
    resource a { run: sh "echo a" }
    resource b @web1 { run: sh "touch begun; test -e ready || sleep 4322" }
    resource c @web2 { run: sh "echo c" }
    on a.run changed b.run, c.run
    on b.run success c.run
    """
    hosts = 'host web1 = "192.0.2.11"\nhost web2 = "192.0.2.12"\n'
    (folder / "p.events").write_text(hosts + text)
    process = world.popen(folder, "run", "p.events")
    _until(lambda: (world.root("web1") / "begun").exists())
    world.link("web1", up=False)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 3, out
    assert "connection was lost" in out
    world.link("web1", up=True)
    (world.root("web1") / "ready").touch()
    again = world.go(folder, text.replace("echo a", "echo a; echo ok > $EVDSL_EVENT"))
    assert again.outcomes == {"a.run": "ok", "b.run": "changed", "c.run": "changed"}, again.text
    assert again.exit == 0


def test_no_more_than_parallel_at_a_time_and_j_is_for_here(world: World, folder: Path) -> None:
    busy = "mkdir busy || touch twice; sleep 0.3; rmdir busy"
    text = 'host two = "192.0.2.12" [parallel = 2]\n'
    for n in range(3):
        text += f"resource one-{n} @web1 {{ run: sh '{busy}' }}\n"
        text += f"resource two-{n} @two {{ run: sh 'touch at-{n}; ls at-* | wc -l >> count; sleep 0.5; rm at-{n}' }}\n"
    run = world.go(folder, text, "-j", "1")
    assert set(run.outcomes.values()) == {"changed"}, run.text
    assert not (world.root("web1") / "twice").exists()
    counts = (world.root("web2") / "count").read_text().split()
    assert max(counts) == "2", counts
    at: dict[str, int] = {}
    for line in run.lines:  # none is told as started before it is
        if line["type"] == "step":
            host = line["id"].split("-")[0]
            at[host] = at.get(host, 0) + (1 if line["state"] == "started" else -1)
            assert at[host] <= {"one": 1, "two": 2}[host]


def test_an_event_and_its_data_go_from_host_to_host(world: World, folder: Path) -> None:
    text = """
    resource a @web1 { run: sh 'echo "data.port=80 80" > "$EVDSL_EVENT"; echo changed >> "$EVDSL_EVENT"' }
    resource b @web2 { run: sh 'printf %s "$db_port-$EVDSL_CAUSE" > got' }
    connect a b { port -> db_port; on run changed run }
    """
    run = world.go(folder, text)
    assert run.outcomes == {"a.run": "changed", "b.run": "changed"}, run.text
    got = (world.root("web2") / "got").read_text()
    assert got.startswith('80 80-[{"from": "a.run')


def test_by_way_of_jump_hosts_with_port_user_and_key(world: World, folder: Path) -> None:
    world.ssh.joinpath("id_ed25519").rename(folder / "key")
    try:
        text = f"""
        host web1 = "192.0.2.11" [user = "root", port = 22, key = "key"]
        host inner = "{ASIDE}" [jump = "web1", key = "key"]
        resource a @inner {{ run: sh "hostname > /root/name" }}
        resource b @web1 {{ run: sh "true" }}
        """
        run = world.go(folder, text)
        assert run.outcomes == {"a.run": "changed", "b.run": "changed"}, run.text
        assert (world.root("aside") / "name").read_text() == "aside\n"
        world.known("web1")
        lost = world.go(folder, text).reasons  # OpenSSH shows nothing that the connection to a jump host says
        assert "by way of web1 (192.0.2.11)" in lost["a.run"]
        assert "Host key verification failed" in lost["b.run"]
    finally:
        (folder / "key").rename(world.ssh / "id_ed25519")


def test_the_configuration_of_the_user_counts(world: World, folder: Path) -> None:
    world.configure(
        "Host short\n  HostName 192.0.2.13\n  HostKeyAlias 192.0.2.13\n  RequestTTY force\n  RemoteCommand false\n"
    )
    run = world.go(
        folder, 'host h = "short"\nresource a @h { run: sh "hostname > name; test -t 0 || true" }\n'
    )
    assert run.outcomes == {"a.run": "changed"}, run.text
    assert (world.root("web3") / "name").read_text() == "web3\n"


def test_hosts_of_an_inventory(world: World, folder: Path) -> None:
    (folder / "inv.yml").write_text(
        "all:\n  hosts:\n    one: {ansible_host: 192.0.2.11, ansible_user: root, ansible_port: 22}\n"
        "  children:\n    web: {hosts: {192.0.2.12: {}, 192.0.2.13: {}}}\n"
    )
    text = 'hosts "inv.yml"\nfor h in web { resource r-{{h}} @{{h}} { run: sh "hostname > name" } }\n'
    text = 'hosts "inv.yml"\nresource a @one { run: sh "hostname > name" }\n'
    run = world.go(folder, text)
    assert run.outcomes == {"a.run": "changed"}, run.text
    assert (world.root("web1") / "name").read_text() == "web1\n"


def test_one_connection_serves_many_and_none_is_left(world: World, folder: Path) -> None:
    text = "".join(f"resource r{n} @web1 {{ run: sh 'echo $SSH_CONNECTION >> c' }}\n" for n in range(8))
    run = world.go(folder, text)
    assert set(run.outcomes.values()) == {"changed"}
    assert len(set((world.root("web1") / "c").read_text().split("\n")[:-1])) == 1
    left = subprocess.run(
        ["ip", "netns", "pids", f"{world.tag}c"], capture_output=True, text=True, check=False
    ).stdout
    assert left == ""


def test_output_is_as_it_is_and_a_slow_host_is_waited_for(world: World, folder: Path) -> None:
    world.root("web1").joinpath(".bashrc").write_text("echo from the shell >&2; sleep 1\n")
    run = world.go(
        folder,
        "host u = '192.0.2.11' [user = 'basher']\nresource a @u { run: sh 'printf \"a\\nb\"; echo c >&2; exit 1' }\n",
    )
    assert run.outcomes == {"a.run": "failed"}
    assert "a\nbc\n" in world.run(folder, "log", "a.run").stdout


def test_systemd_on_a_host(world: World, folder: Path) -> None:
    world.root("web1").joinpath("systemctl").write_text(
        '#!/bin/sh\necho "$@" >>/root/calls\n[ "$1" != is-active ] || { echo inactive; exit 3; }\n'
    )
    world.on("web1", "chmod +x /root/systemctl")
    run = world.go(
        folder, 'resource a @web1 { run: systemd.start "x" [env = {PATH = "/root:/usr/bin:/bin"}] }\n'
    )
    assert run.outcomes == {"a.run": "changed"}, run.text
    assert (world.root("web1") / "calls").read_text() == "is-active -- x\n--no-ask-password start -- x\n"


def test_a_dry_run_connects_to_nothing(world: World, folder: Path) -> None:
    (folder / "f").write_text("x")
    (folder / "p.events").write_text(
        'host w = "192.0.2.11"\nresource a @w { run: copy "f" "/etc/f" [creates = "/etc/passwd"] }\n'
    )
    done = world.run(folder, "run", "p.events", "--dry-run", "-v")
    assert "would run on w (192.0.2.11): copy f /etc/f" in done.stdout, done.stdout + done.stderr
