"""The driver `template`: a file rendered with Jinja2.

A template sees the names of section 1 of docs/language.md, without the secrets, and what its option `env` gives: so a
secret gets into a file where its author says so, `env = {TOKEN = token}` and `{{ TOKEN }}`, and what differs in such a
file is not shown. A name that has no value is a fault, never an empty text. Templates are rendered in Jinja2's
sandbox: a dry run renders them too. They can include files from their own folder and below it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from .file import Content, FileDriver, holds_secret, names_for, of_bytes, opened
from .job import Job
from .placing import Wrong


def _rendered(job: Job, source: str) -> Content:
    file, mode = opened(job, source)
    with file:
        written = file.read()
    try:
        text = written.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = written.count(b"\n", 0, problem.start) + 1
        raise Wrong(f"the template `{source}` is not UTF-8 (line {line})") from None
    path = os.path.abspath(os.path.join(job.folder, source))
    content = render(text, path, source, names_for(job)).encode("utf-8", "surrogateescape")
    return of_bytes(content, mode, holds_secret(content, job.secrets))


def render(text: str, path: str, shown: str, names: Mapping[str, object]) -> str:
    """The text of a template with its names filled in. Raises Wrong, naming the line."""
    from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound, TemplateSyntaxError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,
        keep_trailing_newline=True,
        newline_sequence="\r\n" if "\r\n" in text else "\n",
        loader=FileSystemLoader(os.path.dirname(path)),
    )
    try:
        code = environment.compile(text, os.path.basename(path), path)
        template = environment.template_class.from_code(environment, code, environment.make_globals(None))
        return template.render(**names)
    except TemplateSyntaxError as problem:
        place = shown if problem.filename in (None, path) else problem.filename
        raise Wrong(f"{place}:{problem.lineno}: {problem.message}") from None
    except TemplateNotFound as problem:
        said = f"there is no `{problem.name}` in its folder or below"
        raise Wrong(f"{_where(problem, path, shown)}: {said}") from None
    except TemplateError as problem:
        raise Wrong(f"{_where(problem, path, shown)}: {problem.message or type(problem).__name__}") from None
    except Exception as problem:  # whatever an expression of a template can raise
        said = str(problem) or type(problem).__name__
        raise Wrong(f"{_where(problem, path, shown)}: {said}") from None


def _where(problem: Exception, path: str, shown: str) -> str:
    """File and line of the innermost line of a template that it came from."""
    folder = os.path.dirname(path) + os.sep
    found, trace = shown, problem.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file == path:
            found = f"{shown}:{trace.tb_lineno}"
        elif file.startswith(folder) and not file.endswith(".py"):
            found = f"{os.path.join(os.path.dirname(shown), file[len(folder) :])}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found


driver = FileDriver("template", _rendered)
