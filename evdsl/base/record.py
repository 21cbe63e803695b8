"""Plain records: classes with slots and an `__init__`, made in a tenth of the time that a dataclass takes.

Every command pays for every definition it imports, and for the library of dataclasses itself (8 ms). Records compare by
identity and have no `repr` of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")

__all__ = ["field", "record"]


class _Made:
    """The default of a field that each record has a new one of."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make


def field(*, default_factory: Callable[[], T]) -> T:
    """A field of which each record has a new value."""
    return _Made(default_factory)  # type: ignore[return-value]


@dataclass_transform(eq_default=False, field_specifiers=(field,))
def record(cls: type[T]) -> type[T]:
    """A mutable record of the class's annotated fields."""
    names, own = tuple(cls.__annotations__), dict(cls.__dict__)
    given: dict[str, Any] = {name: own.pop(name) for name in names if name in own}
    parameters = [f"{name}=given[{name!r}]" if name in given else name for name in names]
    lines = [
        f"self.{name} = {name}.make() if {name} is given[{name!r}] else {name}"
        if isinstance(given.get(name), _Made)
        else f"self.{name} = {name}"
        for name in names
    ]
    scope: dict[str, Any] = {"given": given}
    exec(f"def __init__(self, {', '.join(parameters)}):\n " + "\n ".join(lines), scope)
    for name in ("__dict__", "__weakref__"):
        own.pop(name, None)
    body = own | {"__slots__": names, "__init__": scope["__init__"]}
    made: Any = type(cls).__new__(type(cls), cls.__name__, cls.__bases__, body)
    return made  # type: ignore[no-any-return]
