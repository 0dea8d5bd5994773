"""Messages between ranks inside of containers against outside."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import shlex
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hpcpy.build.command import ensure_image
from hpcpy.build.stamps import read_stamp
from hpcpy.core import paths
from hpcpy.core.errors import UnavailableError, UsageError
from hpcpy.core.files import sha256, whole_file
from hpcpy.core.stages import stage
from hpcpy.engine.setup import ensure
from measure import overhead_chart, report, roots
from measure.arrangements import ARRANGEMENTS, Places
from measure.pairs import GROUPS, LEAST, SIZES, Overhead, measure
from measure.ranks import BURST
from measure.targets import container
from workloads.harness import machine
from workloads.p2p.sizes import in_words

_LAUNCHES = 40
_IMAGE = "hpcpy"
# The shortest and the longest; the picture has all.
_SHOWN = (SIZES[0], SIZES[-1])


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the measurement's arguments."""
    parser.add_argument(
        "--launches",
        type=int,
        default=_LAUNCHES,
        metavar="N",
        help=f"of each row (default {_LAUNCHES})",
    )
    parser.add_argument(
        "--ranks", default=",".join(ARRANGEMENTS), help=f"default: {','.join(ARRANGEMENTS)}"
    )
    parser.add_argument("--sif", type=Path, help="the image (default: build/hpcpy.sif)")
    report.add_out(parser)


def main(options: argparse.Namespace) -> int:
    """Measure and write ``results/overhead.json``, a picture and the table of ``p2p.md``.

    Returns
    -------
    int
        0; problems are raised.
    """
    if options.launches < LEAST:
        raise UsageError(f"--launches {options.launches}: an interval needs {LEAST}")
    names = options.ranks.split(",")
    if unknown := sorted(set(names) - set(ARRANGEMENTS)):
        raise UsageError(f"--ranks {unknown[0]}: none of {', '.join(ARRANGEMENTS)}")
    if options.sif and not options.sif.is_file():
        raise UsageError(f"--sif {options.sif}: no such file")
    sif = options.sif.absolute() if options.sif else ensure_image("sif", _IMAGE)[0]
    with prepared(sif) as places:
        found = [_measured(name, places, options.launches) for name in names]
        results = options.out / "results"
        _write(results / "overhead.json", found, _circumstances(places, options.words))
        drawing = container(_IMAGE, sif, places.work)
        program = Path(overhead_chart.__file__)
        picture = results / "overhead.png"
        report.draw(results / "overhead.json", picture, drawing, places.work, program)
    report.write_page(paths.ROOT / "docs/p2p.md", options.out / "p2p.md", table(found))
    print(table(found), end="")
    return 0


@contextlib.contextmanager
def prepared(sif: Path) -> Iterator[Places]:
    """Give an image inside and outside, and a folder with what its ranks run.

    Raises
    ------
    UnavailableError
        Where two ranks cannot have a core each: they would wait for each other.
    """
    if machine.cores() < 2:
        raise UnavailableError("one core: two ranks that share it measure the kernel's scheduler")
    ensure("apptainer")
    digest = str(read_stamp(sif).get("digest") or f"sha256:{sha256(sif)}")
    root = roots.unpacked_root(_IMAGE, sif, digest)
    with tempfile.TemporaryDirectory(prefix="hpcpy-overhead.") as folder:
        work = Path(folder)
        work.chmod(0o755)
        shutil.copyfile(BURST, work / BURST.name)
        yield Places(sif, root, work)


def table(found: Sequence[Overhead]) -> str:
    """Return a table in Markdown: medians of all launches, and how much longer inside takes."""
    times = [f"{in_words(size)}, µs: outside | inside" for size in _SHOWN]
    groups = [f"{name}, {in_words(of[0])} … {in_words(of[-1])}" for name, of in GROUPS.items()]
    lines = [_row("ranks", *times, *groups), _row("---", *["--:"] * (2 * len(times) + len(groups)))]
    for one in found:
        medians = (
            f"{statistics.median(values[size]) * 1e6:,.2f}"
            for size in _SHOWN
            for values in (one.outside, one.inside)
        )
        more = (one.interval(sizes).percent() for sizes in GROUPS.values())
        lines.append(_row(one.arrangement.title, *medians, *more))
    return "\n".join(lines) + "\n"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _measured(name: str, places: Places, launches: int) -> Overhead:
    arrangement = ARRANGEMENTS[name]

    def enough(found: Overhead) -> bool:
        if sys.stderr.isatty():
            print(f"\r\033[K   {found.launches} of {launches}", end="\r", file=sys.stderr)
        return found.launches >= launches

    with stage(f"{launches} launches: {arrangement.title}") as current:
        found = measure(arrangement, places, enough)
        current.note = found.interval(SIZES).percent()
    return found


def _circumstances(places: Places, words: list[str]) -> dict[str, Any]:
    digest = read_stamp(places.sif).get("digest") or f"sha256:{sha256(places.sif)}"
    tools = ensure("apptainer").found
    return {
        "machine": machine.describe(),
        "tools": {name: str(tool.version) for name, tool in tools.items()},
        "image": {"name": _IMAGE, "digest": str(digest)},
        "command": shlex.join(["./hpcpy", *words]),
    }


def _write(path: Path, found: Sequence[Overhead], circumstances: dict[str, Any]) -> None:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    # Of the last fifteen minutes: how much else the machine did.
    circumstances["load_average"] = os.getloadavg()
    results = [one.as_dict() for one in found]
    told = {"benchmark": "overhead", **circumstances, "date": now, "results": results}
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
