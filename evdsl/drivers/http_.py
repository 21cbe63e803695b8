"""The drivers `http.get` and `http.post`: a request, and whether its answer is as expected (section 9).

`expect` is a status, a text that the answer must hold, or a list of both: one of its statuses and all of its texts.
Without a status in it any from 200 to 299 will do. The request is sent by evdsl itself, as its own user.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from .driver import Answer, Call, Command, Ended, Stopped, Try, Unfit, Verdict
from .job import Place
from .output import Output


class Asked(NamedTuple):
    """A request, as the action wants it."""

    url: str
    headers: dict[str, str]
    body: bytes | None
    statuses: tuple[int, ...]
    texts: tuple[str, ...]
    wait: float | None


class Http:
    """`http.get` where `known` is `ok`, `http.post` where it is `changed`: what a good answer means."""

    def __init__(self, method: str, known: str) -> None:
        self.method = method
        self.known = known

    def commands(self, tries: Sequence[Try], place: Place) -> list[Call]:
        return [self._call(attempt) for attempt in tries]

    def read(self, attempt: Try, ended: Ended) -> Verdict:
        raise NotImplementedError("it starts no process")

    def _call(self, attempt: Try) -> Call:
        from .request import shown

        asked = self._asked(attempt)
        said = f"{self.method} {shown(asked.url)}"
        return Call(attempt, partial(self._work, asked, said), said, as_us=True)

    def _asked(self, attempt: Try) -> Asked:
        job = attempt.job
        if len(job.arguments) != 1 or not isinstance(job.arguments[0], str):
            raise Unfit(f"`http.{self.method.lower()}` takes one text, the address")
        given = job.options.get("headers", {})
        if not isinstance(given, Mapping):
            raise Unfit("`headers` takes a map")
        headers = {str(key): _plain(value) for key, value in given.items()}
        statuses, texts = expected(job.options.get("expect"))
        body = _body(job.options.get("body"), headers) if self.method == "POST" else None
        return Asked(job.arguments[0], headers, body, statuses, texts, job.timeout)

    def _work(self, asked: Asked, said: str, stopped: Stopped) -> Answer | Command:
        from .request import WAIT, Bad, NoAnswer, send

        try:
            wait = WAIT if asked.wait is None else max(asked.wait, 0.001)
            reply = send(self.method, asked.url, asked.headers, asked.body, wait, stopped)
        except (Bad, NoAnswer) as problem:
            return Answer(Verdict(None, str(problem)))
        against = _against(asked, reply.status, reply.body)
        status = f"{reply.status} {reply.reason}".strip()
        output = Output()
        output.add(f"{self.method} {reply.address}: {status}\n".encode("utf-8", "backslashreplace"))
        output.add(reply.body)
        kept = output.kept().text.encode("utf-8", "backslashreplace")
        if against:
            return Answer(Verdict(1, reason=f"{against} ({said})"), kept)
        return Answer(Verdict(0, known=self.known), kept)


def _against(asked: Asked, status: int, body: bytes) -> str:
    """Why an answer is not as expected, empty if it is."""
    if asked.statuses and status not in asked.statuses:
        return f"status {status}, expected {' or '.join(map(str, asked.statuses))}"
    if not asked.statuses and not 200 <= status < 300:
        return f"status {status}"
    for text in asked.texts:
        if text.encode("utf-8", "surrogateescape") not in body:
            return f"the answer does not hold `{text if len(text) <= 60 else text[:57] + '...'}`"
    return ""


def expected(value: object) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The option `expect`: statuses and texts."""
    items = list(value) if isinstance(value, (list, tuple)) else [] if value is None else [value]
    statuses: list[int] = []
    texts: list[str] = []
    for item in items:
        if isinstance(item, str):
            texts.append(item)
        elif isinstance(item, int) and not isinstance(item, bool) and 100 <= item <= 599:
            statuses.append(item)
        else:
            raise Unfit("`expect` takes a status, a text that the answer must hold, or a list of those")
    return tuple(statuses), tuple(texts)


def _body(value: object, headers: dict[str, str]) -> bytes:
    """The option `body`: text as it is, a map or list as JSON. Its kind goes to the headers where they do not name one."""
    text, kind = ("", "") if value is None else (value, "text/plain; charset=utf-8")
    if not isinstance(text, str):
        import json

        text, kind = json.dumps(text, ensure_ascii=False), "application/json"
    if "content-type" not in {key.lower() for key in headers}:
        # urllib would say that it is a form
        headers["Content-Type"] = kind or "application/octet-stream"
    return text.encode("utf-8", "surrogateescape")


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise Unfit("`headers` takes a map of texts")


get = Http("GET", "ok")
post = Http("POST", "changed")
