"""What a rank runs: an import, and a line of what it took."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from measure.cases import EIGHT
from sharedfs.configurations import broadcast, tree
from sharedfs.pynamic.generate import DRIVER

LIBRARIES = "libraries"
PYNAMIC = "pynamic"
PYNAMIC_IN_IMAGE = "pynamic-in-image"
# Of a tree of files, as programs see it.
PYNAMIC_AT = tree.PLACE / PYNAMIC
MARK = "storm "
# Of a slow file system, between the first and the last rank of a node.
_PATIENCE = 600.0
# Nothing that it uses is imported from a file: it would be asked for beside the import
# that is measured.
#
# A container of all ranks of a node ends with its first rank: one that comes later would
# have none to join.  So each waits at its end until all of its node have printed, by files
# in the node's own /tmp; not every program has MPI.
_AROUND = f"""\
import os, time
begin = time.monotonic()
{{}}
done = time.monotonic()
used = os.times()
def kib(path, name):
    lines = [line.split() for line in open(path)]
    return sum(int(words[1]) for words in lines if words[0] == name)
print("{MARK}" + str({{{{
    "rank": int(os.environ["SLURM_PROCID"]), "node": os.uname().nodename,
    "begin": begin, "imported": imported, "done": done, "cpu": used.user + used.system,
    "resident": kib("/proc/self/status", "VmHWM:") * 1024,
    "private": kib("/proc/self/smaps_rollup", "Private_Dirty:") * 1024,
}}}}).replace("'", '"'), flush=True)
step = "-".join(["storm", os.environ["SLURM_JOB_ID"], os.environ["SLURM_STEP_ID"], ""])
open("/tmp/" + step + os.environ["SLURM_PROCID"], "w").close()
everybody = int(os.environ["SLURM_NTASKS_PER_NODE"])
end = time.monotonic() + {_PATIENCE}
while sum(name.startswith(step) for name in os.listdir("/tmp")) < everybody:
    if time.monotonic() > end:
        raise SystemExit("other ranks of this node have not reported what they took")
    time.sleep(0.01)
"""
# The first line of each is what it imports; what follows may wait for other ranks.
PROGRAMS = {
    "start": "pass",
    "numpy": "import numpy",
    PYNAMIC: f"import sys; sys.path.append('{PYNAMIC_AT}'); import {DRIVER}\n{DRIVER}.visit()",
    "core": "import numpy, numba, h5py\nfrom mpi4py import MPI\nMPI.COMM_WORLD.Barrier()\n"
    + broadcast.ALL_RANKS,
    LIBRARIES: EIGHT.code,
    PYNAMIC_IN_IMAGE: f"import {DRIVER}\n{DRIVER}.visit()",
}


@dataclass(frozen=True)
class Rank:
    """What one rank told.

    Attributes
    ----------
    rank, node
        Which it was, and where.
    begin, imported, done
        When its first line ran, when its imports were done, and when the program was,
        by the clock of its node.
    cpu
        Seconds of the processor from its start on.
    resident, private
        Bytes: the most that were resident, and those that no other process has.
    """

    rank: int
    node: str
    begin: float
    imported: float
    done: float
    cpu: float
    resident: int
    private: int


def source(name: str, around: str = "{}") -> str:
    """Return the text of a program.

    Parameters
    ----------
    name
        One of `PROGRAMS`.
    around
        What its imports stand in, for `str.format`.
    """
    first, *others = PROGRAMS[name].splitlines()
    lines = [around.format(first), "imported = time.monotonic()", *others]
    return _AROUND.format("\n".join(lines))


def told(lines: Iterable[str]) -> list[Rank]:
    """Return what ranks told, in their order."""
    found = [line.removeprefix(MARK) for line in lines if line.startswith(MARK)]
    return sorted((Rank(**json.loads(one)) for one in found), key=lambda one: one.rank)
