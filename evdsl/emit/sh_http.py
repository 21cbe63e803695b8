"""http.get and http.post for a shell script, by curl."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ..base.source import Span
from ..drivers.job import Job
from .sh_words import literal, short, waits, word
from .target import Findings


def asked(job: Job, does: int, extra: list[str], findings: Findings, span: Span | None) -> list[str]:
    """The lines that ask; what they need besides goes to `extra`."""
    method = job.driver.removeprefix("http.").upper()
    url = job.arguments[0] if len(job.arguments) == 1 else None
    if not isinstance(url, str):
        findings.refuse(f"`{job.driver}` takes one text, the address", span, "write one text")
        return []
    given = job.options.get("headers", {})
    headers = {str(k): str(v) for k, v in given.items()} if isinstance(given, Mapping) else {}
    if headers and method == "GET":
        findings.unless_allowed(
            "redirects",
            f"curl sends the headers of `{job.id}` along where it is redirected to another server",
            span,
            f"`{job.id}` follows no redirections, as it has headers",
        )
    expect = job.options.get("expect")
    items = list(expect) if isinstance(expect, (list, tuple)) else [] if expect is None else [expect]
    statuses = [str(item) for item in items if isinstance(item, int)]
    texts = [item for item in items if isinstance(item, str)]
    lines = []
    if method == "POST":
        body = job.options.get("body")
        text, kind = ("", "application/octet-stream") if body is None else (body, "text/plain; charset=utf-8")
        if not isinstance(text, str):
            text, kind = json.dumps(text, ensure_ascii=False), "application/json"
            if waits(text):
                message = (
                    f"the body of `{job.id}` holds a value that is known only when the script runs, in JSON"
                )
                findings.refuse(message, span, "write the body as a text")
                return []
        if "content-type" not in {key.lower() for key in headers}:
            headers["Content-Type"] = kind
        lines.append(f'printf %s {word(text)} >"$_work/$_step.sent"')
    sent = "".join(f"{key}: {value}\n" for key, value in headers.items())
    if "\n" in "".join([*headers, *headers.values()]):
        findings.refuse(f"a header of `{job.id}` holds a line break", span, "write it on one line")
    lines.append(f"_headers={word(sent)} _holds=''")
    if texts:
        cases = "\n".join(f"  case $1 in *{word(t)}*) ;; *) return 1 ;; esac" for t in texts)
        extra.append(f"h{does}() {{\n{cases}\n}}")
        lines.append(f"_holds=h{does}")
    follow = "" if headers and method == "GET" else " follow"
    lines.append(
        f"http_ {method} {word(url)} {short(' '.join(statuses)) if statuses else literal('')}{follow}"
    )
    return lines
