# shellcheck shell=bash
# In podman-hpc's container, around a rank, whose words are in HPCPY_PROGRAM.
: >/run/hpcpy.$$ # for the container, which podman removes when no rank is left
eval "set -- $HPCPY_PROGRAM"
unset HPCPY_PROGRAM
exec 4>&2 2>/dev/null # bash would tell of its child's death
trap : INT TERM HUP # or it ends before the rank
"$@" 2>&4 4>&-
code=$?
[ $code = 0 ] && exit
# The engine of a node's first rank, which waits for the others, is killed: Slurm learns of it.
if [ "$SLURM_LOCALID" = 0 ] && [ "${SLURM_STEP_TASKS_PER_NODE%%(*}" != 1 ]; then
  sleep 5 # the other ranks may end by themselves, with exit codes of their own
  echo "hpcpy: rank $SLURM_PROCID on $SLURMD_NODENAME: exit code $code" >&4
  sleep 1 # it has a way to go
  kill -KILL "$HPCPY_TASK"
fi
exit $code
