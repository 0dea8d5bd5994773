"""What a rank runs: an import, and a line of what it took."""

import json
from collections.abc import Iterable
from typing import Any

MARK = "storm "
# Of a slow file system, between the first and the last rank of a node.
_PATIENCE = 600.0
# Nothing that it uses is imported from a file: it would be asked for beside the import
# that is measured.
#
# A container of all ranks of a node ends with its first rank: one that comes later would
# have none to join.  So each waits at its end until all of its node have printed, by files
# in the node's own /tmp; not every program has MPI.
#
# Times are by the node's clock; `resident` is the most that was resident, `private` what no
# other process has, in bytes.
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
    "begin": round(begin, 4), "imported": round(imported, 4), "done": round(done, 4),
    "cpu": round(used.user + used.system, 4),
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
    "numpy": "import numpy",
    # Under a launcher that MPI does not know, each rank is rank 0 of 1.
    "core": """\
import numpy, numba, h5py
from mpi4py import MPI
MPI.COMM_WORLD.Barrier()
if MPI.COMM_WORLD.size != int(os.environ["SLURM_NTASKS"]):
    raise SystemExit("MPI sees one rank in each process: it needs another srun --mpi")""",
}


def source(program: str) -> str:
    """Return the text of a program."""
    first, *others = PROGRAMS[program].splitlines()
    return _AROUND.format("\n".join([first, "imported = time.monotonic()", *others]))


def reported(lines: Iterable[str]) -> list[dict[str, Any]]:
    """Return what ranks reported, in their order."""
    ranks = [json.loads(line.removeprefix(MARK)) for line in lines if line.startswith(MARK)]
    return sorted(ranks, key=lambda rank: int(rank["rank"]))
