"""The import storm on a real file system with a metadata server."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence

from hpcpy import paths
from hpcpy.errors import UsageError, suggestion
from hpcpy.launch.options import OF_A_JOB, add_options
from hpcpy.stages import stage
from sharedfs import machines, record, report, site_script
from sharedfs.added import PACKAGES
from sharedfs.configurations import CONFIGURATIONS
from sharedfs.images import have_images
from sharedfs.measure import CLIENTS, SHIPPED, Plan, measure, prepare
from sharedfs.programs import PROGRAMS, PYNAMIC, PYNAMIC_IN_IMAGE
from sharedfs.pynamic import llnl
from sharedfs.samples import Sample

_NUMBERS = "1,2,4"
_REPETITIONS = 3
_PROGRAM = "core"
# podman-hpc is installed for it, and a start takes several times as long as any other.
_CONFIGURATIONS = ",".join(one.name for one in CONFIGURATIONS.values() if not one.needs_podman_hpc)
# Nodes take addresses of the bridge's 254; each has 16 made-up CPUs for ranks.
_MOST = {"nodes": 64, "ranks": 16}
_MOST_AT_A_SITE = 1_000_000


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    numbers = f"numbers with commas (default {_NUMBERS})"
    parser.add_argument("--nodes", default=_NUMBERS, help=f"how many nodes, {numbers}")
    parser.add_argument("--ranks", default=_NUMBERS, help=f"ranks on each, {numbers}")
    parser.add_argument(
        "--configurations",
        default=_CONFIGURATIONS,
        help=f"of {','.join(CONFIGURATIONS)} (default: all but podman-hpc's)",
    )
    parser.add_argument(
        "--programs",
        default=_PROGRAM,
        help=f"of {','.join(PROGRAMS)} (default {_PROGRAM}); {' and '.join(PACKAGES)}: build "
        "larger images: minutes and a gigabyte each",
    )
    parser.add_argument(
        "--repetitions",
        type=int,
        default=_REPETITIONS,
        metavar="N",
        help="of each case (default %(default)s)",
    )
    parser.add_argument(
        "--client",
        default=SHIPPED,
        help=f"how a node caches names: {' or '.join(CLIENTS)} (default %(default)s)",
    )
    help_ = "a checkout of LLNL's Pynamic, for the programs of that name (default: one of our own)"
    parser.add_argument("--pynamic", type=paths.folder, metavar="FOLDER", help=help_)
    parser.add_argument(
        "--out", type=paths.folder, default=paths.BUILD, help="where storm.json and storm.png go"
    )
    site = parser.add_argument_group(
        "at a site",
        "with --site a script for sbatch is written; docs/sites.md explains the values",
    )
    add_options(site, OF_A_JOB)
    help_ = "where on the shared file system to copy to (default: that of --out)"
    site.add_argument("--folder", default="", help=help_)
    site.add_argument(
        "--in-job", action="store_true", help="measure now: for the script that --site writes"
    )


def main(options: argparse.Namespace) -> int:
    """Measure, write ``storm.json`` and ``storm.png``, and print a table.

    With ``SITE=…`` write a script instead, which does so in a job there.

    Returns
    -------
    int
        0; problems are raised.
    """
    is_here = not (options.in_job or site_script.job_options(options))
    plan = Plan(
        _names(options.configurations, CONFIGURATIONS, "configuration"),
        _names(options.programs, PROGRAMS, "program"),
        _numbers(options.nodes, "nodes", is_here=is_here),
        _numbers(options.ranks, "ranks", is_here=is_here),
        options.repetitions,
        _names(options.client, CLIENTS, "client")[0],
        options.pynamic,
    )
    _check(plan)
    if not is_here:
        return site_script.main(options, plan)
    # Before an image is built for an hour.
    paths.refuse_blanks("Slurm", machines.layout(1).folder)
    engine = machines.require()
    images = have_images(plan, engine.apptainer)
    more = {
        "tools": {name: str(tool.version) for name, tool in engine.found.items()},
        "client": plan.client,
        "client_options": CLIENTS[plan.client],
    }
    said = record.circumstances(plan, images, options.words, more)

    def measured(keep: record.Keep) -> list[Sample]:
        with machines.running(machines.layout(max(plan.nodes))) as storm:
            with stage("fill the shared file system"):
                said["bytes_on_disk"] = prepare(storm, images, plan)
            with stage(f"{len(plan.cases())} cases, {plan.repetitions} times") as current:
                return measure(storm, images, plan, current, keep)

    path = options.out / "storm.json"
    samples = record.recorded(path, said, measured)
    record.pictured(path, images)
    print(report.table(samples, said["bytes_on_disk"]), end="")
    return 0


def _check(plan: Plan) -> None:
    if plan.pynamic:
        llnl.sources(plan.pynamic)
        if not {PYNAMIC, PYNAMIC_IN_IMAGE} & {*plan.programs}:
            raise UsageError(
                f"no program runs on {plan.pynamic}",
                hint=f"--programs {PYNAMIC} or {PYNAMIC_IN_IMAGE}",
            )
    if plan.repetitions < 1:
        raise UsageError(f"--repetitions {plan.repetitions}: at least one is needed")
    known = CONFIGURATIONS.values()
    if PYNAMIC in plan.programs:
        why = f"the program {PYNAMIC} is files beside a tree of files"
        _refuse_others(plan, why, [one.name for one in known if one.is_tree])
    if plan.adding:
        why = f"podman-hpc's image lacks what the program {plan.adding[0]} imports"
        _refuse_others(plan, why, [one.name for one in known if not one.needs_podman_hpc])


def _refuse_others(plan: Plan, why: str, names: Sequence[str]) -> None:
    if not {*plan.configurations} <= {*names}:
        raise UsageError(why, hint=f"--configurations {','.join(names)}")


def _names(text: str, known: Iterable[str], what: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if unknown := [name for name in names if name not in known]:
        raise UsageError(f"no {what} {unknown[0]!r}", hint=suggestion(unknown[0], list(known)))
    return list(dict.fromkeys(names))


def _numbers(text: str, what: str, *, is_here: bool) -> list[int]:
    words = text.split(",")
    most = _MOST[what] if is_here else _MOST_AT_A_SITE
    if not all(word.strip().isdecimal() and 1 <= int(word) <= most for word in words):
        raise UsageError(f"--{what} {text}: numbers from 1 to {most}, with commas between")
    return sorted({int(word) for word in words})
