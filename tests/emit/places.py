"""Random programs on hosts, gone through where the hosts can be reached: a process of its own, which a test starts there.

`python -m emit.places WHAT FOLDER FIRST COUNT NAME=ADDRESS...` goes through the seeds from FIRST on until COUNT
programs have been compared; it fails where one differs. WHAT is `script`, `playbook`, or one of MUTANTS: a script that is
wrong in that way, and then it is the other way round.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

from emit.plays import connections, differences, emitted, play, written
from emit.programs import outcomes, planned, program, tell
from emit.runs import Live
from emit.test_sh_differential import Differs, compare

RUNS = 2
"""How often each program is run, one run after the other."""
MOST = 40
"""How many programs are tried to find a wrong script."""
STEPS = range(5, 13)
"""How many steps a program may have that is played: a task takes half a second."""

MUTANTS = {
    "an event file there is not looked at": (
        """event) : >"$_event" && _held=''""",
        "event) _heard=no _held=''",
    ),
    "an exit code there is not looked at": ("  _code=$_exit\n", "  _code=0\n"),
    "nothing is given to what runs there": ("""  "$_with"\n  give""", "  give"),
}
"""Wrong runtimes, as those of test_sh_differential.py."""


def main(what: str, folder: Path, first: int, count: int, hosts: list[str]) -> None:
    names = [host.partition("=")[0] for host in hosts]
    seed, done = first, 0
    while done < count:
        own = folder / str(seed)
        most = range(1, len(hosts) + 1) if what != "playbook" else [1] * len(hosts)
        declared = "".join(
            f'host {name} = "{address}" [parallel = {number}]\n'
            for number, (name, _, address) in zip(most, (h.partition("=") for h in hosts), strict=True)
        )

        def text(rng: random.Random, size: int, declared: str = declared, own: Path = own) -> str:
            return declared + program(rng, size, names, str(own / "outcomes"))

        if what == "script":
            done += compare(seed, own, ["dash", "bash"], written=text, runs=RUNS)
        elif what in MUTANTS:
            right, wrong = (piece.encode() for piece in MUTANTS[what])
            try:
                compare(seed, own, ["dash"], _changed(right, wrong), text, RUNS)
            except Differs:
                done = count
        else:
            rng = random.Random(f"places {seed}")
            done += played(own, rng, text(rng, rng.randint(3, 9)))
        seed += 1
        assert what not in MUTANTS or seed < first + MOST, (
            "no program tells the wrong script from a right one"
        )
    print(f"{done} of {seed - first} programs compared")


def _changed(right: bytes, wrong: bytes) -> Callable[[bytes], bytes]:
    def changed(content: bytes) -> bytes:
        assert right in content or b"h1()" not in content
        return content.replace(right, wrong)

    return changed


def played(folder: Path, rng: random.Random, text: str) -> bool:
    """One program, live and as a playbook. False if it is none for that."""
    folder.mkdir()
    plan = planned(folder, text)
    if plan is None or len(plan.inner.steps) not in STEPS:
        return False
    told = folder / "outcomes"
    os.environ["OUTCOMES"] = str(told)
    tell(told, outcomes(rng, [step.id for step in plan.inner.steps]), rng, tries=False)
    states, _ = Live(plan).run()
    made = play(written(emitted(plan), folder / "project"), env=connections(folder))
    found = differences(states, plan, made)
    assert not found, f"{found}\n{text}\n{made.output}"
    return True


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:])
