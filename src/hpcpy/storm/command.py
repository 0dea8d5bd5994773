"""``hpcpy storm``: the import storm on a real file system with a metadata server."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import shlex
import sys
import tempfile
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hpcpy import paths
from hpcpy.build.command import have
from hpcpy.build.stamps import read_stamp
from hpcpy.engine.setup import ensure
from hpcpy.errors import UsageError
from hpcpy.files import sha256, whole_file
from hpcpy.launch.request import meant
from hpcpy.measure import roots
from hpcpy.measure.cold.mounts import squash
from hpcpy.measure.report import draw
from hpcpy.measure.targets import container
from hpcpy.stages import stage
from hpcpy.storm import machines, report, storm_chart
from hpcpy.storm.configurations import CONFIGURATIONS, Images
from hpcpy.storm.measure import CLIENTS, Plan, measure, prepare
from hpcpy.storm.programs import PROGRAMS, PYNAMIC
from hpcpy.storm.samples import Sample
from workloads.harness import machine

_NUMBERS = "1,2,4"
_REPETITIONS = 3
_PROGRAM = "core"
# Of the bridge's addresses; 16 made-up CPUs a node.
_MOST = {"nodes": 64, "ranks": 16}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    numbers = f"numbers with commas (default {_NUMBERS})"
    parser.add_argument("--nodes", default=_NUMBERS, help=f"how many nodes, {numbers}")
    parser.add_argument("--ranks", default=_NUMBERS, help=f"ranks on each, {numbers}")
    parser.add_argument(
        "--configurations", default=",".join(CONFIGURATIONS), help="all by default: %(default)s"
    )
    parser.add_argument(
        "--programs", default=_PROGRAM, help=f"of {','.join(PROGRAMS)} (default {_PROGRAM})"
    )
    parser.add_argument("--repetitions", type=int, default=_REPETITIONS, help="default %(default)s")
    parser.add_argument(
        "--client",
        default="shipped",
        help=f"what a node keeps of names: {' or '.join(CLIENTS)} (default %(default)s)",
    )
    parser.add_argument(
        "--out", type=paths.folder, default=paths.BUILD, help="where storm.json and storm.png go"
    )


def main(options: argparse.Namespace) -> int:
    """Measure, write ``storm.json`` and ``storm.png``, and print a table.

    Returns
    -------
    int
        0; problems are raised.
    """
    plan = Plan(
        _names(options.configurations, CONFIGURATIONS, "configuration"),
        _names(options.programs, PROGRAMS, "program"),
        _numbers(options.nodes, "nodes"),
        _numbers(options.ranks, "ranks"),
        options.repetitions,
        *_names(options.client, CLIENTS, "client"),
    )
    if plan.repetitions < 1:
        raise UsageError(f"--repetitions {plan.repetitions}: at least one is needed")
    if PYNAMIC in plan.programs and not all(
        CONFIGURATIONS[name].is_tree for name in plan.configurations
    ):
        trees = ",".join(name for name, one in CONFIGURATIONS.items() if one.is_tree)
        hint = f"--configurations {trees}"
        raise UsageError(f"the program {PYNAMIC} is files beside a tree of files", hint=hint)
    # Before an image is built for an hour.
    paths.refuse_blanks("Slurm", machines.layout(1).folder)
    engine = machines.require()
    images = have_images(plan, engine.apptainer)
    tools = {name: str(tool.version) for name, tool in engine.found.items()}
    unfinished = options.out / "storm.unfinished.json"
    circumstances = _circumstances(plan, images, tools, options.words)
    try:
        with machines.running(machines.layout(max(plan.nodes))) as storm:
            with stage("fill the shared file system"):
                prepare(storm, images, plan)
            unfinished.unlink(missing_ok=True)
            with stage(f"{len(plan.cases())} cases, {plan.repetitions} times") as current:
                keep = partial(_write, unfinished, circumstances)
                samples = measure(storm, images, plan, current, keep)
        unfinished.rename(options.out / "storm.json")
    finally:
        if unfinished.exists():
            print(f"{unfinished} has what was measured", file=sys.stderr)
    _draw(options.out / "storm.json", images)
    print(report.table(samples), end="")
    return 0


def have_images(plan: Plan, apptainer: Path) -> Images:
    """Have a plan's images as files and unpacked."""
    if plan.squashed:
        ensure("podman-hpc")
    sif: dict[str, Path] = {}
    root: dict[str, Path] = {}
    for name in plan.images:
        sif[name], _, _ = have("sif", name)
        root[name] = roots.unpacked_root(name, sif[name], _digest(sif[name]))
        if name == "wheels":
            roots.add_venv(root[name])
    made = {name: squash(name, sif[name], _digest(sif[name])) for name in plan.squashed}
    return Images(sif, root, apptainer, made)


def _digest(sif: Path) -> str:
    return str(read_stamp(sif).get("digest") or f"sha256:{sha256(sif)}")


def _names(text: str, known: Iterable[str], what: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if unknown := [name for name in names if name not in known]:
        raise UsageError(f"no {what} {unknown[0]!r}", hint=meant(unknown[0], list(known)))
    return list(dict.fromkeys(names))


def _numbers(text: str, what: str) -> list[int]:
    words = text.split(",")
    most = _MOST[what]
    if not all(word.strip().isdecimal() and 1 <= int(word) <= most for word in words):
        raise UsageError(f"--{what} {text}: numbers from 1 to {most}, with commas between")
    return sorted({int(word) for word in words})


def _circumstances(
    plan: Plan, images: Images, tools: dict[str, str], words: list[str]
) -> dict[str, Any]:
    return {
        "benchmark": "storm",
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": shlex.join(["./hpcpy", *words]),
        "machine": machine.describe(),
        "load_average": os.getloadavg(),
        "tools": tools,
        "images": {name: _digest(sif) for name, sif in images.sif.items()},
        "client": plan.client,
        "client_options": CLIENTS[plan.client],
        "configurations": {name: CONFIGURATIONS[name].title for name in plan.configurations},
        "programs": {name: PROGRAMS[name] for name in plan.programs},
    }


def _write(path: Path, circumstances: dict[str, Any], samples: Sequence[Sample]) -> None:
    told = {**circumstances, "samples": [sample.as_dict() for sample in samples]}
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


def _draw(path: Path, images: Images) -> None:
    # Any of them has matplotlib.
    name, sif = next(iter(images.sif.items()))
    with tempfile.TemporaryDirectory(prefix="hpcpy-storm.") as folder:
        work = Path(folder)
        work.chmod(0o755)
        picture = path.with_suffix(".png")
        draw(path, picture, container(name, sif, work), work, Path(storm_chart.__file__))
    print(f"{path} and {path.with_suffix('.png').name} have all of it", file=sys.stderr)
