"""What the option `on_cut` says, however it is written."""

from __future__ import annotations

import evdsl
from evdsl.run.cut import on_cut


def test_words_come_from_params_too() -> None:
    program = evdsl.load(
        'param word = "fail"\n'
        'resource a {\n  plain: sh "true"\n  quoted: sh "true" [on_cut = "ask"]\n  named: sh "true" [on_cut = word]\n'
        '  within: sh "true" [on_cut = "{{word}}"]\n  command: sh "true" [on_cut = "test -e {{word}}"]\n'
        '  later: sh "true" [on_cut = "test -e {{handed}}"]\n}\n'
        "connect b a { v -> handed; no events }\nresource b { v = 1; run: sh 'true' }\n"
    ).inner
    assert program is not None
    said = {action.action: on_cut(program, n) for n, action in enumerate(program.actions)}
    assert said == {
        "plain": "rerun",
        "quoted": "ask",
        "named": "fail",
        "within": "fail",
        "command": "test -e fail",
        "later": "",
        "run": "rerun",
    }
