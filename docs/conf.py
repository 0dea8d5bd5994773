"""Sphinx's configuration: the checkout's own Markdown, a group a kind of page.

The pages have no syntax of Sphinx's, so that a forge shows them whole. What Sphinx
needs beyond them, a table of contents, is made here of the folders.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

# In the order in which a reader needs them.
_KINDS = {
    "Tutorials": "docs/tutorials/",
    "How to": "docs/how-to/",
    "Reference": "docs/reference/",
    "Explanation": "docs/explanation/",
    "Results": "docs/results/",
    "Project": "",
}

project = "hpcpy"
html_title = "hpcpy"
extensions = ["myst_parser"]
root_doc = "README"
_FEATURES = ("src/interp/features/README.md", "src/interp/features/*/README.md")
include_patterns = ["*.md", "docs/*/*.md", *_FEATURES]
# Not looked into at all: the first two have any number of files.
exclude_patterns = ["build", ".*", "containers", "env", "recipes", "tests"]
# A link to a heading has the name that a forge gives it.
myst_heading_anchors = 6
# A broken link ends the build; a skipped level of headings, or a `…` in TOML, does not.
# Maintainers' lists and features are in no table of contents: CONTRIBUTING links to them.
suppress_warnings = ["myst.header", "misc.highlighting_failure", "toc.not_included"]
_APART = ("docs/maintainers/", "src/interp/features/")
# For a block that names no language: Python's colours would be wrong in most.
highlight_language = "none"
html_theme = "furo"
html_show_sourcelink = False
html_copy_source = False
html_show_copyright = False
# A summary would be fetched from the page found, which no browser does for a local file.
html_show_search_summary = False


def _add_contents(app: Any, name: str, text: list[str]) -> None:
    if name != root_doc:
        return
    listed = Path(app.srcdir, "README.md").read_text(encoding="utf-8").split("## Pages")[1]
    linked = re.findall(r"\]\(([^)#]+)\.md", listed)
    # As the README's last section lists them; the others after these, by name.
    order = {page: at for at, page in enumerate(linked)}
    left = {page for page in app.env.found_docs if not page.startswith(_APART)} - {root_doc}
    for kind, folder in _KINDS.items():
        mine = sorted(page for page in left if page.startswith(folder))
        pages = sorted(mine, key=lambda page: order.get(page, len(order)))
        left -= set(pages)
        lines = [f":caption: {kind}", ":hidden:", "", *pages]
        text[0] += "\n".join(["\n\n```{toctree}", *lines, "```\n"])


def setup(app: Any) -> None:
    """Have Sphinx add the groups when it reads the README."""
    app.connect("source-read", _add_contents)
