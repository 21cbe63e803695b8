#!/usr/bin/env python3
"""What pictures cost: `python3 bench/draw.py`. CPU time, the median of several runs; checks that the work was done.

Random layered plans of 60, 150, 500, 2 000 and 5 000 steps with about 1.45 rules for each, laid out as one picture and
as the page that is made without options; then the whole command; then, if there is a Chromium, how long it takes to open
the page of 2 000 steps, collapsed and not, and the longest time between two frames while it is zoomed for a second.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from environment import ready

SIZES = (60, 150, 500, 2000, 5000)


def plan_text(steps: int) -> str:
    """A program with so many steps: each but the first is set off by one a little before it, and then some more."""
    rng = random.Random(steps)
    kinds = ("config", "package", "service", "cert", "db", "app")
    names = [f"{rng.choice(('eu', 'us', 'ap'))}.{rng.choice(kinds)}.{n}.run" for n in range(steps)]
    pairs = {(max(0, n - 1 - int(rng.expovariate(1 / 12))), n) for n in range(1, steps)}
    while len(pairs) < steps * 1.45:
        before, after = sorted(rng.sample(range(steps), 2))
        if after - before < steps // 6 + 3:
            pairs.add((before, after))
    words = ["changed"] * 7 + ["failure", "success", "done"]
    return "".join(f"on {names[a]} {rng.choice(words)} {names[b]}\n" for a, b in sorted(pairs))


def measured() -> None:
    import evdsl
    from evdsl.draw.collapse import views
    from evdsl.draw.network import network, told
    from evdsl.draw.page import page
    from evdsl.draw.scene import scene
    from evdsl.draw.svg import picture

    print(f"{'steps':>6} {'rules':>6}  {'layout of all':>13}  {'page':>8}  {'pictures':>8}  {'page size':>9}")
    for steps in SIZES:
        plan = evdsl.load(plan_text(steps)).plan()
        shown = network(plan.inner, told(plan.program))
        assert shown.steps == steps

        def all_of_it(shown=shown) -> None:  # type: ignore[no-untyped-def]
            drawn = picture(scene(shown, views(shown, "never")[0], 0))
            assert len(drawn.layout.boxes) == len(shown.nodes)

        def as_page(shown=shown) -> str:  # type: ignore[no-untyped-def]
            return page(shown)

        times = [median(work, 5 if steps < 1000 else 1) for work in (all_of_it, as_page)]
        size = len(as_page())
        print(
            f"{steps:>6} {shown.rules:>6}  {times[0]:>12.3f}s  {times[1]:>7.3f}s  {len(views(shown)):>8}  {size / 1e6:>7.2f}MB"
        )


def median(work, times: int) -> float:  # type: ignore[no-untyped-def]
    found = []
    for _ in range(times):
        begin = time.process_time()
        work()
        found.append(time.process_time() - begin)
    return statistics.median(found)


def command(folder: Path) -> None:
    evdsl = os.path.join(os.path.dirname(sys.executable), "evdsl")
    cached = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    for steps in (10, 150, 2000):
        path = folder / f"{steps}.events"
        path.write_text(plan_text(steps), encoding="utf-8")
        for ending in ("svg", "html"):
            found = []
            for _ in range(5):
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                subprocess.run(
                    [evdsl, "graph", str(path), "-o", str(folder / f"{steps}.{ending}")],
                    check=True,
                    env=cached,
                )
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
            print(f"evdsl graph, {steps} steps, {ending}: {statistics.median(found):.3f}s")
    path = folder / "2000.events"
    subprocess.run(
        [evdsl, "graph", str(path), "--collapse", "never", "-o", str(folder / "flat.html")],
        check=True,
        env=cached,
    )


_ZOOM = """new Promise(done => {
  const stage = document.getElementById('stage'), begin = performance.now();
  let last = begin, worst = 0, frames = 0;
  const frame = () => {
    const now = performance.now();
    worst = Math.max(worst, now - last); last = now; frames++;
    if (now - begin > 1000) { done([frames, worst]); return; }
    const way = frames % 40 < 20 ? -40 : 40;
    stage.dispatchEvent(new WheelEvent('wheel', {deltaY: way, clientX: 500, clientY: 400, bubbles: true, cancelable: true}));
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})"""


def in_chromium(folder: Path) -> None:
    if shutil.which("chromium") is None:
        print("no chromium: pages are not opened")
        return
    from draw.chromium import Chromium

    with Chromium() as browser:
        for name, told in (("2000.html", "in groups"), ("flat.html", "all at once")):
            begin = time.perf_counter()
            browser.open(folder / name)
            opened = time.perf_counter() - begin
            boxes = browser.run("document.querySelectorAll('#stage .node').length")
            assert boxes == 2000 if name == "flat.html" else boxes < 150
            frames, worst = browser.run(_ZOOM)
            print(
                f"2000 steps {told}: {boxes} boxes, open in {opened:.2f}s, {frames} frames in a second, "
                f"{worst:.0f} ms between two at most"
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["here"]:
        measured()
        with tempfile.TemporaryDirectory() as held:
            command(Path(held))
            in_chromium(Path(held))
    else:
        os.execv(python := ready("test"), [python, __file__, "here"])
