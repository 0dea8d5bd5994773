"""What ``apptainer exec --sharens`` needs around it: shell for each rank.

The first of a node's ranks makes the container, the others join it.  As of
Apptainer 1.4 the first one's end is told to nobody before the others have
ended: were it to die, they and Slurm would wait for it for ever.  A signal ends
all engines, the others' at once and with what they started; the first one's
passes it on to nobody.  And it keeps a file below the home folder, which may be
a shared one, or read-only.
"""

from __future__ import annotations

from hpcpy.launch.words import Expanded, quoted

# How long the other ranks have to end by themselves, with codes of their own.
SECONDS = 5
# What a rank has between a Ctrl-C and the SIGTERM that follows it.
TIDY_SECONDS = 2


def before_the_engine(node_local: str) -> str:
    """Return a script that has the engine's files on the node and becomes it.

    Whoever else made a folder of that name, it is not used.
    """
    folder = quoted(Expanded(node_local))
    return (
        f"own={folder}/hpcpy-$UID\n"
        'mkdir -m 700 "$own" 2>/dev/null\n'
        'if [ -O "$own" ] && mkdir -p "$own/apptainer"; then\n'
        '  export APPTAINER_CONFIGDIR="$own/apptainer"\n'
        "fi\n"
        'exec "$0" "$@"'
    )


def around_the_program() -> str:
    """Return a script that runs a rank, passes a stop on, and ends the first one's engine.

    Slurm signals what it has started, with ``proctrack/cgroup`` the engine alone.
    The shell hears of its engine's end by a signal of its own, where the engine
    would have it killed.  However often a stop comes, from Slurm to all of a
    group and by that end, the rank has one.  srun, which takes an engine's end
    for a rank's, has the others ended at once: that waits for them to tidy up.
    """
    return f"""\
told=(setpriv --pdeathsig PWR) killed=(setpriv --pdeathsig KILL)
if [ -n "$HPCPY_TOLD" ]; then
  unset HPCPY_TOLD
elif "${{told[@]}}" true 2>/dev/null; then
  HPCPY_TOLD=1 exec "${{told[@]}}" bash -c "$BASH_EXECUTION_STRING" "$0" "$@"
else
  killed=() # an image without util-linux 2.33
fi
exec 4>&2 2>/dev/null # bash would tell of its child's death
set -m # a process group of its own: it has no signal but by this shell
"${{killed[@]}}" "$0" "$@" 2>&4 4>&- &
rank=$!
set +m
stop() {{
  trap : INT TERM HUP PWR
  [ $1 = TERM ] || trap later TERM
  kill -$1 -$rank
}}
later() {{ (sleep {TIDY_SECONDS}; kill -TERM -$rank) </dev/null >/dev/null 4>&- & }}
trap 'stop INT' INT
trap 'stop TERM' TERM HUP PWR
until wait $rank; ! kill -0 $rank; do :; done
wait $rank
code=$?
[ $code = 0 ] && exit
[ -n "$APPTAINER_SHARENS_MASTER" ] || exit $code
task=$$ parent=$PPID
until [ "$(cat /proc/$parent/comm)" = slurmstepd ]; do
  task=$parent
  stat=$(cat /proc/$task/stat) || exit $code
  stat=${{stat##*) }}
  stat=${{stat#* }}
  parent=${{stat%% *}}
done
(
  sleep {SECONDS}
  [ "$(cat /proc/$task/comm)" = starter ] || exit
  echo "hpcpy: rank $SLURM_PROCID on $SLURMD_NODENAME: exit code $code" >&4
  rm -f /dev/shm/sharens_instance_$parent
  kill -KILL $task
) >/dev/null </dev/null &
exit $code"""
