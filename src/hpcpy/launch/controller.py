"""Which Slurm a launch asks."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from hpcpy.core import paths
from hpcpy.core.programs import captured
from hpcpy.launch.options import LOCAL
from hpcpy.launch.shell import Line, quoted
from hpcpy_common.errors import UsageError

# Variables that name a Slurm: SLURM_JOB_ID, within a job, names the job's own.
_NAMES = ("SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_JOB_ID")
# Of this machine's own cluster, killed or not: sinfo itself would wait longer.
_CLUSTER_SECONDS = 5.0
# Step IDs from here on are of Slurm's own steps (batch, interactive), which hold no processors.
_FIRST_OF_SLURM = 0xFFFF_FFF0


@dataclass(frozen=True)
class Controller:
    """The Slurm to ask."""

    environment: Mapping[str, str]  # The variables with which its commands are run
    name: str = ""  # Its name in messages; empty for the machine's own
    lines: tuple[Line, ...] = ()  # Shell lines that make a script ask it

    def command(self, name: str) -> str | None:
        """Return the path of one of its commands."""
        return shutil.which(name, path=self.environment.get("PATH"))

    def job_nodes(self) -> int:
        """Return the number of nodes of the job that this runs in; 0 in none."""
        if "SLURM_JOB_ID" not in self.environment:
            return 0
        nodes = self.environment.get("SLURM_JOB_NUM_NODES", "")
        # A user has set the first alone, as for srun: that knows how many there are.
        return int(nodes) if nodes.isdigit() else sys.maxsize

    def is_in_step(self) -> bool:
        """Return whether this runs in a step of that job."""
        step = self.environment.get("SLURM_STEP_ID", "")
        return bool(self.job_nodes()) and step.isdigit() and int(step) < _FIRST_OF_SLURM


def find_controller(site: str, environment: Mapping[str, str]) -> Controller:
    """Return the environment's Slurm, else this checkout's for ``local``, or the machine's."""
    cluster = paths.BUILD / "cluster"
    conf = str(cluster / "slurm.conf")
    named = next((name for name in _NAMES if environment.get(name)), "")
    if named == "SLURM_CONF" and not os.access(environment[named], os.R_OK):
        hint = "unset it, or name the configuration of a Slurm that runs"
        raise UsageError(f"SLURM_CONF={environment[named]}: cannot be read", hint=hint)
    if named and environment[named] != conf:
        name = f"the Slurm of {named}={environment[named]}" if named != "SLURM_JOB_ID" else ""
        return Controller(environment, name)
    if site != LOCAL:
        return Controller(environment)
    path = f"{cluster}/bin{os.pathsep}{environment.get('PATH', os.defpath)}"
    ours = {**environment, "SLURM_CONF": conf, "PATH": path}
    if not named:
        # A reboot leaves a configuration, and nobody to ask.
        words = ("sinfo", "--noheader", "--Node", "--format=%N")
        is_there = os.path.isfile(conf)  # noqa: PTH113  (closed: false)
        if not is_there or captured(words, env=ours, seconds=_CLUSTER_SECONDS).returncode:
            return Controller(environment)
    why = "the Slurm of `make cluster`; a SLURM_CONF of yours would be taken instead"
    line = Line(f". {quoted(str(cluster / 'env'))}", why)
    return Controller(ours, "this checkout's cluster", (line,))
