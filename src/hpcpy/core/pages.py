"""``hpcpy docs [PAGE]``: the pages for users, which an image and the one file have, too."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from hpcpy.core import paths
from hpcpy_common.errors import UsageError, suggestion

# Those of results have an image's figures: in an image they would be about another one.
_KINDS = ("tutorials", "how-to", "reference", "explanation")
# Marks of tables and examples, and pictures.
_UNSEEN = re.compile(r"(?s)<!--.*?-->\n?|!\[[^]]*\]\([^)]*\)\n*")


def pages(root: Path) -> dict[str, Path]:
    """Return the pages of a checkout, or of a copy in an image, by their addresses in ``docs``."""
    files = (path for kind in _KINDS for path in sorted((root / "docs" / kind).glob("*.md")))
    return {f"{path.parent.name}/{path.stem}": path for path in files}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    help_ = "such as mpi or how-to/mpi; without one all are listed"
    parser.add_argument("page", nargs="?", default="", metavar="PAGE", help=help_)


def main(options: argparse.Namespace) -> int:
    """Print a page, or the names and titles of all."""
    known = pages(paths.ROOT)
    if not options.page:
        print("".join(f"{name:32} {_title(path)}\n" for name, path in known.items()), end="")
        return 0
    # As in a link of a page, or in a checkout; the last part alone is a name, too.
    address = options.page.partition("#")[0].removesuffix(".md")
    name = "/".join(address.split("/")[-2:])
    path = next((path for each, path in known.items() if name in (each, path.stem)), None)
    if path is None:
        names = [path.stem for path in known.values()]
        hint = suggestion(name, names, f"{paths.CALLED} docs lists them")
        raise UsageError(f"no page {options.page!r}", hint=hint)
    print(_UNSEEN.sub("", path.read_text(encoding="utf-8")), end="")
    return 0


def _title(path: Path) -> str:
    with path.open(encoding="utf-8") as lines:
        return next(lines).removeprefix("# ").rstrip()
