"""``STAGE=1``: a copy of the image on each node's own disk, for as long as the job."""

from __future__ import annotations

from hpcpy.launch.request import Request
from hpcpy.launch.words import Expanded, Line, quoted

# On each node. SIGTERM, of scancel or the time limit, ends cat alone; Ctrl-C
# does not, since ranks may still read while they tidy up; otherwise cat ends
# when the job's shell closes the pipe or is no more.
_KEEPER = 'trap : TERM; trap "" INT HUP; echo; cat; rm -f "$0"'


def copy_of(node_local: str) -> Expanded:
    """Return where a node has its copy, by the job's number."""
    return Expanded(f"{node_local}/hpcpy-$SLURM_JOB_ID.sif")


def before(request: Request, image: str, copy: Expanded) -> tuple[Line, ...]:
    """Return the lines that copy, the one that will remove the copies first."""
    each = f"--nodes={request.nodes} --ntasks={request.nodes} --ntasks-per-node=1"
    keeper = f"exec srun --overlap {each} --mpi=none --quiet sh -c {quoted(_KEEPER)} {quoted(copy)}"
    ready = f'for ((node = 0; node < {request.nodes}; node++)); do read -r -u "${{keeper[0]}}"'
    return (
        Line(f"coproc keeper {{ {keeper}; }}", "STAGE: on each node, removes the copy at the end"),
        Line("keeper_process=$keeper_PID", "bash forgets it when it ends"),
        Line(f"{ready} || exit 73; done", "they are there: a cancelled job leaves no copy"),
        Line(
            f"sbcast --force {quoted(image)} {quoted(copy)} || exit 73",
            "the image on each node's own disk, read once from the shared one",
        ),
    )


def afterwards() -> tuple[Line, ...]:
    """Return the lines that have the copies removed, and wait for it."""
    return (Line('eval "exec ${keeper[1]}>&-"; wait $keeper_process', "the copies go"),)
