"""``hpcpy size [IMAGE] [--json]``: what an image is made of."""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from hpcpy.build.command import add_image
from hpcpy.build.graph import Image, the_graph
from hpcpy.build.layers import LayerFiles, read_contents
from hpcpy.build.oci import archive_path
from hpcpy.build.sif import sif_path
from hpcpy.errors import UnavailableError

LARGEST = 12
_SITE = re.compile(r"opt/hpcpy/lib/python[^/]+/site-packages/(?P<top>[^/]+)(?P<rest>/.*)?")
_RECORD = re.compile(_SITE.pattern.replace("(?P<rest>/.*)", r"\.dist-info/RECORD") + "$")
_PYTHON = "Python and its standard library"
_OTHERS = "other packages"
_MPI = "MPI"
_DEBIAN = "Debian's files"
_WORKLOADS = "workloads"
_REST = "all else"


@dataclass(frozen=True)
class Component:
    """One line of the table."""

    name: str
    size: int
    files: int


def rows(contents: LayerFiles) -> list[Component]:
    """Return what an image is made of, the largest Python packages by name.

    Parameters
    ----------
    contents
        What its archive holds, with the text of each ``RECORD``.
    """
    owners = _owners(contents.texts)
    named: dict[str, list[int]] = defaultdict(list)
    packages: dict[str, list[int]] = defaultdict(list)
    for path, entry in contents.files.items():
        package = _package(path, owners)
        # The workloads are no distribution, and get a row however small.
        where = packages if package not in ("", _WORKLOADS) else named
        where[package or _place(path)].append(entry.size)
    largest = sorted(packages, key=lambda name: (-sum(packages[name]), name))[:LARGEST]
    others = [size for name in packages if name not in largest for size in packages[name]]
    named |= {name: packages[name] for name in largest}
    named[f"{_OTHERS} ({len(packages) - len(largest)})"] = others
    order = [_PYTHON, *largest, *(n for n in named if n.startswith(_OTHERS))]
    order += [_MPI, _DEBIAN, _WORKLOADS, _REST]
    return [
        Component(name, sum(named[name]), len(named[name])) for name in order if named.get(name)
    ]


def _place(path: str) -> str:
    for prefix, name in (("opt/hpcpy/", _PYTHON), ("opt/mpich/", _MPI), ("opt/", _REST)):
        if path.startswith(prefix):
            return name
    # PoCL, PMIx and what wheels rely on keep Debian's paths.
    return _DEBIAN


def _package(path: str, owners: dict[str, str]) -> str:
    match = _SITE.match(path)
    if not match:
        return ""
    top = match["top"]
    # Libraries that a wheel brings along lie beside it: numpy.libs.
    return owners.get(top) or owners.get(top.removesuffix(".libs")) or _bare(top)


def _bare(top: str) -> str:
    return "" if top == "__pycache__" else top.removesuffix(".libs").removesuffix(".py")


def _owners(texts: dict[str, str]) -> dict[str, str]:
    """Return which distribution each name below site-packages belongs to.

    As pip recorded it: cupy, cupyx and cupy_backends are one package.  A name
    that several share belongs to the one with the most files.
    """
    claims: dict[str, Counter[str]] = defaultdict(Counter)
    for path, text in texts.items():
        folder = path.split("/")[-2]
        package = " ".join(folder.removesuffix(".dist-info").split("-")[:2])
        for line in text.splitlines():
            top = line.partition("/")[0] if "/" in line else line.partition(",")[0]
            if top not in ("..", "__pycache__"):
                claims[top][package] += 1
    return {top: counter.most_common(1)[0][0] for top, counter in claims.items()}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_image(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def main(options: argparse.Namespace) -> int:
    """Print a table, or JSON, of what the OCI archive of an image holds.

    Returns
    -------
    int
        0; problems are raised.
    """
    image = the_graph().image(options.image)
    archive = archive_path(image)
    if not archive.exists():
        raise UnavailableError(
            f"build/{archive.name} is not there",
            hint=f"build it: make image, or ./hpcpy build oci {image.name}",
        )
    contents = read_contents(archive, lambda path: bool(_RECORD.match(path)))
    print(_as_json(image, contents) if options.json else _as_table(image, contents))
    return 0


def _compressed(image: Image) -> dict[str, int]:
    candidates: list[Path] = [archive_path(image), sif_path(image)]
    return {path.name: path.stat().st_size for path in candidates if path.exists()}


def _as_table(image: Image, contents: LayerFiles) -> str:
    found = rows(contents)
    total = Component("total", sum(row.size for row in found), sum(row.files for row in found))
    lines = [f"{image.name + ', unpacked':34} {'MB':>8} {'files':>8} {'share':>7}"]
    for row in (*found, total):
        share = f"{row.size / max(total.size, 1):.1%}"
        lines.append(f"{row.name:34} {row.size / 1e6:8.1f} {row.files:8,} {share:>7}")
    lines.append("")
    for name, size in _compressed(image).items():
        lines.append(f"{name:34} {size / 1e6:8.1f} compressed")
    return "\n".join(lines)


def _as_json(image: Image, contents: LayerFiles) -> str:
    found = rows(contents)
    return json.dumps(
        {
            "image": image.name,
            "digest": contents.digest,
            "bytes": sum(row.size for row in found),
            "files": sum(row.files for row in found),
            "rows": [{"name": r.name, "bytes": r.size, "files": r.files} for r in found],
            "compressed": _compressed(image),
        },
        indent=1,
    )
