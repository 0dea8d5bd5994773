"""The machine as the checks see it: its files, the environment, the ranks on it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpcpy_job.doctor.ping import Speed


@dataclass(frozen=True)
class World:
    """What MPI has told this process."""

    comm: Any = None  # MPI.COMM_WORLD; None where MPI was not started
    problem: str = ""  # why it could not be, one line; empty where nobody tried
    opened: frozenset[str] = frozenset()  # by MPI's start: targets of /proc/self/fd, mapped files


@dataclass(frozen=True)
class RankFacts:
    """What a rank reports to the one that looks at the node."""

    cores: frozenset[int]  # those that it may run on
    user_namespace: str = ""  # ranks of different ones cannot read each other's memory


@dataclass(frozen=True)
class Node:
    """What there is to look at."""

    root: Path = Path("/")  # where /sys, /proc, /dev and /etc are; tests have their own
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    deep: bool = True  # whether a check may take seconds and start other processes
    world: World = World()
    ranks: tuple[RankFacts, ...] = ()  # of this job on this node; empty if not known
    speed: Speed | None = None  # between two nodes of this job

    def path(self, name: str) -> Path:
        """Return where an absolute path is below `root`."""
        return self.root / name.lstrip("/")

    def text(self, name: str) -> str:
        """Return a file's text; empty where it cannot be read."""
        try:
            return self.path(name).read_text(errors="replace").strip("\0\n ")
        except OSError:
            return ""

    def names(self, folder: str, pattern: str = "*") -> list[str]:
        """Return the sorted names in a folder; none where it cannot be read."""
        try:
            return sorted(path.name for path in self.path(folder).glob(pattern))
        except OSError:
            return []


def facts_of_this_rank() -> RankFacts:
    """Return what this process reports of itself."""
    try:
        namespace = str(Path("/proc/self/ns/user").readlink())
    except OSError:
        namespace = ""
    return RankFacts(frozenset(os.sched_getaffinity(0)), namespace)
