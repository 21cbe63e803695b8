"""The nearest known word to one that is not known."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was most likely meant, None if none is near. Ties go to the first in sorted order."""
    candidates = [k for k in known if abs(len(k) - len(word)) <= 3 and k != word]
    if not candidates:
        return None
    from difflib import get_close_matches  # imported late: only wanted when something is wrong

    found = get_close_matches(word, sorted(set(candidates)), n=1, cutoff=0.6 if len(word) < 5 else 0.7)
    return found[0] if found else None
