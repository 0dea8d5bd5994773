# shellcheck shell=bash
# In a container of podman, before a rank: it ends with its task.
#
# A rank there is conmon's child, and not Slurm's, so it would outlive its task, podman, when
# Slurm has to kill that.  The container has the node's processes.
( (
  trap "" INT
  while [ -d /proc/$$ ] && [ -d "/proc/$HPCPY_TASK" ]; do sleep 1; done
  [ -d /proc/$$ ] && kill -INT -$$ && sleep 5 && kill -KILL -$$
) >/dev/null 2>&1 </dev/null & )
