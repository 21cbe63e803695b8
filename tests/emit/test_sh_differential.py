"""Random programs: live, simulated and compiled, three runs in a row, and every instance comes to the same each time.

The normal run takes 300 programs through dash and bash and 30 through each other shell. `EVDSL_PROGRAMS=10000 pytest
tests/emit/test_sh_differential.py -n auto` takes as many as it says through dash and bash.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from emit.programs import outcomes, planned, program, tell
from emit.runs import Live, Script, compiled
from evdsl.emit.target import Refusal
from evdsl.run.simulate import simulate

PROGRAMS = int(os.environ.get("EVDSL_PROGRAMS", "300"))
CHUNK = 15
RUNS = 3

pytestmark = pytest.mark.real


class Differs(AssertionError):
    """A script that does not do what a live run does."""


def compare(
    seed: int,
    folder: Path,
    shells: Sequence[str],
    changed: Callable[[bytes], bytes] = lambda content: content,
    written: Callable[[random.Random, int], str] = program,
    runs: int = RUNS,
) -> bool:
    """One program, as `written`, through all of it. False if the seed gives none that can be compiled; raises Differs."""
    rng = random.Random(seed)
    folder.mkdir()
    plan = planned(folder, written(rng, rng.randint(2, 14)))
    if plan is None:
        return False
    try:
        content = changed(compiled(plan))
    except Refusal:
        return False
    ids = [step.id for step in plan.steps]
    live = Live(plan)
    scripts = [Script(folder / shell, content, shell) for shell in shells]
    told = folder / "outcomes"
    os.environ["OUTCOMES"] = str(told)  # the executor hands on this process's environment
    for run in range(runs):
        debts, dirty = live.debts, live.dirty
        wanted = outcomes(rng, ids)
        tell(told, wanted, rng)
        limits = [rng.choice(plan.steps).name] if rng.random() < 0.15 else []
        states, said = live.run(limits)
        outside = live.outside
        assert (
            simulate(plan.inner, wanted | said, debts=debts, dirty=dirty, outside=outside).outcomes()
            == states
        )
        for script in scripts:
            got, code, output = script.run(*(word for limit in limits for word in ("--limit", limit)))
            at = {id_: place for place, id_ in enumerate(got)}
            early = [
                (ids[step], ids[after])
                for step, afters in enumerate(live.successors)
                for after in afters
                if at.get(ids[after], 0) < at.get(ids[step], 0)
            ]
            if early:
                raise Differs(
                    f"seed {seed}, run {run}, {script.shell}: settled before what it waits for: {early}"
                )
            if got != states or code != live.code:
                differs = {
                    i: (states.get(i), got.get(i)) for i in {*states, *got} if states.get(i) != got.get(i)
                }
                raise Differs(
                    f"seed {seed}, run {run}, {script.shell}: {differs}, exit {code} not {live.code}\n{output}"
                )
            owed = {debt.text.split(" ")[-1] for debt in live.debts}
            left = (script.folder / "p.sh.state" / "debts").read_text("utf-8").splitlines()
            if {line.partition("\t")[0].rpartition(":")[2] for line in left} != owed or len(left) != len(
                live.debts
            ):
                raise Differs(f"seed {seed}, run {run}, {script.shell}: owes {left} not {list(live.debts)}")
    return True


def through(seeds: range, folder: Path, shells: Sequence[str]) -> None:
    done = sum([compare(seed, folder / str(seed), shells) for seed in seeds])
    assert done > len(seeds) / 2, "most programs can be compiled"


@pytest.mark.parametrize("first", range(0, PROGRAMS, CHUNK))
def test_dash_and_bash(first: int, tmp_path: Path) -> None:
    through(range(first, min(first + CHUNK, PROGRAMS)), tmp_path, ["dash", "bash"])


@pytest.mark.parametrize("shell", ["busybox", "ksh93", "mksh"])
@pytest.mark.parametrize("first", [1_000_000, 1_000_015])
def test_other_shells(shell: str, first: int, tmp_path: Path) -> None:
    through(range(first, first + CHUNK), tmp_path, [shell])


MUTANTS = {
    "fold: the first instance counts": ('    if [ "$_ran" ] && ', '    if [ -n "$_ran" ]; then break; elif '),
    "fold: a failure is forgotten": ("      [fe]) _fold=$_final ;;\n", "      [fe]) _fold=c ;;\n"),
    "fold: ok and created is changed": ('if [ "$_calm" ]; then _fold=n', 'if [ "$_calm" ]; then _fold=c'),
    "no veto": ("        [fev]) _veto", "        [z]) _veto"),
    "a veto is not handed on": ("        [fev]) _veto", "        [fe]) _veto"),
    "an all rule is an any rule": ("_hits='' && break ;;", ":;;"),
    "decided too early": ('if [ "$_seen" = 1 ]; then push', 'if [ "$_seen" -ge 1 ]; then push'),
    "dirt is forgotten": ('  eval "_dirty$_does=1"\n}', "  :\n}"),
    "debts are forgotten": ('  if [ -s "$1/debts" ]; then', '  if [ -s "$1/none" ]; then'),
    "a debt is never void": ("        [ocnr]) _one='' && break ;;", "        z) ;;"),
    "a limit is no limit": ('elif [ "$_limit_to" ] && eval', 'elif [ "" ] && eval'),
    "what reported is not the last": ('      IFS= read -r _v <"$_state/run/$_one.$_key"', "      _v=old"),
    "exits are not looked at": ("  for _one in $_exits; do", "  for _one in; do"),
    "guards are not looked at": ('  if [ "$_code" != 0 ]; then end o', '  if [ "$_code" = 0 ]; then end o'),
    "no second try": ('[fe]*) if [ "$_try" -le "$_retry" ]', '[fe]*) if [ "$_try" -lt "$_retry" ]'),
}
"""Wrong runtimes, by what is wrong: a piece of the script and what stands there instead."""


def found(folder: Path, changed: Callable[[bytes], bytes] = lambda content: content) -> bool:
    """Whether one of the programs tells a wrong script from a right one."""
    for seed in range(150):
        try:
            compare(seed, folder / str(seed), ["dash"], changed)
        except AssertionError:  # Differs, or a step that is settled twice
            return True
    return False


@pytest.mark.parametrize("what", MUTANTS)
def test_a_wrong_script_is_found(what: str, tmp_path: Path) -> None:
    right, wrong = (piece.encode() for piece in MUTANTS[what])

    def change(content: bytes) -> bytes:
        return content.replace(right, wrong)

    assert found(tmp_path, change)


def test_the_mutants_are_in_the_script(tmp_path: Path) -> None:
    text = "resource a { v = 1; run: sh 'true' }\nresource b { run: sh 'true' }\nconnect a b { v -> w }\n"
    plan = planned(tmp_path, text)
    assert plan is not None
    content = compiled(plan).decode()
    assert [what for what, (right, _) in MUTANTS.items() if content.count(right) != 1] == []


@pytest.mark.parametrize("what", ["#1 before #0", "a needs is an after"])
def test_a_wrong_table_is_found(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from evdsl.emit import sh_plan

    if what == "#1 before #0":
        monkeypatch.setattr(sh_plan, "pairwise", lambda steps: ())
    else:
        row = sh_plan.Table._row
        monkeypatch.setattr(
            sh_plan.Table,
            "_row",
            lambda self, node, names, rules, needs: row(
                self, node, names, rules, needs if len(names.split(" ")) == 2 else []
            ),
        )
    assert found(tmp_path)
