"""Whatever a file or a command line holds: a clear error or a correct result, never a traceback, in bounds.

Each command line is run in a process beside this one, with 2 GiB of address space and a limit on CPU seconds that is
many times what it takes; what is bounded by nothing is ended there. The process serves one command after the other.
"""

from __future__ import annotations

import json
import os
import resource
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import pytest

MEMORY = 2 << 30
RULE = "on a.run changed b.run\n"
ONE = 'resource a { run: sh "true" }\n'

_SERVER = """
import gc, importlib, io, json, os, resource, sys, traceback
from evdsl.faces import cli

asks, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)
for line in asks:
    ask = json.loads(line)
    os.chdir(os.fsencode(ask["folder"]))
    os.environ["XDG_STATE_HOME"] = ask["folder"] + "/.state"
    gc.collect()
    spent = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(spent.ru_utime + spent.ru_stime) + 1 + ask["cpu"]
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    kept = {}
    for name, value in ask["bounds"].items():
        module = importlib.import_module(name.rpartition(".")[0])
        kept[module, name.rpartition(".")[2]] = getattr(module, name.rpartition(".")[2])
        setattr(module, name.rpartition(".")[2], value)
    said = io.BytesIO()
    sys.stdout = sys.stderr = io.TextIOWrapper(said, "utf-8", write_through=True)
    sys.stdin = io.TextIOWrapper(io.BytesIO(bytes.fromhex(ask["given"])), "utf-8")
    sys.argv = ["evdsl", *ask["arguments"]]
    try:
        code = cli.main(ask["arguments"])
    except SystemExit as end:
        code = end.code
    except BaseException:
        code = 1
        traceback.print_exc()
    for (module, name), value in kept.items():
        setattr(module, name, value)
    text = said.getvalue()
    answers.write(json.dumps([code, len(text)]).encode() + b"\\n" + text)
    answers.flush()
"""


class Done(NamedTuple):
    """How a command ended: its exit code and what it printed on both streams together, as it came."""

    code: int
    text: str


class Server:
    """The process beside this one; it is started anew where a command ended it."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> subprocess.Popen[bytes]:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
            env={**os.environ, "PYTHONUTF8": "1"},
        )
        return self.process

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def ask(self, request: dict[str, Any], wall: float) -> Done:
        process = self.process or self.start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        head = self._line(process.stdout, wall)
        if not head:
            code = process.wait()
            self.stop()
            return Done(code, f"ended by {code}")
        code, length = json.loads(head)
        return Done(code, process.stdout.read(length).decode("utf-8", "surrogateescape"))

    def _line(self, stream: IO[bytes], wall: float) -> bytes:
        if not select.select([stream], [], [], wall)[0]:
            self.stop()
            raise TimeoutError(f"no answer within {wall} s")
        return stream.readline()


SERVER = Server()


@pytest.fixture(autouse=True, scope="module")
def server() -> Iterator[None]:
    yield
    SERVER.stop()


def command(
    folder: Path,
    *arguments: str,
    given: bytes = b"",
    cpu: int = 30,
    wall: float = 120,
    bounds: dict[str, int] | None = None,
) -> Done:
    """Run a command line in a folder. `bounds` puts other numbers in place of module constants, to be quicker there."""
    request = {
        "folder": str(folder), "arguments": arguments, "given": given.hex(), "cpu": cpu, "bounds": bounds or {},
    }  # fmt: skip
    return SERVER.ask(request, wall)


BOUNDS = {"MOST_RULES": "relations", "MOST_STATEMENTS": "unroll"}


def sane(done: Done, code: int) -> None:
    """No traceback, nothing that drives a terminal, the exit code of section 10; an error is one of ours."""
    assert "Traceback" not in done.text, done.text[-3000:]
    assert "\x1b" not in done.text
    assert done.code == code, (done.code, done.text[-2000:])
    if code in (1, 2):
        assert "error[EV" in done.text or "error: " in done.text, done.text[-2000:]


def checked(folder: Path, text: str | bytes, code: int, *arguments: str, cpu: int = 30, **bounds: int) -> str:
    """What `check` says of a text, as lines for people."""
    (folder / "t.events").write_bytes(text if isinstance(text, bytes) else text.encode())
    named = {f"evdsl.meaning.{BOUNDS[name]}.{name}": value for name, value in bounds.items()}
    done = command(folder, "check", "t.events", *arguments, cpu=cpu, bounds=named)
    sane(done, code)
    return done.text


def codes(text: str) -> list[str]:
    """The codes of the errors in what `check` said."""
    return [
        line.partition("]")[0].partition("[")[2] for line in text.splitlines() if line.startswith("error[")
    ]


# ---- size


def test_four_mebibytes_of_a_hundred_thousand_statements(tmp_path: Path) -> None:
    text = "".join(f"on resource{i:06d}.run changed other{i:06d}.run\n" for i in range(100_000))
    assert len(text) > 4 << 20
    (tmp_path / "t.events").write_text(text, "utf-8")
    done = command(tmp_path, "expand", "t.events", cpu=90)
    sane(done, 0)
    assert done.text == text


@pytest.mark.parametrize(
    "line", ["on a.run chnaged b.run", "o! a.run", "on a.run changed nope", "start {{x}}.run", "}"]
)
def test_more_errors_than_anybody_reads(tmp_path: Path, line: str) -> None:
    """The first ten thousand are told, and that there are more; nothing is taken for right behind them."""
    text = (
        'resource a { run: sh "x" }\nresource b { run: sh "x" }\n' + f"{line}\n" * 12_000 + "resource c {}\n"
    )
    said = codes(checked(tmp_path, text, 1))
    assert len(said) == 10_001
    assert said.count("EV116") == 1


def test_more_notes_than_anybody_reads(tmp_path: Path) -> None:
    text = (
        "resource a { run: sh 'x' } if 1 == 2\nresource b { run: sh 'x' }\n"
        + "on a.run changed b.run\n" * 12_000
    )
    done = checked(tmp_path, text + "on b.run changed nope.run\n", 1)
    assert codes(done) == ["EV201"]
    assert done.count("note[EV506]") == 10_000
    assert done.count("note[EV508]") == 1


def test_ten_thousand_errors(tmp_path: Path) -> None:
    said = codes(checked(tmp_path, "on a.run chnaged b.run\n" * 10_000 + RULE, 1))
    assert len(said) == 10_000
    assert set(said) == {"EV103"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("on a.run changed " + ", ".join(f"b{i}.run" for i in range(50_000)) + "\n", 0),
        ("x" * 10_000_000, 1),
        (RULE + "# " + "x" * 10_000_000, 0),
        ('resource a { run: sh "' + "x" * 10_000_000 + '" }', 0),
        ('resource a { run: sh "' + "x" * 4_000_000, 1),
        ("resource a { run: sh '''" + "x\n" * 500_000 + "''' }", 0),
        ("resource a { run: sh '''" + "x\n" * 500_000, 1),
        ("(" * 500_000, 1),
        (")" * 500_000, 1),
        ("on " * 1_000_000, 1),
        ("\\\n" * 1_000_000, 1),
        (RULE + " " * 10_000_000 + "!", 1),
        ('"' * 5_000_000, 1),
        ("a" + "@+" * 200_000, 1),
        ("\n" * 1_000_000 + RULE, 0),
        ("# x\n" * 100_000 + RULE, 0),
        ("## x\n" * 100_000 + RULE, 0),
        ("}\n" * 5_000, 1),
        ("resource a {\n" * 5_000, 1),
    ],
    ids=lambda v: v[:28] if isinstance(v, str) else "",
)
def test_long(tmp_path: Path, text: str, code: int) -> None:
    checked(tmp_path, text, code)


def test_what_is_said_of_a_long_word_is_short(tmp_path: Path) -> None:
    """Ten million letters need not be repeated; one line of an excerpt is cut, so is a message."""
    said = checked(tmp_path, "on a.run changed b.run# " + "x" * 1_000_000, 1)
    assert len(said) < 4_000


def test_what_is_said_of_a_long_first_word_is_short(tmp_path: Path) -> None:
    assert len(checked(tmp_path, "x" * 1_000_000, 1)) < 4_000


# ---- depth


@pytest.mark.parametrize(
    ("opening", "middle", "closing", "most"),
    [
        ("resource a { run: sh 'x'; v = ", "1", " }", 64),
        ("resource a { run: sh 'x' [env = {v = ", "1", "}] }", 62),
        ("param p = ", "1", "", 64),
        ("param e = true\non a.run changed b.run if ", "e", "", 64),
    ],
)
def test_nesting(tmp_path: Path, opening: str, middle: str, closing: str, most: int) -> None:
    """64 brackets inside one another are fine, 65 are an error, and so are a hundred thousand."""
    left, right = ("(", ")") if " if " in opening else ("[", "]")
    for depth in (most, most + 1, 100_000):
        text = f"{opening}{left * depth}{middle}{right * depth}{closing}\n"
        if "resource" not in opening:
            text += RULE
        found = codes(checked(tmp_path, text, 0 if depth == most else 1))
        assert ("EV109" in found) == (depth > most)


def test_nesting_of_bodies(tmp_path: Path) -> None:
    for depth in (64, 65):
        text = "".join(f"for v{i} in [1] {{\n" for i in range(depth)) + RULE + "}\n" * depth
        assert codes(checked(tmp_path, text, int(depth == 65))) == (["EV109"] if depth == 65 else [])


@pytest.mark.parametrize(
    "test",
    [
        "not " * 20_000 + "e",
        " and ".join(["e"] * 20_000),
        " or ".join(["not e"] * 20_000) + " or e",
        "(e or " * 60 + "e" + ")" * 60,
        "(not " * 60 + "e" + ")" * 60,
    ],
    ids=["not", "and", "or", "nested or", "nested not"],
)
def test_long_conditions(tmp_path: Path, test: str) -> None:
    checked(tmp_path, f"param e = true\n{RULE.strip()} if {test}\n", 0)
    done = command(tmp_path, "fmt", "-", given=(tmp_path / "t.events").read_bytes())
    sane(done, 0)


def test_attributes_that_are_made_of_each_other(tmp_path: Path) -> None:
    chain = "".join(f'a{i} = "{{{{a{i + 1}}}}}"\n' for i in range(2_000))
    checked(tmp_path, f"resource a {{ {chain}a2000 = 'x'\nrun: sh 'x'\n}}\n", 0)


# ---- made to hurt


@pytest.mark.parametrize(
    "name",
    [
        "a" * 28 + "!",
        "a-" * 14,
        "a." * 14,
        "-@+" * 9 + "-",
        "a@" * 14 + "!",
        "<h>" * 9 + "!",
        "<" * 28,
        "{{a" * 9,
        "{{ a" + " " * 24,
        "a{{b}}" * 5 + ".",
        "*" * 28,
        "**." * 9 + "!",
        "_" * 27 + "-",
        "a#" * 14,
        "a#1" * 9,
    ],
)
def test_names_made_to_hurt(tmp_path: Path, name: str) -> None:
    for times in (1, 400):
        checked(
            tmp_path,
            f"on {name * times} changed b.run\nresource {name * times} {{ run: sh 'x' }}\n",
            1,
            cpu=20,
        )


@pytest.mark.parametrize("blank", [" ", "\t", " \t", " \\\n", "\\\n"], ids=repr)
@pytest.mark.parametrize("behind", ["!", '"open', "$", "\x00", "'"], ids=repr)
def test_blanks_before_what_does_not_fit(tmp_path: Path, blank: str, behind: str) -> None:
    checked(tmp_path, f"on a.run changed b.run{blank * 28}{behind}\n", 1, cpu=20)


@pytest.mark.parametrize(
    "text",
    [
        "{{ a" + " " * 50_000,
        "{{ a " * 20_000,
        "{{name" + " |raw" * 20_000,
        "<<A\n" * 10_000 + "{{name}}",
        "'{{name}} '{{name}}" * 10_000,
        "# {{name}}\n" * 10_000,
        "$(" * 10_000 + "{{name}}",
        "`" * 10_001 + "{{name}}",
        "\\" * 10_001 + "{{name}}",
    ],
    ids=lambda text: text[:16],
)
def test_shell_texts_made_to_hurt(tmp_path: Path, text: str) -> None:
    text = text.replace("\\", "\\\\")
    (tmp_path / "t.events").write_text(f'resource a {{ run: sh """{text}""" }}\n', "utf-8")
    done = command(tmp_path, "check", "t.events", cpu=20)
    assert "Traceback" not in done.text
    assert done.code in (0, 1), done.text[-500:]


@pytest.mark.parametrize(
    "pattern",
    ["*a" * 20 + "b.run", "**." * 12 + "nope", "".join(f"<h{i}>" for i in range(12)) + "b.run"],
)
def test_patterns_made_to_hurt(tmp_path: Path, pattern: str) -> None:
    names = f"on {'a' * 60}.run changed b.run\non {'a.' * 60}run changed b.run\n"
    checked(tmp_path, f"{names}on {pattern} changed b.run\n", 1, cpu=20)


# ---- explosions


MANY = "[" + ", ".join(map(str, range(1000))) + "]"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("on x.run changed y.run", id="the same statement"),
        pytest.param("on a{{a}}.run changed b{{b}}{{c}}.run", id="a statement"),
        pytest.param("", id="nothing"),
        pytest.param('host h{{a}}-{{b}}-{{c}} = "x"', id="a host"),
    ],
)
def test_a_loop_that_explodes(tmp_path: Path, body: str) -> None:
    text = f"group g = {MANY}\nfor a in g {{ for b in g {{ for c in g {{\n{body}\n}} }} }}\n"
    assert codes(checked(tmp_path, text, 1, cpu=20, MOST_STATEMENTS=5_000)) == ["EV215"]


def test_a_loop_that_explodes_in_full(tmp_path: Path) -> None:
    body = "on a{{a}}.run changed b{{b}}{{c}}.run"
    text = f"group g = {MANY}\nfor a in g {{ for b in g {{ for c in g {{\n{body}\n}} }} }}\n"
    assert codes(checked(tmp_path, text, 1, cpu=20)) == ["EV215"]


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("on **.* done **.*"),
        pytest.param("**.* after **.*"),
        pytest.param("on all <h>.x, <k>.x done <m>.x"),
        "connect ** **",
        pytest.param("on {list} done {list}", id="lists"),
        pytest.param("{list} after {list}", id="lists of an order"),
    ],
)
def test_a_pattern_that_explodes(tmp_path: Path, statement: str) -> None:
    """200 actions: forty thousand pairs, where ten thousand are the bound here."""
    text = "".join(f"on a{i}.x changed b{i}.x\n" for i in range(100))
    names = ", ".join(f"{side}{i}.x" for side in "ab" for i in range(100))
    said = checked(tmp_path, text + statement.replace("{list}", names) + "\n", 1, cpu=20, MOST_RULES=10_000)
    assert "EV215" in codes(said)


def test_a_pattern_over_three_thousand_actions(tmp_path: Path) -> None:
    text = "".join(f"on a{i}.x changed b{i}.x\n" for i in range(1500))
    said = checked(tmp_path, f"{text}on **.* done **.*\n", 1, cpu=20)
    assert "EV215" in codes(said)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "group g0 = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n"
            + "".join(f"group g{i} = [{', '.join([f'g{i - 1}'] * 10)}]\n" for i in range(1, 12))
            + "for a in g11 {\non x.run changed y.run\n}\n",
            id="groups",
        ),
        pytest.param(
            'param p0 = "0123456789"\n'
            + "".join(f'param p{i} = "' + f"{{{{p{i - 1}}}}}" * 8 + '"\n' for i in range(1, 15))
            + 'resource a { run: sh "echo {{p14}}" }\n',
            id="params",
        ),
        pytest.param(
            'resource a {\na0 = "0123456789"\n'
            + "".join(f'a{i} = "{{{{a{i - 1}}}}}{{{{a{i - 1}}}}}"\n' for i in range(1, 40))
            + "run: sh 'x'\n}\n",
            id="attributes",
        ),
    ],
)
def test_a_value_that_explodes(tmp_path: Path, text: str) -> None:
    checked(tmp_path, text, 1, cpu=20)


def test_imports_that_explode(tmp_path: Path) -> None:
    for i in range(15):
        lines = [f'import "e{i + 1}.events" as {name}\n' for name in "xyz"] if i < 14 else []
        (tmp_path / f"e{i}.events").write_text("".join(lines) + RULE, "utf-8")
    done = command(tmp_path, "check", "e0.events", cpu=20)
    sane(done, 1)


# ---- bytes


def test_nul(tmp_path: Path) -> None:
    said = checked(tmp_path, RULE + "on a.run chan\0ged c.run\n", 1)
    assert codes(said) == ["EV003"]
    assert "t.events:2:14" in said


ANSI = "\x1b[31m"
COMMANDS = [
    ("check",), ("check", "--json"), ("check", "--format", "sarif"), ("plan",),
    ("plan", "-v"), ("plan", "--json"), ("simulate",), ("simulate", "-v"), ("simulate", "--json"), ("expand",),
    ("list",), ("graph",), ("graph", "--format", "dot"), ("graph", "--format", "graphml"),
    ("graph", "--format", "json"), ("check", "--format", "github"), ("fmt", "--diff"),
]  # fmt: skip


@pytest.mark.parametrize("arguments", COMMANDS)
def test_escapes_of_a_file_never_come_out(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """In a doc comment, a text, a condition (which excerpts and notes show), the file's own name, a group's item."""
    name = f"t{ANSI}.events"
    (tmp_path / name).write_text(
        f"## doc {ANSI}\nresource a {{\n  ## doc {ANSI}\n  run: sh 'echo {ANSI}'\n}}\n"
        f"resource b {{ run: sh ':' }}\nresource c {{ run: sh ':'; v = '{ANSI}' }}\n"
        f"on a.run changed b.run if '{ANSI}' == '{ANSI}'\non b.run changed a.run # {ANSI}\n"
        f"on c.run failed b.run if '{ANSI}' in ['{ANSI}']\nparam unused = '{ANSI}'\n",
        "utf-8",
    )
    for flags in ((), ("--ascii",)):
        done = command(tmp_path, *arguments, *flags, name)
        assert "Traceback" not in done.text
        assert done.code == 0, done.text
        assert "\x1b" not in done.text


@pytest.mark.parametrize("kind", ["check", "plan", "fmt", "run", "list"])
def test_escapes_in_errors_never_come_out(tmp_path: Path, kind: str) -> None:
    text = (
        f"on a{ANSI}.run changed c.run\n# {ANSI}\nresource {ANSI} {{ run: sh '{ANSI}' }}\nx {ANSI}\n'{ANSI}\n"
    )
    (tmp_path / "t.events").write_text(text, "utf-8")
    sane(command(tmp_path, kind, "t.events"), 1 if kind == "check" else 2)


@pytest.mark.parametrize(
    "text",
    [
        f"for x in '{ANSI}' {{\n}}\n" + RULE,
        f"for x in ['{ANSI}'] {{\non a{{{{x}}}}.run changed b.run\n}}\n",
        f"import '{ANSI}' as a\n" + RULE,
        f"hosts '{ANSI}'\n" + RULE,
        f"resource a {{ run: exec '{ANSI}' }}\n",
        f"resource a {{ run: sh 'x' [exits = {{'{ANSI}' = ok}}] }}\n",
        f"resource a {{ run: sh 'x' [exits = {{1 = '{ANSI}'}}] }}\n",
        f"resource a {{ run: sh 'x' [env = {{'{ANSI}' = 'x'}}] }}\n",
        f"resource a {{ run: sh 'x' [timeout = '{ANSI}'] }}\n",
        f"param p = 1\nresource a {{ run: sh '''{ANSI} \"{{{{p}}}}\"''' }}\non a.run changed {ANSI}\n",
    ],
)
def test_escapes_in_messages_never_come_out(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.events").write_text(text, "utf-8")
    done = command(tmp_path, "check", "t.events")
    assert "Traceback" not in done.text
    assert "\x1b" not in done.text
    assert done.code in (0, 1)


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", f"no{ANSI}.events"),
        ("plan", "t.events", "--start", ANSI),
        ("plan", "t.events", "--action", ANSI),
        ("plan", "t.events", "--set", f"{ANSI}=1"),
        ("plan", "t.events", "--set", ANSI),
        ("plan", "t.events", "--set-file", f"x={ANSI}"),
        ("simulate", "t.events", "--when", f"{ANSI}=ok"),
        ("simulate", "t.events", "--when", f"a={ANSI}"),
        ("simulate", "t.events", "--rest", ANSI),
        ("simulate", "t.events", "--outcomes", ANSI),
        ("graph", "t.events", "-o", f"x.{ANSI}"),
        ("graph", "t.events", "-o", f"nowhere/{ANSI}.dot"),
        ("run", "t.events", "--trace", f"nowhere/{ANSI}"),
        pytest.param((ANSI,)),
        pytest.param(("check", "--format", ANSI)),
        pytest.param(("run", "-j", ANSI)),
        pytest.param(("plan", "t.events", ANSI)),
    ],
)
def test_escapes_of_the_command_line_never_come_out(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "t.events").write_text(ONE, "utf-8")
    sane(command(tmp_path, *arguments), 2)


@pytest.mark.parametrize(
    "data",
    [
        b"on a.run changed b.run\r\non b.run changed c.run\r\n",
        b"\xef\xbb\xbfon a.run changed b.run\non b.run changed c.run\n",
        b"\xef\xbb\xbfon a.run changed b.run\r\non b.run changed c.run",
        b"on a.run changed b.run\r\non b.run changed c.run",
        b"on a.run \\\r\n  changed b.run\r\n# comment\r\non b.run changed c.run # x\r\n",
    ],
    ids=["CRLF", "BOM", "both, no last line end", "no last line end", "a line that goes on"],
)
def test_line_ends_and_byte_order_mark(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "t.events").write_bytes(data)
    for source, given in (("t.events", b""), ("-", data)):
        done = command(tmp_path, "expand", source, given=given)
        sane(done, 0)
        assert done.text == "on a.run changed b.run\non b.run changed c.run\n"


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"on a.run changed b.run\non \xff\xfe.run changed c.run\n", "2:4"),
        (b"\xff", "1:1"),
        ("on a.run changed é.run\n".encode() + b"# \xe2\x82", "2:3"),
        (b"on \xed\xa0\x80.run changed c.run\n", "1:4"),
    ],
)
def test_invalid_utf8(tmp_path: Path, data: bytes, place: str) -> None:
    said = checked(tmp_path, data, 1)
    assert codes(said) == ["EV002"]
    assert f"t.events:{place}" in said
    (tmp_path / "f.events").write_bytes(data)
    sane(command(tmp_path, "fmt", "f.events"), 2)
    assert (tmp_path / "f.events").read_bytes() == data


@pytest.mark.parametrize(
    "text",
    ["on a.run changed b.run\ron b.run changed c.run\r", "on a.run changed b.run\r\r\n", "# x\ry\n\r"],
)
def test_lone_carriage_returns(tmp_path: Path, text: str) -> None:
    """An error or nothing but a comment; a raw CR, which would let a line hide another, never comes out."""
    (tmp_path / "t.events").write_bytes(text.encode())
    done = command(tmp_path, "check", "t.events")
    assert "Traceback" not in done.text
    assert "\r" not in done.text
    assert done.code == 1


@pytest.mark.parametrize(
    "sign", ["\u2028", "\u0085", "\x0c", "\x0b", "\u200b", "\u202e", "\u0301", "\u00a0", "\ufeff"]
)
def test_other_signs_that_look_like_nothing(tmp_path: Path, sign: str) -> None:
    said = checked(tmp_path, f"on a.run changed b.run{sign} on b.run changed c.run\n", 1)
    assert sign == "\u0301" or sign not in said


@pytest.mark.parametrize(
    "text",
    [
        "resource a { run: sh 'x' [retry = ²] }",
        "resource a { run: sh 'x' [retry = ٣] }",
        "on a.run#٣ changed b.run",
        "on a.run#² changed b.run",
        "resource a { run: sh 'x' [exits = {² = ok}] }",
        "resource a { run: sh 'x' [timeout = ٣s] }",
    ],
)
def test_digits_of_other_scripts(tmp_path: Path, text: str) -> None:
    checked(tmp_path, text + "\n", 1)


# ---- numbers


NINES = "9" * 5000


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"resource a {{ run: sh 'x' [retry = {NINES}] }}", 1),
        (f"resource a {{ run: sh 'x' [retry = -{NINES}] }}", 1),
        (f"resource a {{ run: sh 'x' [retry = 1.{NINES}] }}", 1),
        pytest.param(
            f"resource a {{ run: sh 'x' [exits = {{{NINES} = ok}}] }}",
            1,
        ),
        ("resource a { run: sh 'x' [exits = {256 = ok}] }", 1),
        ("resource a { run: sh 'x' [retry = -1] }", 1),
        (f"on a.run changed b.run#{NINES}", 1),
        ("on a.run changed b.run#1000000000", 1),
        ("on a.run changed b.run#" + ", b.run#".join(map(str, range(1, 2000))), 0),
        (f"resource a {{ run: sh 'x'; v = {'1' * 400}.5 }}", 1),
    ],
    ids=lambda v: v[:60] if isinstance(v, str) else "",
)
def test_numbers(tmp_path: Path, text: str, code: int) -> None:
    checked(tmp_path, text + "\n", code)


@pytest.mark.parametrize("given", ["x", "1.5", "", "1e5", "0x10", NINES + "x"])
def test_set_of_a_number(tmp_path: Path, given: str) -> None:
    said = checked(tmp_path, "param n = 5\nresource a { run: sh 'echo {{n}}' }\n", 1, "--set", f"n={given}")
    assert codes(said) == ["EV214"]


@pytest.mark.parametrize(
    ("default", "given"),
    [
        ("5", "1_000"),
        ("5", " 5 "),
        ("5", "٣"),
        ("1.5", "nan"),
        ("1.5", "inf"),
        ("1.5", "1e999"),
        ("[1]", "[NaN]"),
    ],
)
def test_set_of_what_the_language_could_not_write(tmp_path: Path, default: str, given: str) -> None:
    checked(
        tmp_path,
        f"param n = {default}\nresource a {{ run: sh 'echo {{{{n}}}}' }}\n",
        1,
        "--set",
        f"n={given}",
    )


@pytest.mark.parametrize("given", ["[" * 50_000, NINES, "{", "[1", "{}", '"x"', "null", ""])
def test_set_of_a_list(tmp_path: Path, given: str) -> None:
    said = checked(tmp_path, "param n = [5]\nresource a { run: sh 'echo {{n}}' }\n", 1, "--set", f"n={given}")
    assert codes(said) == ["EV214"]


# ---- files that are none


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "folder.events").mkdir()
    os.mkfifo(tmp_path / "fifo.events")
    (tmp_path / "link.events").symlink_to("nowhere")
    (tmp_path / "round.events").symlink_to("round.events")
    (tmp_path / "file").write_text("", "utf-8")
    names = [
        "folder.events",
        "fifo.events",
        "link.events",
        "round.events",
        "none.events",
        "file/x",
        "/dev/zero",
    ]
    names += ["/dev/null", "a" * 5000, "a" * 300, ".", "/", "", "\udcff\udcfe.events"]
    for name in names:
        said = command(tmp_path, "check", name, wall=30)
        sane(said, 2)
        assert codes(said.text) == ["EV001"], name
        sane(command(tmp_path, "fmt", name, wall=30), 2)


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    """Root reads it all the same; what nobody can read (of a process: there is nothing at its address 0) is told."""
    (tmp_path / "t.events").write_text(RULE, "utf-8")
    (tmp_path / "t.events").chmod(0)
    said = command(tmp_path, "check", "t.events")
    sane(said, 0 if os.geteuid() == 0 else 2)
    assert codes(said.text) == ([] if os.geteuid() == 0 else ["EV001"])
    said = command(tmp_path, "check", "/proc/self/mem")
    sane(said, 2)
    assert codes(said.text) == ["EV001"]


def test_no_file_or_several_in_the_folder(tmp_path: Path) -> None:
    sane(command(tmp_path, "plan"), 2)
    for name in ("a.events", "b.events"):
        (tmp_path / name).write_text(RULE, "utf-8")
    done = command(tmp_path, "plan")
    sane(done, 2)
    assert "a.events, b.events" in done.text


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "   ", "\\\n"])
def test_empty(tmp_path: Path, text: str) -> None:
    """A plan without steps is an error (section 5); there is nothing wrong with the form."""
    (tmp_path / "t.events").write_text(text, "utf-8")
    sane(command(tmp_path, "fmt", "--check", "t.events"), 0) if text in ("", "# nothing\n") else None
    for kind in ("plan", "simulate", "expand", "graph", "run"):
        sane(command(tmp_path, kind, "t.events"), 2)
    sane(command(tmp_path, "list", "t.events"), 0)


# ---- imports


def imported(folder: Path, statement: str) -> str:
    (folder / "project").mkdir(exist_ok=True)
    (folder / "project" / "t.events").write_text(f"{statement}\n{RULE}", "utf-8")
    done = command(folder, "check", "project/t.events", wall=30)
    sane(done, 1)
    return done.text


def test_an_import_that_loops(tmp_path: Path) -> None:
    assert codes(imported(tmp_path, 'import "t.events" as t')) == ["EV211"]
    (tmp_path / "project" / "u.events").write_text('import "sub/../v.events" as v\n', "utf-8")
    (tmp_path / "project" / "v.events").write_text('import "./t.events" as t\n', "utf-8")
    said = imported(tmp_path, 'import "u.events" as u')
    assert codes(said) == ["EV211"]
    assert "t.events → " in said


def test_an_import_that_leaves_the_project(tmp_path: Path) -> None:
    (tmp_path / "out.events").write_text(RULE, "utf-8")
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "link.events").symlink_to(tmp_path / "out.events")
    (tmp_path / "project" / "folder").symlink_to(tmp_path)
    (tmp_path / "project" / "deep").mkdir()
    (tmp_path / "project" / "deep" / "up.events").write_text('import "../../out.events" as o\n', "utf-8")
    (tmp_path / "projectile").mkdir()
    (tmp_path / "projectile" / "x.events").write_text(RULE, "utf-8")
    for path in (
        "../out.events", f"{tmp_path}/out.events", "link.events", "folder/out.events", "x/../../out.events",
        "deep/up.events", "../projectile/x.events", "/etc/passwd", "folder/project/../out.events",
    ):  # fmt: skip
        said = imported(tmp_path, f'import "{path}" as o')
        assert codes(said) == ["EV211"], path
        assert "outside of the project folder" in said


def test_a_link_inside_of_the_project_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real.events").write_text(RULE, "utf-8")
    (tmp_path / "link.events").symlink_to("real.events")
    checked(tmp_path, f'import "link.events" as l\n{RULE}', 0)


def test_imports_twenty_deep(tmp_path: Path) -> None:
    for i in range(21):
        text = (f'import "d{i + 1}.events" as x\n' if i < 20 else "") + RULE
        (tmp_path / f"d{i}.events").write_text(text, "utf-8")
    done = command(tmp_path, "check", "d0.events")
    sane(done, 1)
    assert codes(done.text) == ["EV211"]
    assert "d16.events:1:8" in done.text
    sane(command(tmp_path, "check", "d4.events"), 0)  # sixteen are not too many


def test_imports_of_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "project" / "sub").mkdir(parents=True)
    os.mkfifo(tmp_path / "project" / "fifo")
    (tmp_path / "project" / "round").symlink_to("round")
    for path in (
        "none.events",
        "sub",
        "fifo",
        "round",
        "sub/none",
        "",
        ".",
        "a" * 300,
        "a\\tb",
        "t.events/x",
    ):
        assert codes(imported(tmp_path, f'import "{path}" as o')) == ["EV211"], path


def test_imports_of_bad_files(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "nul.events").write_bytes(b"on a.run\0")
    (tmp_path / "project" / "utf.events").write_bytes(b"\xff")
    (tmp_path / "project" / "bad.events").write_text("on a.run chnaged b.run\n", "utf-8")
    lines = [f'import "{name}.events" as {name}' for name in ("nul", "utf", "bad", "bad")]
    lines[3] = lines[3].replace("as bad", "as again")
    said = imported(tmp_path, "\n".join(lines))
    assert sorted(codes(said)) == ["EV002", "EV003", "EV103"]
    for place in ("project/nul.events:1:9", "project/utf.events:1:1", "project/bad.events:1:10"):
        assert place in said


def test_a_text_from_nowhere_imports_nothing_outside(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "x.events").write_text(RULE, "utf-8")
    done = command(tmp_path / "folder", "check", "-", given=f'import "../x.events" as x\n{RULE}'.encode())
    sane(done, 1)
    assert codes(done.text) == ["EV211"]


# ---- inventories


@pytest.mark.parametrize(
    "text",
    [
        "[" * 5_000,
        "a: {hosts: {",
        "- x",
        "x",
        "a: [1]",
        "a: {hosts: [h]}",
        "a: {hosts: {h: 1}}",
        "a: {children: {b: 5}}",
        "a: &a {children: {b: *a}}",
        'a: {hosts: {h: !!python/object/apply:os.system ["id"]}}',
        "a: {hosts: {'h[0:" + "9" * 5000 + "]': }}",
        "a: {hosts: {'h[0:99999]': }}",
        "? [a]\n: x",
        "\x00",
        "a: \x1b[31m",
        pytest.param("a: 2001-99-99"),
        pytest.param("a: !!int x"),
        pytest.param("a: {hosts: {'h[0:9999][0:9999][0:9999]': }}"),
        pytest.param(
            "g0: &g0 {hosts: {h: }}\n"
            + "".join(
                f"g{i}: &g{i} {{children: {{a: *g{i - 1}, b: *g{i - 1}, c: *g{i - 1}}}}}\n"
                for i in range(1, 30)
            ),
        ),
    ],
    ids=lambda text: text[:24],
)
def test_inventories(tmp_path: Path, text: str) -> None:
    (tmp_path / "i.yml").write_text(text, "utf-8")
    said = checked(tmp_path, f'hosts "i.yml"\n{RULE}', 1, cpu=20)
    assert codes(said) == ["EV224"]


def test_inventories_that_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "x.yml").symlink_to("/etc/hostname")
    assert codes(checked(tmp_path, f'hosts "none.yml"\nhosts "folder"\n{RULE}', 1)) == ["EV224"] * 2
    assert codes(checked(tmp_path, f'hosts "x.yml"\nhosts "../x.yml"\n{RULE}', 1)) == ["EV211"] * 2


def test_an_inventory_that_is_a_fifo(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "t.events").write_text(f'hosts "fifo"\n{RULE}', "utf-8")
    sane(command(tmp_path, "check", "t.events", wall=3), 1)


# ---- the command line


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nothing",),
        ("chekc", "t.events"),
        ("check", "t.events", "--set", "nope=1"),
        ("plan", "t.events", "--set", "nope"),
        ("plan", "t.events", "--set", "=1"),
        ("plan", "t.events", "--set", "nope=1"),
        ("plan", "t.events", "--set-file", "x=none"),
        ("plan", "t.events", "--set-file", "x=."),
        ("plan", "t.events", "--action", "rnu"),
        ("plan", "t.events", "--start", "nope"),
        ("plan", "t.events", "--start", "a.rnu"),
        ("plan", "t.events", "--start", "z*"),
        ("plan", "t.events", "--start", ""),
        ("plan", "t.events", "--action", ""),
        ("simulate", "t.events", "--when", "nope=ok"),
        ("simulate", "t.events", "--when", "a.run=fine"),
        ("simulate", "t.events", "--when", "a.run"),
        ("simulate", "t.events", "--when", "a.run#7=ok"),
        ("simulate", "t.events", "--when", "=ok"),
        ("simulate", "t.events", "--rest", "idle"),
        ("simulate", "t.events", "--outcomes", "none.json"),
        ("simulate", "t.events", "--outcomes", "."),
        ("graph", "t.events", "--format", "png"),
        ("graph", "t.events", "-o", "x.png"),
        ("graph", "t.events", "-o", "none/x.dot"),
        ("graph", "t.events", "-o", "."),
        ("run", "t.events", "-j", "0"),
        ("run", "t.events", "-j", "x"),
        ("run", "t.events", "--trace", "none/x"),
        ("explain", "EV999"),
        ("explain", "x" * 1000),
        ("completion", "tcsh"),
        ("plan", "t.events", "u.events"),
        ("check", "--no-such-option"),
        ("fmt", "none.events"),
    ],
    ids=lambda a: " ".join(a)[:50],
)
def test_wrong_usage(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "t.events").write_text(ONE, "utf-8")
    done = command(tmp_path, *arguments)
    sane(done, 2)
    assert not (tmp_path / ".state").exists() or arguments[0] == "run"


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[1]", b'"x"', b"null", b'{"a.run#0": 5}', b'{"a.run#0": "fine"}', b'{"a.run#0": null}',
        b'{"a.run#0": ["ok"]}', b'{"a.run#0": {}}', b'{"nope": "ok"}', b'{"": "ok"}', b"\xff", b"[" * 100_000,
        b'{"a": ' * 50_000, b'{"a.run#7": "ok"}', b'{"a.run#0": ' + b"9" * 5000 + b"}",
        b'{"a.run#0": "\\u001b[31m"}', b'{"\\u001b[31m": "ok"}', b'{"\\ud800": "ok"}',
    ],
    ids=lambda content: repr(content[:24]),
)  # fmt: skip
def test_outcomes_that_are_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.events").write_text(ONE, "utf-8")
    (tmp_path / "o.json").write_bytes(content)
    sane(command(tmp_path, "simulate", "t.events", "--outcomes", "o.json"), 2)


def test_outcomes_from_a_fifo_or_a_device(tmp_path: Path) -> None:
    (tmp_path / "t.events").write_text(ONE, "utf-8")
    sane(command(tmp_path, "simulate", "t.events", "--outcomes", "/dev/null"), 2)


@pytest.mark.parametrize(
    "arguments", [("simulate", "--outcomes", "/dev/zero"), ("plan", "--set-file", "p=/dev/zero")]
)
def test_endless_files_of_the_command_line(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "t.events").write_text("param p = 'x'\nresource a { run: sh 'echo {{p}}' }\n", "utf-8")
    sane(command(tmp_path, *arguments, "t.events"), 2)


def test_what_is_told_twice_is_told_once(tmp_path: Path) -> None:
    """A file that several imports name is read once; its errors come once."""
    (tmp_path / "bad.events").write_text("on a.run chnaged b.run\n", "utf-8")
    (tmp_path / "t.events").write_text('import "bad.events" as x\nimport "bad.events" as y\n', "utf-8")
    done = command(tmp_path, "check", "--json", "t.events")
    assert done.code == 1
    assert [d["code"] for d in json.loads(done.text)["diagnostics"]].count("EV103") == 1
