"""Projects that real Ansible runs and its linter reads: what random programs do not hold (docs/compile.md)."""

from __future__ import annotations

import http.server
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from environment import ANSIBLE, ROOT

from evdsl.api import load_file
from evdsl.emit.target import Refusal

from .plays import emitted, environment, needs_ansible, play, written

pytestmark = [pytest.mark.real, needs_ansible]

BRACES = "{{ 7 * 7 }} {% raw %} {# #}"


def project(folder: Path, text: str, *allow: str, **values: str) -> Path:
    """The project of a program, in the folder `project` beside it."""
    (folder / "p.events").write_text(text, "utf-8")
    program = load_file(str(folder / "p.events"), values)
    assert program.stands, [d.message for d in program.diagnostics]
    return written(emitted(program.plan(), allow), folder / "project")


@pytest.fixture
def server() -> Iterator[int]:
    """The port of a web server that says `hello` to GET and nothing else."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/" else 404)
            self.end_headers()
            self.wfile.write(b"hello {{ x }}")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            self.send_response(200 if b"said" in body and "s3cret" in self.headers["X-Token"] else 400)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield found.server_port
        found.shutdown()


def test_drivers_sinks_roles_and_a_second_run(tmp_path: Path, server: int) -> None:
    (tmp_path / "app.conf").write_text(f"as it is: {BRACES}\n")
    (tmp_path / "t.j2").write_text("{{ name }} {{ motd }}\n")
    for role, lines in {
        "good": "- ansible.builtin.copy: {content: '{{ who }}', dest: '{{ out }}/role', mode: '0600'}\n"
        "- ansible.builtin.include_tasks: more.yml\n",
        "late": "- ansible.builtin.command: 'true'\n- ansible.builtin.fail: {msg: no}\n",
        "quiet": "- ansible.builtin.ping:\n",
    }.items():
        (tmp_path / "roles" / role / "tasks").mkdir(parents=True)
        (tmp_path / "roles" / role / "tasks" / "main.yml").write_text(f"---\n{lines}")
    (tmp_path / "roles" / "good" / "tasks" / "more.yml").write_text("---\n- ansible.builtin.ping:\n")
    out = tmp_path / "out"
    out.mkdir()
    text = f"""param out = "{out}"
secret token
host away = "127.0.0.1" [port = 9]
host web1 = "192.0.2.21"
resource source {{ port = 80; run: sh 'echo data.port=8080 >>"$EVDSL_EVENT"; echo "data.motd=it is {BRACES}" >>"$EVDSL_EVENT"; echo ok >>"$EVDSL_EVENT"' }}
resource reader {{
  items = ["x y", "it's"]; url = "http://{{{{port}}}}/"
  run: sh \"""printf "%s|" {{{{port}}}} {{{{motd}}}} {{{{url}}}} {{{{items}}}} "$items" "$EVDSL_CAUSE" >"$out/read" \"""
  argv: exec ["sh", "-c", "printf '%s|' $0 $1 >$out/argv; echo $token", "{{{{url}}}}", port]
}}
resource gathered
resource bare
resource files {{ motd = '{BRACES}'; run: copy "app.conf" "{{{{out}}}}/app.conf" [mode = 0640]; t: template "t.j2" "{{{{out}}}}/t"; g: copy "app.conf" "{{{{out}}}}/app.conf" [unless = "true"]; h: copy "app.conf" "{{{{out}}}}/missing/x" [onlyif = "test $token = s3cret"] }}
resource web {{ run: http.get "http://127.0.0.1:{server}/" [expect = 'hello {{{{ x']; no: http.get "http://127.0.0.1:{server}/x"; other: http.get "http://127.0.0.1:{server}/" [expect = "bye"]; away: http.get "http://127.0.0.1:9/"; post: http.post "http://127.0.0.1:{server}/" [body = {{k = "said"}}, headers = {{X-Token = token}}]; bad: http.post "http://127.0.0.1:{server}/" [body = "no", headers = {{X-Token = token}}] }}
resource roles {{ run: ansible.role "good" [vars = {{who = '{BRACES}', out = out}}]; late: ansible.role "late"; quiet: ansible.role "quiet"; never: ansible.role "quiet"; vetoed: ansible.role "quiet"; after: sh "true" }}
resource modules {{ run: ansible.module "ping" [vars = {{data = '{BRACES}'}}]; cmd: ansible.module "command" [vars = {{cmd = "sh -c 'echo x >>{{{{out}}}}/tries; false'"}}, retry = 1, delay = 1ms]; slow: ansible.module "command" [vars = {{cmd = "sleep 60"}}, timeout = 1s] }}
resource here @web1 {{ run: sh 'test "$EVDSL_HOST $host" = "web1 192.0.2.21" && echo ok >"$EVDSL_EVENT"'; then: sh "true" }}
resource there @away {{ run: sh "true"; on-error: sh "true"; role: ansible.role "quiet" }}
resource near @web1 {{ run: ansible.role "quiet" }}
connect source reader {{ port -> port; motd -> motd; no events }}
connect source gathered {{ port -> ports }}
connect reader gathered {{ name -> ports; nothing -> none }}
connect reader bare
reader.run after source.run
on reader.run changed reader.argv
on files.run success files.t, files.g, files.h
on web.run ok web.no, web.other, web.away, web.post, web.bad
on roles.run success roles.late, roles.quiet
on roles.late failure roles.after
on roles.late success roles.never
on roles.quiet ok roles.vetoed
roles.vetoed needs roles.late
on modules.run ok modules.cmd, modules.slow
on here.run ok here.then
on there.run error there.on-error, there.role
"""
    folder = project(tmp_path, text)
    (folder / "vars.yml").write_text("---\nsecret_token: s3cret\n")
    expected = {
        "source.run": "ok",
        "reader.run": "changed",
        "reader.argv": "changed",
        "gathered.run": "changed",
        "bare.run": "ok",
        "files.run": "changed",
        "files.t": "changed",
        "files.g": "ok",
        "files.h": "failed",
        "web.run": "ok",
        "web.no": "failed",
        "web.other": "failed",
        "web.away": "error",
        "web.post": "changed",
        "web.bad": "failed",
        "roles.run": "changed",
        "roles.late": "failed",
        "roles.after": "changed",
        "roles.never": "idle",
        "roles.quiet": "ok",
        "roles.vetoed": "skipped",
        "modules.run": "ok",
        "modules.cmd": "failed",
        "modules.slow": "error",
        "here.run": "ok",
        "here.then": "changed",
        "there.run": "error",
        "there.on-error": "error",
        "there.role": "error",
        "near.run": "ok",
    }
    played = play(folder, "-e", "@vars.yml", local=["web1"])
    assert played.outcomes == {f"{name}#0": event for name, event in expected.items()}, played.output
    assert played.exit == 2
    assert "s3cret" not in played.output
    read = (out / "read").read_text().split("|")
    assert read[:6] == ["8080", f"it is {BRACES}", "http://8080/", "x y", "it's", '["x y", "it\'s"]']
    assert (out / "argv").read_text() == "http://8080/|8080|"
    assert (out / "app.conf").read_text() == f"as it is: {BRACES}\n"
    assert (out / "app.conf").stat().st_mode & 0o777 == 0o640
    assert (out / "t").read_text() == f"files {BRACES}\n"
    assert (out / "role").read_text() == BRACES
    assert (out / "tries").read_text() == "x\nx\n"


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    (tmp_path / "t.j2").write_text("{{ name }}")
    (tmp_path / "roles" / "r" / "tasks").mkdir(parents=True)
    task = "ansible.builtin.file: {path: '{{ out }}/role', state: touch, mode: '0600', modification_time: preserve, access_time: preserve}"
    (tmp_path / "roles" / "r" / "tasks" / "main.yml").write_text(f"---\n- {task}\n")
    text = f"""param out = "{tmp_path}"
resource a {{ v = 1; run: copy "f" "{{{{out}}}}/copy"; t: template "t.j2" "{{{{out}}}}/template" }}
resource b {{ run: ansible.role "r" [vars = {{out = out}}]; c: sh "echo x >$out/f" [changes = "{tmp_path}/f"] }}
resource sink
connect a sink {{ v -> v }}
on a.run done a.t
on b.run done b.c
on sink.run changed b.again
""".replace("c: sh", "again: sh 'true'; c: sh")
    folder = project(tmp_path, text)
    first, second = play(folder), play(folder)
    assert set(first.outcomes.values()) == {"changed"}, first.output
    assert second.outcomes == dict.fromkeys(first.outcomes, "ok") | {"b.again#0": "idle"}, second.output
    assert second.exit == 0


def test_any_text_arrives_as_it_is(tmp_path: Path) -> None:
    every = "".join(map(chr, range(1, 0x180))) + "–💥\u2028\ufeff" + BRACES + "'\"\\$(id)`id`*;&|-- \n\t\r\n"
    text = """param p = ""
param dash = ""
resource a {
  run: sh \"""printf %s "$p" >"$OUT/env"; printf %s {{p}} >"$OUT/text"; printf %s {{dash}} >"$OUT/dash" \""" [changes = []]
  argv: exec ["sh", "-c", 'printf %s "$1" >"$OUT/argv"', "{{p}}", "{{p}}"] [env = {OWN = "{{p}}"}]
  own: sh 'printf %s "$OWN" >"$OUT/own"' [env = {OWN = "{{p}}"}, creates = "{{dash}}{{p}}", unless = \"""test {{p}} != "$p" \"""]
}
on a.run ok a.argv, a.own
"""
    folder = project(tmp_path, text, p=every, dash="-n")
    played = play(folder, env={"OUT": str(tmp_path)})
    assert played.outcomes == {"a.run#0": "ok", "a.argv#0": "changed", "a.own#0": "changed"}, played.output
    for name in ("env", "text", "argv", "own"):
        assert (tmp_path / name).read_bytes() == every.encode(), name
    assert (tmp_path / "dash").read_text() == "-n"


def test_names_of_all_kinds(tmp_path: Path) -> None:
    text = """## {{ 1 / 0 }} and a
## second line: - "x"
resource getty@tty1.service { run: sh "test $EVDSL_RESOURCE = getty@tty1.service" }
resource ключ { run: sh "test $EVDSL_RESOURCE = ключ && mkdir ключ" [creates = "ключ"] }
resource a-b+c { run: sh "true" }
resource a_b_c { run: sh "true" }
on getty@tty1.service.run changed ключ.run
on ключ.run changed a-b+c.run
on a-b+c.run changed a_b_c.run
"""
    folder = project(tmp_path, text)
    played = play(folder)
    assert set(played.outcomes.values()) == {"changed"}, played.output
    assert played.exit == 0
    assert list(play(folder).outcomes.values()).count("idle") == 2


def test_nothing_starts_without_what_is_needed(tmp_path: Path) -> None:
    text = "secret token\nresource a { run: sh 'touch ran' [confirm = 'Sure? {{ name }}'] }\n"
    folder = project(tmp_path, text)
    without = play(folder)
    assert (without.exit, "secret_token" in without.output) == (2, True)
    unasked = play(folder, "-e", "secret_token=x")
    assert (unasked.exit, "Sure? a" in unasked.output or "Sure? {{ name }}" in unasked.output) == (2, True)
    assert not (folder / "ran").exists()
    assert play(folder, "-e", "secret_token=x evdsl_yes=true").exit == 0
    assert (folder / "ran").exists()


def test_paths_begin_where_the_user_says(tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "sub").mkdir(parents=True)
    text = 'resource a { run: sh "pwd >here; touch ../up" [cwd = "sub"] }\n'
    folder = project(tmp_path, text)
    assert play(folder).exit == 2
    assert play(folder, "-e", f"evdsl_folder={tmp_path / 'elsewhere'}").exit == 0
    assert (tmp_path / "elsewhere" / "up").exists()


EXAMPLES = sorted((ROOT / "examples").glob("*/*.events"))


def test_what_is_made_of_the_examples_is_clean(tmp_path: Path) -> None:
    """ansible-lint with the profile `production`, which has the syntax check of ansible-playbook in it."""
    made = []
    for path in EXAMPLES:
        program = load_file(str(path), {}, os.environ)
        if not program.stands:
            continue
        try:
            artifact = emitted(program.plan(), ("parallel", "created", "error"))
        except Refusal:
            continue
        made.append(written(artifact, tmp_path / path.parent.name / path.stem))
    assert len(made) >= 5
    braces = BRACES + " {{x"
    text = """secret token
host web1 = "192.0.2.1" [jump = "me@192.0.2.2"]
param p = 'BRACES'
resource a { v = 1; run: sh 'echo BRACES' [retry = 1, timeout = 5s]; long: sh "LONG"; b: http.post "http://x/" [headers = {A = token}, expect = 200] }
resource c @web1 {
  run: ansible.role "keystone" [vars = {x = "y"}]
  d: ansible.module "command" [vars = {cmd = "true"}]
  e: systemd.reload "nginx"
  f: sh \"""
    a {{p}}
      b {{w}}
    \"""
}
resource s
connect a s { v -> w }
connect a c { v -> w; no events }
on a.run done a.long, a.b
on a.run changed a.run
on c.run done c.d, c.e, c.f
c.f needs a.run, a.b
"""
    text = text.replace("BRACES", braces).replace("LONG", "word " * 60)
    for role in made:
        (role / "roles" / "keystone" / "tasks").mkdir(parents=True, exist_ok=True)
    (tmp_path / "p").mkdir()
    made.append(project(tmp_path / "p", text, "error"))
    done = subprocess.run(
        [str(ANSIBLE / "bin" / "ansible-lint"), "--offline", "--profile", "production", "--nocolor", "."],
        cwd=tmp_path,
        env=environment(tmp_path) | {"ANSIBLE_ROLES_PATH": str(tmp_path / "roles")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert "Passed" in done.stdout
    for folder in made:
        checked = subprocess.run(
            [str(ANSIBLE / "bin" / "ansible-playbook"), "--syntax-check", "site.yml"],
            cwd=folder,
            env=environment(folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert checked.returncode == 0, checked.stdout
