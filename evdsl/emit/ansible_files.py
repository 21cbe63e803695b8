"""The files that a project brings along: scripts, sources of `copy`, templates rendered beforehand, roles."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping

from ..drivers.placing import Wrong
from ..drivers.template import render
from .target import Output

LARGEST = 64 * 1024 * 1024
"""Bytes that all files of a project may have together."""


class Unusable(Exception):
    """A file that cannot be brought along. The text says why."""


class Files:
    """The files of a project by path. `root`: the folder of the program; what is below it keeps its place there."""

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)
        self.made: dict[str, Output] = {}
        self._size = 0

    def script(self, path: str) -> str:
        """Bring a script along; its path in the project."""
        content, mode = self._read(path)
        return self._add("files", path, content, 0o755 if mode & 0o111 else 0o644)

    def source(self, path: str) -> str:
        """Bring the source of a `copy` along; its path in the project."""
        content, mode = self._read(path)
        return self._add("files", path, content, mode)

    def rendered(self, path: str, shown: str, names: Mapping[str, object], name: str) -> str:
        """Render a template and bring the result along, under the name of its step."""
        content, mode = self._read(path)
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            raise Unusable(f"the template `{shown}` is not UTF-8") from None
        try:
            result = render(text, os.path.abspath(path), shown, names)
        except Wrong as problem:
            raise Unusable(str(problem)) from None
        return self._put(f"files/rendered/{name}", result.encode("utf-8", "surrogateescape"), mode)

    def role(self, name: str) -> bool:
        """Bring a role along from the folder `roles` beside the program; whether there is one."""
        folder = os.path.join(self.root, "roles", name)
        if not os.path.isdir(folder):
            return False
        for at, folders, files in os.walk(folder):
            folders.sort()
            for file in sorted(files):
                path = os.path.join(at, file)
                content, mode = self._read(path)
                self._put("roles/" + os.path.relpath(path, os.path.join(self.root, "roles")), content, mode)
        return True

    def _add(self, under: str, path: str, content: bytes, mode: int) -> str:
        place = os.path.relpath(os.path.abspath(path), self.root)
        if place.split(os.sep)[0] == os.pardir:
            place = os.path.join("elsewhere", os.path.abspath(path).lstrip("/").replace("/", "_"))
        return self._put(f"{under}/{place}", content, mode)

    def _put(self, place: str, content: bytes, mode: int) -> str:
        there = self.made.get(place)
        if there is None:
            self._size += len(content)
            if self._size > LARGEST:
                raise Unusable(f"the files of the project have more than {LARGEST} bytes")
            self.made[place] = Output(content, mode & 0o777)
        elif there.content != content:
            return self._put(place + "_", content, mode)
        return place

    def _read(self, path: str) -> tuple[bytes, int]:
        try:
            file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as problem:
            raise Unusable(f"`{path}` cannot be read: {problem.strerror}") from None
        mode = os.fstat(file).st_mode
        if not stat.S_ISREG(mode):
            os.close(file)
            raise Unusable(f"`{path}` is {'a folder' if stat.S_ISDIR(mode) else 'no plain file'}")
        with open(file, "rb") as there:
            content = there.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise Unusable(f"`{path}` has more than {LARGEST} bytes")
        return content, stat.S_IMODE(mode)
