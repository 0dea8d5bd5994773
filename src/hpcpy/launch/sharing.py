"""What ``apptainer exec --sharens`` needs around it: shell for each rank.

The first of a node's ranks makes the container, the others join it.  As of
Apptainer 1.4 the first rank's end is not reported before the others have ended: if
it dies, they and Slurm wait for it for ever.  A signal ends all engines: the others'
at once, with what they started; the first one's does not pass it on.  The first
engine also keeps a file below the home folder, which may be shared, or read-only.
"""

from __future__ import annotations

from hpcpy.launch.words import Expanded, quoted

# Seconds in which the other ranks may end by themselves, with exit codes of their own.
SECONDS = 5
# Seconds that a rank has between a Ctrl-C and the SIGTERM that follows it.
TIDY_SECONDS = 2


def before_the_engine(node_local: str) -> str:
    """Return a script that puts the engine's files on the node and becomes the engine.

    Without folders of the user's alone they are in the home folder.
    """
    folder = quoted(Expanded(node_local))
    # stat follows no link, and in a sticky folder nobody can replace what it has seen.
    return (
        f"own={folder}/hpcpy-$UID\n"
        'for folder in "$own" "$own/apptainer"; do\n'
        '  mkdir -m 700 "$folder"\n'
        '  case $(stat -c %u:%A "$folder") in "$UID:d"????-??-?) ;; *) own=; break ;; esac\n'
        "done 2>/dev/null\n"
        '[ -z "$own" ] || export APPTAINER_CONFIGDIR=$own/apptainer\n'
        f"{_TIDIES}"
        'exec "$0" "$@"'
    )


# An engine that is killed leaves its squashfuse, in a process group of its own, and its
# lock in /dev/shm; the lock would end a later step whose slurmstepd has the same number.
# A node's first rank starts what outlives the step and removes both.  proctrack/cgroup
# kills that, with all squashfuses: then the next step removes the lock.
_TIDIES = """\
if [ "$SLURM_LOCALID" = 0 ] && [ "$(cat /proc/$PPID/comm)" = slurmstepd ]; then
  for file in /dev/shm/sharens_instance_*; do
    [ -O "$file" ] && [ ! -d "/proc/${file##*_}" ] && rm -f "$file"
  done
  stat=$(cat /proc/$$/stat)
  read -r _ _ _ session _ <<<"${stat##*) }"
  tidies='tail --pid=$0 -f /dev/null
    pkill -KILL -s $1 fuse; rm -f /dev/shm/sharens_instance_$0'
  (setsid bash -c "$tidies" $PPID "$session" </dev/null >/dev/null 2>&1 &)
fi
"""


def around_the_program() -> str:
    """Return a script that runs a rank, passes a stop on, and ends the first one's engine.

    Slurm signals what it has started: with ``proctrack/cgroup`` only the engine.  The
    kernel would kill the shell at its engine's end, as the engine asks; setpriv makes
    that a SIGPWR, which the shell can handle.  A stop may come more than once, from
    Slurm to the whole group and by the engine's end: the rank gets it once.  srun takes
    an engine's end for a rank's and sends the others SIGTERM at once: after a Ctrl-C it
    reaches the ranks `TIDY_SECONDS` later, so that they can tidy up.
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
