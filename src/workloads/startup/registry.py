"""The techniques there are; adding one is a function in `techniques` and an entry here."""

from __future__ import annotations

import shutil

from workloads.bench.workload import Technique

_HERE = "workloads.startup.techniques:"


def no_strace() -> str:
    """Return what to do where there is no strace, or an empty string."""
    return "" if shutil.which("strace") else "no strace on PATH: install it, or count in the image"


TECHNIQUES = {
    "spawn": Technique(_HERE + "spawn", "one start at a time: wall and processor time"),
    "spawn-many": Technique(
        _HERE + "spawn", "as many at once as --workers: starts a second", parallel="processes"
    ),
    "importtime": Technique(_HERE + "importtime", "-X importtime: milliseconds of each import"),
    "strace": Technique(
        _HERE + "count", "strace: system calls on files, by kind", obstacle=no_strace
    ),
}

# What `auto` takes; the others show something else, not the same faster.
FASTEST = ("spawn",)
