"""``hpcpy docs [PAGE]``: the pages for users, which an image and the one file have, too."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.errors import UsageError, suggestion

# Those of results have an image's figures: in an image they would be about another one.
_KINDS = ("tutorials", "how-to", "reference", "explanation")
# Marks of tables and examples, and pictures.
_UNSEEN = re.compile(r"(?s)<!--.*?-->\n?|!\[[^]]*\]\([^)]*\)\n*")


def pages(root: Path) -> dict[str, Path]:
    """Return the pages of a checkout, or of a copy in an image, by the names of ``docs``."""
    by_name: dict[str, Path] = {}
    for path in (path for kind in _KINDS for path in sorted((root / "docs" / kind).glob("*.md"))):
        by_name[path.stem if path.stem not in by_name else f"{path.parent.name}/{path.stem}"] = path
    return by_name


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    help_ = "such as mpi or how-to/mpi; without one all are listed"
    parser.add_argument("page", nargs="?", default="", metavar="PAGE", help=help_)


def main(options: argparse.Namespace) -> int:
    """Print a page, or the names and titles of all."""
    known = pages(paths.ROOT)
    by_address = {f"{path.parent.name}/{path.stem}": path for path in known.values()}
    if not options.page:
        print("".join(f"{name:26} {_title(path)}\n" for name, path in known.items()), end="")
        return 0
    # The address in a link of a page, or in a checkout, is a name, too.
    address = options.page.partition("#")[0].removesuffix(".md")
    name = "/".join(address.split("/")[-2:])
    path = known.get(name) or by_address.get(name)
    if path is None:
        hint = suggestion(name, known, f"{paths.CALLED} docs lists them")
        raise UsageError(f"no page {options.page!r}", hint=hint)
    print(_UNSEEN.sub("", path.read_text(encoding="utf-8")), end="")
    return 0


def _title(path: Path) -> str:
    with path.open(encoding="utf-8") as lines:
        return next(lines).removeprefix("# ").rstrip()
