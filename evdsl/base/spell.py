"""The nearest known word to one that is not known."""

from __future__ import annotations

import re
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was most likely meant, None if none is near. Ties go to the first in sorted order."""
    candidates = sorted({k for k in known if abs(len(k) - len(word)) <= 3 and k != word})
    if not candidates:
        return None
    from difflib import get_close_matches  # imported late: only wanted when something is wrong

    found = get_close_matches(word, candidates, n=1, cutoff=0.6 if len(word) < 5 else 0.7)
    if found:
        return found[0]
    parts = _parts(word)  # the same words in another order: `h_authselect_update`, `h_update_authselect`
    return next((k for k in candidates if _parts(k) == parts), None) if len(parts) > 1 else None


def _parts(word: str) -> list[str]:
    return sorted(re.split(r"[-_.+@]+", word))
