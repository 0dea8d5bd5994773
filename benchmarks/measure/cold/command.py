"""Starts on a fresh mount, image against image."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import shlex
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpcpy.build.command import ensure_image
from hpcpy.build.stamps import read_stamp
from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.core.files import sha256, whole_file
from hpcpy.core.stages import stage
from hpcpy.engine.setup import ensure
from measure import cold_chart, report
from measure.added import Base, added, eight
from measure.cold import mounts, rounds, table
from measure.cold.sample import CACHED, DROPPED, SLOW
from measure.targets import container
from workloads.harness import machine

_SAMPLES, _BURSTS = 8, 3
_IMAGES = ("wheels", "hpcpy")
STORAGES = (CACHED, DROPPED, SLOW)


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the measurement's arguments."""
    help_ = f"of each start ({_SAMPLES})"
    parser.add_argument("--samples", type=int, default=_SAMPLES, metavar="N", help=help_)
    parser.add_argument(
        "--bursts", type=int, default=_BURSTS, help=f"bursts of 16 starts at once ({_BURSTS})"
    )
    parser.add_argument("--mounts", help=f"default: {','.join(mounts.TITLES)}, as far as possible")
    parser.add_argument(
        "--storages", default=",".join(STORAGES), help=f"of {','.join(STORAGES)} (default: all)"
    )
    parser.add_argument(
        "--sif", action="append", default=[], metavar="NAME=FILE", help="measure this SIF as NAME"
    )
    parser.add_argument(
        "--packages",
        action="store_true",
        help="measure images with the eight libraries of docs/bake.md, baked and installed",
    )
    report.add_out(parser)


def main(options: argparse.Namespace) -> int:
    """Measure and write ``results/cold.json``, a picture and the table of ``startup-cold.md``.

    With ``--packages``: ``results/cold-packages.json`` and its table.

    Returns
    -------
    int
        0; problems are raised.
    """
    _check(options)
    ensure("apptainer")
    # What else the machine does: at the end it would be that of sixteen ranks.
    told: dict[str, Any] = {"benchmark": "cold", "load_average": os.getloadavg()}
    bases = _images(options.sif)
    name, mark = ("cold-packages", "packages") if options.packages else ("cold", "table")
    results = options.out / "results"
    with tempfile.TemporaryDirectory(prefix="hpcpy-cold.") as folder:
        work = Path(folder)
        images = (
            {one.name: _with_packages(one) for one in bases}
            if options.packages
            else {one.name: one for one in bases}
        )
        found, text = _measured(options, images, work)
        told |= _circumstances(images, options.words) | found
        with whole_file(results / f"{name}.json") as temporary:
            temporary.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
        if not options.packages:
            drawing = container(_IMAGES[1], images[_IMAGES[1]].sif, work)
            picture = results / "cold.png"
            report.draw(results / "cold.json", picture, drawing, work, Path(cold_chart.__file__))
    page = options.out / "startup-cold.md"
    report.write_page(paths.ROOT / "docs/startup-cold.md", page, text, mark)
    print(text, end="")
    return 0


def _measured(
    options: argparse.Namespace, images: Mapping[str, Base], work: Path
) -> tuple[dict[str, Any], str]:
    """Return all samples for the JSON, and their tables."""
    programs = rounds.WITH_PACKAGES if options.packages else rounds.PROGRAMS
    storages = options.storages.split(",")
    ways = options.mounts.split(",") if options.mounts else mounts.names()
    mounted = [
        mounts.mounted(way, one.name, one.sif, one.digest, work)
        for way in ways
        for one in images.values()
    ]
    with stage(f"{options.samples} starts of each") as current:
        found = rounds.starts(mounted, storages, options.samples, programs)
        current.note = f"{len(found)} kinds"
    sifs = {name: one.sif for name, one in images.items()}
    touches = rounds.touches(sifs, programs) if os.geteuid() == 0 else []
    tables = [table.of_starts(found)]
    told = {"results": [one.as_dict() for one in found], "touched": touches}
    if not options.packages:
        # By the first mount alone, and not with the file in memory: for all ranks but the
        # first it is there in any case.
        far = [storage for storage in storages if storage != CACHED]
        bursts = rounds.bursts(mounted[: len(sifs)], far, options.bursts)
        tables += [table.of_processors(found), table.of_touches(touches), table.of_bursts(bursts)]
        told["bursts"] = [one.as_dict() for one in bursts]
    return told, "\n".join(tables)


def _check(options: argparse.Namespace) -> None:
    if options.samples < 1 or options.bursts < 0:
        raise UsageError("--samples: at least 1; --bursts: at least 0")
    for option, given, known in (
        ("--mounts", options.mounts, [*mounts.TITLES]),
        ("--storages", options.storages, [*STORAGES]),
    ):
        for one in (given or known[0]).split(","):
            if one not in known:
                raise UsageError(f"{option} {one}: none of {', '.join(known)}")
    for name, _, file in (one.partition("=") for one in options.sif):
        if name not in _IMAGES:
            raise UsageError(f"--sif {name}=…: there are {', '.join(_IMAGES)}")
        if not Path(file).is_file():
            raise UsageError(f"--sif {name}={file}: no such file")


def _images(given: list[str]) -> list[Base]:
    files = dict(one.partition("=")[::2] for one in given)
    sifs = {
        name: Path(files[name]).absolute() if name in files else ensure_image("sif", name)[0]
        for name in _IMAGES
    }
    return [Base(name, sif, _digest(sif)) for name, sif in sifs.items()]


def _with_packages(base: Base) -> Base:
    apptainer = ensure("apptainer").apptainer
    return added(base, "the eight libraries", lambda folder, _: eight(folder), apptainer)


def _digest(sif: Path) -> str:
    return str(read_stamp(sif).get("digest") or f"sha256:{sha256(sif)}")


def _circumstances(images: Mapping[str, Base], words: list[str]) -> dict[str, Any]:
    tools = ensure("apptainer").found
    return {
        "machine": machine.describe(),
        "tools": {name: str(tool.version) for name, tool in tools.items()},
        "images": {name: one.digest for name, one in images.items()},
        "storage": {"rate": rounds.RATE, "delay": rounds.DELAY},
        # What a page fault and a read bring in besides: it decides much of what is read.
        "read_ahead_kb": {
            file.parts[3]: int(file.read_text())
            for file in sorted(Path("/sys/block").glob("*/queue/read_ahead_kb"))
        },
        "command": shlex.join(["./hpcpy", *words]),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
