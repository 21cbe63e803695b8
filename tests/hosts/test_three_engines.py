"""examples/three-engines on real hosts: openssl here, ssh, the real Puppet and the real Ansible, from file to balancer."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from environment import ANSIBLE

from .world import ADDRESSES, ROOT, Run, World

pytestmark = pytest.mark.real

INVENTORY = """
all:
  vars: {{ansible_user: root}}
  children:
    web:
      hosts:
        web1: {{ansible_host: {web1}}}
        web2: {{ansible_host: {web2}}}
        web3: {{ansible_host: {web3}}}
    others:
      hosts:
        db1: {{ansible_host: {web2}}}
        lb1: {{ansible_host: {web1}}}
""".format(**ADDRESSES)
RELOAD = 'echo "$1" >>/root/reloads\n'
WEBS = ("web1", "web2", "web3")


class Site:
    """The example on these hosts, which all have room for it in /root."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder = world, folder / "site"
        shutil.copytree(
            ROOT / "examples/three-engines", self.folder, ignore=shutil.ignore_patterns("out", ".*")
        )
        (self.folder / "inventory.yml").write_text(INVENTORY)
        world.configure("ConnectTimeout 2\n")
        for name in ADDRESSES:
            (world.root(name) / "reload").write_text(RELOAD)

    def run(self, exit: int = 0) -> Run:
        said = self.world.run(
            self.folder, "run", "site.events", "--set", "root=/root", "--set", "reload=sh /root/reload",
            "--format", "jsonl",
        )  # fmt: skip
        assert said.returncode == exit, said.stdout + said.stderr
        return Run(said)

    def debts(self) -> str:
        return self.world.run(self.folder, "debts").stdout

    def renew(self, name: str) -> None:
        """Take a certificate away, so that the next run makes another."""
        (self.folder / "out" / f"{name}.pem").unlink()

    def there(self, host: str, file: str) -> str:
        return (self.world.root(host) / file).read_text()

    def reloads(self) -> dict[str, int]:
        """How often each service was reloaded on each host since this was asked last."""
        found: dict[str, int] = {}
        for host in ADDRESSES:
            log = self.world.root(host) / "reloads"
            for service in log.read_text().split() if log.exists() else ():
                found[f"{service} on {host}"] = found.get(f"{service} on {host}", 0) + 1
            log.unlink(missing_ok=True)
        return found


@pytest.fixture
def site(world: World, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    missing = [name for name in ("openssl", "puppet") if not shutil.which(name)]
    if not (ANSIBLE / "bin" / "ansible-playbook").exists():
        missing.append("ansible-playbook")
    if missing:
        why = f"no {', '.join(missing)}"
        pytest.fail(why) if os.environ.get("EVDSL_REAL") == "1" else pytest.skip(why)
    monkeypatch.setenv("PATH", f"{ANSIBLE / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("ANSIBLE_HOME", str(folder / ".ansible"))
    return Site(world, folder)


def test_a_change_goes_through_all_engines_to_one_reload_and_none_is_lost(site: Site) -> None:
    """One story, as each run costs seconds of Ansible and Puppet."""
    first = site.run()
    assert set(first.outcomes.values()) == {"changed", "created"}, first.text
    assert len(first.outcomes) == 15
    assert site.reloads() == {f"shop on {name}": 1 for name in WEBS} | {"balancer on web1": 1}
    assert site.there("web2", "db.conf") == "port = 5432\n"
    servers = [f"server {address}:443" for address in ADDRESSES.values()]
    assert site.there("web1", "balancer.cfg").split("\n") == [*servers, ""]
    for name in WEBS:
        assert site.there(name, "tls.pem") == (site.folder / "out" / f"{name}.pem").read_text()
    configured = {name: site.there(name, "app.conf") for name in WEBS}
    assert len(set(configured.values())) == 3
    assert {text.split("\n")[0] for text in configured.values()} == {f"database = {ADDRESSES['web2']}:5432"}

    second = site.run()
    reloads = {*(f"app.{name}.reload" for name in WEBS), "balancer.reload"}
    assert second.outcomes == dict.fromkeys(first.outcomes, "ok") | dict.fromkeys(reloads, "idle")
    assert site.reloads() == {}

    site.renew("web2")
    third = site.run()
    assert {step for step, outcome in third.outcomes.items() if outcome == "changed"} == {
        "cert.web2.run", "tls.web2.run", "app.web2.run", "app.web2.reload", "balancer.reload",
    }  # fmt: skip
    assert site.reloads() == {"shop on web2": 1, "balancer on web1": 1}
    assert [name for name in WEBS if site.there(name, "app.conf") != configured[name]] == ["web2"]

    site.renew("web1")
    site.world.link("web3", up=False)
    down = site.run(exit=3)
    ended = {step: outcome for step, outcome in down.outcomes.items() if outcome not in ("ok", "idle")}
    changed = ("cert.web1.run", "tls.web1.run", "app.web1.run", "app.web1.reload")
    vetoed = ("app.web3.run", "balancer.run", "balancer.reload")
    assert ended == {"tls.web3.run": "error"} | dict.fromkeys(changed, "changed") | dict.fromkeys(
        vetoed, "skipped"
    )
    assert f"on web3 ({ADDRESSES['web3']})" in down.reasons["tls.web3.run"]
    assert site.reloads() == {"shop on web1": 1}
    assert "app.web1.reload changed balancer.reload" in site.debts()

    site.world.link("web3", up=True)
    back = site.run()
    assert not {"error", "skipped", "failed"} & set(back.outcomes.values()), back.text
    # what ended in an error may have changed something, so the app of that host reloads too
    assert site.reloads() == {"shop on web3": 1, "balancer on web1": 1}
    causes = next(line["because"] for line in back.lines if line.get("id") == "balancer.reload#0")
    assert "app.web1.reload" in {cause["from"] for cause in causes}, causes
    assert back.outcomes["app.web1.reload"] == "idle", "so that is the debt"
    assert "balancer" not in site.debts()
