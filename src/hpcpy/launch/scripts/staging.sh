# shellcheck shell=bash disable=SC2154  # the job script sets nodes, image, staged, copy and keeper
# In the job's shell: starts a keeper on each node, and asks them.
#
# The keepers are in a session of their own: `hpcpy launch` may end all of the job's.  bash
# forgets the coprocess's variables when it ends.
coproc keepers {
  exec setsid srun --overlap --nodes="$nodes" --ntasks="$nodes" --ntasks-per-node=1 \
    --mpi=none --quiet bash -pc "$keeper" "$staged" "$copy"
}
# shellcheck disable=SC2034  # the job script ends them
keeper_process=$keepers_PID keeper_out=${keepers[0]} keeper_in=${keepers[1]}
each_node_answers() { # with an empty line if all is well
  for ((node = 0; node < nodes; node++)); do
    read -r -u "$keeper_out" wrong || exit 73
    [ -z "$wrong" ] || { echo "hpcpy: $wrong" >&2; exit 73; }
  done
}
no_copy() { # each node tries to write as much
  echo "size$(wc -c <"$image")" >&"$keeper_in"
  each_node_answers
  exit 73
}
