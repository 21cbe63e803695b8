"""`evdsl fmt`: one canonical form, comments kept. A file that does not parse is left as it is."""

from __future__ import annotations

import argparse
import glob
import os
import sys
import tempfile

from ..base.diagnostic import has_errors
from ..base.reading import read
from ..syntax.parser import parse
from ..syntax.printer import fmt
from .messages import show
from .opening import REFUSED, err, out, usage
from .stream import utf8
from .terminal import printable


def main(args: argparse.Namespace) -> int:
    files = args.files or sorted(glob.glob("*.events"))
    if not files:
        usage(args, "there is no .events file here", "name one: `evdsl fmt FILE`")
        return REFUSED
    code = 0
    for path in files:
        code = max(code, _one(path, args), key=(0, 1, 2).index)
    return code


def _one(path: str, args: argparse.Namespace) -> int:
    source, found = read(path)
    if source is not None:
        file, found = parse(source)
    if source is None or has_errors(found):
        show(found, err(args))
        return REFUSED
    text = fmt(file)
    changed = text != source.text
    if args.diff and changed:
        import difflib

        before, after = (t.splitlines(keepends=True) for t in (source.text, text))
        for line in difflib.unified_diff(before, after, printable(source.path), printable(source.path)):
            shown = printable(line.rstrip("\r\n")) + line[len(line.rstrip("\r\n")) :]
            out(args).raw(shown if line.endswith("\n") else shown + "\n\\ No newline at end of file\n")
    if args.check or args.diff:
        if changed and not args.diff:
            out(args).line(f"would change {printable(source.path)}")
        return int(changed and args.check)
    if path == "-":
        utf8()
        sys.stdout.write(text.replace("\n", source.line_end))
    elif changed:
        try:
            _replace(path, text.replace("\n", source.line_end))
        except OSError as error:
            usage(args, f"`{path}` cannot be written: {error.strerror}", "check its permissions")
            return REFUSED
        out(args).line(f"changed {printable(path)}")
    return 0


def _replace(path: str, text: str) -> None:
    """Write the file whole or not at all; mode kept, a link followed."""
    real = os.path.realpath(path)
    descriptor, beside = tempfile.mkstemp(prefix=".evdsl-fmt-", dir=os.path.dirname(real))
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            os.fchmod(file.fileno(), os.stat(real).st_mode & 0o7777)
        os.replace(beside, real)
    except BaseException:
        os.unlink(beside)
        raise
