"""What names there are, and which action a reference means (section 1 of docs/language.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..base.diagnostic import Diagnostic, Fix
from ..base.record import field, record
from ..base.spell import nearest
from ..syntax import ast
from .naming import filled
from .program import Action, Host, Resource

if TYPE_CHECKING:
    from .scope import Scope, Unit
    from .unroll import Placed

MOST_SUGGESTIONS = 100


@record
class Names:
    """All that is declared, under its full name, and the actions that are known so far.

    `number` gives each action its number at its first mention. In a rules-only program mentioning makes the action.
    """

    resources: dict[str, Resource]
    actions: dict[str, Action]  # all known actions by name: declared, found, mentioned
    hosts: dict[str, Host]
    rules_only: bool
    units: list[Unit] = field(default_factory=list)
    absent: dict[str, Placed] = field(default_factory=dict)  # resources that an `if` left out
    absent_prefixes: dict[str, Placed] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    order: list[Action] = field(default_factory=list)
    _near: dict[str, str | None] = field(default_factory=dict)
    _told: set[tuple[int, int]] = field(default_factory=set)

    def lost(self, text: str) -> bool:
        """Whether something that could not be read may declare this name, or what it is a part of."""
        return any(
            text.startswith(unit.prefix) and unit.lost.may_declare(text[len(unit.prefix) :])
            for unit in self.units
            if unit.lost
        )

    def number(self, name: str) -> int:
        """The number of an action; its first call is the action's first mention."""
        numbers = self.numbers
        if name in numbers:
            return numbers[name]
        number = numbers[name] = len(numbers)
        self.order.append(self.actions[name])
        return number

    def say(
        self, code: str, message: str, scope: Scope, node: ast.Ref, hint: str, fix: str | None = None
    ) -> None:
        span = scope.span(node)
        self.diagnostics.append(Diagnostic(code, message, span, hint, (), Fix(span, fix) if fix else None))

    def text(self, ref: ast.Ref, scope: Scope) -> str:
        """The reference with `{{ }}` filled in and the prefix of its file in front."""
        text = ref.text
        if "{{" in text:
            text = filled(text, scope, ref, self.diagnostics)
        return scope.unit.prefix + text

    def action(self, ref: ast.Ref, scope: Scope) -> str | None:
        """The name of the action that a reference without patterns means; None if it is left out or at fault."""
        text = self.text(ref, scope)
        if self.rules_only and "." not in text[len(scope.unit.prefix) :]:
            text += ".run"  # one segment, the prefix of an import aside
        name = self.meant(text)
        if name is None:
            self._unknown(text, ref, scope)
        return name

    def meant(self, text: str) -> str | None:
        """The action that a full name means, by the four steps of section 1; nothing is told."""
        if self.rules_only:
            name = text if "." in text else text + ".run"
            if self.gone(name.rpartition(".")[0]):
                return None
            resource, _, action = name.rpartition(".")
            self.mention(resource, action)
            return name
        if text in self.resources:
            name = text + ".run"
            return name if name in self.actions else None
        return text if text in self.actions else None

    def gone(self, resource: str) -> Placed | None:
        """The statement that left this resource out, if one did."""
        if resource in self.absent:
            return self.absent[resource]
        for prefix, placed in self.absent_prefixes.items():
            if resource.startswith(prefix):
                return placed
        return None

    def _unknown(self, text: str, ref: ast.Ref, scope: Scope) -> None:
        """Say what is wrong with a reference that means no action, or note that an `if` left it out."""
        resource, _, action = text.rpartition(".")
        left_out = self.gone(text) or self.gone(resource)
        if left_out is not None:
            self.left_out(left_out, text, ref, scope)
            return
        if self.lost(text) or (resource in self.resources and self.resources[resource].partial):
            return
        prefix = len(scope.unit.prefix)
        if text in self.resources:
            self.say("EV202", f"`{text}` has no action `run`", scope, ref, self.actions_of(text))
        elif resource in self.resources:
            near = nearest(action, self.resources[resource].actions[:1000])
            self.say(
                "EV202",
                f"`{resource}` has no action `{action}`" + (f"; did you mean `{near}`?" if near else ""),
                scope,
                ref,
                self.actions_of(resource),
                f"{resource}.{near}"[prefix:] if near else None,
            )
        else:
            near = self.near(text)
            self.say(
                "EV201",
                f"nothing is called `{text}`" + (f"; did you mean `{near}`?" if near else ""),
                scope,
                ref,
                f"declare it: `resource {resource or text} {{ {action if resource else 'run'}: … }}`",
                near[prefix:] if near else None,
            )

    def near(self, text: str) -> str | None:
        """The nearest declared name: of an action, else of a resource with the same last segment.

        Worked out for the first MOST_SUGGESTIONS unknown names: nobody reads more, and each costs a look at all names.
        """
        if text not in self._near:
            self._near[text] = self._nearest(text) if len(self._near) < MOST_SUGGESTIONS else None
        return self._near[text]

    def _nearest(self, text: str) -> str | None:
        near = nearest(text, self.actions) or nearest(text, self.resources)
        if near is None and "." in text:
            resource, _, action = text.rpartition(".")
            owner = nearest(resource, self.resources)
            if owner and f"{owner}.{action}" in self.actions:
                near = f"{owner}.{action}"
        return near

    def actions_of(self, resource: str) -> str:
        own = self.resources[resource].actions
        few = ", ".join(own[:12]) + (f" and {len(own) - 12} more" if len(own) > 12 else "")
        return f"its actions: {few}" if own else "it has no actions"

    def left_out(self, placed: Placed, name: str, ref: ast.Ref, scope: Scope) -> None:
        """Note, once for a place, that what names a resource left out is left out too."""
        key = (id(scope.unit), ref.start)
        if key in self._told:
            return
        self._told.add(key)
        where = placed.scope.span(placed.statement)
        self.diagnostics.append(
            Diagnostic(
                "EV506",
                f"left out, as `{name}` is",
                scope.span(ref),
                "what names a resource that an `if` left out is left out too",
                ((where, "its `if` is false"),),
            )
        )

    def mention(self, resource: str, action: str) -> None:
        """Make an action of a rules-only program that a connect speaks of."""
        name = f"{resource}.{action}"
        if name not in self.actions:
            self.actions[name] = Action(name, resource, action)
