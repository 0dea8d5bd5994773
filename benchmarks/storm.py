"""Starts of ranks on a shared file system: the import storm."""

import argparse
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from charts.names import plain
from checkout import run
from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.core.stages import stage
from hpcpy.images.command import ensure_image
from hpcpy_common.options import counts, names
from measure import report, roots
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
    cases = [Case(name, "core", count, each) for count, each, name in sides]
    chosen = [CONFIGURATIONS[name] for name in options.configurations]
    # Before an image is built for an hour.
    paths.refuse_blanks("Slurm", machines.layout(1).folder)
    engine = machines.require()
    bases = roots.images(list(dict.fromkeys(one.image for one in chosen)), options.sif)
    trees = {one.image for one in chosen if one.is_tree or one.is_packed or one.is_archive}
    is_needed = any(one.folder == "file" for one in chosen)
    file = ensure_image("standalone", "hpcpy-core")[0] if is_needed else Path()
    images = Images(
        {one.name: one.sif for one in bases},
        {one.name: one.root for one in bases if one.name in trees},
        engine["apptainer"].path,
        file,
    )
    if "wheels" in trees:
        roots.add_venv(images.root["wheels"])
    if any(one.is_packed for one in chosen):
        roots.add_packed(images.root["wheels"])
    if any(one.is_archive for one in chosen):
        roots.add_archive(images.root["wheels"], LEFT_OUT)
    with report.work_folder() as work:
        facts = report.circumstances("storm", bases, work, engine)
        facts["configurations"] = {one.name: plain(one.name) for one in chosen}
        facts["programs"] = {"core": PROGRAMS["core"]}
        with machines.running(machines.layout(max(options.nodes))) as storm:
            facts["bytes_on_disk"] = _filled(storm, images, chosen)
            samples: list[dict[str, Any]] = []
            facts["samples"] = samples

            def one(case: Case) -> None:
                found = take(storm, images, CONFIGURATIONS[case.configuration], case)
                samples.extend(sample.as_dict() for sample in found)

            try:
                in_rounds(cases, options.samples, one)
            except BaseException:
                if samples:
                    unfinished = options.out / "storm.unfinished.json"
                    report.write(unfinished, facts)
                    print(f"{unfinished} has what was measured", file=sys.stderr)
                raise
        return report.finish(facts, options.out, bases[-1], work)


def _filled(storm: Storm, images: Images, chosen: Sequence[Configuration]) -> dict[str, int]:
    """Bring files onto the file system and the nodes; return each configuration's bytes."""
    with stage("fill the shared file system"):
        wanted = {one.name: [*one.files(images)] for one in chosen}
        # Several take the same file.
        copy(storm.own, storm.folder, dict.fromkeys(itertools.chain(*wanted.values())))
        for mount in storm.mounts:
            for root in images.root.values():
                open_root(mount, root)
        return {name: size(storm.own, storm.folder, files) for name, files in wanted.items()}


if __name__ == "__main__":
    sys.exit(run(declare, main, __doc__))
