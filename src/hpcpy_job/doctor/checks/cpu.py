"""Processors: what this process may use, and how the node's ranks share them."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable

from hpcpy_common import machine
from hpcpy_job.doctor.checks import Finding, Status
from hpcpy_job.doctor.node import Node

_THREADS = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)  # fmt: skip


def check(node: Node) -> list[Finding]:
    """Look at processors, binding and threads."""
    own = frozenset(os.sched_getaffinity(0))
    findings = [_cores(own), *_binding(node)]
    wanted = node.environ.get("SLURM_CPUS_PER_TASK", "")
    if wanted.isdecimal() and len(own) < int(wanted):
        detail = f"SLURM_CPUS_PER_TASK is {wanted} and this rank may use {len(own)}"
        # srun sets the same variable by its own option.  Not from sbatch since Slurm 22.05.
        step = f"srun --cpus-per-task={wanted}, as srun does not take it from sbatch"
        if int(wanted) > _online():
            detail = f"{detail}: the node has {_online()}"
            step = f"ask for {_online()} at most"
        findings.append(Finding("cpu.task", Status.WARN, detail, step))
    if len({rank.user_namespace for rank in node.ranks}) > 1:
        detail = (
            "the ranks of this node are in user namespaces of their own and cannot read "
            "each other's memory"
        )
        step = "one container a node: apptainer --sharens, or podman-hpc shared-run"
        findings.append(Finding("cpu.namespaces", Status.WARN, detail, step))
    return [*findings, _threads(node, len(own))]


def _online() -> int:
    """Return the machine's cores: `os.cpu_count` follows PYTHON_CPU_COUNT instead."""
    return os.sysconf("SC_NPROCESSORS_ONLN")


def _cores(own: frozenset[int]) -> Finding:
    usable = machine.cores()
    quota = f", the cgroup's quota allows {usable}" if usable < len(own) else ""
    detail = f"{len(own)} of {_online()} cores: {_ranges(own)}{quota}"
    return Finding("cpu.cores", Status.OK, detail, value=usable)


def _binding(node: Node) -> list[Finding]:
    ranks = [rank.cores for rank in node.ranks]
    if len(ranks) < 2:
        return []
    together = frozenset().union(*ranks)
    twice = {core for core in together if sum(core in cores for cores in ranks) > 1}
    problem = ""
    if len(together) < min(len(ranks), _online()):
        cores = "core" if len(together) == 1 else "cores"
        problem = f"all {len(ranks)} ranks are bound to {cores} {_ranges(together)}"
    elif twice and len(set(ranks)) > 1:
        problem = f"ranks share cores {_ranges(twice)}"
    if problem:
        step = "srun --cpu-bind=cores and --cpus-per-task, or mpiexec -bind-to core"
        return [Finding("cpu.binding", Status.WARN, problem, step)]
    how = "each rank has cores of its own" if len(set(ranks)) > 1 else "ranks are not bound"
    return [Finding("cpu.binding", Status.OK, f"{len(ranks)} ranks here: {how}")]


def _threads(node: Node, cores: int) -> Finding:
    given = {name: node.environ[name] for name in _THREADS if node.environ.get(name)}
    words = " ".join(f"{name}={value}" for name, value in given.items())
    for name, value in given.items():
        # OpenMP alone takes a number for each level of nesting.
        levels = value.split(",") if name == "OMP_NUM_THREADS" else [value]
        if not all(re.fullmatch(r"\s*0*[1-9][0-9]*\s*", level) for level in levels):
            detail = f"{name}={value} is no number of threads"
            return Finding("cpu.threads", Status.WARN, detail, f"set it to {cores}, or unset it")
    numbers = [int(value.split(",")[0]) for value in given.values()]
    if max(numbers, default=0) > cores:
        step = f"set them to {cores}, or give the rank more cores"
        return Finding("cpu.threads", Status.WARN, f"{words}: more than the {cores} cores", step)
    # The image's interpreter starts no more than the rank's share of cores.
    if not given and len(node.ranks) > 1 and cores > 1 and "_hpcpy_importer" not in sys.modules:
        detail = f"not set: each of {len(node.ranks)} ranks may start {cores}"
        return Finding("cpu.threads", Status.WARN, detail, "set OMP_NUM_THREADS")
    return Finding("cpu.threads", Status.OK, words or "not set: this rank's share of cores")


def _ranges(cores: Iterable[int]) -> str:
    """Return cores as the kernel writes them: ``0-3,8``."""
    parts: list[list[int]] = []
    for core in sorted(cores):
        if parts and core == parts[-1][1] + 1:
            parts[-1][1] = core
        else:
            parts.append([core, core])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)
