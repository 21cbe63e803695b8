"""Three hosts without machines: network namespaces on 192.0.2.0/24, each with its own sshd, keys, /root and /tmp.

They share the rest of the file system and the processes with this machine, so a test writes to /root and /tmp there, and
sees in /proc what runs on all of them. `aside` is a fourth host that only `web1` has a way to.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ADDRESSES = {"web1": "192.0.2.11", "web2": "192.0.2.12", "web3": "192.0.2.13"}
ASIDE = "198.51.100.2"
SHELLS = {"fisher": "/usr/bin/fish", "seesaw": "/bin/tcsh", "basher": "/bin/bash"}
"""Users of each host who are root, with a login shell of their own."""

_HOST = """
hostname "$2"
mount --bind "$1/root" /root
mount -t tmpfs -o size=4m,mode=1777 none /tmp
mount --bind "$1/passwd" /etc/passwd
mkdir -p /run/sshd
exec /usr/sbin/sshd -D -e -f "$1/sshd_config" 2>"$1/log"
"""
_HERE = 'mount --bind "$1" /root/.ssh; shift; exec "$@"'


class Run:
    """What a run said: `outcomes` and `reasons` by step, the exit code, all that was written."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.exit = done.returncode
        self.text = done.stdout + done.stderr
        self.outcomes: dict[str, str] = {}
        self.reasons: dict[str, str] = {}
        self.lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        for line in self.lines:
            if line.get("type") == "step" and line["state"] not in ("started", "retry"):
                name = line["id"].removesuffix("#0")
                self.outcomes[name], self.reasons[name] = line["state"], line.get("reason", "")


class World:
    """The hosts. `folder` must be below no folder that a host mounts over, such as /tmp."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tag = f"e{os.getpid() % 100000}"
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        self.ssh = folder / "ssh"
        self.names = [*ADDRESSES, "aside"]

    def build(self) -> None:
        self.ssh.mkdir(mode=0o700)
        os.makedirs("/root/.ssh", mode=0o700, exist_ok=True)
        _sh(f"ssh-keygen -q -t ed25519 -N '' -f {self.ssh}/id_ed25519")
        control = self._space("c")
        _sh(f"ip netns add {control}")
        _sh(
            f"ip -n {control} link set lo up; ip -n {control} link add br0 type bridge; ip -n {control} link set br0 up"
        )
        _sh(f"ip -n {control} addr add 192.0.2.1/24 dev br0")
        for name in self.names:
            space = self._space(name)
            _sh(f"ip netns add {space}; ip -n {space} link set lo up")
        for name, address in ADDRESSES.items():
            space = self._space(name)
            _sh(f"ip -n {control} link add {name} type veth peer name eth0 netns {space}")
            _sh(f"ip -n {control} link set {name} master br0 up")
            _sh(f"ip -n {space} addr add {address}/24 dev eth0; ip -n {space} link set eth0 up")
        web1, aside = self._space("web1"), self._space("aside")
        _sh(f"ip -n {web1} link add eth1 type veth peer name eth0 netns {aside}")
        _sh(f"ip -n {web1} addr add 198.51.100.1/24 dev eth1; ip -n {web1} link set eth1 up")
        _sh(f"ip -n {aside} addr add {ASIDE}/24 dev eth0; ip -n {aside} link set eth0 up")
        for name in self.names:
            self._host(name)
            self.start(name)
        self.known()

    def _host(self, name: str) -> None:
        folder = self.at(name)
        (folder / "root").mkdir(parents=True)
        lines = [
            line
            for line in Path("/etc/passwd").read_text().splitlines()
            if ":x:0:" in line or "nobody" in line
        ]
        users = [f"{user}:x:0:0::/root:{shell}" for user, shell in SHELLS.items() if os.path.exists(shell)]
        (folder / "passwd").write_text(
            "\n".join([*lines, *users, "sshd:x:104:65534::/run/sshd:/usr/sbin/nologin"]) + "\n"
        )
        shutil.copy(self.ssh / "id_ed25519.pub", folder / "authorized")
        self.new_key(name)
        (folder / "sshd_config").write_text(
            f"HostKey {folder}/key\nAuthorizedKeysFile {folder}/authorized\nPidFile none\nUsePAM no\nStrictModes no\n"
            "PermitRootLogin yes\nMaxStartups 200\nMaxSessions 50\nUseDNS no\nPasswordAuthentication no\n"
            "KbdInteractiveAuthentication no\nSubsystem sftp internal-sftp\n"
        )

    def new_key(self, name: str) -> None:
        """Give a host a key; it is used from its next start on."""
        folder = self.at(name)
        for file in folder.glob("key*"):
            file.unlink()
        _sh(f"ssh-keygen -q -t ed25519 -N '' -f {folder}/key")

    def known(self, *without: str) -> None:
        """Write the file of known host keys."""
        lines = []
        for name, address in [*ADDRESSES.items(), ("aside", ASIDE)]:
            if name not in without:
                kind, key, *_ = (self.at(name) / "key.pub").read_text().split()
                lines.append(f"{address} {kind} {key}\n")
        (self.ssh / "known_hosts").write_text("".join(lines))

    def configure(self, text: str = "") -> None:
        """The user's own configuration of ssh."""
        (self.ssh / "config").write_text(text)

    def start(self, name: str) -> None:
        """Start the sshd of a host, and wait until it answers."""
        argv = ["ip", "netns", "exec", self._space(name), "unshare", "-u", "-m", "sh", "-ec", _HOST, "sh"]
        self._daemons[name] = subprocess.Popen([*argv, str(self.at(name)), name], start_new_session=True)
        for _ in range(500):
            said = self.log(name)
            if "Server listening" in said:
                return
            assert self._daemons[name].poll() is None, said
            time.sleep(0.01)
        raise AssertionError(f"sshd of {name} does not begin: {said}")

    def up(self, name: str) -> bool:
        """Whether its sshd was started and not stopped."""
        return name in self._daemons

    def log(self, name: str) -> str:
        """What its sshd has said since it was started."""
        with suppress(FileNotFoundError):
            return (self.at(name) / "log").read_text()
        return ""

    def stop(self, name: str) -> None:
        """End the sshd of a host and its connections."""
        daemon = self._daemons.pop(name)
        for pid in _pids_in(self._space(name)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        daemon.wait()
        (self.at(name) / "log").unlink(missing_ok=True)

    def reset(self) -> None:
        """All as it was at first."""
        self.configure()
        for name in self.names:
            if name not in self._daemons:
                self.start(name)
            if name in ADDRESSES:
                self.link(name, True)
            for path in self.root(name).iterdir():
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
            self.on(name, "rm -rf /tmp/* /tmp/.[a-z]*")
            shutil.copy(self.ssh / "id_ed25519.pub", self.at(name) / "authorized")
        self.known()

    def link(self, name: str, up: bool) -> None:
        """Take a host off the network, or back."""
        _sh(f"ip -n {self._space('c')} link set {name} {'up' if up else 'down'}")
        if up:  # else a question for its address that was asked before still fails
            _sh(f"ip -n {self._space('c')} neigh flush dev br0")

    def alias(self, name: str, address: str) -> None:
        """Give a host one more address, if it does not have it."""
        _sh(f"ip -n {self._space(name)} addr replace {address}/24 dev eth0")

    def at(self, name: str) -> Path:
        """The folder of a host; `root` in it is its /root."""
        return self.folder / name

    def root(self, name: str) -> Path:
        return self.at(name) / "root"

    def argv(self, *argv: str) -> list[str]:
        """A command that runs where the hosts can be reached."""
        return [
            "ip",
            "netns",
            "exec",
            self._space("c"),
            "unshare",
            "-m",
            "sh",
            "-ec",
            _HERE,
            "sh",
            str(self.ssh),
            *argv,
        ]

    def on(self, name: str, text: str) -> str:
        """What a shell text says that is run on a host without ssh, in its own /root and /tmp."""
        pid = self.sshd(name)
        return subprocess.run(
            ["nsenter", "-t", str(pid), "-m", "-u", "-n", "sh", "-c", text],
            capture_output=True,
            text=True,
            check=False,
        ).stdout

    def hang_up(self) -> None:
        """End what still runs where the hosts can be reached: connections that a tool keeps after its end."""
        for pid in _pids_in(self._space("c")):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        while _pids_in(self._space("c")):
            time.sleep(0.02)

    def cpu(self, name: str) -> float:
        """Seconds of CPU of a host's sshd and of what it has waited for: connections that are over, and their commands."""
        spent = Path(f"/proc/{self.sshd(name)}/stat").read_text().rpartition(")")[2].split()[11:15]
        return sum(map(int, spent)) / os.sysconf("SC_CLK_TCK")

    def sshd(self, name: str) -> int:
        return self._daemons[name].pid

    def go(self, folder: Path, text: str, *args: str, env: Mapping[str, str] | None = None) -> Run:
        """Run a program on these hosts, which stand before its text unless it declares them itself."""
        named = [(name, address) for name, address in ADDRESSES.items() if f"host {name} " not in text]
        hosts = "".join(f'host {name} = "{address}"\n' for name, address in named)
        (folder / "p.events").write_text(hosts + text)
        return Run(self.run(folder, "run", "p.events", "--format", "jsonl", *args, env=env))

    def run(
        self, folder: Path, *args: str, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """`evdsl` with these arguments, where the hosts can be reached."""
        argv = self.argv(sys.executable, "-m", "evdsl", *args)
        return subprocess.run(
            argv, cwd=folder, env=self.env(env), capture_output=True, text=True, check=False
        )

    def popen(self, folder: Path, *args: str) -> subprocess.Popen[str]:
        argv = self.argv(sys.executable, "-m", "evdsl", *args)
        return subprocess.Popen(
            argv, cwd=folder, env=self.env(None), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )  # fmt: skip

    def env(self, more: Mapping[str, str] | None) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "LC_ALL": "C.UTF-8", **(more or {})}

    def processes(self, name: str) -> list[str]:
        """The command lines of what runs on a host, sshd apart."""
        found = []
        for pid in _pids_in(self._space(name)):
            with suppress(OSError):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                line = b" ".join(words).decode(errors="replace").strip()
                if line and not line.startswith("sshd"):
                    found.append(line)
        return [line for line in found if "/usr/sbin/sshd" not in line]

    def remove(self) -> None:
        """End all, and take the namespaces away."""
        spaces = [self._space(name) for name in (*self.names, "c")]
        for space in spaces:
            for pid in _pids_in(space):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        for daemon in self._daemons.values():
            daemon.wait()
        for space in spaces:
            subprocess.run(["ip", "netns", "del", space], capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _space(self, name: str) -> str:
        return f"{self.tag}{name}"


def _pids_in(space: str) -> list[int]:
    done = subprocess.run(["ip", "netns", "pids", space], capture_output=True, text=True, check=False)
    return [int(pid) for pid in done.stdout.split()]


def _sh(text: str) -> None:
    subprocess.run(["sh", "-ec", text], check=True, stdin=subprocess.DEVNULL)


def worlds() -> Iterator[World]:
    """A world, taken away at the end whatever happens."""
    folder = Path("/var/tmp") / f"evdsl-hosts-{os.getpid()}-{os.urandom(4).hex()}"
    folder.mkdir(mode=0o755)
    world = World(folder)
    try:
        world.build()
        yield world
    finally:
        world.remove()
