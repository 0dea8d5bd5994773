"""Starts of ranks on a shared file system: the import storm."""

import argparse
import itertools
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from charts.names import plain
from checkout import run
from hpcpy.core import paths
from hpcpy.core.stages import stage
from hpcpy.images.command import ensure_image
from hpcpy_common.errors import UsageError
from hpcpy_common.options import counts, names
from measure import report, roots
from measure.roots import Base
from measure.samples import in_rounds
from sharedfs import machines
from sharedfs.configurations import CONFIGURATIONS, LEFT_OUT, Configuration, Images
from sharedfs.machines import Storm
from sharedfs.mounts import copy, open_root, size
from sharedfs.programs import PROGRAMS
from sharedfs.samples import Case, take

_NUMBERS = "1,2,4"
# Nodes take addresses of the bridge's 254; each has 16 made-up CPUs for ranks.
_NODES, _RANKS = 64, 16


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the measurement's arguments."""
    numbers = f"numbers with commas (default {_NUMBERS})"
    for name, help_ in (("--nodes", "how many nodes"), ("--ranks", "ranks on each")):
        parser.add_argument(name, type=counts, default=_NUMBERS, help=f"{help_}, {numbers}")
    every = ",".join(CONFIGURATIONS)
    help_ = f"some of {every} (default: all)"
    parser.add_argument("--configurations", type=names(*CONFIGURATIONS), default=every, help=help_)
    report.add_options(parser, samples=3, out=paths.BUILD)


def main(options: argparse.Namespace) -> int:
    """Measure, write ``storm.json`` and its picture, print a table."""
    if max(options.nodes) > _NODES or max(options.ranks) > _RANKS:
        raise UsageError(f"at most {_NODES} nodes, and {_RANKS} ranks on each")
    # Configurations side by side: what else the machine does is the same for all.
    sides = itertools.product(options.nodes, options.ranks, options.configurations)
    cases = [Case(name, "core", nodes, ranks) for nodes, ranks, name in sides]
    chosen = [CONFIGURATIONS[name] for name in options.configurations]
    # Before an image is built for an hour.
    paths.refuse_blanks("Slurm", machines.layout(1).folder)
    engine = machines.require()
    bases = roots.images(list(dict.fromkeys(way.image for way in chosen)), options.sif)
    images = _images(chosen, bases, engine["apptainer"].path)
    with report.work_folder() as work:
        facts = report.circumstances("storm", bases, work, engine)
        facts["configurations"] = {way.name: plain(way.name) for way in chosen}
        facts["programs"] = {"core": PROGRAMS["core"]}
        if images.file.name:
            receipt = images.file.with_name(f"{images.file.name}.json")
            facts["one_file"] = json.loads(receipt.read_text())
        with machines.running(machines.layout(max(options.nodes))) as storm:
            facts["bytes_on_disk"] = _filled(storm, images, chosen)
            samples: list[dict[str, Any]] = []
            facts["samples"] = samples

            def start(case: Case) -> None:
                both = take(storm, images, CONFIGURATIONS[case.configuration], case)
                samples.extend(sample.as_dict() for sample in both)

            try:
                in_rounds(cases, options.samples, start)
            except BaseException:
                if samples:
                    unfinished = options.out / "storm.unfinished.json"
                    report.write(unfinished, facts)
                    print(f"{unfinished} has what was measured", file=sys.stderr)
                raise
        return report.finish(facts, options.out, bases[-1], work)


def _images(chosen: Sequence[Configuration], bases: Sequence[Base], apptainer: Path) -> Images:
    """Return the images, unpacked where a configuration has files of them, and what it adds."""
    trees = {way.image for way in chosen if way.is_tree or way.is_packed or way.is_archive}
    root = {base.name: base.root for base in bases if base.name in trees}
    if "wheels" in trees:
        roots.add_venv(root["wheels"])
    if any(way.is_packed for way in chosen):
        roots.add_packed(root["wheels"])
    if any(way.is_archive for way in chosen):
        roots.add_archive(root["wheels"], LEFT_OUT)
    is_needed = any(way.folder == "file" for way in chosen)
    file = ensure_image("standalone", "hpcpy-core")[0] if is_needed else Path()
    return Images({base.name: base.sif for base in bases}, root, apptainer, file)


def _filled(storm: Storm, images: Images, chosen: Sequence[Configuration]) -> dict[str, int]:
    """Bring files onto the file system and the nodes; return each configuration's bytes."""
    with stage("fill the shared file system"):
        wanted = {way.name: [*way.files(images)] for way in chosen}
        # Several take the same file.
        copy(storm.own, storm.folder, dict.fromkeys(itertools.chain(*wanted.values())))
        for mount in storm.mounts:
            for root in images.root.values():
                open_root(mount, root)
        return {name: size(storm.own, storm.folder, files) for name, files in wanted.items()}


if __name__ == "__main__":
    sys.exit(run(declare, main, __doc__))
