"""What is worth a warning although the program stands: findings that need no plan, and findings that need one."""

from __future__ import annotations

from ..base.diagnostic import Diagnostic
from ..meaning.program import Program
from .plan import Plan


def lint_program(program: Program) -> list[Diagnostic]:
    """What is known of a program without a plan."""
    return []


def lint_plan(program: Program, plan: Plan, entry: str, start: list[int] | None) -> list[Diagnostic]:
    """What shows only in a plan; `entry` and `start` are those that it was made with."""
    return []
