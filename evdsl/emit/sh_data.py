"""What connects hand over, as shell code: where each value comes from is settled here, its value when the script runs.

For each step that reads a value there is a function. It asks for the value what actions reported, in this run or an
earlier one, and falls back on what is declared, in the order of section 8 of docs/language.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from ..base.source import Span
from ..meaning.program import Handed, Program
from ..meaning.render import LOCAL, Values
from ..meaning.template import plain, quoted, worded
from ..meaning.values import Unknown
from ..plan.plan import Plan
from ..run.handed import Connections, Missing
from .sh_words import later, literal, short
from .target import Findings

Way = tuple[tuple[str, str], ...]


class Data:
    """The handed values of a program. `keys`: which reported values are wanted, by the resource that reports them."""

    def __init__(self, program: Program, plan: Plan, findings: Findings) -> None:
        self.program, self.plan, self.findings = program, plan, findings
        self.connections = Connections(program, plan, {})
        self.keys: dict[str, dict[str, None]] = {}
        self._steps: dict[str, list[int]] = {}
        for number, step in enumerate(plan.steps) if self.connections.into else ():
            self._steps.setdefault(step.resource, []).append(number)
        for names in self.connections.into.values():
            for sources in names.values():
                for handed in sources:
                    self.keys.setdefault(handed.emitter, {})[handed.taken] = None
        self._numbers: dict[tuple[str, str], int] = {}
        for resource, given in self.connections.into.items():
            for name in given:
                self._numbers[resource, name] = len(self._numbers)

    def names(self, resource: str) -> dict[str, object]:
        """The names that are handed to a resource, each with the mark of its value."""
        return {
            name: later("d", self._numbers[resource, name])
            for name in self.connections.into.get(resource, {})
        }

    def may_be_list(self, resource: str, name: str) -> bool:
        """Whether a handed value can be a list."""
        sources = self.connections.into.get(resource, {}).get(name, [])
        if len(sources) > 1 or self.connections.declares_list(resource, name):
            return True
        return any(isinstance(self._declared(handed), list) for handed in sources)

    def function(self, step: int) -> list[str]:
        """The body of the function that gets the values for a step that is no sink's; empty if it is handed none."""
        resource, lines = self.plan.steps[step].resource, []
        for name, sources in self.connections.into.get(resource, {}).items():
            code = self._given(resource, name, step, ())
            why = literal(str(Missing(sources[0])))
            lines += [f"{code} || missing_ {why}", f"keep_ {self._numbers[resource, name]}"]
        return lines

    def sink(self, step: int) -> list[str]:
        """The body of the function of a sink: all that it is handed and declares, by name."""
        resource = self.plan.steps[step].resource
        declared = self.program.resources[resource]
        values = Values(self.program, resource, declared.scope, self.names(resource))
        lines = ["set --"]
        given = self.connections.into.get(resource, {})
        for name in (n for n in declared.attributes if n not in given):
            value = self._static(values, name, declared.scope.span(declared.attributes[name].name))
            lines.append(
                f'set -- "$@" {short(name)} {literal(json.dumps(worded(value), ensure_ascii=False))}'
            )
        for name in given:
            lines.append(
                f'if {self._given(resource, name, step, ())}; then set -- "$@" {short(name)} "$_j"; fi'
            )
        return [*lines, 'sink_ "$@"']

    def _static(self, values: Values, name: str, span: Span | None) -> object:
        """An attribute; refused where it is made of what is handed over."""
        try:
            value = values.attribute(name)
        except Unknown as error:
            self.findings.refuse(error.diagnostics[0].message, span, error.diagnostics[0].hint)
            return ""
        if "\ufdd0" in json.dumps(worded(value), ensure_ascii=False):
            message = f"the attribute `{name}` is made of a value that is known only when the script runs"
            self.findings.refuse(message, span, "hand over the value itself")
        return value

    def _given(self, resource: str, name: str, reader: int, way: Way) -> str:
        """Code that succeeds with what is handed to a resource under a name in $_v, $_q and $_j."""
        sources = self.connections.into.get(resource, {}).get(name, [])
        if not sources or (resource, name) in way:
            return "false"
        way = (*way, (resource, name))
        if len(sources) == 1:
            return self._one(resource, name, sources[0], reader, way)
        listed = f"_l{len(way)}"
        take = f"listed_ {listed}"
        parts = [f"{listed}='' {listed}q=''"]
        rest = "true" if self.connections.is_sink(resource) else "false"
        parts += [f"{{ {{ {self._taken(h, reader, way)}; }} && {take}; }} || {rest}" for h in sources]
        joined = "; } && { ".join(parts)
        return f"{{ {{ {joined}; }} && list_ {listed}; }}"

    def _one(self, resource: str, name: str, handed: Handed, reader: int, way: Way) -> str:
        """A value with one source; a list where the resource declares it as one."""
        if not self.connections.declares_list(resource, name):
            return f"{{ {self._taken(handed, reader, way)}; }}"
        reported = f"{{ {self._reported(handed, reader)} && list_of_one_; }}"
        value = self._declared(handed)
        if value is None:
            if self.connections.is_sink(resource):
                return f"{{ {{ {self._taken(handed, reader, way)}; }} && list_of_one_ || {_forms([])}; }}"
            return f"{{ {{ {self._taken(handed, reader, way)}; }} && list_of_one_; }}"
        return f"{{ {reported} || {_forms(value if isinstance(value, list) else [value])}; }}"

    def _taken(self, handed: Handed, reader: int, way: Way) -> str:
        """Code for what a connect takes from its emitter: last reported, else declared, else handed to that in turn."""
        value = self._declared(handed)
        other = _forms(value) if value is not None else self._given(handed.emitter, handed.taken, reader, way)
        return f"{self._reported(handed, reader)} || {other}"

    def _reported(self, handed: Handed, reader: int) -> str:
        steps = self._earlier(handed.emitter, reader)
        return " ".join(["said_", short(handed.emitter), short(handed.taken), *map(str, steps)])

    def _earlier(self, resource: str, reader: int) -> Iterable[int]:
        """The steps of a resource that are settled before the reader can begin, the last one first."""
        steps = [step for step in self._steps.get(resource, ()) if step < reader]
        if not steps:
            return []
        behind = self.connections.behind(reader, min(steps))
        return sorted((step for step in steps if step in behind), reverse=True)

    def _declared(self, handed: Handed) -> object | None:
        """What the emitter of a connect declares under the name that is taken, None if it declares nothing."""
        name, resource = handed.taken, self.program.resources.get(handed.emitter)
        if resource is not None and name in resource.attributes:
            values = Values(self.program, handed.emitter, resource.scope, self.names(handed.emitter))
            return self._static(values, name, handed.origin)
        if name == "name":
            return handed.emitter
        if name == "host":
            return (
                Values(self.program, handed.emitter, resource.scope).address()
                if resource is not None
                else LOCAL
            )
        return None


def _forms(value: object) -> str:
    text = json.dumps(worded(value), ensure_ascii=False)
    return f"{{ _v={literal(plain(value))} _q={literal(quoted(value))} _j={literal(text)}; }}"
