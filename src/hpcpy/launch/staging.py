"""``STAGE=1``: a copy of the image on each node's own disk, for as long as the job."""

from __future__ import annotations

from hpcpy.launch.request import Request
from hpcpy.launch.words import Expanded, Line, quoted

# Runs on each node: cat ends when the job's shell closes the pipe or has ended.  SIGTERM,
# from scancel or the time limit, ends cat alone.  Ctrl-C does not end it, since ranks may
# still read the copy while they tidy up.
_KEEPER = 'trap : TERM; trap "" INT HUP; echo; { cat; } 2>/dev/null; rm -rf "$0" "$0"-*'
# Seconds that a removal may take.
_SECONDS = 5


def copy_of(node_local: str) -> Expanded:
    """Return the path of a node's copy, which has the job's number in it."""
    return Expanded(f"{node_local}/hpcpy-$SLURM_JOB_ID.sif")


def before(request: Request, image: str, copy: Expanded) -> tuple[Line, ...]:
    """Return the lines that copy the image, after those that will remove the copies."""
    return (
        *removing(request.nodes, copy),
        Line(
            f"sbcast --force {quoted(image)} {quoted(copy)} || exit 73",
            "the image on each node's own disk, read once from the shared one",
        ),
    )


def removing(nodes: int, path: Expanded) -> tuple[Line, ...]:
    """Return the lines that remove a path on each node when the job ends, however it ends.

    Paths that begin with this one and a dash are removed, too.
    """
    each = f"--nodes={nodes} --ntasks={nodes} --ntasks-per-node=1"
    # In a session of its own: `hpcpy.launch.step` may end all of the launch's session.
    srun = f"setsid srun --overlap {each} --mpi=none --quiet"
    keeper = f"exec {srun} sh -c {quoted(_KEEPER)} {quoted(path)}"
    each_node = f"for ((node = 0; node < {nodes}; node++))"
    return (
        Line(f"coproc keeper {{ {keeper}; }}", "on each node, removes its copies at the end"),
        Line(
            "keeper_process=$keeper_PID keeper_out=${keeper[0]} keeper_in=${keeper[1]}",
            "bash forgets them when it ends",
        ),
        Line(
            f"{each_node}; do read -r -u $keeper_out || exit 73; done",
            "they are there: a cancelled job leaves no copy",
        ),
    )


def afterwards() -> tuple[Line, ...]:
    """Return the lines that have the copies removed, and wait for it."""
    return (
        Line('eval "exec $keeper_in>&-"', "the copies go"),
        Line(f"read -r -t {_SECONDS} -u $keeper_out 2>/dev/null", "they have gone"),
        # At SIGTERM, srun would end the removals that are not done.
        Line("kill -KILL $keeper_process 2>/dev/null", "a dead node never says so"),
    )
