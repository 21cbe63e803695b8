"""copy and template for a shell script: their content is part of the script, rendered when it is made."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import NamedTuple

from ..drivers.file import names_for, opened
from ..drivers.job import Job
from ..drivers.placing import Wrong
from ..drivers.template import render as fill
from ..meaning.program import Action
from ..meaning.render import Rendered
from .sh_words import literal, waits
from .target import Findings

LARGEST = 1024 * 1024
"""Bytes of a content that a script can hold."""
_PIECE = 16 * 1024  # bytes of one word: some shells hand it to another program


class Placed(NamedTuple):
    """A file to be placed: the shell code that prints its content, where it goes, the mode of its source; the number of its
    bytes and their SHA-256."""

    prints: str
    path: str
    like: int
    size: int
    digest: str


def placed(action: Action, job: Job, rendered: Rendered, root: str, findings: Findings) -> Placed | None:
    """What is to be placed; None, refused, where its content is not known yet or cannot be had."""
    assert action.scope is not None
    span = action.span
    if len(job.arguments) != 2 or not all(isinstance(a, str) and a for a in job.arguments):
        findings.refuse(f"`{job.driver}` takes two texts: the source and the destination", span, "write both")
        return None
    source, destination = (str(a) for a in job.arguments)
    if destination.endswith("/"):
        findings.refuse(f"`{destination}` is a folder", span, "name the file in it")
        return None
    if waits(source):
        message = f"the source of `{action.name}` is known only when the script runs"
        findings.refuse(
            message, span, "name a file that is there now: its content becomes part of the script"
        )
        return None
    folder = os.path.abspath(action.scope.unit.folder or "")
    known = {name: value for name, value in rendered.names.items() if not waits(str(value))}
    job = Job(0, job.id, job.resource, job.action, 0, job.driver, job.arguments, folder=folder, names=known)
    try:
        file, mode = opened(job, source)
        with file:
            content = file.read(LARGEST + 1)
        if job.driver == "template":
            path = os.path.abspath(os.path.join(folder, source))
            text = fill(content.decode("utf-8"), path, source, names_for(job))
            content = text.encode("utf-8", "surrogateescape")
    except UnicodeDecodeError:
        findings.refuse(f"the template `{source}` is not UTF-8", span, "save it in UTF-8")
        return None
    except (Wrong, OSError) as problem:
        hint = "its content becomes part of the script, so all of it has to be known when the script is made"
        findings.refuse(f"`{action.name}` cannot be made: {problem}", span, hint)
        return None
    if len(content) > LARGEST:
        findings.refuse(
            f"`{source}` is too large for a script, which holds the content of its files",
            span,
            f"at most {LARGEST} bytes",
        )
        return None
    return Placed(_printing(content), destination, mode, len(content), sha256(content).hexdigest())


def _printing(content: bytes) -> str:
    """Shell code that prints these bytes, whatever they are. Only text is readable."""
    if b"\0" in content:
        pieces = [content[i : i + _PIECE // 4] for i in range(0, len(content), _PIECE // 4)]
        return "\n".join("  printf '" + "".join(f"\\{byte:03o}" for byte in piece) + "'" for piece in pieces)
    found, at = [], 0
    while at < len(content):
        piece = content[at : at + _PIECE]
        found.append("  printf %s " + literal(piece.decode("utf-8", "surrogateescape")))
        at += len(piece)
    return "\n".join(found) or "  :"
