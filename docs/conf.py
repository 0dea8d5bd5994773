"""Sphinx's configuration: the checkout's own Markdown, grouped as the README groups it.

The pages have no syntax of Sphinx's, so that a forge shows them whole. What Sphinx
needs beyond them, a table of contents, is made here of the README's last list.
"""

from __future__ import annotations

import re
from typing import Any

# `- **Use**: [pack](docs/pack.md) · …`: a reader, and pages for that reader.
_GROUP = re.compile(r"^- \*\*(\w+)\*\*: (.*)$", re.MULTILINE)
_PAGE = re.compile(r"\]\(([\w./-]+)\.md\)")

project = "hpcpy"
html_title = "hpcpy"
extensions = ["myst_parser"]
root_doc = "README"
include_patterns = ["*.md", "docs/*.md", "src/interp/features/README.md"]
# Not looked into at all: the first two have any number of files.
exclude_patterns = ["build", ".*", "containers", "env", "recipes", "tests"]
# A link to a heading has the name that a forge gives it.
myst_heading_anchors = 6
# A broken link ends the build; a skipped level of headings, or a `…` in TOML, does not.
suppress_warnings = ["myst.header", "misc.highlighting_failure"]
# For a block that names no language: Python's colours would be wrong in most.
highlight_language = "none"
html_theme = "furo"
html_show_sourcelink = False
html_copy_source = False
html_show_copyright = False
# A summary would be fetched from the page found, which no browser does for a local file.
html_show_search_summary = False


def groups(readme: str) -> dict[str, list[str]]:
    """Return the readers that the README names, and the pages for each.

    Parameters
    ----------
    readme
        Its text.

    Examples
    --------
    >>> groups("- **Use**: [own packages](docs/bake.md) · [licence](LICENSE)")
    {'Use': ['docs/bake']}
    """
    return {reader: _PAGE.findall(links) for reader, links in _GROUP.findall(readme)}


def _add_contents(app: Any, name: str, text: list[str]) -> None:
    if name != root_doc:
        return
    grouped = groups(text[0])
    # A page that the README does not name yet is to be found all the same.
    known = {root_doc, *(page for pages in grouped.values() for page in pages)}
    grouped["Other"] = sorted(app.env.found_docs - known)
    for reader, pages in grouped.items():
        lines = [f":caption: {reader}", ":hidden:", "", *pages]
        text[0] += "\n".join(["\n\n```{toctree}", *lines, "```\n"])


def setup(app: Any) -> None:
    """Have Sphinx add the groups when it reads the README."""
    app.connect("source-read", _add_contents)
