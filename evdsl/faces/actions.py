"""A run in GitHub Actions: a group for each output, an annotation for each failure, a summary of the job."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from ..run.live import Ended, Event, Result
from .columns import duration
from .failures import TAIL, Failure, lines_of
from .show_trace import causes
from .stream import written
from .teller import UNTOLD, Teller, counted, ending
from .terminal import Part, printable
from .workflow import Tamed

_ROWS, _BLOCKS = 200, 20
_LONGEST = 900_000  # characters of a summary; GitHub refuses one above a mebibyte
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&])")


def wanted() -> bool:
    """Whether this is a job of GitHub Actions."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


class Actions(Teller):
    """As a Teller off a terminal. No text of an action, nor any other, is taken for a command of the workflow."""

    live = False

    def begin(self) -> None:
        self._stream = Tamed(self.shown.stream)
        self.shown.stream = self._stream
        self._rows: list[str] = []
        self._failures: list[Failure] = []

    def __call__(self, event: Event) -> None:
        super().__call__(event)
        if isinstance(event, Ended) and event.state not in UNTOLD and len(self._rows) < _ROWS:
            seconds = duration(event.outcome.seconds) if event.outcome is not None else ""
            cells = (
                self.columns.names[event.step],
                event.state,
                seconds,
                causes(self.labels, event.because, 80),
            )
            self._rows.append("| " + " | ".join(map(self._marked, cells)) + " |")

    def entry(self, step: int, line: list[Part], output: list[str]) -> None:
        if output:
            self._stream.command("group", self.shown.text(_text(line)))
            super().entry(step, [], output)
            self._stream.command("endgroup")
        else:
            super().entry(step, line, output)

    def failures(self, failed: list[Failure]) -> None:
        self._failures = failed
        for failure in failed:
            span, outcome = failure.span, failure.outcome
            title = f"{failure.name} {outcome.event}"
            lines = [outcome.reason, *lines_of(outcome)[-TAIL:]]
            self._stream.command(
                "error",
                "\n".join(line for line in lines if line) or title,
                file=_in_workspace(span.source.path) if span is not None else None,
                line=span.line if span is not None else None,
                title=title,
            )
        super().failures(failed)

    def end(self, result: Result) -> None:
        super().end(result)
        path = os.environ.get("GITHUB_STEP_SUMMARY")
        if not path:
            return
        try:
            file = written(path, "a")
            file.write(self.shown.stream.hidden("".join(self._summary(result)))[:_LONGEST])
            file.close()
            if file.problem is not None:
                raise file.problem
        except OSError as problem:
            self.aside.line(("warning", "warning"), f": the summary cannot be written: {problem.strerror}")

    def _summary(self, result: Result) -> Iterator[str]:
        """The summary, in the Markdown of GitHub."""
        yield f"### evdsl run {self.run.number} {ending(result.exit)[0]}\n\n{counted(result)}\n\n"
        if self._rows:
            yield "| action | outcome | time | cause |\n| --- | --- | --- | --- |\n"
            yield "\n".join(self._rows) + "\n\n"
        for failure in self._failures[:_BLOCKS]:
            lines = lines_of(failure.outcome)[-TAIL:]
            reason = f": {failure.outcome.reason}" if failure.outcome.reason else ""
            title = self._marked(f"{failure.name} {failure.outcome.event}{reason}")
            fence = "`" * max(
                3, 1 + max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
            )
            yield f"<details><summary>{title}</summary>\n\n"
            if lines:
                yield "\n".join([fence + "text", *lines, fence]) + "\n\n"
            yield "</details>\n\n"

    def _marked(self, text: str) -> str:
        """Text that is nothing but text in Markdown. Secrets are taken out before it is escaped."""
        return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", printable(self.shown.stream.hidden(text)))


def _text(line: list[Part]) -> str:
    return "".join(part if isinstance(part, str) else part[0] for part in line).strip()


def _in_workspace(path: str) -> str:
    """A path as an annotation names it: from the root of the checkout, where it lies in it."""
    root = os.environ.get("GITHUB_WORKSPACE", "")
    inside = os.path.relpath(path, root) if root else ".."
    return path if inside.startswith("..") else inside
