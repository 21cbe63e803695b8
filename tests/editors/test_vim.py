"""What Vim colours beyond the classes that all highlighters share."""

from __future__ import annotations

from pathlib import Path

import pytest

from .classes import differences, expected
from .vim import classes, dumped, groups

SAMPLE = """\
## doc
import "x.events" as acme (email = "on")
host h = "192.0.2.1" [user = "u", port = 22] if x in [true]
resource db.{{n}} @h { start: sh "{{x}} \\" # no" [timeout = 5m]; host = 'on' }
resource on {
  on: sh on
  run: exec ["a", {b = 1}] [
    retry = 2, # why
  ]
  x = \"\"\"
on a ok b # no
\"\"\"
}
on all ok, changed changed | failed ok if (x and
  not y)
on on.run ok all.run # no
after.run, b needs start.x
for in in web { on a.{{h}} ok b; c after d } if x
connect a b { port -> db; on run changed restart; no events }
serial a.<h>.x, b
"""


@pytest.mark.real
def test_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sample.events"
    path.write_text(SAMPLE, "utf-8")
    lines = dumped([path], tmp_path)[0]["lines"]
    assert not differences(SAMPLE, expected(SAMPLE, monkeypatch), classes(SAMPLE, lines))
    found = groups(SAMPLE, lines)
    shown = {
        word: found[SAMPLE.index(word)]
        for word in (
            "acme",
            "user",
            "22",
            "true",
            "db.{{n}}",
            "@h",
            "start",
            "sh",
            "{{x}}",
            "timeout",
            "5m",
            "retry",
        )
    }
    assert shown == {
        "acme": "evdslName", "user": "evdslOption", "22": "evdslNumber", "true": "evdslConstant",
        "db.{{n}}": "evdslResource", "@h": "evdslHost", "start": "evdslAction", "sh": "evdslDriver",
        "{{x}}": "evdslHole", "timeout": "evdslOption", "5m": "evdslNumber", "retry": "evdslOption",
    }  # fmt: skip
