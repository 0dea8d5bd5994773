"""``STAGE=1``: a copy of the image on each node's own disk, for as long as the job."""

from __future__ import annotations

from hpcpy.launch.request import Request
from hpcpy.launch.words import Expanded, Line, quoted

# In a folder that the job has made on each node, which nobody else can enter.
COPY = Expanded("$staged/hpcpy.sif")
# Both run on each node: cat ends when the job's shell closes the pipe or has ended.
# SIGTERM, from scancel or the time limit, ends cat alone.  Ctrl-C does not end it, since
# ranks may still read the copy while they tidy up.  An answer is a line: empty if all is well.
_REMOVER = 'trap : TERM; trap "" INT HUP; echo; { cat; } 2>/dev/null; rm -rf "$0" "$0"-*'
# mkdir follows no link and takes nothing that is there.  The one line that comes is the
# image's checksum, when the copy is there.  cat, since bash loses the answer of one that ends.
_KEEPER = """\
trap ended=1 TERM; trap "" INT HUP
wrong=$(mkdir -m 700 "$0" 2>&1) || { echo "$SLURMD_NODENAME: $wrong"; exec cat; }
trap 'trap "" TERM; rm -rf "$0"; exit' TERM
echo
[ "$ended" ] || {
  sum=$(head -n 1)
  if [ "$sum" ] && [ "$sum" = "$(sha256sum <"$0"/hpcpy.sif)" ]; then echo
  else echo "$SLURMD_NODENAME: $0/hpcpy.sif is not what was copied"; fi
  cat
} 2>/dev/null
rm -rf "$0\""""
# Seconds that a removal may take.
_SECONDS = 5


def before(request: Request, image: str, node_local: str) -> tuple[Line, ...]:
    """Return the lines that copy the image to `COPY`, after those that will remove the copies."""
    name = quoted(Expanded(f"{node_local}/hpcpy-$SLURM_JOB_ID-XXXXXXXXXX"))
    return (
        Line(f"staged=$(mktemp --dry-run {name}) || exit 73", "a name that nobody can know"),
        *_on_each_node(request.nodes, _KEEPER, Expanded("$staged")),
        # Two seconds of a processor, here and on each node, for the 475 MB of the core image.
        Line(f"exec {{sum}}< <(sha256sum <{quoted(image)})", "while it is copied"),
        Line(
            f"sbcast {quoted(image)} {quoted(COPY)} || exit 73",
            "the image on each node's own disk, read once from the shared one",
        ),
        Line('echo "$(cat <&$sum)" >&$keeper_in', "for each node to compare"),
        Line("each_node_answers", "its copy is the image"),
    )


def removing(nodes: int, path: Expanded) -> tuple[Line, ...]:
    """Return the lines that remove a path on each node when the job ends, however it ends.

    Paths that begin with this one and a dash are removed, too.
    """
    return _on_each_node(nodes, _REMOVER, path)


def _on_each_node(nodes: int, keeper: str, path: Expanded) -> tuple[Line, ...]:
    each = f"--nodes={nodes} --ntasks={nodes} --ntasks-per-node=1"
    # In a session of its own: `hpcpy.launch.step` may end all of the launch's session.
    srun = f"setsid srun --overlap {each} --mpi=none --quiet"
    running = f"exec {srun} sh -c {quoted(keeper)} {quoted(path)}"
    answers = (
        f"for ((node = 0; node < {nodes}; node++)); do "
        "read -r -u $keeper_out wrong || exit 73; "
        '[ -z "$wrong" ] || { echo "hpcpy: $wrong" >&2; exit 73; }; done'
    )
    return (
        Line(f"coproc keeper {{ {running}; }}", "on each node, removes its copies at the end"),
        Line(
            "keeper_process=$keeper_PID keeper_out=${keeper[0]} keeper_in=${keeper[1]}",
            "bash forgets them when it ends",
        ),
        Line(f"each_node_answers() {{ {answers}; }}", "with an empty line if all is well"),
        Line("each_node_answers", "they are there: a cancelled job leaves no copy"),
    )


def afterwards() -> tuple[Line, ...]:
    """Return the lines that have the copies removed, and wait for it."""
    return (
        Line('eval "exec $keeper_in>&-"', "the copies go"),
        Line(f"read -r -t {_SECONDS} -u $keeper_out 2>/dev/null", "they have gone"),
        # At SIGTERM, srun would end the removals that are not done.
        Line("kill -KILL $keeper_process 2>/dev/null", "a dead node never says so"),
    )
