"""Plain records: dataclasses with slots and nothing that is not used, which take a third of the time to define.

Every command pays for every definition it imports. Records compare by identity and have no `repr` of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")

__all__ = ["field", "record"]


@dataclass_transform(eq_default=False, field_specifiers=(field,))
def record(cls: type[T]) -> type[T]:
    """A mutable record of the class's annotated fields."""
    return dataclass(cls, slots=True, eq=False, repr=False, match_args=False)
