"""Which Slurm a launch asks, and what it answers before a job is asked for."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from hpcpy.cluster import config, health
from hpcpy.cluster.layout import default_layout
from hpcpy.errors import UsageError
from hpcpy.launch.plan import CurrentJob
from hpcpy.launch.request import LOCAL, Request
from hpcpy.launch.site import Site
from hpcpy.launch.words import Line, quoted

# Variables that name a Slurm: SLURM_JOB_ID, within a job, names the job's own.
_NAMES = ("SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_JOB_ID")
# Variables with the default partition of srun, salloc and sbatch.
_PARTITIONS = ("SLURM_PARTITION", "SALLOC_PARTITION", "SBATCH_PARTITION")
_ANSWER_SECONDS = 10.0


@dataclass(frozen=True)
class Controller:
    """The Slurm to ask.

    Parameters
    ----------
    environment
        The variables with which its commands are run.
    said
        Its name in messages; empty for the machine's own.
    lines
        Shell lines that make a script ask it.
    """

    environment: Mapping[str, str]
    said: str = ""
    lines: tuple[Line, ...] = ()

    def asked(self, *words: str) -> str:
        """Return a Slurm command's standard output; empty without an answer in 10 s."""
        try:
            return subprocess.run(
                words,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_ANSWER_SECONDS,
                check=False,
            ).stdout
        except (OSError, subprocess.TimeoutExpired):
            return ""


def find_controller(request: Request, environment: Mapping[str, str]) -> Controller:
    """Return the Slurm that the environment names, else this checkout's or the machine's own.

    This checkout's, of `make cluster`, serves ``SITE=local`` alone, and only if it runs.

    Parameters
    ----------
    request
        What is asked for.
    environment
        The user's variables.
    """
    layout = default_layout()
    named = next((name for name in _NAMES if environment.get(name)), "")
    if named and environment[named] != str(layout.conf):
        said = f"the Slurm of {named}={environment[named]}" if named != "SLURM_JOB_ID" else ""
        return Controller(environment, said)
    if request.site != LOCAL or not (named or health.states(layout)):
        return Controller(environment)
    why = "the Slurm of `make cluster`; a SLURM_CONF of yours would be taken instead"
    return Controller(
        config.variables(layout, environment),
        "this checkout's cluster",
        (Line(f". {quoted(str(layout.environment))}", why),),
    )


def can_bind(controller: Controller) -> bool:
    """Return whether this Slurm binds; where it does not, srun says so on stderr.

    Without an answer: True, as most do.
    """
    told = controller.asked("scontrol", "show", "config")
    return not re.search(r"^TaskPlugin\s*=\s*(\(null\)|task/none)?\s*$", told, re.M)


def check_gpus(
    request: Request, site: Site, controller: Controller, job: CurrentJob | None
) -> None:
    """Refuse GPUs where Slurm answers that no node has one.

    Parameters
    ----------
    request, site
        What is asked for, and where.
    controller
        The Slurm to ask.
    job
        The job that the ranks will be in; None if a new job is asked for.

    Raises
    ------
    UsageError
        When no node of the job, or of its partition, has any.
    """
    if not request.gpus:
        return
    nodes = controller.environment.get("SLURM_JOB_NODELIST") if job else None
    within = [f"--nodes={nodes}"] if nodes else []
    listed = controller.asked("sinfo", "--noheader", "--format=%P %G", *within)
    has_some: dict[str, bool] = {}
    default = []
    for name, resources in re.findall(r"(?m)^(\S+) +(.+)$", listed):
        partition = name.removesuffix("*")
        has_some[partition] = has_some.get(partition, False) or "gpu" in resources
        default += [partition] if name.endswith("*") else []
    names = [*has_some] if job else _partitions(request, site, controller) or default
    # An unknown partition passes here: Slurm itself refuses it at once.
    if names and not any(has_some.get(name, True) for name in names):
        where = "this job" if job else f"partition {', '.join(dict.fromkeys(names))}"
        having = [] if job else [name for name, has in has_some.items() if has]
        hint = f"these have: PARTITION={' or '.join(having)}" if having else ""
        raise UsageError(f"GPUS={request.gpus}: no node of {where} has a GPU", hint=hint)


def _partitions(request: Request, site: Site, controller: Controller) -> list[str]:
    given = (controller.environment.get(name) for name in _PARTITIONS)
    first = "".join(site.partitions[:1])
    asked = request.partition or first or ",".join(name for name in given if name)
    return asked.split(",") if asked else []
