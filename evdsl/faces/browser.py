"""A picture in the browser: `--open`."""

from __future__ import annotations

import argparse
import os

from .opening import err, usage
from .terminal import printable

UNSHOWN = 3
"""The exit code where no browser could be started: an infrastructure error."""


def place(name: str, ending: str) -> str:
    """The path of a new file of our own among the temporary ones; it stays, as the browser reads it later."""
    from tempfile import mkstemp

    file, path = mkstemp(ending, f"evdsl-{name}-")
    os.close(file)
    return path


def show_file(args: argparse.Namespace, path: str) -> int:
    """Open a file in the browser that `$BROWSER` names or the desktop has. 0, or 3, told, if there is none."""
    import webbrowser
    from pathlib import Path

    if not webbrowser.open(Path(path).resolve().as_uri()):
        usage(args, "no browser could be started", f"open `{path}` in one, or name one in BROWSER")
        return UNSHOWN
    err(args).line("opened ", printable(path))
    return 0
