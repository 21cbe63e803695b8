"""The keystone, glance and haproxy example, written in an editor: a recorded session."""

from __future__ import annotations

from collections.abc import Callable

from .client import Client

START = """\
host ctl = "192.0.2.5"

resource keystone-config @ctl { run: sh "render keystone" [changes = "/etc/keystone.conf"] }
resource keystone @ctl { run: systemd.restart "keystone" }
resource glance-config @ctl { run: sh "render glance" [changes = "/etc/glance.conf"] }
resource glance @ctl { run: systemd.restart "glance" }

## One line for each service.
"""


def take(client: Client, *labels: str) -> None:
    """Write a statement by taking completions, a blank behind each that wants one."""
    for label in labels:
        if not client.texts[client.uri("site.events")].endswith((" ", "\n", "{ ", "[")):
            client.type("site.events", " ")
        client.take("site.events", label)


def test_the_example_is_written_mended_explained_and_renamed(session: Callable[..., Client]) -> None:
    client = session(
        {
            "site.events": START,
            "main.events": 'import "site.events" as site\non site.haproxy.run changed log.run\nresource log { run: sh "date" }\n',
        }
    )
    client.open("site.events")

    # a resource, of which only the name and the texts are typed
    take(client, "resource")
    client.type("site.events", "haproxy ")
    take(client, "@ctl")
    client.type("site.events", " { ")
    take(client, "run", "sh")
    client.type("site.events", '"render haproxy" [')
    take(client, "changes")
    client.type("site.events", '"/etc/haproxy.cfg"] }\n')
    assert client.texts[client.uri("site.events")].endswith(
        'resource haproxy @ctl { run: sh "render haproxy" [changes = "/etc/haproxy.cfg"] }\n'
    )

    # the rules, by completion alone
    for emitter, subscriber in (
        ("keystone-config.run", "keystone.run"),
        ("keystone.run", "haproxy.run"),
        ("glance-config.run", "glance.run"),
        ("glance.run", "haproxy.run"),
    ):
        take(client, "on", emitter, "changed", subscriber)
        client.type("site.events", "\n")
    assert client.texts[client.uri("site.events")].endswith(
        "on keystone-config.run changed keystone.run\n"
        "on keystone.run changed haproxy.run\n"
        "on glance-config.run changed glance.run\n"
        "on glance.run changed haproxy.run\n"
    )
    assert "EV501" not in client.codes("site.events")

    # a typo, and the action that mends it
    client.type("site.events", "on haproxy.run chnaged glance-config.run\n")
    (wrong,) = [d for d in client.checked("site.events") if d["code"] == "EV103"]
    assert wrong["message"].startswith("unknown event `chnaged`; did you mean `changed`?\nhelp: events are ")
    found = client.ask(
        "textDocument/codeAction",
        {
            "textDocument": {"uri": client.uri("site.events")},
            "range": wrong["range"],
            "context": {"diagnostics": [wrong]},
        },
    )
    (mend,) = [a for a in found if a.get("isPreferred")]
    assert mend["title"] == "Write `changed`"
    client.apply(mend["edit"])
    assert client.texts[client.uri("site.events")].endswith("on haproxy.run changed glance-config.run\n")

    # the cycle, explained where it is closed: its path, what runs again, and why
    (cycle,) = [d for d in client.checked("site.events") if d["code"] == "EV501"]
    assert cycle["message"] == (
        "in the cycle site.haproxy.run → site.glance-config.run → site.glance.run → site.haproxy.run "
        "`site.haproxy.run` runs again: it is the only way in"
    )
    assert [r["location"]["uri"] for r in cycle["relatedInformation"]] == [client.uri("site.events")] * 3
    said = client.hover("site.events", "on haproxy.r‸un")
    assert "Runs again, in the cycle site\\.haproxy\\.run → " in said
    assert "Its second run, site\\.haproxy\\.run\\#1, is set off by" in said
    hints = client.ask(
        "textDocument/inlayHint",
        {
            "textDocument": {"uri": client.uri("site.events")},
            "range": {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}},
        },
    )
    assert {h["label"] for h in hints} == {"#0", "#1", "#0 #1"}

    # another name for it, in both files
    edit = client.ask("textDocument/rename", client.at("site.events", "on hap‸roxy.run", newName="proxy"))
    assert sorted(u.rpartition("/")[2] for u in edit["changes"]) == ["main.events", "site.events"]
    client.apply(edit)
    assert "haproxy.run" not in client.texts[client.uri("site.events")]
    assert client.texts[client.uri("main.events")].startswith(
        'import "site.events" as site\non site.proxy.run changed log.run\n'
    )
    assert [c for c in client.codes("main.events") if c < "EV400"] == []
    assert [c for c in client.codes("site.events") if c < "EV400"] == []
    assert client.stop() == 0
