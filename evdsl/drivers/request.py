"""One request over HTTP: sent, redirected where that is right, and what came back (for `http.get` and `http.post`)."""

from __future__ import annotations

import errno
import ssl
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit, urlunsplit
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request

from ..version import __version__

WAIT = 30.0
"""Seconds that an answer may let wait for its next byte where the action has no `timeout`."""
LARGEST = 16 * 1024 * 1024
"""Bytes of an answer that are looked at; the rest is not read."""
REDIRECTS = 10
_PIECE = 65536
_PASSING = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


class Bad(Exception):
    """A request that cannot be sent as it is written."""


class NoAnswer(Exception):
    """No answer came. The text says why."""


class Reply(NamedTuple):
    """An answer: `address` is where it came from in the end, without anything secret."""

    status: int
    reason: str
    body: bytes
    address: str


def shown(url: str) -> str:
    """An address as messages name it: without user, password, query and fragment, any of which may be secret."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "this address"
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname or ""
    return f"{parts.scheme}://{host}{port}{parts.path}"


def send(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    wait: float,
    stopped: Callable[[], bool],
) -> Reply:
    """Send a request and read its answer. A GET follows redirects; to another server its headers do not go along.

    Raises Bad, NoAnswer; OSError where descriptors or memory ran out.
    """
    sent = {"User-Agent": f"evdsl/{__version__}", "Accept": "*/*", **headers}
    first = _address(url)
    at = first
    for _ in range(REDIRECTS + 1):
        reply, onward = _exchange(method, at, sent, body, wait, stopped)
        if method != "GET" or not onward:
            return reply
        there = _address(urljoin(_plain(at), onward))
        if at.scheme == "https" and there.scheme == "http":
            raise NoAnswer(f"redirected from https to {shown(there.geturl())}, which is not followed")
        if _origin(there) != _origin(first):
            sent = {key: value for key, value in sent.items() if key in ("User-Agent", "Accept")}
        at = there
    raise NoAnswer(f"redirected more than {REDIRECTS} times")


def _address(url: str) -> SplitResult:
    """The parts of an address that can be asked. Raises Bad."""
    try:
        parts = urlsplit(url.strip())
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Bad("the address begins with no http:// or https:// and a host")
        _ = parts.port  # ValueError for one that is none
        host = parts.netloc.rpartition("@")[2].encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        raise Bad("the address is none that can be asked") from None
    user = parts.netloc.rpartition("@")[0]
    netloc = f"{user}@{host}" if user else host
    path, query = (quote(text, safe="/%:=&?~#+!$,;'@()*[]") for text in (parts.path, parts.query))
    return parts._replace(netloc=netloc, path=path or "/", query=query, fragment="")


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}[parts.scheme]


def _plain(parts: SplitResult) -> str:
    """The address without user and password: they go in a header."""
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _exchange(
    method: str,
    at: SplitResult,
    headers: Mapping[str, str],
    body: bytes | None,
    wait: float,
    stopped: Callable[[], bool],
) -> tuple[Reply, str]:
    """One request and its answer, and where that leads on to, if anywhere."""
    sent = dict(headers)
    if at.username is not None and "authorization" not in {key.lower() for key in sent}:
        from base64 import b64encode

        pair = f"{unquote(at.username)}:{unquote(at.password or '')}"
        sent["Authorization"] = "Basic " + b64encode(pair.encode()).decode("ascii")
    where = shown(at.geturl())
    try:
        request = Request(_plain(at), data=body, headers=sent, method=method)
        with _opener().open(request, timeout=wait) as answer:
            pieces, size = [], 0
            while size < LARGEST and (piece := answer.read(_PIECE)):
                pieces.append(piece)
                size += len(piece)
                if stopped():
                    raise NoAnswer("stopped before the answer was there")
            moved = answer.status in (301, 302, 303, 307, 308)
            onward = (answer.headers.get("Location") or "") if moved else ""
            return Reply(answer.status, answer.reason or "", b"".join(pieces), where), onward
    except (HTTPError, HTTPException) as problem:
        raise NoAnswer(f"no answer that is HTTP: {type(problem).__name__}") from None
    except OSError as problem:  # URLError among them
        cause = problem.reason if isinstance(problem, URLError) else problem
        if isinstance(cause, OSError) and cause.errno in _PASSING:
            raise cause from None
        raise NoAnswer(_why(cause, wait)) from None
    except ValueError as problem:  # a line break in a header, and the like; its text may hold the value
        what = "a header" if "header" in str(problem).lower() else "the request"
        raise Bad(f"{what} holds characters that HTTP does not allow") from None


def _opener() -> OpenerDirector:
    """Opens http and https and nothing else; every answer is an answer, whatever its status."""
    opener = OpenerDirector()
    for handler in (ProxyHandler(), HTTPHandler(), HTTPSHandler()):
        opener.add_handler(handler)
    return opener


def _why(cause: object, wait: float) -> str:
    if isinstance(cause, TimeoutError):
        return f"no answer within {wait:g} s"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the certificate does not hold: {cause.verify_message}"
    if isinstance(cause, OSError) and cause.strerror:
        return f"no answer: {cause.strerror}"
    return f"no answer: {cause}"
