"""The process that puts a file in its place where evdsl itself may not: under `sudo`.

It gets all it needs by its standard input, one line of JSON and then the content, and says what came of it by its exit
code; what differs goes to its standard output. Nothing but what placing.py does is done with more rights than evdsl
has: sources are read and templates rendered before.
"""

from __future__ import annotations

import json
import os
import sys
from typing import BinaryIO

from .driver import Command, Ended, Try, Verdict
from .placing import Wanted, Wrong, place

LARGEST = 64 * 1024 * 1024
"""Files of more bytes are not handed to another process."""
_FAILED, _ERROR = 11, 12
_EXITS = {"ok": 0, "changed": 20, "created": 21}
_KNOWN = {code: word for word, code in _EXITS.items()}
_BEGIN = "import sys; sys.path.insert(0, sys.argv[1]); from evdsl.drivers.worker import main; main()"


def command(attempt: Try, wanted: Wanted, content: BinaryIO, shown: str) -> Command:
    """The process that does what `place` does. Raises Wrong for a content that is too large."""
    content.seek(0)
    held = content.read(LARGEST + 1)
    if len(held) > LARGEST:
        raise Wrong(f"a file of more than {LARGEST} bytes is not placed by way of `sudo`")
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    argv = (sys.executable, "-I", "-S", "-B", "-c", _BEGIN, root)
    head = json.dumps(wanted._asdict()).encode() + b"\n"
    return Command(argv, attempt.job.cwd, (attempt,), attempt.environment, head + held, shown)


def verdict(ended: Ended) -> Verdict:
    """What the process said."""
    if ended.exit in _KNOWN:
        return Verdict(0, known=_KNOWN[ended.exit])
    said = ended.output.text.strip().rpartition("\n")[2]
    if ended.exit == _FAILED:
        return Verdict(1, reason=said)
    if ended.exit == _ERROR:
        return Verdict(None, said)
    return Verdict(ended.exit, ended.problem)


def main() -> None:
    """What the process does; it ends by itself."""
    head, _, content = sys.stdin.buffer.read().partition(b"\n")
    code = _work(Wanted(**json.loads(head)), content)
    sys.stdout.flush()
    os._exit(code)


def _work(wanted: Wanted, content: bytes) -> int:
    from io import BytesIO

    try:
        found = place(BytesIO(content), wanted, lambda: False)
    except Wrong as problem:
        print(problem)
        return _FAILED
    except OSError as problem:
        print(f"{problem.strerror or problem}: {problem.filename or wanted.shown}")
        return _ERROR
    sys.stdout.buffer.write(found.shown.encode("utf-8", "backslashreplace"))
    return _EXITS[found.event]
