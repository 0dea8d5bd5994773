"""Which Slurm a launch asks, and what it answers before a job is asked for."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from hpcpy.cluster import config, health
from hpcpy.cluster.layout import default_layout
from hpcpy.errors import UsageError
from hpcpy.launch.plan import CurrentJob
from hpcpy.launch.request import LOCAL, Request, counted
from hpcpy.launch.site import Site
from hpcpy.launch.words import Line, quoted

# Variables that name a Slurm: SLURM_JOB_ID, within a job, names the job's own.
_NAMES = ("SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_JOB_ID")
# Variables with the default partition of srun, salloc and sbatch.
_PARTITIONS = ("SLURM_PARTITION", "SALLOC_PARTITION", "SBATCH_PARTITION")
_ANSWER_SECONDS = 10.0


class _Nodes(NamedTuple):
    """Nodes of one kind in a partition, whatever their state."""

    number: int
    cpus: int
    has_gpus: bool


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


def check_nodes(
    request: Request, site: Site, controller: Controller, job: CurrentJob | None
) -> None:
    """Refuse what no node can ever give, as Slurm tells; by default such a job waits for ever.

    A node that is down counts: it may come back.

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
        When there are fewer nodes or smaller ones, or GPUs are asked for and no node
        of the job, or of its partition, has any.
    """
    nodes = controller.environment.get("SLURM_JOB_NODELIST") if job else None
    within = [f"--nodes={nodes}"] if nodes else []
    listed = controller.asked("sinfo", "--noheader", "--exact", "--format=%P %D %c %G", *within)
    found: dict[str, list[_Nodes]] = {}
    default = []
    for name, count, cpus, resources in re.findall(r"(?m)^(\S+) +(\d+) +(\d+) +(.+)$", listed):
        partition = name.removesuffix("*")
        alike = _Nodes(int(count), int(cpus), has_gpus="gpu" in resources)
        found.setdefault(partition, []).append(alike)
        default += [partition] if name.endswith("*") else []
    names = [*found] if job else _partitions(request, site, controller) or default
    # An unknown partition passes here: Slurm itself refuses it at once.
    if not names or not found.keys() >= set(names):
        return
    where = "this job" if job else f"partition {', '.join(dict.fromkeys(names))}"
    if not job:
        _check_size(request, site, [found[name] for name in names], where)
    if request.gpus and not any(one.has_gpus for name in names for one in found[name]):
        having = [name for name, there in found.items() if any(one.has_gpus for one in there)]
        hint = f"these have: PARTITION={' or '.join(having)}" if having and not job else ""
        raise UsageError(f"GPUS={request.gpus}: no node of {where} has a GPU", hint=hint)


def _check_size(request: Request, site: Site, partitions: list[list[_Nodes]], where: str) -> None:
    most = max(sum(one.number for one in nodes) for nodes in partitions)
    if request.nodes > most:
        raise UsageError(f"NODES={request.nodes}: {where} has {counted(most, 'node')}")
    largest = max(one.cpus for nodes in partitions for one in nodes)
    is_crowded = "--overcommit" in (
        *site.options.get("allocation", ()),
        *site.options.get("step", ()),
    )
    if request.per_node * request.cpus > largest and not is_crowded:
        raise UsageError(
            f"{counted(request.per_node, 'rank')} a node with CPUS={request.cpus} each: "
            f"a node of {where} has {largest}",
            hint="more NODES, or fewer TASKS or CPUS",
        )


def _partitions(request: Request, site: Site, controller: Controller) -> list[str]:
    given = (controller.environment.get(name) for name in _PARTITIONS)
    first = "".join(site.partitions[:1])
    asked = request.partition or first or ",".join(name for name in given if name)
    return asked.split(",") if asked else []
