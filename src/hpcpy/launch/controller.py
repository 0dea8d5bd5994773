"""Which Slurm a launch asks, and what it answers of the launch's job."""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

from hpcpy.core import paths
from hpcpy.core.programs import captured
from hpcpy.launch.options import LOCAL
from hpcpy.launch.shell import Line, quoted
from hpcpy_common.errors import UsageError

# Variables that name a Slurm: SLURM_JOB_ID, within a job, names the job's own.
_NAMES = ("SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_JOB_ID")
# A busy controller may take longer to tell of a job: it is asked again later.
_ANSWER_SECONDS = 20.0
# Of this machine's own cluster, killed or not: sinfo itself would wait longer.
_CLUSTER_SECONDS = 5.0
# Step IDs from here on are of Slurm's own steps (batch, interactive), which hold no processors.
_FIRST_OF_SLURM = 0xFFFF_FFF0
# The values of JobState in `scontrol show job` that no job comes back from.
_CUTS = ("CANCELLED", "DEADLINE", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "TIMEOUT")
_ENDS = ("BOOT_FAIL", "COMPLETED", "COMPLETING", "FAILED", "LAUNCH_FAILED", "REVOKED", *_CUTS)
# Seconds in which a job that has ended may still be completing.
_COMPLETING_SECONDS = 3.0
# What scontrol prints for a job that Slurm has forgotten, MinJobAge seconds after its end.
_FORGOTTEN = "Invalid job id"


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


class Job:
    """The job of a launch: the one that it runs in, or that its srun or salloc asked for."""

    # The latter is found by its session, which Slurm records (AllocSID): the last of this user's
    # with that number.  Clocks may differ, and so may the name that Slurm knows this machine by.

    def __init__(self, session: int, controller: Controller) -> None:
        self._session = str(session)
        self._number = controller.environment.get("SLURM_JOB_ID", "")
        self._controller = controller
        self._nodes = ""

    def is_over(self) -> bool:
        """Ask whether the job has ended; False without an answer or a job."""
        return self._state() in _ENDS

    def was_cut(self) -> bool:
        """Ask whether Slurm, or who asked it to, has ended the job before its programs."""
        end = time.monotonic() + _COMPLETING_SECONDS
        while (state := self._state()) == "COMPLETING" and time.monotonic() < end:
            time.sleep(0.2)
        return state in _CUTS

    def down_nodes(self) -> list[str]:
        """Ask which of the job's nodes are down."""
        if not self._nodes:
            self._state()
        if not self._nodes:
            return []
        words = ("--Node", "--noheader", "--states=down", "--format=%N", f"--nodes={self._nodes}")
        return sorted(set(self._printed_by("sinfo", *words).split()))

    def _state(self) -> str:
        self._number = self._number or self._of_session()
        if not self._number:
            return ""
        shown = self._printed_by("scontrol", "--oneliner", "show", "job", self._number)
        if _FORGOTTEN in shown:
            return "COMPLETED"
        values: dict[str, str] = dict(re.findall(r"(?:^|\s)(\w+)=(\S*)", shown))
        state = values.get("JobState", "")
        # NodeList of a completing job has only the nodes that still complete, and no dead one.
        if state != "COMPLETING":
            self._nodes = values.get("NodeList", self._nodes).replace("(null)", "")
        return state

    def _of_session(self) -> str:
        form = "--Format=AllocSID:20,JobID:20"
        listed = self._printed_by("squeue", "--me", "--states=all", "--noheader", form)
        jobs = re.findall(rf"(?m)^{self._session}\s+(\d+)\s*$", listed)
        return max(jobs, key=int, default="")

    def _printed_by(self, *words: str) -> str:
        done = captured(words, env=self._controller.environment, seconds=_ANSWER_SECONDS)
        return done.stdout if done.returncode == 0 else done.stderr
