"""What ``apptainer exec --sharens`` needs around it: shell for each rank.

The first of a node's ranks makes the container, the others join it.  As of
Apptainer 1.4 the first one's end is told to nobody before the others have
ended: were it to die, they and Slurm would wait for it for ever.  It also
keeps a file below the home folder, which may be a shared one, or read-only.
"""

from __future__ import annotations

from hpcpy.launch.words import Expanded, quoted

# How long the other ranks have to end by themselves, with codes of their own.
SECONDS = 5


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
    """Return a script that runs a rank, and ends the first one's engine if it must."""
    return f"""\
[ -n "$APPTAINER_SHARENS_MASTER" ] || exec "$0" "$@"
exec 4>&2 2>/dev/null # bash would tell of its child's death
trap : INT TERM HUP # or it ends before the rank, and the engine with it
"$0" "$@" 2>&4 4>&-
code=$?
[ $code = 0 ] && exit
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
