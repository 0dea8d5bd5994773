"""Shell around a staged image: a copy on each node's own disk, for as long as the job."""

from __future__ import annotations

from hpcpy.launch.on_nodes import SECONDS
from hpcpy.launch.shell import Expanded, Line, quoted, variable_of_script

# Of --stage, and of the standalone file.  The copy lies in a folder that the job has made on each
# node, which nobody else can enter.
COPIES = {
    "apptainer": Expanded("$staged/hpcpy.sif"),
    "standalone": Expanded("$staged/hpcpy-python"),
}
# A keeper runs on each node: cat ends when the job's shell closes the pipe or has ended.
# SIGTERM, from scancel or the time limit, ends cat alone.  Ctrl-C does not end it, since
# ranks may still read the copy while they tidy up.  An answer is a line: empty if all is well.
# mkdir follows no link and takes nothing that is there.  The one line that comes is the
# image's checksum, when the copy is there, or else its size: sbcast does not say that a disk
# is full.  cat, since bash loses the answer of one that ends.
_KEEPER = """\
trap ended=1 TERM; trap "" INT HUP
wrong=$(mkdir -m 700 "$0" 2>&1) || { echo "$SLURMD_NODENAME: $wrong"; exec cat; }
trap 'trap "" TERM; rm -rf "$0"; exit' TERM
echo
[ "$ended" ] || {
  sum=$(head -n 1)
  case $sum in
    size*) wrong=$(head -c "${sum#size}" /dev/zero 2>&1 >"$0"/@file@) ||
      wrong="$SLURMD_NODENAME: no copy of the image in ${0%/*}: ${wrong##*: }"
      echo "$wrong" ;;
    "$(sha256sum <"$0"/@file@ || echo none)") echo ;;
    *) echo "$SLURMD_NODENAME: $0/@file@ is not what was copied" ;;
  esac
  cat
} 2>/dev/null
rm -rf "$0"
"""
# The keepers are in a session of their own: `hpcpy.launch.step` may end all of the launch's.
# bash forgets the coprocess's variables when it ends.
_KEEPERS = """\
coproc keeper {
  exec setsid srun --overlap --nodes=@nodes@ --ntasks=@nodes@ --ntasks-per-node=1 \\
    --mpi=none --quiet bash -pc "$keeper_script" "$staged"
}
keeper_process=$keeper_PID keeper_out=${keeper[0]} keeper_in=${keeper[1]}
each_node_answers() { # with an empty line if all is well
  for ((node = 0; node < @nodes@; node++)); do
    read -r -u $keeper_out wrong || exit 73
    [ -z "$wrong" ] || { echo "hpcpy: $wrong" >&2; exit 73; }
  done
}
no_copy() { # each node tries to write as much
  echo "size$(wc -c <@image@)" >&$keeper_in
  each_node_answers
  exit 73
}"""


def staging_lines(nodes: int, image: str, node_local: str, copy: Expanded) -> tuple[Line, ...]:
    """Return the lines that copy the image to `copy`, after those that will remove the copies."""
    keeper = _KEEPER.replace("@file@", copy.removeprefix("$staged/"))
    keepers = _KEEPERS.replace("@nodes@", str(nodes)).replace("@image@", quoted(image))
    name = quoted(Expanded(f"{node_local}/hpcpy-$SLURM_JOB_ID-XXXXXXXXXX"))
    return (
        Line(f"staged=$(mktemp --dry-run {name}) || exit 73", "a name that nobody can know"),
        variable_of_script("keeper_script", keeper, "keeps a node's copy until the job ends"),
        Line(keepers, "on each node, removes its copy at the end"),
        Line("each_node_answers", "they are there: a cancelled job leaves no copy"),
        # Two seconds of a processor, here and on each node, for the 475 MB of the core image.
        Line(f"exec {{sum}}< <(sha256sum <{quoted(image)})", "while it is copied"),
        Line(
            f"sbcast {quoted(image)} {quoted(copy)} || no_copy",
            "the image on each node's own disk, read once from the shared one",
        ),
        Line('echo "$(cat <&$sum)" >&$keeper_in', "for each node to compare"),
        Line("each_node_answers", "its copy is the image"),
    )


def ending_lines() -> tuple[Line, ...]:
    """Return the lines that have the copies removed, and wait some seconds for it."""
    return (
        Line('eval "exec $keeper_in>&-"', "the copies go"),
        Line(f"read -r -t {SECONDS} -u $keeper_out 2>/dev/null", "they have gone"),
        # At SIGTERM, srun would end the removals that are not done.
        Line("kill -KILL $keeper_process 2>/dev/null", "a dead node never says so"),
    )
