"""`evdsl compile`: the plan as files that run where evdsl is not installed."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress
from tempfile import mkdtemp, mkstemp
from typing import TYPE_CHECKING

from ..base.diagnostic import Diagnostic
from ..version import __version__
from .messages import show
from .opening import REFUSED, err, opened, planned, usage
from .terminal import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..emit.target import Artifact, Output, Target

STALE = 1
"""The exit code of `--check` where the artifact on disk is not what would be written."""
_HEAD = 1024  # bytes of a file in which its mark stands


def main(args: argparse.Namespace) -> int:
    from ..emit.target import Order, Refusal, load
    from ..plan.fingerprint import fingerprint

    try:
        target = load(args.to)
        if not _usable(target, args):
            return REFUSED
        program = opened(args)
        found = planned(args, program) if program else None
        if program is None or program.inner is None or found is None:
            return REFUSED
        plan = found[0].inner
        order = Order(
            program.inner, plan, __version__, fingerprint(program.inner, plan), frozenset(args.allow)
        )
        artifact = target.emit(order)
    except Refusal as error:
        show(error.diagnostics, err(args))
        return REFUSED
    if args.check:
        return _check(target, artifact, args)
    if wrong := _write(target, artifact, args):
        show([wrong], err(args))
        return REFUSED
    _tell(artifact, args)
    return 0


def _usable(target: Target, args: argparse.Namespace) -> bool:
    """Whether the options go together; told where they do not."""
    for word in args.allow:
        if word not in target.allows:
            known = ", ".join(target.allows) or "nothing"
            usage(args, f"`--to {args.to}` knows no `--allow {word}`", f"it can be allowed {known}")
            return False
    if args.output in (None, "-") and (target.folder or args.check):
        what = "makes a folder" if target.folder else "needs the artifact"
        usage(args, f"`--{'to ' + args.to if target.folder else 'check'}` {what}", "say where with `-o OUT`")
        return False
    return True


def _tell(artifact: Artifact, args: argparse.Namespace) -> None:
    """The fidelity report."""
    if args.quiet:
        return
    shown = err(args)
    for entry in artifact.report:
        place = f"{entry.place}: " if entry.place else ""
        shown.line((entry.kind, "strong"), ": ", printable(place + entry.text))


def _files(target: Target, artifact: Artifact, args: argparse.Namespace) -> dict[str, Output]:
    """The files by their paths on disk."""
    out = os.path.normpath(args.output)
    return {
        os.path.join(out, *path.split("/")) if target.folder else out: file
        for path, file in sorted(artifact.files.items())
    }


def _check(target: Target, artifact: Artifact, args: argparse.Namespace) -> int:
    for path, file in _files(target, artifact, args).items():
        try:
            with open(path, "rb") as there:
                same = there.read() == file.content
            why = "differs from what the program makes now"
        except OSError as problem:
            same, why = False, f"cannot be read: {problem.strerror}"
        if not same:
            hint = f"compile it again: `evdsl compile --to {args.to} -o {args.output}`"
            show([Diagnostic("EV705", f"`{path}` {why}", None, hint, path=path)], err(args))
            return STALE
    return 0


def _write(target: Target, artifact: Artifact, args: argparse.Namespace) -> Diagnostic | None:
    """Put the artifact where it is to go; what is wrong, if it cannot be."""
    if args.output in (None, "-"):
        sys.stdout.flush()
        # bytes, and past what hides secrets: there are none in it, and a word that is like one has to stay
        with open(sys.stdout.fileno(), "wb", closefd=False) as shown:
            shown.write(artifact.files[""].content)
        return None
    files = _files(target, artifact, args)
    if not args.force and (wrong := _kept(target.folder, list(files), args.output)):
        return wrong
    try:
        if target.folder and not os.path.exists(args.output):
            _new_folder(os.path.normpath(args.output), artifact.files)
        else:
            for path, file in files.items():
                if target.folder:
                    os.makedirs(os.path.dirname(path), exist_ok=True)
                _replace(path, file)
    except OSError as problem:
        where = problem.filename if isinstance(problem.filename, str) else args.output
        message = f"`{args.output}` cannot be written: {problem.strerror}"
        hint = f"check the folder `{os.path.dirname(os.path.abspath(where))}` and its permissions"
        return Diagnostic("EV704", message, None, hint, path=args.output)
    return None


def _kept(folder: bool, files: list[str], output: str) -> Diagnostic | None:
    """Why what is in the place of an output is to be kept; None where nothing is, or what evdsl has made."""
    hint = "choose another place, or overwrite it with `--force`"
    if not os.path.lexists(output):
        return None
    if os.path.isdir(output) and not folder:
        return Diagnostic("EV704", f"`{output}` is a folder", None, "name a file in it", path=output)
    if folder and os.path.isdir(output):
        with suppress(OSError):
            if not os.listdir(output):
                return None
    elif folder:
        return Diagnostic("EV703", f"`{output}` is there and is no folder", None, hint, path=output)
    elif not os.path.isfile(output) and not os.path.islink(output):
        return None  # a terminal, a pipe: nothing is lost
    if any(_made_by_us(path) for path in files):
        return None
    return Diagnostic("EV703", f"`{output}` is there and was not made by evdsl", None, hint, path=output)


def _made_by_us(path: str) -> bool:
    from ..emit.target import MARK

    try:
        with open(path, "rb") as there:
            return MARK.encode() in there.read(_HEAD)
    except OSError:
        return False


def _new_folder(folder: str, files: Mapping[str, Output]) -> None:
    """A folder that is there whole or not at all."""
    import shutil

    beside = mkdtemp(prefix=".evdsl-", dir=os.path.dirname(folder) or ".")
    try:
        for path, file in sorted(files.items()):
            place = os.path.join(beside, *path.split("/"))
            os.makedirs(os.path.dirname(place), exist_ok=True)
            _replace(place, file)
        os.chmod(beside, 0o777 & ~_umask())
        os.rename(beside, folder)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def _replace(path: str, file: Output) -> None:
    """A new file beside the old one, which then takes its name. A link leads to the file that is meant."""
    path = os.path.realpath(path)
    if os.path.lexists(path) and not os.path.isfile(path):
        with open(path, "wb") as there:
            there.write(file.content)
        return
    number, beside = mkstemp(prefix=".evdsl-", dir=os.path.dirname(path))
    try:
        with open(number, "wb") as new:
            new.write(file.content)
            new.flush()
            os.fsync(number)
            os.fchmod(number, file.mode & ~_umask())
        os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
