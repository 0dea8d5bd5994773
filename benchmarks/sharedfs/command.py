"""The import storm on a real file system with a metadata server."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.core.stages import stage
from sharedfs import at_site, machines, report
from sharedfs.configurations import CONFIGURATIONS
from sharedfs.images import have_images
from sharedfs.plan import Keep, Plan, in_turns, prepare
from sharedfs.programs import PROGRAMS
from sharedfs.samples import Case, Sample, take

_NUMBERS = "1,2,4"
# podman-hpc is installed for it, and a start takes several times as long as any other.
_CONFIGURATIONS = [name for name, one in CONFIGURATIONS.items() if one.needs != "podman-hpc"]
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
        default=",".join(_CONFIGURATIONS),
        help=f"of {','.join(CONFIGURATIONS)} (default: all but podman-hpc's)",
    )
    parser.add_argument(
        "--programs",
        default="core",
        help=f"of {','.join(PROGRAMS)} (default %(default)s)",
    )
    parser.add_argument(
        "--repetitions", type=int, default=3, help="of each case (default %(default)s)"
    )
    parser.add_argument(
        "--out", type=paths.folder, default=paths.BUILD, help="where storm.json and storm.png go"
    )
    at_site.add_options(parser)


def main(options: argparse.Namespace) -> int:
    """Measure and print a table; with ``--site`` print a script whose job does so."""
    is_at_site = any((options.site, options.mpi, options.folder, options.in_job))
    plan = Plan(
        _names(options.configurations, CONFIGURATIONS, "configuration"),
        _names(options.programs, PROGRAMS, "program"),
        _numbers(options.nodes, "nodes", is_at_site=is_at_site),
        _numbers(options.ranks, "ranks", is_at_site=is_at_site),
        options.repetitions,
    )
    if plan.repetitions < 1:
        raise UsageError(f"--repetitions {plan.repetitions}: at least one is needed")
    return at_site.main(options, plan) if is_at_site else _measure(options, plan)


def _measure(options: argparse.Namespace, plan: Plan) -> int:
    # Before an image is built for an hour.
    paths.refuse_blanks("Slurm", machines.layout(1).folder)
    engine = machines.require()
    images = have_images(plan, engine.apptainer)
    tools = {name: str(tool.version) for name, tool in engine.found.items()}
    head = report.circumstances(plan, images, options.words, {"tools": tools})

    def measured(keep: Keep) -> list[Sample]:
        with machines.running(machines.layout(max(plan.nodes))) as storm:
            with stage("fill the shared file system"):
                head["bytes_on_disk"] = prepare(storm, images, plan)
            with stage(f"{len(plan.cases())} cases, {plan.repetitions} times") as current:

                def one(case: Case) -> list[Sample]:
                    return take(storm, images, CONFIGURATIONS[case.configuration], case)

                return in_turns(plan, one, current, keep)

    path = options.out / "storm.json"
    samples = report.recorded(path, head, measured)
    report.pictured(path, images)
    print(report.table(samples, head["bytes_on_disk"]), end="")
    return 0


def _names(text: str, known: Iterable[str], what: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if unknown := [name for name in names if name not in known]:
        raise UsageError(f"no {what} {unknown[0]!r}", hint=f"there are: {', '.join(known)}")
    return list(dict.fromkeys(names))


def _numbers(text: str, what: str, *, is_at_site: bool) -> list[int]:
    words = text.split(",")
    most = _MOST_AT_A_SITE if is_at_site else _MOST[what]
    if not all(word.strip().isdecimal() and 1 <= int(word) <= most for word in words):
        raise UsageError(f"--{what} {text}: numbers from 1 to {most}, with commas between")
    return sorted({int(word) for word in words})
