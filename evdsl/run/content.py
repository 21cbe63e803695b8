"""What files hold, for the option `changes` (rule 6 of section 9 of docs/language.md)."""

from __future__ import annotations

import os
from collections.abc import Sequence

_PIECE = 1024 * 1024


class Unreadable(Exception):
    """A file whose content cannot be compared. The text names it."""


def contents(paths: Sequence[str], cwd: str) -> list[bytes]:
    """A digest of the content of each file; one that is missing has a state of its own. Links are followed.

    Raises Unreadable for a folder, for what is no plain file, and for what may not be read.
    """
    return [_content(os.path.join(cwd, path), path) for path in paths]


def _content(path: str, name: str) -> bytes:
    from hashlib import blake2b  # imported late: only wanted with the option
    from stat import S_ISDIR, S_ISREG

    try:
        # Opened so that a pipe in that place cannot hold the run.
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except OSError as problem:
        raise Unreadable(f"`changes` names `{name}`, which cannot be read: {problem.strerror}") from None
    try:
        mode = os.fstat(file).st_mode
        if S_ISDIR(mode):
            raise Unreadable(f"`changes` names `{name}`, which is a folder; name the files in it")
        if not S_ISREG(mode):
            raise Unreadable(f"`changes` names `{name}`, which is no plain file")
        digest = blake2b(digest_size=32)
        while piece := os.read(file, _PIECE):
            digest.update(piece)
        return digest.digest()
    except OSError as problem:
        raise Unreadable(f"`changes` names `{name}`, which cannot be read: {problem.strerror}") from None
    finally:
        os.close(file)
