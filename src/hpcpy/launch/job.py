"""Ask Slurm about a launch's job, in case srun reports nothing."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Mapping

# A busy controller may take longer: it is asked again later.
_ANSWER_SECONDS = 20
# How far the clocks of the controller and of this machine may differ.
_CLOCK_SECONDS = 60
# The values of JobState in `scontrol show job` that no job comes back from.
_ENDS = (
    *("BOOT_FAIL", "CANCELLED", "COMPLETED", "COMPLETING", "DEADLINE", "FAILED"),
    *("LAUNCH_FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT"),
)
# What scontrol prints for a job that Slurm has forgotten, MinJobAge seconds after its end.
_FORGOTTEN = "Invalid job id"


class Job:
    """The job of a launch: the one that it runs in, or that its srun or salloc asked for.

    The latter is found by its session, which Slurm records (AllocSID) and which the
    launch shares with no other command: no option has to name the job.  Another
    machine may have a session of that number, so the job must be this user's, no
    older than this object, and the only one.

    Parameters
    ----------
    session
        The session in which srun or salloc runs.
    environment
        Variables for Slurm's commands; within a job SLURM_JOB_ID names it.
    """

    def __init__(self, session: int, environment: Mapping[str, str]) -> None:
        self._session = str(session)
        self._since = time.time() - _CLOCK_SECONDS
        self._number = environment.get("SLURM_JOB_ID", "")
        self._environment = {**environment, "SLURM_TIME_FORMAT": "%s"}
        self._nodes = ""

    def is_over(self) -> bool:
        """Ask whether the job has ended; False without an answer or a job."""
        return self._state() in _ENDS

    def down_nodes(self) -> list[str]:
        """Ask which of the job's nodes are down."""
        if not self._nodes:
            self._state()
        if not self._nodes:
            return []
        words = ("--Node", "--noheader", "--states=down", "--format=%N", f"--nodes={self._nodes}")
        return sorted(set(self._asked("sinfo", *words).split()))

    def _state(self) -> str:
        self._number = self._number or self._of_session()
        if not self._number:
            return ""
        text = self._asked("scontrol", "--oneliner", "show", "job", self._number)
        if _FORGOTTEN in text:
            return "COMPLETED"
        fields: dict[str, str] = dict(re.findall(r"(?:^|\s)(\w+)=(\S*)", text))
        state = fields.get("JobState", "")
        # NodeList of a completing job has only the nodes that still complete, and no dead one.
        if state != "COMPLETING":
            self._nodes = fields.get("NodeList", self._nodes).replace("(null)", "")
        return state

    def _of_session(self) -> str:
        form = "--Format=AllocSID:20,SubmitTime:20,JobID:20"
        text = self._asked("squeue", "--me", "--states=all", "--noheader", form)
        found = re.findall(rf"(?m)^{self._session}\s+(\d+)\s+(\w+)\s*$", text)
        ours = [number for submitted, number in found if int(submitted) >= self._since]
        return ours[0] if len(ours) == 1 else ""

    def _asked(self, *words: str) -> str:
        try:
            done = subprocess.run(
                words,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=_ANSWER_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return done.stdout if done.returncode == 0 else done.stderr
