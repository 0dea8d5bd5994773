# shellcheck shell=bash disable=SC2154  # the job script sets hpcpy_image, …_copy, …_keeper
# In the job's shell: starts a keeper on each node, and asks them.
#
# Its names begin with hpcpy: a user may have exported others for the ranks.
#
# sbcast copies to all nodes of the job, which may have more of them than the step.
hpcpy_nodes=${SLURM_JOB_NUM_NODES:-1}
# The keepers are in a session of their own: `hpcpy launch` may end all of the job's.  bash
# forgets the coprocess's variables when it ends.
[ -r "$hpcpy_image" ] || { echo "hpcpy: no image $hpcpy_image" >&2; exit 69; }
coproc hpcpy_keepers {
  exec setsid srun --overlap --nodes="$hpcpy_nodes" --ntasks="$hpcpy_nodes" --ntasks-per-node=1 \
    --mpi=none --quiet bash -pc "$hpcpy_keeper" "$staged" "$hpcpy_copy"
}
# shellcheck disable=SC2034  # the job script ends them
keeper_process=$hpcpy_keepers_PID keeper_out=${hpcpy_keepers[0]} keeper_in=${hpcpy_keepers[1]}
each_node_answers() { # with an empty line if all is well
  local node wrong
  for ((node = 0; node < hpcpy_nodes; node++)); do
    read -r -u "$keeper_out" wrong || exit 73
    [ -z "$wrong" ] || { echo "hpcpy: $wrong" >&2; give_up; }
  done
}
give_up() { # the keepers end first: Slurm would say more of those that it ends with the job
  eval "exec $keeper_in>&-"
  while read -r -t 5 -u "$keeper_out" _; do :; done 2>/dev/null
  exit 73
}
no_copy() { # each node tries to write as much
  echo "size$(wc -c <"$hpcpy_image")" >&"$keeper_in"
  each_node_answers
  give_up
}
