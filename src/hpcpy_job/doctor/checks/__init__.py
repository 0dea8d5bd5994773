"""The checks by groups, and what they return: findings."""

from __future__ import annotations

import enum
import importlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from hpcpy_job.doctor.node import Node

# Modules here with `check(node) -> list of Finding`, and what they look at.
GROUPS = {
    "mpi": "MPI",
    "fabric": "fabric",
    "gpu": "GPUs",
    "cpu": "processors",
    "surroundings": "surroundings",
}


class Status(enum.StrEnum):
    """How good a finding is; `FAIL` makes doctor's exit code 1, and the preflight end the job."""

    OK = "ok"
    INFO = "info"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    name: str  # its group, a dot, and a word (mpi.library)
    status: Status
    detail: str
    next_step: str = ""  # empty where nothing need be done
    # The same for programs, as JSON has it: promises are compared with it.
    value: object = field(default=None, compare=False)


def examine(node: Node, groups: Iterable[str] = GROUPS) -> list[Finding]:
    """Run the checks; one that raises is a finding."""
    findings = []
    for name in groups:
        try:
            findings += importlib.import_module(f"{__name__}.{name}").check(node)
        except Exception as error:
            words = " ".join(f"{type(error).__name__}: {error}".split())
            findings.append(
                Finding(f"{name}.check", Status.WARN, f"this check has failed: {words}")
            )
    return findings
