"""`http.get` and `http.post` against a real server on 127.0.0.1."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from run.jobs import finish, results

from evdsl.drivers.request import shown
from evdsl.run.local import LocalExecutor

from .jobs import brief, job, said


class Server:
    """What it was asked, and how it answers by path."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.failures = 0
        self.go = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                headers = {key.lower(): value for key, value in self.headers.items()}
                outer.asked.append((self.command, self.path, headers, self.rfile.read(size)))
                outer.answer(self)

            do_POST = do_GET

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.port = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def answer(self, to: Any) -> None:
        path, _, query = to.path.partition("?")
        status, body, more = 200, b"ready\n", {}
        if path.startswith("/status/"):
            status = int(path[8:])
        elif path.startswith("/to/"):
            status, more = int(path[4:7]), {"Location": query}
        elif path == "/flaky":
            self.failures += 1
            status = 503 if self.failures < 3 else 200
        elif path == "/slow":
            self.go.wait(20)
        elif path == "/large":
            body = b"x" * 1_000_000 + b"end"
        elif path == "/nothing":
            to.close_connection = True
            return
        to.send_response(status)
        for key, value in more.items():
            to.send_header(key, value)
        to.send_header("Content-Length", str(len(body)))
        to.end_headers()
        to.wfile.write(body)

    def close(self) -> None:
        self.go.set()
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    made = Server()
    yield made
    made.close()


@pytest.mark.parametrize(
    ("path", "options", "event", "reason"),
    [
        ("/", {}, "ok", ""),
        ("/status/204", {}, "ok", ""),
        ("/status/404", {}, "failed", "status 404 (GET {}/status/404)"),
        ("/status/500", {}, "failed", "status 500 (GET {}/status/500)"),
        ("/status/404", {"expect": 404}, "ok", ""),
        ("/", {"expect": 404}, "failed", "status 200, expected 404 (GET {}/)"),
        ("/status/302", {"expect": [301, 302]}, "ok", ""),
        ("/status/500", {"expect": [200, 404]}, "failed", "status 500, expected 200 or 404 (GET {}/status/500)"),
        ("/", {"expect": "ready"}, "ok", ""),
        ("/", {"expect": "steady"}, "failed", "the answer does not hold `steady` (GET {}/)"),
        ("/status/500", {"expect": "ready"}, "failed", "status 500 (GET {}/status/500)"),
        ("/status/500", {"expect": [500, "ready"]}, "ok", ""),
        ("/", {"expect": ["ready", "steady"]}, "failed", "the answer does not hold `steady` (GET {}/)"),
        ("/large", {"expect": "end"}, "ok", ""),
        ("/", {"expect": 7}, "error", None),
        ("/", {"headers": ["a"]}, "error", "`headers` takes a map (on localhost)"),
        ("/", {"headers": {"A": "x\r\nB: y"}}, "error", None),
        ("/?token=hunter2", {"expect": 404}, "failed", "status 200, expected 404 (GET {}/)"),
        ("/nothing", {}, "error", None),
        ("/status/404", {"exits": {"1": "changed"}}, "changed", "status 404 (GET {}/status/404)"),
    ],
)  # fmt: skip
def test_get(server: Server, path: str, options: dict[str, Any], event: str, reason: str | None) -> None:
    one = said("http.get", server.url + path, **options)
    assert one.event == event, one
    assert reason is None or one.reason == reason.replace("{}", server.url)
    assert "hunter2" not in one.reason + one.output.text


def test_what_a_get_sends(server: Server) -> None:
    one = said("http.get", server.url + "/a b?x=ü#part", headers={"X-One": "1", "x-two": 2})
    assert brief(one) == ("ok", "")
    assert one.output.text == f"GET {server.url}/a%20b: 200 OK\nready\n"
    ((method, path, headers, body),) = server.asked
    assert (method, path, body) == ("GET", "/a%20b?x=%C3%BC", b"")
    assert (headers["x-one"], headers["x-two"]) == ("1", "2")
    assert headers["user-agent"].startswith("evdsl/")


@pytest.mark.parametrize(
    ("body", "headers", "sent", "kind"),
    [
        ({"a": [1, True], "b": "ü"}, {}, '{"a": [1, true], "b": "ü"}', "application/json"),
        ("plain", {}, "plain", "text/plain; charset=utf-8"),
        ('{"a": 1}', {"content-type": "application/json"}, '{"a": 1}', "application/json"),
        (None, {}, "", "application/octet-stream"),
    ],
)
def test_post(server: Server, body: object, headers: dict[str, str], sent: str, kind: str) -> None:
    one = said("http.post", server.url + "/hook", body=body, headers=headers)
    assert brief(one) == ("changed", "")
    ((method, path, got, content),) = server.asked
    assert (method, path, content.decode()) == ("POST", "/hook", sent)
    assert got["content-type"] == kind
    assert got["content-length"] == str(len(content))
    if kind == "application/json":
        json.loads(content)


def test_post_says_failed(server: Server) -> None:
    assert brief(said("http.post", server.url + "/status/422")) == ("failed", f"status 422 (POST {server.url}/status/422)")  # fmt: skip
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_get_is_redirected_and_a_post_is_not(server: Server, status: int) -> None:
    url = f"{server.url}/to/{status}?/here"
    assert said("http.get", url).event == "ok"
    assert [path for _, path, _, _ in server.asked] == [f"/to/{status}?/here", "/here"]
    assert brief(said("http.post", url))[0] == "failed"
    assert [method for method, *_ in server.asked] == ["GET", "GET", "POST"]


def test_redirects_end(server: Server) -> None:
    one = said("http.get", f"{server.url}/to/302?/to/302")
    assert one.event == "failed", "a redirect that leads nowhere is an answer"
    loop = Server()
    try:
        loop.answer = lambda to: (to.send_response(302), to.send_header("Location", "/again"), to.send_header("Content-Length", "0"), to.end_headers())  # type: ignore  # fmt: skip
        one = said("http.get", loop.url)
        assert one.event == "error"
        assert "redirected more than 10 times" in one.reason
    finally:
        loop.close()


def test_headers_stay_with_their_server(server: Server) -> None:
    other = Server()
    try:
        url = f"http://me:hunter2@127.0.0.1:{server.port}/to/302?{other.url}/there"
        one = said("http.get", url, headers={"X-Token": "t"})
        assert one.event == "ok"
        assert server.asked[0][2]["authorization"] == "Basic bWU6aHVudGVyMg=="
        assert server.asked[0][2]["x-token"] == "t"
        assert "authorization" not in other.asked[0][2]
        assert "x-token" not in other.asked[0][2]
        assert "hunter2" not in one.reason + one.output.text
    finally:
        other.close()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://127.0.0.1/x", "the address begins with no http:// or https:// and a host"),
        ("file:///etc/passwd", "the address begins with no http:// or https:// and a host"),
        ("127.0.0.1:80", "the address begins with no http:// or https:// and a host"),
        ("http://127.0.0.1:99999/", "the address is none that can be asked"),
        ("http://me:hunter2@[::1", "the address is none that can be asked"),
        ("http://me:hunter2@127.0.0.1:1/", "no answer: Connection refused"),
        ("http://evdsl.invalid/", "no answer: "),
    ],
)
def test_no_answer(url: str, reason: str) -> None:
    one = said("http.get", url)
    assert one.event == "error"
    assert reason in one.reason
    assert "hunter2" not in one.reason
    assert one.reason.endswith(" on localhost)")


def test_a_redirect_to_a_file_is_not_followed(server: Server) -> None:
    one = said("http.get", f"{server.url}/to/302?file:///etc/passwd")
    assert one.event == "error"
    assert "root:" not in one.output.text


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://me:pw@example.org:8443/a?token=x#y", "https://example.org:8443/a"),
        ("http://[::1]:8/a", "http://[::1]:8/a"),
        ("http://[::1", "this address"),
    ],
)
def test_addresses_are_shown_without_what_may_be_secret(url: str, text: str) -> None:
    assert shown(url) == text


def test_tries(server: Server) -> None:
    executor = LocalExecutor(1)
    try:
        found, again = results(executor, job("http.get", server.url + "/flaky", retry=3, delay=0.02))
    finally:
        executor.close()
    assert found[0].event == "ok"
    assert [a.outcome.event for a in again] == ["failed", "failed"]


def test_a_timeout(server: Server) -> None:
    begin = time.monotonic()
    one = said("http.get", server.url + "/slow", timeout=0.3)
    assert one.event == "error"
    assert time.monotonic() - begin < 3
    assert f"(`GET {server.url}/slow` on localhost)" in one.reason
    assert "0.3 s" in one.reason


def test_others_go_on_while_one_waits(server: Server, tmp_path: Path) -> None:
    executor = LocalExecutor(4)
    try:
        executor.start([job("http.get", server.url + "/slow", step=0)])
        begin = time.monotonic()
        executor.start([job("http.get", server.url + "/", step=n) for n in (1, 2)])
        assert set(finish(executor, 2)[0]) == {1, 2}
        assert time.monotonic() - begin < 5
        assert executor.free == 3
        server.go.set()
        assert finish(executor, 1)[0][0].event == "ok"
        assert executor.free == 4
    finally:
        executor.close()


def test_an_interrupt_does_not_wait_for_it(server: Server) -> None:
    executor = LocalExecutor(4)
    try:
        executor.start([job("http.get", server.url + "/slow")])
        assert executor.wait(0.1) == []
        executor.interrupt(1)
        assert executor.wait(0.1) == []
        executor.interrupt(2)
        one = finish(executor, 1)[0][0]
        assert brief(one) == ("error", f"interrupted (`GET {server.url}/slow` on localhost)")
        assert executor.free == 4
    finally:
        executor.close()
    server.go.set()
    time.sleep(0.1)  # what it still says is not heard, and rings nowhere


def test_close_leaves_it(server: Server) -> None:
    executor = LocalExecutor(4)
    executor.start([job("http.get", server.url + "/slow")])
    executor.close()
    server.go.set()
    time.sleep(0.05)


def test_a_proxy_is_asked(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("http_proxy", server.url)
    assert said("http.get", "http://evdsl.invalid/x").event == "ok"
    assert server.asked[0][1] == "http://evdsl.invalid/x"


def test_a_server_that_never_answers() -> None:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        made.listen(1)
        one = said("http.get", f"http://127.0.0.1:{made.getsockname()[1]}/", timeout=0.2)
    assert one.event == "error"
