# shellcheck shell=bash disable=SC2317,SC2329  # traps call its functions
# In Apptainer's container, around a rank, whose words are "$0" "$@".
#
# Slurm signals what it has started: with proctrack/cgroup only the engine.  The kernel would
# kill the shell at its engine's end, as the engine asks; setpriv makes that a SIGPWR, which the
# shell can handle.  A stop may come more than once, from Slurm to the whole group and by the
# engine's end: the rank gets it once.  srun takes an engine's end for a rank's and sends the
# others SIGTERM at once: after a Ctrl-C it reaches the ranks some seconds later, so that they
# can tidy up.
told=(setpriv --pdeathsig PWR) killed=(setpriv --pdeathsig KILL)
if [ -n "$HPCPY_TOLD" ]; then
  unset HPCPY_TOLD
elif "${told[@]}" true 2>/dev/null; then
  HPCPY_TOLD=1 exec "${told[@]}" bash -pc "$BASH_EXECUTION_STRING" "$0" "$@"
else
  killed=() # an image without util-linux 2.33
fi
task=$HPCPY_TASK parent=$HPCPY_PARENT
unset HPCPY_TASK HPCPY_PARENT
exec 4>&2 2>/dev/null # bash would tell of its child's death
stopped=
set -m # a process group of its own: it has no signal but by this shell
"${killed[@]}" "$0" "$@" 2>&4 4>&- &
rank=$!
set +m
tell() {
  echo "hpcpy: rank $SLURM_PROCID on $SLURMD_NODENAME: exit code $code" >&4
  tell() { :; }
}
stop() {
  stopped=1
  trap : INT TERM HUP PWR
  [ "$1" = TERM ] || trap later TERM
  kill "-$1" -"$rank"
}
later() { (sleep 2; kill -TERM -"$rank") </dev/null >/dev/null 4>&- & }
trap 'stop INT' INT
trap 'stop TERM' TERM HUP PWR
until wait $rank; ! kill -0 $rank; do :; done
wait $rank
code=$?
[ $code = 0 ] && exit

# With --sharens the death of a node's first rank would stay untold: its engine is killed, and
# Slurm learns of it: Apptainer's issue 2713.
[ -n "$APPTAINER_SHARENS_MASTER" ] || exit $code
[ $code -lt 128 ] || [ "$stopped" ] || tell # at once: MPI may end a neighbour for it
(
  sleep 5 # the other ranks may end by themselves, with exit codes of their own
  case $(cat "/proc/$task/comm") in starter*) ;; *) exit ;; esac
  tell
  rm -f "/dev/shm/sharens_instance_$parent"
  kill -KILL "$task"
) >/dev/null </dev/null &
exit $code
