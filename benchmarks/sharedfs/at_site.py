"""A storm in a Slurm job of a site: nobody is root, and the file system is the site's.

Nobody counts there what a node asks of it.  A cold start needs files that its nodes have
never seen, since no user can empty a node's memory: so each case has a copy of its own,
which the job's last node writes.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import join, quote

from hpcpy.core import paths
from hpcpy.core.errors import UnavailableError, UsageError
from hpcpy.core.stages import StageError, stage
from hpcpy.engine.setup import ensure
from hpcpy.launch.site import REQUIRED, Site, find_site
from sharedfs import report
from sharedfs.configuration import Configuration, Images
from sharedfs.configurations import CONFIGURATIONS
from sharedfs.images import have_images
from sharedfs.launch import launch
from sharedfs.mounts import copy, output
from sharedfs.plan import Keep, Plan, in_turns
from sharedfs.samples import TEMPERATURES, Case, Sample, job_of
from workloads.doctor import mounts
from workloads.forecast.count import mounted

# The job's own time limit comes before.
_PATIENCE = 24 * 3600
# The first process on each node ends when the job's shell closes its end of the pipe or has
# ended, by scancel, too; then it removes what ranks and copies left there.
_SCRIPT = """\
#!/bin/bash
{allocation}
{modules}
# Ranks in a tree see the nodes' /tmp, and no other folder.
unset TMPDIR ${{!PYTHON@}}
# On each node: remove what ranks and copies leave there, however the job ends.
remover='trap : TERM; trap "" INT HUP; {{ cat >/dev/null; }} 2>/dev/null; rm -rf "$0"-*'
exec {{keeper}}> >(exec setsid srun --overlap --mpi=none --quiet --nodes={nodes} \\
  --ntasks={nodes} --ntasks-per-node=1 sh -c "$remover" "/tmp/storm-$SLURM_JOB_ID")
keeper_process=$!
# Bash runs no trap while it waits for a program in the foreground.
trap 'kill -TERM $running 2>/dev/null' TERM INT HUP
{measure} {{keeper}}>&- &
running=$!
until wait $running; code=$?; ! kill -0 $running 2>/dev/null; do :; done
# Copies that a stopped case has left.
rm -rf {folder}/"storm-$SLURM_JOB_ID"
exec {{keeper}}>&-
wait $keeper_process
exit $code
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a site."""
    site = parser.add_argument_group(
        "at a site", "with --site a script for sbatch is printed (docs/import-at-scale.md)"
    )
    site.add_argument("--site", help="a name of env/sites, or a file")
    site.add_argument("--mpi", help="srun --mpi (default: the site's)")
    help_ = "where on the shared file system to copy to (default: that of --out)"
    site.add_argument("--folder", type=paths.folder, help=help_)
    help_ = "measure now: for the script that --site prints"
    site.add_argument("--in-job", action="store_true", help=help_)


def why_not(configuration: Configuration, site: Site) -> str:
    """Return why a configuration cannot be run at a site; empty when it can."""
    reasons = {"squash": "root alone may mount it"}
    reasons["podman-hpc"] = "its podman-hpc is one of this machine"
    if site.engine != "apptainer":
        reasons["sif"] = f"{site.name} has {site.engine}, and a SIF needs Apptainer"
    return reasons.get(configuration.needs, "")


def main(options: argparse.Namespace, plan: Plan) -> int:
    """Print the script; in its job, measure."""
    if not options.site:
        raise UsageError("options of a job need a site", hint="name a site: --site=…")
    if options.in_job and "SLURM_JOB_ID" not in os.environ:
        raise UsageError("--in-job is for the script that --site prints")
    site = find_site(options.site)
    reasons = {name: why_not(CONFIGURATIONS[name], site) for name in plan.configurations}
    some = [name for name, why in reasons.items() if not why]
    if not some:
        raise UnavailableError("; ".join(f"{name}: {why}" for name, why in reasons.items()))
    runnable = replace(plan, configurations=some)
    apptainer = Path("apptainer") if site.modules else ensure("apptainer").apptainer
    if options.in_job:
        images = have_images(runnable, apptainer, is_built=True)
        return _measure(options, runnable, site, replace(images, has_mounts=False))
    for name, why in reasons.items():
        if why:
            print(f"storm.py: not {name}: {why}", file=sys.stderr)
    have_images(runnable, apptainer)
    print(script(options, runnable, site), end="")
    return 0


def script(options: argparse.Namespace, plan: Plan, site: Site) -> str:
    """Return a script for sbatch: a job of the largest case, which measures all."""
    nodes = max(plan.nodes)
    values = {
        "nodes": nodes,
        "ntasks-per-node": max(plan.ranks),
        "job-name": "hpcpy-storm",
        "partition": "".join(site.partitions[:1]),
        "qos": "".join(site.qos[:1]),
        "constraint": site.constraint,
        "account": site.account.replace(REQUIRED, ""),
        "time": site.time,
    }
    allocation = [f"--{name}={value}" for name, value in values.items() if value]
    allocation += site.options.get("allocation", ())
    modules = [f"module load {quote(name)} || exit 69" for name in site.modules]
    if modules:
        modules.insert(0, "type module >/dev/null 2>&1 || . /etc/profile")
    folder = (options.folder or options.out).absolute()
    file = Path(options.site)
    words = {
        "site": file.absolute() if file.suffix or "/" in options.site else options.site,
        "mpi": options.mpi,
        "nodes": ",".join(map(str, plan.nodes)),
        "ranks": ",".join(map(str, plan.ranks)),
        "configurations": ",".join(plan.configurations),
        "programs": ",".join(plan.programs),
        "repetitions": plan.repetitions,
        "folder": folder,
        "out": options.out.absolute(),
    }
    program = [sys.executable, "-Es", str(paths.ROOT / "benchmarks/storm.py"), "--in-job"]
    given = [f"--{name}={value}" for name, value in words.items() if value]
    return _SCRIPT.format(
        allocation="\n".join(f"#SBATCH {quote(one)}" for one in allocation),
        modules="\n".join([*modules, *(f"{line} || exit 69" for line in site.setup)]),
        nodes=nodes,
        measure=join([*program, *given]),
        folder=quote(str(folder)),
    )


def _measure(options: argparse.Namespace, plan: Plan, site: Site, images: Images) -> int:
    number = os.environ["SLURM_JOB_ID"]
    nodes = tuple(output(["scontrol", "show", "hostnames"], "this node").split())
    folder = options.folder / f"storm-{number}"
    job = AtSite(options.mpi or site.mpi, site, nodes, folder, images, {})
    more = {
        "benchmark": "storm at a site",
        "site": site.name,
        "file_system": mounts.of(mounted(), str(folder)),
        "job_nodes": len(nodes),
        "failed": job.failed,
    }

    def measured(keep: Keep) -> list[Sample]:
        with stage(f"{len(plan.cases())} cases, {plan.repetitions} times") as current:
            return in_turns(plan, job.take, current, keep)

    path = options.out / f"storm-{number}.json"
    head = report.circumstances(plan, images, options.words, more)
    samples = report.recorded(path, head, measured)
    if not (whole := [one for one in samples if one.case.configuration not in job.failed]):
        raise StageError("no configuration could be measured")
    print(report.table(whole), end="", flush=True)
    if site.engine == "apptainer":
        report.pictured(path, images)
    else:
        print(f"{path} has the samples; a picture needs Apptainer", file=sys.stderr)
    return 0


@dataclass(frozen=True)
class AtSite:
    """The job that this runs in."""

    mpi: str
    site: Site
    nodes: tuple[str, ...]
    # Of the shared file system, this job's alone.
    folder: Path
    images: Images
    # Configuration -> why it failed.
    failed: dict[str, str]

    def run(self, *words: str | Path) -> str:
        """Run a command on the last node, which cases of fewer nodes do not use."""
        where = ["--nodes=1", "--ntasks=1", "--ntasks-per-node=1", f"--nodelist={self.nodes[-1]}"]
        srun = ["srun", "--overlap", "--quiet", "--mpi=none", "--chdir=/", *where]
        return output([*srun, *map(str, words)], self.nodes[-1])

    def options(self, case: Case) -> str:
        """Return srun's options for a case, as a shell takes them."""
        given = [
            *("--quiet", "--chdir=/", f"--nodes={case.nodes}"),
            *(f"--ntasks={case.nodes * case.ranks}", f"--ntasks-per-node={case.ranks}"),
            *("--kill-on-bad-exit=1", "--export=ALL", "--input=none"),
        ]
        if self.mpi:
            given.append(f"--mpi={self.mpi}")
        if case.nodes < len(self.nodes):
            given.append(f"--nodelist={','.join(self.nodes[: case.nodes])}")
        # A site's may name variables.
        return " ".join([join(given), *(f'"{one}"' for one in self.site.options.get("step", ()))])

    def take(self, case: Case) -> list[Sample]:
        """Start a case unless its configuration has failed before; a failure ends no other."""
        configuration, everybody = CONFIGURATIONS[case.configuration], case.nodes * case.ranks
        if configuration.name in self.failed:
            return []
        try:
            copy(self.run, self.folder, configuration.files(self.images))
            job = job_of(self.images, configuration, case, self.folder / configuration.folder)
            words = job.within(self.options(case))
            return [
                Sample(case, temperature, launch(words, everybody, _PATIENCE))
                for temperature in TEMPERATURES
            ]
        except StageError as error:
            # When nothing can be started any more, the job is over.
            with contextlib.suppress(StageError):
                self.run("true")
                self.failed[configuration.name] = str(error)
                print(f"storm.py: not {configuration.name}: {error}", file=sys.stderr)
                return []
            raise
        finally:
            # Or the script does so, at the job's end.
            with contextlib.suppress(StageError):
                self.run("rm", "-rf", self.folder)
