"""``hpcpy cluster [--stop|--status] [--folder F]``: the local cluster."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import time
from pathlib import Path

from hpcpy.cluster import machines, processes
from hpcpy.cluster.layout import Layout, default_layout, greeting
from hpcpy.core import paths
from hpcpy.core.scratch import remove_tree
from hpcpy.core.stages import skipped, stage
from hpcpy.engine.setup import ensure
from hpcpy_common.errors import UsageError
from hpcpy_common.options import Parser

# slurmd kills what has not heeded SIGTERM after 5 s, and then has to say so.
_CANCEL_SECONDS = 15.0


def declare(parser: Parser) -> None:
    """Add the command's arguments."""
    alternative = parser.add_mutually_exclusive_group().add_argument
    alternative("--stop", action="store_true", help="end it and remove its files")
    alternative("--status", action="store_true", help="print the state of its nodes")
    parser.add_argument("--folder", type=paths.folder, help="its folder (default: build/cluster)")


def main(options: argparse.Namespace) -> int:
    """Start the cluster, stop it, or tell how it is."""
    layout = Layout(options.folder) if options.folder else default_layout()
    _refuse_others_folder(layout)
    if options.status:
        if not layout.mark.exists():
            print(f"there is no cluster in {layout.folder}")
            return 1
        states = processes.states(layout)
        print(", ".join(f"{name} {states.get(name, 'unknown')}" for name in layout.nodes))
        return 0 if processes.usable(layout, states) else 1
    if options.stop:
        stop(layout)
    else:
        start(layout)
    return 0


def _refuse_others_folder(layout: Layout) -> None:
    # All in it goes with the cluster.
    folder = layout.folder
    if not layout.mark.is_file():
        if folder.exists() and any(folder.iterdir()):
            raise UsageError(f"{folder}: not a cluster's folder", hint="name a new folder")
        return
    # Its daemons, device and sockets are named by the path that it was started with.
    made = os.fsdecode(layout.mark.read_bytes())
    if made and made != str(folder) and Layout(Path(made)).run.exists():
        raise UsageError(
            f"{folder}: moved or copied from the cluster {made}",
            hint=f"stop that (cluster --stop --folder={shlex.quote(made)}) and remove this folder",
        )


def start(layout: Layout) -> None:
    """Have the cluster up: left as it is if all nodes take jobs, else started anew."""
    # It is named in Slurm's configuration, whose words end at a blank.
    paths.refuse_blanks("Slurm", layout.folder)
    with machines.locked_for(layout):
        if processes.usable(layout, _states(layout)):
            skipped("start the local cluster", "it runs")
        else:
            machines.require_root("make cluster", " (its srun is for every user)")
            ensure("cluster")
            with stage("start the local cluster") as current:
                machines.remove(layout)
                try:
                    machines.bring_up(layout, current)
                except BaseException:
                    # Its logs stay, to be read.
                    processes.end_all(layout)
                    machines.remove_bridge(layout)
                    shutil.rmtree(layout.run, ignore_errors=True)
                    raise
        version = processes.printed_by(layout, "sinfo", "--version") or ""
    print(greeting(layout, version.strip()), flush=True)


def _states(layout: Layout) -> dict[str, str]:
    """Return the state of each node, for which a busy controller may be asked for long.

    To start a cluster anew would end its jobs.
    """
    end = time.monotonic() + processes.START_SECONDS
    while not (states := processes.states(layout)) and processes.run_on(layout, "slurmctld"):
        if time.monotonic() > end:
            break
        time.sleep(0.1)
    return states


def stop(layout: Layout) -> None:
    """End the cluster and its jobs, and leave nothing of it."""
    _refuse_others_folder(layout)
    with machines.locked_for(layout):
        if not layout.run.exists() and not layout.folder.exists():
            skipped("stop the local cluster", "there is none")
            return
        if not layout.run.exists():  # A copy, or what a reboot left: no daemon reads it.
            with stage("remove what is left of a local cluster"):
                remove_tree(layout.folder)
            return
        machines.require_root("make cluster STOP=1")
        with stage("stop the local cluster"):
            _cancel_jobs(layout)
            machines.remove(layout)


def _cancel_jobs(layout: Layout) -> None:
    """Let users' srun and sbatch end cleanly, if they do so soon.

    A job is over when the last of its nodes has told its srun of each task.
    """
    if not processes.states(layout):
        return
    end = time.monotonic() + _CANCEL_SECONDS
    # A controller that is busy may not answer at once: that is not "no jobs".
    while (jobs := processes.jobs(layout)) != [] and time.monotonic() < end:
        if jobs:
            # Also those that have begun since.
            processes.printed_by(layout, "scancel", *jobs)
        time.sleep(0.1)
