# shellcheck shell=bash disable=SC2154  # the job script sets hpcpy_image, …_copy, …_keeper
# In the job's shell: starts a keeper on each node, and asks them.
#
# Its names begin with hpcpy: a user may have exported others for the ranks.
#
# sbcast copies to all nodes of the job, which may have more of them than the step.
hpcpy_nodes=${SLURM_JOB_NUM_NODES:-1}
[ -r "$hpcpy_image" ] || { echo "hpcpy: no image $hpcpy_image" >&2; exit 69; }
# The keepers are in a session of their own: a Ctrl-C of the terminal is for the step alone.  What
# Slurm says of them goes with their answers: at the job's end nobody reads it.
coproc hpcpy_keepers {
  exec setsid srun --overlap --nodes="$hpcpy_nodes" --ntasks="$hpcpy_nodes" --ntasks-per-node=1 \
    --mpi=none --quiet bash -pc "$hpcpy_keeper" "$staged" "$hpcpy_copy" 2>&1
}
# The step's srun, which this shell becomes, has these two, too: the keepers remove the copies when
# it has ended, however it does.  Opened by name, as bash has a copy of its own closed by exec.
exec {hpcpy_out}<"/dev/fd/${hpcpy_keepers[0]}" {hpcpy_in}>"/dev/fd/${hpcpy_keepers[1]}"
trap 'exit 1' PIPE # a cancelled job has no keepers any more
each_node_answers() { # with an empty line if all is well
  local node=0 wrong
  while [ "$node" -lt "$hpcpy_nodes" ]; do
    read -r -u "$hpcpy_out" wrong || exit 73
    case $wrong in
      '') node=$((node + 1)) ;;
      srun:* | slurmstepd*) echo "$wrong" >&2 ;;
      *) echo "hpcpy: $wrong" >&2; exit 73 ;;
    esac
  done
}
no_copy() { # each node tries to write as much
  echo "size$(wc -c <"$hpcpy_image")" 2>/dev/null 1>&"$hpcpy_in"
  each_node_answers
  exit 73
}
