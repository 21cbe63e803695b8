"""Signs on the badges of a picture, drawn and not written: no font has to have them."""

from __future__ import annotations

_CHECK = "M-4.2 .4 -1.3 3.3 4.3 -3.2"
_CROSS = "M-3.4 -3.4 3.4 3.4 M-3.4 3.4 3.4 -3.4"
_BANG = "M0 -4.6 V.8 M0 4.2 V4.3"
_DASH = "M-3.8 0 H3.8"
_PLUS = "M-3.8 0 H3.8 M0 -3.8 V3.8"
_LOOP = "M3.6 -2.6 A4.4 4.4 0 1 0 4.4 1.2 M4 -5 V-2.2 H1.2"
_PLAY = "M-2.4 -4 4.2 0 -2.4 4 Z"
_DOT = "M0 -3 A3 3 0 1 1 0 3 A3 3 0 1 1 0 -3 Z"
_HALF = "M0 -4 A4 4 0 0 0 0 4 Z"
_RING = "M0 -3.4 A3.4 3.4 0 1 1 0 3.4 A3.4 3.4 0 1 1 0 -3.4 Z"
_CUT = "M-1.2 -5 1.4 -.8 -1.6 .6 1.2 5"

SOLID = {"certain": _PLAY, "possible": _HALF, "changed": _DOT}
"""Filled ones, by state."""

DRAWN = {
    "failure": _BANG,
    "again": _LOOP,
    "ok": _CHECK,
    "created": _PLUS,
    "removed": _DASH,
    "failed": _CROSS,
    "error": _BANG,
    "skipped": _DASH,
    "idle": _RING,
    "absent": _RING,
    "cut": _CUT,
}
"""Drawn with a line, by state."""


def icon(state: str) -> str:
    """The sign of a state, about the point 0, 0; a ring for one that has none."""
    if state in SOLID:
        return f'<path class="icon solid" d="{SOLID[state]}"/>'
    return f'<path class="icon" d="{DRAWN.get(state, _RING)}"/>'
