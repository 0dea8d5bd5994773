"""``hpcpy docs [PAGE]``: the pages for users, which an image and the one file have, too."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.errors import UsageError, suggestion

# Those of results have an image's figures: in an image they would be about another one.
_KINDS = ("tutorials", "how-to", "reference", "explanation")
_CODE = re.compile(r"(?ms)^( *```.*?^ *```$)")
_COMMENT = re.compile(r"(?s)<!--.*?-->\n?")
_PICTURE = re.compile(r"!\[[^]]*\]\([^)]*\)\n*")
_LINK = re.compile(r"(?<!!)\[([^]]+)\]\(([^)\s]+)\)")


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
    # The address in a checkout is a name, too.
    name = options.page.removeprefix("docs/").removesuffix(".md")
    path = known.get(name) or by_address.get(name)
    if path is None:
        hint = suggestion(name, known, f"{paths.CALLED} docs lists them")
        raise UsageError(f"no page {options.page!r}", hint=hint)
    print(_shown(path, known), end="")
    return 0


def _title(path: Path) -> str:
    with path.open(encoding="utf-8") as lines:
        return next(lines).removeprefix("# ").rstrip()


def _shown(path: Path, known: dict[str, Path]) -> str:
    """Return a page without marks and pictures; a link in its prose names its page."""
    names = {page: name for name, page in known.items()}

    def link(match: re.Match[str]) -> str:
        text, target = match.groups()
        page = (path.parent / target.partition("#")[0]).resolve()
        if page in names and page != path:
            return f"{text} ({paths.CALLED} docs {names[page]})"
        return f"{text} ({target})" if "://" in target else text

    text = _COMMENT.sub("", path.read_text(encoding="utf-8"))
    parts = _CODE.split(text)
    parts[::2] = [_LINK.sub(link, _PICTURE.sub("", prose)) for prose in parts[::2]]
    return "".join(parts)
