"""What an action said: the outcome of one instance (sections 3 and 9 of docs/language.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

_NOTHING: Mapping[str, object] = {}


class Outcome(NamedTuple):
    """What one instance that ran ended with.

    `event` is one of `base.events.OUTCOMES`; `reason` says why in words where that is not plain (`exit 3`,
    `timed out after 30 s`); `data` are the values that it reported to `connect` (section 8); `tail` the last bytes
    of its output, `dropped` how many bytes of it were not kept; `seconds` how long it took, all tries together.
    """

    event: str
    reason: str = ""
    data: Mapping[str, object] = _NOTHING
    tail: bytes = b""
    dropped: int = 0
    seconds: float = 0.0
