"""Folders for the event files of a run: they are there as long as it is."""

from __future__ import annotations

import os

SHARED = ".shared"


def new_path() -> str:
    """The path of a folder that is not there yet. No one can have made it before: its name is not to be guessed."""
    base = os.environ.get("TMPDIR") or "/tmp"
    return os.path.join(os.path.abspath(base), f"evdsl-{os.getpid()}-{os.urandom(8).hex()}")


def shared_folder(beside: str) -> str:
    """A new folder in which other users find a file whose name they are told, and cannot look for any other.

    It stands alone in a folder of its own, whose path is the one `beside` with SHARED behind it.
    """
    base = beside + SHARED
    os.mkdir(base, 0o700)
    path = os.path.join(base, os.urandom(16).hex())
    os.mkdir(path, 0o700)
    for folder in (path, base):
        os.chmod(folder, 0o711)
    return path


def remove_folder(path: str) -> None:
    """Remove a folder, and what may be in it."""
    try:
        os.rmdir(path)
    except OSError:
        from shutil import rmtree  # imported late: event files are removed as they are read

        rmtree(path, ignore_errors=True)
