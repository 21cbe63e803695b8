"""What mkdocs does not do by itself: patterns in the table of contents, and links to folders.

A link to a folder, as the pages have them for readers of the checkout, leads to the page of that folder on the site.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_LINK = re.compile(r"\]\(([^)#\s:]+)\)")


def on_config(config: Any) -> Any:
    """`docs/x*.md` in the table of contents stands for all such pages that it does not name, in their order."""
    named: set[str] = set()
    _each(config.nav, lambda name: named.add(name) or [name])
    top = Path(config.docs_dir)

    def found(name: str) -> list[str]:
        if "*" not in name:
            return [name]
        new = [p for p in sorted(str(p.relative_to(top)) for p in top.glob(name)) if p not in named]
        named.update(new)
        return new

    config.nav = _each(config.nav, found)
    return config


def _each(nav: Any, of: Any) -> Any:
    """The table of contents with each page replaced by a list of pages. A section that has none goes."""
    if isinstance(nav, str):
        return of(nav)
    if isinstance(nav, dict):
        (title, inner), *_ = nav.items()
        if isinstance(inner, str):
            return [nav] if of(inner) else []
        pages = _each(inner, of)
        return [{title: pages}] if pages else []
    return [page for part in nav for page in _each(part, of)]


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    here = Path(config.docs_dir, page.file.src_uri).parent

    def led(link: re.Match[str]) -> str:
        return f"]({link[1].rstrip('/')}/README.md)" if (here / link[1]).is_dir() else link[0]

    return _LINK.sub(led, markdown)
