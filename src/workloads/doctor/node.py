"""The machine as the checks see it: its files, the environment, the ranks on it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class World:
    """What MPI has told this process."""

    # MPI.COMM_WORLD; None where MPI was not started.
    comm: Any = None
    # Why it could not be, one line; empty where nobody tried.
    problem: str = ""
    # What MPI's start has opened: targets of /proc/self/fd.
    opened: frozenset[str] = frozenset()


@dataclass(frozen=True)
class RankFacts:
    """What a rank reports to the one that looks at the node."""

    # Those that it may run on.
    cores: frozenset[int]
    # Ranks of different ones cannot read each other's memory.
    user_namespace: str = ""


@dataclass(frozen=True)
class Node:
    """What there is to look at.

    Parameters
    ----------
    root
        Where /sys, /proc, /dev and /etc are; tests have their own.
    environ
        The environment.
    deep
        Whether a check may take seconds and start other processes. The
        preflight's may not.
    world
        What MPI has told.
    ranks
        The ranks of this job on this node; empty where they are not known.
    """

    root: Path = Path("/")
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    deep: bool = True
    world: World = World()
    ranks: tuple[RankFacts, ...] = ()

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
