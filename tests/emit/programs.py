"""Random programs that can be compiled, and random outcomes for them: rules as of tests/model, actions that do as told.

Each action runs the text of a file that says what it is to come to: so one program can be run with any outcomes. What
else an action can have (guards, retries, times, exits, handed values, sinks) is sprinkled over it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from model.random_programs import random_program

from evdsl.api import Plan, load_file

_REF = re.compile(r"\b([rf]\d+)\.(run|reload|remove)\b")
_CONNECT = re.compile(r"^connect (r\d+) (r\d+)$", re.MULTILINE)
TEXT = '. "$OUTCOMES/$EVDSL_RESOURCE.$EVDSL_ACTION#$EVDSL_INSTANCE"'
WORDS = ["changed"] * 5 + ["ok"] * 3 + ["created", "created", "removed", "failed", "failed", "error"]

SAYS = {
    "ok": [
        'echo ok >"$EVDSL_EVENT"',
        'printf ok >"$EVDSL_EVENT"',
        'printf "failed\\n\\n ok \\r\\n" >"$EVDSL_EVENT"',
    ],
    "changed": [
        "case $EVDSL_EVENT in *.1) exit 1 ;; esac",
        "case ${w-} in *a* | *old* | *it*) exit 1 ;; esac",
        "exit 0",
        'echo changed >"$EVDSL_EVENT"',
        ": >unused",
    ],
    "created": ["exit 77", 'echo created >"$EVDSL_EVENT"'],
    "removed": ['echo removed >"$EVDSL_EVENT"; exit 0'],
    "failed": ["exit 1", "exit 124", "exit 255", 'echo failed >"$EVDSL_EVENT"', "echo no >&2; exit 2"],
    "error": [
        "exit 127",
        "kill -KILL $$",
        'echo error >"$EVDSL_EVENT"; exit 3',
        'echo what >"$EVDSL_EVENT"',
        "kill $$",
    ],
}
"""Ways in which an action can come to each outcome."""

_REPORTED = ["1", "a b", "q'u"]
_VALUES = ["5", '"x y"', '"it\'s"', '[1, "b c"]']


def program(rng: random.Random, size: int, places: Sequence[str] = (), told: str = "") -> str:
    """The text of a program with rules of every kind, whose resources are all declared. Most of them are at one of
    `places`, hosts that find what they are to come to in the folder `told`, as there is no $OUTCOMES there."""
    rules = random_program(rng, size)
    found: dict[str, dict[str, None]] = {}
    for resource, action in _REF.findall(rules):
        found.setdefault(resource, {})[action] = None
    for pair in _CONNECT.findall(rules):
        for resource in pair:
            found.setdefault(resource, {})
    names = sorted(found)
    at = {name: f" @{rng.choice(places)}" if places and rng.random() < 0.8 else "" for name in names}
    lines = [_resource(rng, name, list(found[name]), at[name], told) for name in names]
    handing = [f"connect {a} {b} {{ v -> w; no events }}" for a in names for b in names if rng.random() < 0.1]
    return "".join(f"{line}\n" for line in [*lines, rules.rstrip("\n"), *handing])


def _resource(rng: random.Random, name: str, actions: list[str], at: str, told: str) -> str:
    if not actions and rng.random() < 0.5:
        actions = ["run"]
    members = [f"v = {rng.choice(_VALUES)}"] if rng.random() < 0.7 else []
    text = TEXT.replace("$OUTCOMES", told or "$OUTCOMES")
    members += [f"{action}: sh '{text}'{_options(rng)}" for action in actions]
    return f"resource {name}{at} {{ {'; '.join(members)} }}" if members else f"resource {name}{at}"


def _options(rng: random.Random) -> str:
    if rng.random() < 0.7:
        return ""
    found = [
        "timeout = 60s",
        "retry = 1, delay = 1ms",
        'unless = "false"',
        'onlyif = "true"',
        'creates = "not/there"',
        "exits = {77 = created}",
        'env = {A_B = "it\'s"}',
        'cwd = "."',
        "sensitive = true",
    ]
    return f" [{', '.join(rng.sample(found, rng.randint(1, 3)))}]"


def outcomes(rng: random.Random, ids: Iterable[str]) -> dict[str, str]:
    """What each instance comes to if it runs. Some times all is calm, as that is when folds tell `created` apart."""
    words = ["ok", "created"] if rng.random() < 0.3 else WORDS
    return {id_: rng.choice(words) for id_ in sorted(ids)}


def tell(folder: Path, said: dict[str, str], rng: random.Random, *, tries: bool = True) -> None:
    """Write the files from which the actions learn what they are to come to. `tries`: some tell their tries apart by the
    names of their event files, which are evdsl's own and the compiled script's."""
    folder.mkdir(exist_ok=True)
    for id_, word in said.items():
        data = f'echo "data.v={rng.choice(_REPORTED)}" >>"$EVDSL_EVENT"\n' if rng.random() < 0.2 else ""
        ways = (
            SAYS[word]
            if not data
            else [w.replace(">", ">>") for w in SAYS[word] if "EVENT" in w or "exit" in w]
        )
        ways = [way for way in ways if tries or "*.1)" not in way]
        (folder / id_).write_text(data + rng.choice(ways) + "\n", "utf-8")


def planned(folder: Path, text: str) -> Plan | None:
    """The plan of a text that is a file in this folder; None if it has none."""
    (folder / "p.events").write_text(text, "utf-8")
    made = load_file(str(folder / "p.events"))
    if not made.stands:
        return None
    return made.try_plan()[0]
