"""The timeline of a run: a row for each step that ran, the critical chain marked."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from .escape import xml
from .measure import cut
from .network import duration

ROW = 24
_TICKS = 8


class Bar(NamedTuple):
    """A step that ran: `began` in seconds from the beginning of the run, `seconds` how long; `critical`: on the chain."""

    id: str
    label: str
    state: str
    began: float
    seconds: float
    critical: bool


def timeline(bars: Sequence[Bar], about: str) -> str:
    """Markup for a page. `bars` in the order of their rows; those on the critical chain are joined. `about` is a sentence
    above it, as markup."""
    if not bars:
        return f'<div class="gantt">{about}<p>Nothing was run.</p></div>'
    whole = max(max(bar.began + bar.seconds for bar in bars), 0.001)
    height = ROW * len(bars)

    def at(seconds: float) -> str:
        return f"{100 * seconds / whole:.3f}".rstrip("0").rstrip(".") + "%"

    labels = ['<div class="axis"></div>']
    drawn = [
        f'<line class="tick" x1="{at(s)}" x2="{at(s)}" y1="{ROW - 4}" y2="{height + ROW}"/>'
        f'<text x="{at(s)}" y="{ROW - 9}" text-anchor="middle">{duration(s) if s else "0"}</text>'
        for s in _ticks(whole)
    ]
    chain: list[tuple[int, Bar]] = []
    for row, bar in enumerate(bars):
        y = ROW * (row + 1)
        title = f"{bar.id}\n{bar.state}, {duration(bar.seconds)}, from {duration(bar.began)} on"
        critical = " critical-bar" if bar.critical else ""
        step = xml(bar.id)
        labels.append(
            f'<div class="{"critical" if bar.critical else "row"}" data-step="{step}" title="{xml(title)}">'
            f"{xml(cut(bar.label))}</div>"
        )
        end = at(bar.began + bar.seconds)
        drawn.append(
            f'<g data-step="{step}"><title>{xml(title)}</title><rect class="bar-of {bar.state}{critical}"'
            f' x="{at(bar.began)}" width="{at(bar.seconds)}" y="{y + 4}" height="{ROW - 8}" rx="3"/>'
            f'<text x="{end}" dx="6" y="{y + ROW / 2 + 4:.0f}">{bar.state} {duration(bar.seconds)}</text></g>'
        )
        if bar.critical:
            chain.append((row, bar))
    chain.sort(key=lambda found: found[1].began)
    joins = []
    for (row, bar), (next_row, follows) in itertools.pairwise(chain):
        x, y = at(bar.began + bar.seconds), ROW * (row + 1) + ROW // 2
        below = ROW * (next_row + 1) + ROW // 2
        joins.append(f'<line class="chain" x1="{x}" x2="{x}" y1="{y}" y2="{below}"/>')
        joins.append(f'<line class="chain" x1="{x}" x2="{at(follows.began)}" y1="{below}" y2="{below}"/>')
    return (
        f'<div class="gantt">{about}<div class="rows"><div class="labels">{"".join(labels)}</div>'
        f'<svg width="100%" height="{height + ROW}" role="group" aria-label="timeline">'
        f"{''.join(joins)}{''.join(drawn)}</svg></div></div>"
    )


def _ticks(whole: float) -> list[float]:
    """Round times along the axis."""
    step = 10.0**-4
    for factor in (2, 2.5, 2) * 12:
        if whole / step <= _TICKS:
            break
        step *= factor
    return [n * step for n in range(int(whole / step) + 1)]
