"""An outputter of Salt that shows the states as Salt does, and ends with one line of what they came to together.

Salt loads it by its path, from whatever Python it runs with, so it needs nothing of evdsl. The line is `evdsl: WORD REASON`,
the word `ok`, `changed`, `failed` or `error`, the reason escaped as in JSON. It is never cut off: who reads it hides secrets
in it first, and they have to be whole for that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

LONGEST = 10_000


def output(data: Mapping[str, Any], **_: Any) -> str:
    """What is written for the answer of one call of salt-call."""
    said = data.get("local", data)
    shown = _highstate(data) if _are_states(said) else _text(said)
    word, reason = told(said)
    return f"{shown.rstrip()}\nevdsl: {word} {json.dumps(reason, ensure_ascii=False)[1:-1]}".rstrip()


def told(said: Any) -> tuple[str, str]:
    """Outcome and reason. States are a map; what could not be rendered, found or ordered is a list or a text."""
    if not _are_states(said):
        return "error", _bounded(_text(said), "Salt says more than fits here")
    if not said:
        return "error", "there is no state in it"
    states = sorted(said.values(), key=lambda state: state.get("__run_num__", 0))
    failed = [state for state in states if state.get("result") is False]
    # What failed has changes too, the exit code of its command for one; in a test None is what would change.
    changed = any(s.get("result") is None or s.get("changes") for s in states if s.get("result") is not False)
    if failed:
        name, comment = failed[0].get("__id__") or failed[0].get("name") or "?", failed[0].get("comment", "")
        more = ", after something had changed" if changed else ""
        return "failed", f"state `{name}`: {_bounded(_text(comment), 'its comment is long')}{more}"
    return "changed" if changed else "ok", ""


def _are_states(said: Any) -> bool:
    return isinstance(said, Mapping) and all(isinstance(s, Mapping) and "result" in s for s in said.values())


def _text(said: Any) -> str:
    return "\n".join(map(str, said)) if isinstance(said, (list, tuple)) else str(said)


def _bounded(text: str, otherwise: str) -> str:
    return text if len(text) <= LONGEST else otherwise


def _highstate(data: Mapping[str, Any]) -> str:
    from salt.output import out_format  # type: ignore[import-not-found]

    options = dict(__opts__)  # type: ignore[name-defined]  # noqa: F821 (Salt puts it there)
    del options["output"]  # it says that it is to be us
    return str(out_format(data, "highstate", options))
