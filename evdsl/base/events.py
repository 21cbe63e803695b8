"""The words of section "Events" of the language: outcomes, and the rule words that match several of them."""

from __future__ import annotations

OUTCOMES = ("ok", "changed", "created", "removed", "failed", "error")
"""What an instance that ran ends with, exactly one of them."""

SETTLED = (*OUTCOMES, "idle", "skipped")
"""What an instance can end with, run or not."""

MATCHES: dict[str, tuple[str, ...]] = {
    "ok": ("ok",),
    "changed": ("changed", "created", "removed"),
    "created": ("created",),
    "removed": ("removed",),
    "failed": ("failed",),
    "error": ("error",),
    "success": ("ok", "changed", "created", "removed"),
    "failure": ("failed", "error"),
    "done": ("ok", "changed", "created", "removed", "failed", "error"),
    "skipped": ("skipped",),
}
"""What each word of a rule matches."""

EVENTS = tuple(MATCHES)
SUCCESS = frozenset(MATCHES["success"])
FAILURE = frozenset(MATCHES["failure"])


def matched(words: tuple[str, ...]) -> frozenset[str]:
    """The outcomes that at least one of the rule words matches."""
    return frozenset(outcome for word in words for outcome in MATCHES[word])
