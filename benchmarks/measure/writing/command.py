"""Many files against one, on a disk, in memory and on MooseFS."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import shlex
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hpcpy.build.command import ensure_image
from hpcpy.build.stamps import read_stamp
from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.core.files import sha256, whole_file
from hpcpy.core.stages import stage
from hpcpy.engine.setup import ensure
from measure import report, writing_chart
from measure.samples import progress
from measure.targets import container
from measure.writing import places, ratios, rounds
from measure.writing.rounds import TASKS, Row
from workloads.harness import machine

_ROUNDS = 5
_IMAGE = "hpcpy"
_NAME = "write-places"


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the measurement's arguments."""
    parser.add_argument(
        "places",
        nargs="*",
        metavar="PLACE",
        help=f"a folder, or one of {', '.join(places.NAMES)} (default: these; disk is build/, "
        "memory /dev/shm, moosefs is started for it by root)",
    )
    parser.add_argument(
        "--rounds", type=int, default=_ROUNDS, help=f"samples of each (default {_ROUNDS})"
    )
    parser.add_argument("--sif", type=Path, help="the image (default: build/hpcpy.sif)")
    report.add_out(parser)


def main(options: argparse.Namespace) -> int:
    """Measure and write ``results/write-places.json``, a picture and the table of ``write.md``.

    Returns
    -------
    int
        0; problems are raised.
    """
    if options.rounds < ratios.LEAST:
        raise UsageError(f"--rounds {options.rounds}: an interval needs {ratios.LEAST}")
    if options.sif and not options.sif.is_file():
        raise UsageError(f"--sif {options.sif}: no such file")
    names, left_out = places.choose(options.places)
    for name, why in left_out.items():
        print(f"hpcpy: {name} IS LEFT OUT: {why}", file=sys.stderr)
    for name in names:
        places.require_room(name, TASKS)
    ensure("apptainer")
    sif = options.sif.absolute() if options.sif else ensure_image("sif", _IMAGE)[0]
    said = _circumstances(sif, names, left_out, options.words)
    with stage(f"{options.rounds} rounds at {', '.join(names)}") as current:
        show = progress(options.rounds * len(TASKS) * len(names))
        rows = rounds.measure(sif, names, options.rounds, show=show)
        show("")
        current.note = f"{len(rows)} kinds"
    found = ratios.ratios(rows)
    said["load_average_after"] = os.getloadavg()
    results = options.out / "results"
    _write(results / f"{_NAME}.json", said, rows, [one.as_dict() for one in found])
    _draw(results, sif)
    lines = ratios.table(found, names)
    report.write_page(paths.ROOT / "docs/write.md", options.out / "write.md", lines, "places")
    print(lines, end="")
    return 0


def _circumstances(
    sif: Path, names: Sequence[str], left_out: Mapping[str, str], words: Sequence[str]
) -> dict[str, Any]:
    tools = ensure("apptainer").found
    digest = read_stamp(sif).get("digest") or f"sha256:{sha256(sif)}"
    return {
        "benchmark": _NAME,
        "machine": machine.describe(),
        "load_average": os.getloadavg(),
        "tools": {name: str(tool.version) for name, tool in tools.items()},
        "image": {"name": _IMAGE, "digest": str(digest)},
        "places": {name: places.file_system(name) for name in names},
        "left_out": dict(left_out),
        "command": shlex.join(["./hpcpy", *words]),
    }


def _write(
    path: Path, said: Mapping[str, Any], rows: Sequence[Row], found: Sequence[dict[str, Any]]
) -> None:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    told = {**said, "date": now, "results": [row.as_dict() for row in rows], "ratios": found}
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


def _draw(results: Path, sif: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="hpcpy-writing.") as folder:
        work = Path(folder)
        work.chmod(0o755)
        drawing = container(_IMAGE, sif, work)
        program = Path(writing_chart.__file__)
        picture = results / f"{_NAME}.png"
        report.draw(results / f"{_NAME}.json", picture, drawing, work, program)
