"""The techniques there are; adding one is a function in `techniques` and an entry here."""

from __future__ import annotations

import os

from workloads.bench.technique import Technique

_HERE = "workloads.startup.techniques:"


def _other_machine() -> str:
    machine = os.uname().machine
    known = machine == "x86_64"
    return "" if known else f"the numbers of system calls are known for x86_64, not for {machine}"


TECHNIQUES = {
    "spawn": Technique(_HERE + "spawn", "one start at a time: wall and processor time"),
    "spawn-many": Technique(
        _HERE + "spawn",
        "as many at once as there are workers: starts a second",
        parallel="processes",
    ),
    "importtime": Technique(_HERE + "importtime", "-X importtime: milliseconds of each import"),
    "ptrace": Technique(
        _HERE + "ptrace",
        "every system call, followed by ptrace: kinds, files, bytes",
        obstacle=_other_machine,
    ),
}

# What `auto` takes; the others show something else, not the same faster.
FASTEST = ("spawn",)
