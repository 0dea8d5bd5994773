"""The groups of checks there are, in the order of the report."""

from __future__ import annotations

import importlib
from collections.abc import Iterable

from workloads.doctor.finding import Finding, Status
from workloads.doctor.node import Node

# name -> (module with `check(node) -> list of Finding`, what it looks at)
GROUPS = {
    "mpi": ("workloads.doctor.checks.mpi", "MPI"),
    "fabric": ("workloads.doctor.checks.fabric", "fabric"),
    "gpu": ("workloads.doctor.checks.gpu", "GPUs"),
    "opencl": ("workloads.doctor.checks.opencl", "OpenCL"),
    "cpu": ("workloads.doctor.checks.cpu", "processors"),
    "glibc": ("workloads.doctor.checks.glibc", "C library"),
    "surroundings": ("workloads.doctor.checks.surroundings", "surroundings"),
}


def examine(node: Node, groups: Iterable[str] = GROUPS) -> list[Finding]:
    """Run the checks; one that raises is a finding."""
    found = []
    for name in groups:
        try:
            found += importlib.import_module(GROUPS[name][0]).check(node)
        except Exception as error:
            words = " ".join(f"{type(error).__name__}: {error}".split())
            found.append(Finding(f"{name}.check", Status.WARN, f"this check has failed: {words}"))
    return found
