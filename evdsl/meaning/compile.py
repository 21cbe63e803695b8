"""Source → Program: load and unroll, declare, relate, number. One function, callable alone."""

from __future__ import annotations

from ..base.diagnostic import Diagnostic, in_order
from ..base.memory import all_kept
from ..base.source import Source
from ..syntax.trees import Trees
from .declare import ActionFiles, declare, found_driver
from .params import Given
from .program import Program
from .relate import relate
from .scope import Scope
from .unroll import unroll


@all_kept()
def compile_program(
    source: Source, folder: str | None = None, given: Given | None = None, trees: Trees | None = None
) -> tuple[Program, list[Diagnostic]]:
    """The program of a root source, and all that is wrong with it; with an error among it, it does not stand.

    `folder` is where the root file lies: the project folder, which imports, inventories and `actions/` are in.
    `trees` are those of the files, from the disk if it is not given. Reads those files and names, executes nothing.
    """
    unrolled = unroll(source, folder, given or Given(), trees or Trees())
    files = ActionFiles(unrolled.units)
    names = declare(unrolled, files)
    relations, starts, agains = relate(unrolled.placed, names)
    mentioned = len(names.order)
    for name in names.actions:
        names.number(name)
    if names.rules_only:
        scopes = sorted((Scope(unit) for unit in unrolled.units), key=lambda scope: -len(scope.unit.prefix))
        for action in names.order:
            action.scope = next(scope for scope in scopes if action.name.startswith(scope.unit.prefix))
            path = files.of(action.resource).get(action.action)
            if path is not None:
                action.file, action.driver = path, found_driver(path)
    program = Program(
        source.path,
        names.order,
        relations.rules,
        relations.orders,
        starts,
        agains,
        names.resources,
        unrolled.hosts,
        relations.handed,
        names.rules_only,
        mentioned,
        unrolled.units,
        relations.sequence,
        unrolled.placed,
    )
    return program, in_order(names.diagnostics)
