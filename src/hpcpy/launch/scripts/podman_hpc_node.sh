# shellcheck shell=bash disable=SC2016  # the container's shell expands its command
# On the node, before the engine: "$0" is podman-hpc, its words follow up to --, then the rank's.
#
# What `podman-hpc shared-run` needs.  The first of a node's ranks makes the container, and each
# rank, the first one too, starts its program in it.  As of podman-hpc 1.2 the first rank, when
# its own program has died, waits for ever for the node's other ranks.
engine=("$0")
while [ "$1" != -- ]; do engine+=("$1"); shift; done
shift
export HPCPY_PROGRAM=${*@Q} # it would take --help and options of its modules for its own
export HPCPY_TASK=$$
export USER="${USER:-$UID}" # it asks for one where nobody has logged in
# The container stays until its last rank has ended.
export PODMANHPC_SHARED_RUN_COMMAND='bash,-pc,
  while [ -d /proc/$HPCPY_TASK ]; do sleep 1; done
  for rank in /run/hpcpy.*; do
    while [ -d "/proc/${rank#*.}" ]; do sleep 1; done
  done
  sleep 1'
# The first rank's own may have hung up before the last one has said that it ends.
exec "${engine[@]}" 2> >(
  trap '' INT TERM HUP
  exec sed -u '/^send_complete failed for [0-9]*$/{N;d;}' >&2
)
