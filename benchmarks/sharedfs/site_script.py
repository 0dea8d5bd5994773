"""``make storm SITE=…``: a script for sbatch that measures on a site's own file system."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from hpcpy import paths
from hpcpy.errors import UnavailableError, UsageError
from hpcpy.launch import on_nodes, slurm
from hpcpy.launch.command import deliver
from hpcpy.launch.controller import find_controller
from hpcpy.launch.host import engine_program
from hpcpy.launch.options import OF_A_JOB, Request, counted, make_request
from hpcpy.launch.plan import check_request, environment_lines
from hpcpy.launch.shell import Expanded, LaunchPlan, Line, batch_script, option, quoted
from hpcpy.launch.site import Site, find_site
from hpcpy.stages import StageError, stage
from sharedfs import record, report
from sharedfs.added import PACKAGES
from sharedfs.at_site import AtSite, why_not
from sharedfs.configurations import CONFIGURATIONS
from sharedfs.images import have_images
from sharedfs.measure import SHIPPED, Plan, in_turns
from sharedfs.programs import PYNAMIC
from sharedfs.samples import Sample
from workloads.doctor import mounts
from workloads.forecast.count import mounted

# The settings that are not handed on to the command in the job.
_OF_THE_SCRIPT = ("site", "script", "dry")
_JOB = "storm-$SLURM_JOB_ID"
# What ranks and copies leave on a node: this, or this with a dash and more.
_AT_NODE = Expanded(f"/tmp/{_JOB}")  # noqa: S108


def job_options(options: argparse.Namespace) -> dict[str, str | bool]:
    """Return the options of a job that are given."""
    return {name: vars(options)[name] for name in OF_A_JOB if name in vars(options)}


def main(options: argparse.Namespace, plan: Plan) -> int:
    """Write the script; in its job, measure.

    Parameters
    ----------
    options
        The command's.
    plan
        What is to be measured.

    Returns
    -------
    int
        0; problems are raised.
    """
    request = _request(options, plan)
    site = find_site(request.site)
    check_request(request, site, None)
    runnable = _runnable(plan, site)
    if options.in_job:
        return _measure(options, runnable, request, site)
    for name in plan.configurations:
        if name not in runnable.configurations:
            print(f"storm.py: not {name}: {why_not(CONFIGURATIONS[name], site)}", file=sys.stderr)
    if not request.dry:
        program = engine_program("apptainer", site, is_provided=True)
        have_images(runnable, Path(program))
    script = batch_script(_script(options, runnable, request, site))
    deliver(request, script, find_controller(request.site, os.environ))
    return 0


def _request(options: argparse.Namespace, plan: Plan) -> Request:
    if not job_options(options).get("site"):
        raise UsageError("options of a job need a site", hint="name a site: --site=…")
    for name in plan.programs:
        if name in (PYNAMIC, *PACKAGES):
            raise UsageError(f"the program {name} is not for a site")
    if options.client != SHIPPED:
        raise UsageError(f"--client {options.client}: cannot be chosen at a site")
    nodes = max(plan.nodes)
    size = {"nodes": nodes, "tasks": nodes * max(plan.ranks)}
    return make_request({**job_options(options), **size}, ["storm"])


def _runnable(plan: Plan, site: Site) -> Plan:
    some = [name for name in plan.configurations if not why_not(CONFIGURATIONS[name], site)]
    if not some:
        first = plan.configurations[0]
        raise UnavailableError(f"{first}: {why_not(CONFIGURATIONS[first], site)}")
    return replace(plan, configurations=some)


def _script(options: argparse.Namespace, plan: Plan, request: Request, site: Site) -> LaunchPlan:
    folder = Path(options.folder or options.out).absolute()
    file = Path(request.site)
    where = str(file.absolute()) if file.suffix or file.name != str(file) else request.site
    return LaunchPlan(
        title=f"storm: {counted(len(plan.configurations), 'configuration')}, site {site.name}",
        size=(),
        allocation=(*slurm.size_options(request, site), *slurm.job_options(request, site)),
        lines=(
            *environment_lines(site),
            Line("unset TMPDIR", "ranks in a tree see the nodes' /tmp, and no other folder"),
            *on_nodes.removing_lines(request.nodes, _AT_NODE),
        ),
        step=(),
        launcher=(sys.executable, "-I", str(paths.ROOT / "benchmarks/storm.py")),
        program=(
            option("--in-job", why="the srun of each case, one after another"),
            option(f"--nodes={_listed(plan.nodes)}", why="NODES: the first ones of the job"),
            option(f"--ranks={_listed(plan.ranks)}", why="RANKS: on each node"),
            option(f"--configurations={_listed(plan.configurations)}", why="in turns"),
            option(f"--programs={_listed(plan.programs)}", why="what a rank imports"),
            option(f"--repetitions={plan.repetitions}", why="N"),
            option(f"--folder={folder}", why="the file system that is measured"),
            option(f"--out={options.out.absolute()}", why="for the report and its picture"),
            option(f"--site={where}", *_asked(options), why="as it was asked for"),
        ),
        afterwards=(
            *on_nodes.ending_lines(),
            Line(f"rm -rf {quoted(Expanded(folder / _JOB))}", "copies that a stop has left"),
        ),
        notes=(
            "The last node copies the files of each case: a case of all nodes is cold on the "
            "others alone.",
        ),
    )


def _asked(options: argparse.Namespace) -> list[str]:
    given = job_options(options).items()
    return [f"--{name}={value}" for name, value in given if name not in _OF_THE_SCRIPT]


def _listed(some: Iterable[object]) -> str:
    return ",".join(map(str, some))


def _measure(options: argparse.Namespace, plan: Plan, request: Request, site: Site) -> int:
    number = os.environ.get("SLURM_JOB_ID")
    if not number:
        raise UsageError("--in-job is for the script that `make storm SITE=…` writes")
    folder = Path(options.folder) / f"storm-{number}"
    binds = find_controller(request.site, os.environ).can_bind()
    job = AtSite(request, site, _nodes(), folder, binds)
    apptainer = Path(engine_program("apptainer", site, is_provided=False))
    images = replace(have_images(plan, apptainer, is_built=True), has_mounts=False)
    failed: dict[str, str] = {}
    said = {
        "benchmark": "storm at a site",
        "site": site.name,
        "file_system": mounts.of(mounted(), str(folder)),
        "job_nodes": len(job.nodes),
        "failed": failed,
    }

    def measured(keep: record.Keep) -> list[Sample]:
        with stage(f"{len(plan.cases())} cases, {plan.repetitions} times") as current:
            return in_turns(plan, partial(job.tried, images, failed), current, keep)

    path = options.out / f"storm-{number}.json"
    told = record.circumstances(plan, images, options.words, said)
    samples = record.recorded(path, told, measured)
    if not (whole := [one for one in samples if one.case.configuration not in failed]):
        raise StageError("no configuration could be measured")
    print(report.table(whole), end="", flush=True)
    if site.engine == "apptainer":
        record.pictured(path, images)
    else:
        print(f"{path} has all of it; without Apptainer there is no picture", file=sys.stderr)
    return 0


def _nodes() -> tuple[str, ...]:
    done = subprocess.run(
        ["scontrol", "show", "hostnames"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise StageError(f"scontrol show hostnames: {done.stderr.strip()}")
    return tuple(done.stdout.split())
