"""YAML for Ansible: whatever stands in a text, it is read back as it was, and never as a template."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from evdsl.emit.ansible_yaml import Flow, FlowMap, Jinja, Noted, Titled, comment, document, expression


class Unsafe(str):
    """A text that Ansible does not evaluate."""


class Loader(yaml.SafeLoader):
    """Reads `!unsafe` as Ansible does."""


Loader.add_constructor("!unsafe", lambda loader, node: Unsafe(loader.construct_scalar(node)))

TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.text(
    "{%#}\"'\\ \n\t:-&*!|>@`yno0.,[]é\u2028\x85\ufeff\x7f"
)
TREE = st.recursive(
    TEXT | st.integers() | st.booleans() | st.none() | st.floats(0, 1e6),
    lambda inner: st.lists(inner) | st.dictionaries(TEXT.filter(lambda key: "{" not in key), inner),
    max_leaves=12,
)


def read(text: str) -> Any:
    return yaml.load(text, Loader)


@settings(deadline=None)
@given(TREE, TREE)
def test_it_is_read_back_as_it_was(one: object, other: object) -> None:
    text = document({"a": one, "b": [other, {"c": other}]}, ["# head"])
    assert read(text) == {"a": one, "b": [other, {"c": other}]}
    assert all(line == line.rstrip(" ") or "\\" in line or '"' in line for line in text.split("\n"))


@settings(deadline=None)
@given(TEXT)
def test_data_is_never_a_template(text: str) -> None:
    found = read(document([text, {"key": text}], []))
    for value in (found[0], found[1]["key"]):
        assert isinstance(value, Unsafe) or not any(mark in value for mark in ("{{", "{%", "{#"))
    assert isinstance(read(document([f"#jinja2: a\n{text}"], []))[0], Unsafe)


@settings(deadline=None)
@given(st.lists(TEXT, max_size=4), st.dictionaries(st.sampled_from("abc"), TEXT))
def test_what_stands_on_one_line(items: list[str], pairs: dict[str, str]) -> None:
    found = read(document({"list": Flow(items), "map": FlowMap(pairs)}, []))
    assert found == {"list": items, "map": pairs}


@settings(deadline=None)
@given(TEXT)
def test_nothing_ends_a_comment(text: str) -> None:
    task = Noted([text], {"name": "x"})
    assert read(document([task, task], list(comment(text)))) == [{"name": "x"}, {"name": "x"}]


def test_templates_stay_templates() -> None:
    long = expression(" or ".join(["ev_a_run in evdsl_changed"] * 12))
    text = document(
        {"short": expression("a"), "long": long, "when": Jinja("ev_a == 'ok'"), "text": "{{ a }}"}, []
    )
    found = read(text)
    assert found == {"short": "{{ a }}", "long": long, "when": "ev_a == 'ok'", "text": "{{ a }}"}
    assert [type(found[key]) for key in found] == [str, str, str, Unsafe]
    assert max(map(len, text.splitlines())) < 120


def test_texts_of_several_lines_are_blocks() -> None:
    text = document({"sh": "set -e\n  echo 'a'\n\necho {{ x }}\n"}, [])
    assert text == "---\nsh: !unsafe |\n  set -e\n    echo 'a'\n\n  echo {{ x }}\n"


def test_a_word_to_a_linter() -> None:
    assert document([{"name": Titled.of("Step a", "x[y]")}], []) == "---\n- name: Step a  # noqa: x[y]\n"


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "No",
        "ON",
        "null",
        "~",
        "1",
        "1.5",
        "0x1",
        "1_0",
        ".5",
        "2001-01-01",
        "a: b",
        "a #b",
        "-",
        "- a",
        "=",
        "<<",
        "",
        " a",
        "a ",
    ],
)
def test_what_looks_like_something_else(text: str) -> None:
    assert read(document({"a": text, "b": Flow([text])}, [])) == {"a": text, "b": [text]}
