"""Shell that runs on the nodes: around an engine, around each rank.

Each text is bash; fields such as @folder@ are filled in.  It runs as ``bash -p``, which takes no
options (SHELLOPTS) and no commands (BASH_ENV) of the user's.
"""

from __future__ import annotations

from hpcpy.launch.shell import Expanded, Line, quoted, variable_of_script

# Seconds in which the other ranks may end by themselves, with exit codes of their own.
SECONDS = 5

# What ``apptainer exec --sharens`` needs.  The first of a node's ranks makes the container, the
# others join it.  As of Apptainer 1.4 the first rank's end is not reported before the others
# have ended: if it dies, they and Slurm wait for it for ever.  A signal ends all engines: the
# others' at once, with what they started; the first one's does not pass it on.
#
# The engine keeps a file below the home folder, which may be shared, or read-only: it gets a
# folder of the user's alone on the node.  stat follows no link, and in a sticky folder nobody
# can replace what it has seen.
#
# An engine that is killed leaves its squashfuse, in a process group of its own, and two files
# with slurmstepd's number: a lock in /dev/shm, and an instance.  Either would end a later step
# whose slurmstepd has that number.  The rank that makes the step's folder removes what dead steps
# have left, while the node's others wait; and it starts what outlives the step and removes all.
# proctrack/cgroup kills that, with all squashfuses: then the next step removes the files.
# Another user's lock stays: ranks start without --sharens, and so cannot read each other's memory.
_AROUND_APPTAINER = """\
own=@folder@/hpcpy-$UID
for folder in "$own" "$own/apptainer"; do
  mkdir -m 700 "$folder"
  case $(stat -c %u:%A "$folder") in "$UID:d"????-??-?) ;; *) own=; break ;; esac
done 2>/dev/null
[ -z "$own" ] || export APPTAINER_CONFIGDIR=$own/apptainer
if [ "$own" ] && [ "$(cat /proc/$PPID/comm)" = slurmstepd ]; then
  read -r host </proc/sys/kernel/hostname
  name=sharens_instance_$PPID instances=$own/apptainer/instances/app/$host
  step=$own/step.$host.$SLURM_JOB_ID.$SLURM_STEP_ID.$PPID
  if mkdir "$step" 2>/dev/null; then
    dead=()
    for file in {/dev/shm,"$instances"/*}/sharens_instance_* "$own/step.$host."*; do
      number=${file##*[._]}
      [ -O "$file" ] && [ "$file" != "$step" ] || continue
      [ "$number" != $PPID ] && [ -d "/proc/$number" ] || dead+=("$file")
    done
    rm -rf "${dead[@]}"
    stat=$(cat /proc/$$/stat)
    read -r _ _ _ session _ <<<"${stat##*) }"
    tidies='tail --pid=$0 -f /dev/null
      pkill -KILL -s $1 fuse
      rm -rf {/dev/shm,"$2"/*}/sharens_instance_$0 "$3"'
    (setsid bash -pc "$tidies" $PPID "$session" "$instances" "$step" </dev/null >/dev/null 2>&1 &)
    mkdir "$step/swept"
  fi
  for ((tries = 0; tries < 500; tries++)); do # 10 s
    [ -d "$step" ] && [ ! -d "$step/swept" ] || break
    sleep 0.02
  done
  if [ "$2" = --sharens ] && [ -e "/dev/shm/$name" ] && [ ! -O "/dev/shm/$name" ]; then
    shift 2
    set -- exec "$@"
    export APPTAINERENV_MPIR_CVAR_CH4_CMA_ENABLE=0
  fi
fi
exec "$0" "$@"
"""
# Slurm signals what it has started: with proctrack/cgroup only the engine.  The kernel would
# kill the shell at its engine's end, as the engine asks; setpriv makes that a SIGPWR, which the
# shell can handle.  A stop may come more than once, from Slurm to the whole group and by the
# engine's end: the rank gets it once.  srun takes an engine's end for a rank's and sends the
# others SIGTERM at once: after a Ctrl-C it reaches the ranks some seconds later, so that they
# can tidy up.  When the first rank dies, its engine is killed: Slurm learns of the death.
_AROUND_APPTAINERS_RANK = """\
told=(setpriv --pdeathsig PWR) killed=(setpriv --pdeathsig KILL)
if [ -n "$HPCPY_TOLD" ]; then
  unset HPCPY_TOLD
elif "${told[@]}" true 2>/dev/null; then
  HPCPY_TOLD=1 exec "${told[@]}" bash -pc "$BASH_EXECUTION_STRING" "$0" "$@"
else
  killed=() # an image without util-linux 2.33
fi
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
  [ $1 = TERM ] || trap later TERM
  kill -$1 -$rank
}
later() { (sleep 2; kill -TERM -$rank) </dev/null >/dev/null 4>&- & }
trap 'stop INT' INT
trap 'stop TERM' TERM HUP PWR
until wait $rank; ! kill -0 $rank; do :; done
wait $rank
code=$?
[ $code = 0 ] && exit
[ -n "$APPTAINER_SHARENS_MASTER" ] || exit $code
[ $code -lt 128 ] || [ "$stopped" ] || tell # at once: MPI may end a neighbour for it
task=$$ parent=$PPID
until [ "$(cat /proc/$parent/comm)" = slurmstepd ]; do
  task=$parent
  stat=$(cat /proc/$task/stat) || exit $code
  stat=${stat##*) }
  stat=${stat#* }
  parent=${stat%% *}
done
(
  sleep @seconds@
  [ "$(cat /proc/$task/comm)" = starter ] || exit
  tell
  rm -f /dev/shm/sharens_instance_$parent
  kill -KILL $task
) >/dev/null </dev/null &
exit $code
"""
# A rank in a container of podman is conmon's child, and not Slurm's, so it would outlive its task,
# podman, when Slurm has to kill that.  The container has the node's processes.
_ENDS_WITH_TASK = """\
( (
  trap "" INT
  while [ -d /proc/$$ ] && [ -d /proc/$HPCPY_TASK ]; do sleep 1; done
  [ -d /proc/$$ ] && kill -INT -$$ && sleep @seconds@ && kill -KILL -$$
) >/dev/null 2>&1 </dev/null & )
"""
# What ``podman-hpc shared-run`` needs.  The first of a node's ranks makes the container, and
# each rank, the first one too, starts its program in it.  As of podman-hpc 1.2 the first rank,
# when its own program has died, waits for ever for the node's other ranks.  The first rank's own
# may have hung up before the last one has said that it ends.
_AROUND_PODMAN_HPC = """\
engine=("$0")
while [ "$1" != -- ]; do engine+=("$1"); shift; done
shift
export HPCPY_PROGRAM=${*@Q} # it would take --help and options of its modules for its own
export HPCPY_TASK=$$
export USER="${USER:-$UID}" # it asks for one where nobody has logged in
export PODMANHPC_SHARED_RUN_COMMAND='bash,-pc,
  while [ -d /proc/$HPCPY_TASK ]; do sleep 1; done
  for rank in /run/hpcpy.*; do
    while [ -d "/proc/${rank#*.}" ]; do sleep 1; done
  done
  sleep 1'
exec "${engine[@]}" 2> >(
  trap '' INT TERM HUP
  exec sed -u '/^send_complete failed for [0-9]*$/{N;d;}' >&2
)
"""
_AROUND_PODMAN_HPCS_RANK = """\
: >/run/hpcpy.$$ # for the container, which podman removes when no rank is left
@ends@eval "set -- $HPCPY_PROGRAM"
unset HPCPY_PROGRAM
exec 4>&2 2>/dev/null # bash would tell of its child's death
trap : INT TERM HUP # or it ends before the rank
"$@" 2>&4 4>&-
code=$?
[ $code = 0 ] && exit
if [ "$SLURM_LOCALID" = 0 ] && [ "${SLURM_STEP_TASKS_PER_NODE%%(*}" != 1 ]; then
  sleep @seconds@
  echo "hpcpy: rank $SLURM_PROCID on $SLURMD_NODENAME: exit code $code" >&4
  sleep 1 # it has a way to go
  kill -KILL $HPCPY_TASK
fi
exit $code
"""
# podman passes on only consecutive descriptors from 3 on; that of Slurm's PMI may have any
# number.  Only rootless podman takes keep-id.
_AROUND_PODMAN = """\
if [ -n "$PMI_FD" ]; then eval "exec 3<&$PMI_FD"; export PMI_FD=3; fi
if [ "$UID" = 0 ]; then me=--user=0:0; else me=--userns=keep-id; fi
export HPCPY_TASK=$$
exec "$0" run $me ${PMI_FD:+--preserve-fds=1} "$@"
"""
_AROUND_PODMANS_RANK = """\
@ends@unset HPCPY_TASK
exec "$@"
"""
# Of an engine: what runs on the node and becomes it, and what runs a rank in the container.
_AROUND = {
    "apptainer": (
        (_AROUND_APPTAINER, "Apptainer's files of a run there, not in the home folder"),
        (_AROUND_APPTAINERS_RANK, "the first rank's death would stay untold by --sharens"),
    ),
    "podman-hpc": (
        (_AROUND_PODMAN_HPC, "the container stays until its last rank has ended"),
        (_AROUND_PODMAN_HPCS_RANK, "a rank ends with its step, and its death is told"),
    ),
    "podman": (
        (_AROUND_PODMAN, "hands Slurm's PMI socket on as descriptor 3; its files are yours"),
        (_AROUND_PODMANS_RANK, "a rank ends with its step"),
    ),
}


def around(engine: str, node_local: str = "") -> tuple[Line, Line]:
    """Return the lines that set ``$at_node`` and ``$in_container``."""
    (at_node, why_there), (in_container, why_inside) = _AROUND[engine]
    at_node = at_node.replace("@folder@", quoted(Expanded(node_local)))
    in_container = in_container.replace("@ends@", _ENDS_WITH_TASK)
    in_container = in_container.replace("@seconds@", str(SECONDS))
    return (
        variable_of_script("at_node", at_node, f"on the node: {why_there}"),
        variable_of_script("in_container", in_container, f"in the container: {why_inside}"),
    )


# Of --stage, and of the standalone file.  The copy lies in a folder that the job has made on each
# node, which nobody else can enter.
COPIES = {
    "apptainer": Expanded("$staged/hpcpy.sif"),
    "standalone": Expanded("$staged/hpcpy-python"),
}
# A keeper runs on each node: cat ends when the job's shell closes the pipe or has ended.
# SIGTERM, from scancel or the time limit, ends cat alone.  Ctrl-C does not end it, since
# ranks may still read the copy while they tidy up.  An answer is a line: empty if all is well.
# mkdir follows no link and takes nothing that is there.  The one line that comes is the
# image's checksum, when the copy is there, or else its size: sbcast does not say that a disk
# is full.  cat, since bash loses the answer of one that ends.
_KEEPER = """\
trap ended=1 TERM; trap "" INT HUP
wrong=$(mkdir -m 700 "$0" 2>&1) || { echo "$SLURMD_NODENAME: $wrong"; exec cat; }
trap 'trap "" TERM; rm -rf "$0"; exit' TERM
echo
[ "$ended" ] || {
  sum=$(head -n 1)
  case $sum in
    size*) wrong=$(head -c "${sum#size}" /dev/zero 2>&1 >"$0"/@file@) ||
      wrong="$SLURMD_NODENAME: no copy of the image in ${0%/*}: ${wrong##*: }"
      echo "$wrong" ;;
    "$(sha256sum <"$0"/@file@ || echo none)") echo ;;
    *) echo "$SLURMD_NODENAME: $0/@file@ is not what was copied" ;;
  esac
  cat
} 2>/dev/null
rm -rf "$0"
"""
# The keepers are in a session of their own: `hpcpy.launch.step` may end all of the launch's.
# bash forgets the coprocess's variables when it ends.
_KEEPERS = """\
coproc keeper {
  exec setsid srun --overlap --nodes=@nodes@ --ntasks=@nodes@ --ntasks-per-node=1 \\
    --mpi=none --quiet bash -pc "$keeper_script" "$staged"
}
keeper_process=$keeper_PID keeper_out=${keeper[0]} keeper_in=${keeper[1]}
each_node_answers() { # with an empty line if all is well
  for ((node = 0; node < @nodes@; node++)); do
    read -r -u $keeper_out wrong || exit 73
    [ -z "$wrong" ] || { echo "hpcpy: $wrong" >&2; exit 73; }
  done
}
no_copy() { # each node tries to write as much
  echo "size$(wc -c <@image@)" >&$keeper_in
  each_node_answers
  exit 73
}"""


def staging_lines(nodes: int, image: str, node_local: str, copy: Expanded) -> tuple[Line, ...]:
    """Return the lines that copy the image to `copy`, after those that will remove the copies."""
    keeper = _KEEPER.replace("@file@", copy.removeprefix("$staged/"))
    keepers = _KEEPERS.replace("@nodes@", str(nodes)).replace("@image@", quoted(image))
    name = quoted(Expanded(f"{node_local}/hpcpy-$SLURM_JOB_ID-XXXXXXXXXX"))
    return (
        Line(f"staged=$(mktemp --dry-run {name}) || exit 73", "a name that nobody can know"),
        variable_of_script("keeper_script", keeper, "keeps a node's copy until the job ends"),
        Line(keepers, "on each node, removes its copy at the end"),
        Line("each_node_answers", "they are there: a cancelled job leaves no copy"),
        # Two seconds of a processor, here and on each node, for the 475 MB of the core image.
        Line(f"exec {{sum}}< <(sha256sum <{quoted(image)})", "while it is copied"),
        Line(
            f"sbcast {quoted(image)} {quoted(copy)} || no_copy",
            "the image on each node's own disk, read once from the shared one",
        ),
        Line('echo "$(cat <&$sum)" >&$keeper_in', "for each node to compare"),
        Line("each_node_answers", "its copy is the image"),
    )


# They have the copies removed, and wait some seconds for it.
STAGING_ENDS = (
    Line('eval "exec $keeper_in>&-"', "the copies go"),
    Line(f"read -r -t {SECONDS} -u $keeper_out 2>/dev/null", "they have gone"),
    # At SIGTERM, srun would end the removals that are not done.
    Line("kill -KILL $keeper_process 2>/dev/null", "a dead node never says so"),
)
