"""Which Slurm a launch asks, and what it answers of nodes and of the launch's job."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass

from hpcpy.cluster.layout import default_layout, variables
from hpcpy.core.errors import UsageError
from hpcpy.launch.options import LOCAL, Request, counted
from hpcpy.launch.plan import CurrentJob
from hpcpy.launch.shell import Line, quoted
from hpcpy.launch.site import Site

# Variables that name a Slurm: SLURM_JOB_ID, within a job, names the job's own.
_NAMES = ("SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_JOB_ID")
# Variables with the default partition of srun, salloc and sbatch.
_PARTITIONS = ("SLURM_PARTITION", "SALLOC_PARTITION", "SBATCH_PARTITION")
_ANSWER_SECONDS = 10.0
# A busy controller may take longer to tell of a job: it is asked again later.
_JOB_SECONDS = 20.0
# Step IDs from here on are of Slurm's own steps (batch, interactive), which hold no processors.
_FIRST_OF_SLURM = 0xFFFF_FFF0
# How far the clocks of the controller and of this machine may differ.
_CLOCK_SECONDS = 60
# The values of JobState in `scontrol show job` that no job comes back from.
_ENDS = (
    *("BOOT_FAIL", "CANCELLED", "COMPLETED", "COMPLETING", "DEADLINE", "FAILED"),
    *("LAUNCH_FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT"),
)
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

    def ask(
        self, *words: str, seconds: float = _ANSWER_SECONDS, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run one of its commands, with more variables; without an answer in time: exit code 1."""
        try:
            return subprocess.run(
                words,
                env={**self.environment, **more},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return subprocess.CompletedProcess(words, 1, "", "")

    def current_job(self) -> CurrentJob | None:
        """Return the job that this runs in."""
        if "SLURM_JOB_ID" not in self.environment:
            return None
        nodes = self.environment.get("SLURM_JOB_NUM_NODES", "")
        step = self.environment.get("SLURM_STEP_ID", "")
        return CurrentJob(
            nodes=int(nodes) if nodes.isdigit() else 1,
            is_in_step=step.isdigit() and int(step) < _FIRST_OF_SLURM,
        )


def find_controller(site: str, environment: Mapping[str, str]) -> Controller:
    """Return the Slurm that the environment names, else this checkout's or the machine's own.

    This checkout's, of `make cluster`, serves the site ``local`` alone, and only if it runs.
    """
    layout = default_layout()
    named = next((name for name in _NAMES if environment.get(name)), "")
    if named and environment[named] != str(layout.conf):
        name = f"the Slurm of {named}={environment[named]}" if named != "SLURM_JOB_ID" else ""
        return Controller(environment, name)
    if site != LOCAL:
        return Controller(environment)
    from hpcpy.cluster import health  # noqa: PLC0415  # a centre has another Slurm

    if not (named or health.states(layout)):
        return Controller(environment)
    why = "the Slurm of `make cluster`; a SLURM_CONF of yours would be taken instead"
    return Controller(
        variables(layout, environment),
        "this checkout's cluster",
        (Line(f". {quoted(str(layout.environment))}", why),),
    )


def check_nodes(request: Request, site: Site, controller: Controller) -> None:
    """Refuse more than a partition has, as Slurm tells; by default such a job waits for ever.

    A node that is down counts: it may come back.
    """
    listed = controller.ask("sinfo", "--noheader", "--exact", "--format=%P %D %c").stdout
    found = re.findall(r"(?m)^(\S+) +(\d+) +(\d+) *$", listed)
    default = [name.removesuffix("*") for name, *_ in found if name.endswith("*")]
    names = _asked_partitions(request, site, controller) or default
    # Partition -> number of nodes and their processors, for each kind of node.
    partitions: dict[str, list[tuple[int, int]]] = {name: [] for name in names}
    for name, count, cpus in found:
        partitions.get(name.removesuffix("*"), []).append((int(count), int(cpus)))
    # An unknown partition passes here: Slurm itself refuses it at once.
    if not names or not all(partitions.values()):
        return
    where = f"partition {', '.join(partitions)}"
    most = max(sum(count for count, _ in nodes) for nodes in partitions.values())
    if request.nodes > most:
        raise UsageError(f"NODES={request.nodes}: {where} has {counted(most, 'node')}")
    largest = max(cpus for nodes in partitions.values() for _, cpus in nodes)
    words = (*site.options.get("allocation", ()), *site.options.get("step", ()))
    if request.per_node * request.cpus > largest and "--overcommit" not in words:
        raise UsageError(
            f"{counted(request.per_node, 'rank')} a node with CPUS={request.cpus} each: "
            f"a node of {where} has {largest}",
            hint="more NODES, or fewer TASKS or CPUS",
        )


def _asked_partitions(request: Request, site: Site, controller: Controller) -> list[str]:
    given = (controller.environment.get(name) for name in _PARTITIONS)
    first = "".join(site.partitions[:1])
    asked = request.partition or first or ",".join(name for name in given if name)
    return asked.split(",") if asked else []


class Job:
    """The job of a launch: the one that it runs in, or that its srun or salloc asked for.

    The latter is found by its session, which Slurm records (AllocSID) and which the
    launch shares with no other command: no option has to name the job.  Another
    machine may have a session of that number, so the job must be this user's, no
    older than this object, and the only one.
    """

    def __init__(self, session: int, controller: Controller) -> None:
        self._session = str(session)
        self._since = time.time() - _CLOCK_SECONDS
        self._number = controller.environment.get("SLURM_JOB_ID", "")
        self._controller = controller
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
        return sorted(set(self._ask("sinfo", *words).split()))

    def _state(self) -> str:
        self._number = self._number or self._of_session()
        if not self._number:
            return ""
        shown = self._ask("scontrol", "--oneliner", "show", "job", self._number)
        if _FORGOTTEN in shown:
            return "COMPLETED"
        values: dict[str, str] = dict(re.findall(r"(?:^|\s)(\w+)=(\S*)", shown))
        state = values.get("JobState", "")
        # NodeList of a completing job has only the nodes that still complete, and no dead one.
        if state != "COMPLETING":
            self._nodes = values.get("NodeList", self._nodes).replace("(null)", "")
        return state

    def _of_session(self) -> str:
        form = "--Format=AllocSID:20,SubmitTime:20,JobID:20"
        listed = self._ask("squeue", "--me", "--states=all", "--noheader", form)
        jobs = re.findall(rf"(?m)^{self._session}\s+(\d+)\s+(\w+)\s*$", listed)
        ours = [number for submitted, number in jobs if int(submitted) >= self._since]
        return ours[0] if len(ours) == 1 else ""

    def _ask(self, *words: str) -> str:
        done = self._controller.ask(*words, seconds=_JOB_SECONDS, SLURM_TIME_FORMAT="%s")
        return done.stdout if done.returncode == 0 else done.stderr
