"""Warnings on names as they are written: near misses in rules-only files, comments that look like an instance."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ..base.diagnostic import Diagnostic, Fix
from ..base.source import Span
from ..meaning.program import Program
from ..syntax import ast
from .places import Written, is_open, references, written

SHORTEST = 5
"""Letters that the word with the edit must have left: short words are near each other by chance."""
MOST_ODD = 1_000
"""More names than that which occur once, and one that does is nothing special."""
MOST_NAMES = 20_000
"""More names than that no one has typed."""
_ENDINGS = "sdr"  # node, nodes; http, httpd; compute, computer: two words, no typo
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ANY = "\0"  # behind the text of a reference in a connect: no reference ends so
_NUMBER = r"#\d+(?=\s|,|$)"


def near_misses(program: Program) -> Iterator[Diagnostic]:
    """EV409: in a rules-only program a resource, or the word of an action, that occurs once and is one edit away from
    one that occurs more often, never with it in one statement.

    One edit: one letter too many or too few, or two letters swapped, inside a word of five letters or more, neither
    its first letter nor an ending that makes another word of it; or `-`, `_` and case. A digit is never an edit.
    """
    if not program.rules_only:
        return
    count: Counter[str] = Counter()
    for unit in program.units:
        texts: list[str] = []
        _texts(unit.file.statements, texts)
        for text, times in Counter(texts).items():
            if not is_open(text):
                count[_name(unit.prefix + text)] += times
    if len(count) > MOST_NAMES:
        return
    resources: Counter[str] = Counter()
    words: Counter[str] = Counter()
    for name, times in count.items():
        resource, _, word = name.rpartition(".")
        resources[resource] += times
        if word != "*":
            words[word] += times
    slips = near_pairs(resources), near_pairs(words)
    if not any(slips):
        return
    related = _related(program)
    for w in written(program):
        for ref in references(w.node):
            name = _mentioned(w, ref)
            if is_open(ref.text) or related.get(name, 0) > 1:
                continue
            resource, _, word = name.rpartition(".")
            if resource in slips[0] and not _together(w, near := slips[0][resource], 0):
                yield _near_miss(w, ref, resource, near, f"{near}.{word}", resources[near])
            elif word in slips[1] and not _together(w, near := slips[1][word], 1):
                yield _near_miss(w, ref, word, near, f"{resource}.{near}", words[near])


def _texts(statements: Sequence[ast.Statement], found: list[str]) -> None:
    """Add the text of each reference; that of a connect with `.*`, as it names no action."""
    brief = [s for s in statements if type(s) is ast.BriefRule]
    found += [s.emitter for s in brief]
    found += [s.subscriber for s in brief]
    rules = [s for s in statements if type(s) is ast.Rule]
    found += [ref.text for s in rules for ref in s.emitters]
    found += [ref.text for s in rules for ref in s.subscribers]
    for s in statements if len(brief) + len(rules) < len(statements) else ():
        if isinstance(s, ast.For):
            _texts(s.body, found)
        elif isinstance(s, ast.Connect):
            found += [f"{s.emitter.text}{_ANY}", f"{s.receiver.text}{_ANY}"]
        elif isinstance(s, (ast.Order, ast.Serial, ast.Start, ast.Again)):
            found += [ref.text for ref in references(s)]


def _name(text: str) -> str:
    """The action that a reference without patterns means; `RESOURCE.*` for one in a connect."""
    if text.endswith(_ANY):
        return text.removesuffix(_ANY) + ".*"
    return text if "." in text else f"{text}.run"


def _mentioned(w: Written, ref: ast.Ref) -> str:
    return _name(w.unit.prefix + ref.text + (_ANY if isinstance(w.node, ast.Connect) else ""))


def _related(program: Program) -> dict[str, int]:
    """How many statements relate each action, where loops and patterns name more than is written."""
    if not any(w.free or any(is_open(r.text) for r in references(w.node)) for w in written(program)):
        return {}
    seen: dict[int, set[tuple[int, int]]] = {}
    for rule in program.rules:
        for number in (*rule.emitters, rule.subscriber):
            seen.setdefault(number, set()).add((id(rule.origin.source), rule.origin.start))
    for order in program.orders:
        for number in (order.before, order.after):
            seen.setdefault(number, set()).add((id(order.origin.source), order.origin.start))
    return {program.actions[number].name: len(at) for number, at in seen.items()}


def _together(w: Written, near: str, side: int) -> bool:
    """Whether a statement names this resource (side 0) or this word of an action (side 1)."""
    return any(_mentioned(w, ref).rpartition(".")[2 * side] == near for ref in references(w.node))


def _near_miss(w: Written, ref: ast.Ref, odd: str, near: str, meant: str, times: int) -> Diagnostic:
    meant = meant.removesuffix(".*")
    span = Span(w.unit.source, ref.start, ref.end)
    message = f"`{odd}` is mentioned once and `{near}` {times} times; did you mean `{meant}`?"
    hint = "where nothing is declared, every name that a rule mentions makes an action"
    number = "" if ref.number is None else f"#{ref.number}"
    return Diagnostic("EV409", message, span, hint, (), Fix(span, meant[len(w.unit.prefix) :] + number))


def near_pairs(counts: Counter[str]) -> dict[str, str]:
    """For each name that occurs once and looks like a slip: the name that was meant."""
    odd = [name for name, times in counts.items() if times == 1 and len(name) >= SHORTEST]
    if not odd or len(odd) > MOST_ODD:
        return {}
    often = [name for name, times in counts.items() if times > 1 and len(name) >= SHORTEST]
    folded: dict[str, list[str]] = {}
    spelled: dict[str, list[str]] = {}  # by its letters in order of the alphabet: an edit changes one or none
    for name in often:
        folded.setdefault(_fold(name), []).append(name)
        spelled.setdefault("".join(sorted(name)), []).append(name)
    found: dict[str, str] = {}
    for name in odd:
        near = [*folded.get(_fold(name), ())]
        for spelling in _spellings(name):
            if spelling in spelled:
                near += [other for other in spelled[spelling] if is_slip(name, other)]
        if near:
            found[name] = max(near, key=lambda n: (counts[n], n))
    return found


def _fold(name: str) -> str:
    return name.lower().replace("-", "_")


def _spellings(name: str) -> Iterable[str]:
    """The sorted letters of all that is one edit away."""
    letters = sorted(name)
    yield "".join(letters)
    for letter in dict.fromkeys(c for c in letters if c.isalpha()):
        left = letters.copy()
        left.remove(letter)
        yield "".join(left)
    for letter in _LETTERS:
        yield "".join(sorted([*letters, letter]))


def is_slip(name: str, other: str) -> bool:
    """Whether one name is the other with one letter inserted, deleted, or swapped with its neighbour."""
    if len(name) == len(other):
        at = next((i for i, (a, b) in enumerate(zip(name, other, strict=True)) if a != b), len(name))
        swapped = name[:at] + name[at : at + 2][::-1] + name[at + 2 :]
        return swapped == other != name and _inside(name, at, at + 1) >= SHORTEST
    longer, shorter = (name, other) if len(name) > len(other) else (other, name)
    at = next((i for i, c in enumerate(shorter) if c != longer[i]), len(shorter))
    if longer[:at] + longer[at + 1 :] != shorter:
        return False
    if longer[at] in _ENDINGS and not longer[at + 1 : at + 2].isalpha():
        return False
    return _inside(longer, at, at) > SHORTEST


def _inside(name: str, begin: int, end: int) -> int:
    """The length of the word, a run of letters, in which `name[begin : end + 1]` stands; 0 if it begins the word."""
    if not name[begin : end + 1].isalpha():
        return 0
    first, last = begin, end
    while first and name[first - 1].isalpha():
        first -= 1
    while last + 1 < len(name) and name[last + 1].isalpha():
        last += 1
    return 0 if first == begin else last - first + 1


def numbers_in_comments(program: Program) -> Iterator[Diagnostic]:
    """EV412: `ha.run #1` behind a reference: a comment, where an instance may have been meant (section 1)."""
    ends: dict[int, dict[int, ast.Ref]] = {}
    done: set[int] = set()
    for unit in program.units:
        text, file = unit.source.text, id(unit.file)
        if file in done:
            continue
        done.add(file)
        for comment in unit.file.comments:
            begin = comment.start
            if not text[begin + 1 : begin + 2].isdecimal() or text[begin - 1 : begin] not in " \t":
                continue
            number = re.match(_NUMBER, text[begin : comment.end])
            if number is None:
                continue
            if not ends:
                ends = _ends(program)
            before = text[text.rfind("\n", 0, begin) + 1 : begin]
            ref = ends.get(id(unit.source), {}).get(begin - len(before) + len(before.rstrip(" \t")))
            if ref is not None and ref.number is None:
                yield _number(Span(unit.source, begin, begin + number.end()), ref, number[0])


def _ends(program: Program) -> dict[int, dict[int, ast.Ref]]:
    """The references of all files by where they end."""
    found: dict[int, dict[int, ast.Ref]] = {}
    for node, unit, _ in written(program):
        at = found.setdefault(id(unit.source), {})
        if not isinstance(node, ast.Connect):
            at.update((ref.end, ref) for ref in references(node))
    return found


def _number(span: Span, ref: ast.Ref, number: str) -> Diagnostic:
    message = f"`{number}` is a comment here, for a blank stands before it"
    hint = f"write `{ref.text}{number}` for that run of the action, or `# {number[1:]}` for a comment"
    fix = Fix(Span(span.source, ref.end, span.end), number)
    return Diagnostic("EV412", message, span, hint, (), fix)
