"""evdsl: say what happens when something changed.

    import evdsl
    program = evdsl.load("site.events")
    plan = program.plan()
    print(plan.simulate(when={"mariadb.run": "failed"}).fold)

Everything is imported when it is first used: `import evdsl` costs nothing.
"""

from __future__ import annotations

from .version import __version__

TYPE_CHECKING = False  # as typing has it; importing that would be a third of the time of `evdsl --version`
if TYPE_CHECKING:
    from typing import Any

    from .api import Plan, Program, Refused, load
    from .run.simulate import Trace

__all__ = ["Plan", "Program", "Refused", "Trace", "__version__", "load"]


def __getattr__(name: str) -> Any:
    if name == "Trace":
        from .run.simulate import Trace

        return Trace
    if name in __all__:
        from . import api

        return getattr(api, name)
    raise AttributeError(f"module 'evdsl' has no attribute {name!r}")
