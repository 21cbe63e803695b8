"""`evdsl lsp`: the language server, on standard input and output, for an editor that starts it."""

from __future__ import annotations

import os
import signal
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ..opening import REFUSED, err, usage

if TYPE_CHECKING:
    import argparse


def main(args: argparse.Namespace) -> int:
    """Serve until the editor says goodbye. 0, or 1 if it went away without; 2 where pygls is missing."""
    if find_spec("pygls") is None:
        usage(args, "the language server needs pygls, which is not installed", "`pip install 'evdsl[lsp]'`")
        return REFUSED
    if sys.stdin.isatty():
        err(args).line("This speaks with an editor, which starts it: see docs/editors.md. Ctrl-C ends it.")
    from .server import serve

    # There is nothing to save: Ctrl-C ends it, though a read of stdin cannot be broken off, and so does an editor that is gone.
    for number in (signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what else is printed must not get among the answers
    return 0 if serve(sys.stdin.buffer, answers) else 1
