"""What ``podman-hpc shared-run`` needs around it: shell for each rank.

The first of a node's ranks makes the container, and each rank, the first one too,
starts its program in it.  As of podman-hpc 1.2 the first rank ends the container
when as many ranks have ended as the first node has: on a node with fewer ranks it
waits for ever.  When its own program has died, it waits for ever for the node's
other ranks.  What runs in the container is podman's child and not Slurm's, so it
outlives a step that Slurm has to kill.
"""

from __future__ import annotations

# Seconds in which the other ranks may end by themselves, with exit codes of their own.
SECONDS = 5


def before_the_engine() -> str:
    """Return a script that counts the node's ranks and becomes the engine.

    The program's words, which follow ``--``, go into a variable.
    """
    # SLURM_STEP_TASKS_PER_NODE is 2(x3),1 for three nodes of two ranks and one of one.
    return """\
node=$SLURM_NODEID
for some in ${SLURM_STEP_TASKS_PER_NODE//,/ }; do
  HPCPY_RANKS_HERE=${some%(*} times=${some#*x} times=${times%)}
  [ "$times" = "$some" ] && times=1
  [ $((node -= times)) -lt 0 ] && break
done
engine=("$0")
while [ "$1" != -- ]; do engine+=("$1"); shift; done
shift
export HPCPY_PROGRAM=${*@Q} # it would take --help and options of its modules for its own
export HPCPY_TASK=$$ HPCPY_RANKS_HERE PODMANHPC_TASKS_PER_NODE_VAR=HPCPY_RANKS_HERE
export USER="${USER:-$UID}" # it asks for one where nobody has logged in
export PODMANHPC_SHARED_RUN_COMMAND='bash,-c,
  while [ -d /proc/$HPCPY_TASK ]; do sleep 1; done
  for rank in /run/hpcpy.*; do
    while [ -d "/proc/${rank#*.}" ]; do sleep 1; done
  done
  sleep 1'
# The first rank's may have hung up before the last one has said that it ends.
exec "${engine[@]}" 2> >(
  trap '' INT TERM HUP
  exec sed -u '/^send_complete failed for [0-9]*$/{N;d;}' >&2
)"""


def around_the_program() -> str:
    """Return a script that runs a rank, reports its death to Slurm, and ends with its task."""
    return f"""\
: >/run/hpcpy.$$ # for the container, which podman removes when no rank is left
( (
  trap "" INT
  while [ -d /proc/$$ ] && [ -d /proc/$HPCPY_TASK ]; do sleep 1; done
  [ -d /proc/$$ ] && kill -INT -$$ && sleep {SECONDS} && kill -KILL -$$
) >/dev/null 2>&1 </dev/null & )
eval "set -- $HPCPY_PROGRAM"
unset HPCPY_PROGRAM
exec 4>&2 2>/dev/null # bash would tell of its child's death
trap : INT TERM HUP # or it ends before the rank
"$@" 2>&4 4>&-
code=$?
[ $code = 0 ] && exit
if [ "$SLURM_LOCALID" = 0 ] && [ "$HPCPY_RANKS_HERE" != 1 ]; then
  sleep {SECONDS}
  echo "hpcpy: rank $SLURM_PROCID on $SLURMD_NODENAME: exit code $code" >&4
  sleep 1 # it has a way to go
  kill -KILL $HPCPY_TASK
fi
exit $code"""
