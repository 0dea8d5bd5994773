# shellcheck shell=bash disable=SC2016  # another shell expands $tidies
# On the node, before the engine: "$0" is Apptainer, its words follow.
#
# What `apptainer exec --sharens` needs.  The first of a node's ranks makes the container, the
# others join it.  As of Apptainer 1.4 the first rank's end is not reported before the others
# have ended: if it dies, they and Slurm wait for it for ever.  A signal ends all engines: the
# others' at once, with what they started; the first one's does not pass it on.
# Apptainer's issue 2713.

# The engine keeps a file below the home folder, which may be shared, or read-only: it gets a
# folder of the user's alone on the node.  stat follows no link, and in a sticky folder nobody
# can replace what it has seen.
disk=$HPCPY_NODE_LOCAL image=$HPCPY_AHEAD binds=()
own=$disk/hpcpy-$UID
# TMPDIR is there. A node that lacks it would be an error of Apptainer's, a second bind a warning.
[ "$disk" = /tmp ] || [ ! -d "$disk" ] || [[ " $* " = *" --bind=$disk:$disk "* ]] ||
  binds=("--bind=$disk:$disk")
unset HPCPY_NODE_LOCAL HPCPY_TOLD HPCPY_AHEAD
# For apptainer_rank.sh: what becomes the engine, and the number in the names of its files.
export APPTAINERENV_HPCPY_TASK=$$ APPTAINERENV_HPCPY_PARENT=$PPID
for folder in "$own" "$own/apptainer"; do
  mkdir -m 700 "$folder"
  case $(stat -c %u:%A "$folder") in "$UID:d"????-??-?) ;; *) own=; break ;; esac
done 2>/dev/null
[ -z "$own" ] || export APPTAINER_CONFIGDIR=$own/apptainer

# An engine that is killed leaves its squashfuse, in a process group of its own, and two files
# with slurmstepd's number: a lock in /dev/shm, and an instance.  Either would end a later step
# whose slurmstepd has that number.  The rank that makes the step's folder removes what dead
# steps have left, while the node's others wait; and it starts what outlives the step and removes
# all.  proctrack/cgroup kills that, with all squashfuses: then the next step removes the files.
# Where /proc shows nobody root's processes (hidepid), kill still knows which are dead.
name=sharens_instance_$PPID
parent=$(cat /proc/$PPID/comm 2>/dev/null)
lives() {
  [ -d "/proc/$1" ] ||
    { [ -z "$parent" ] && [[ $(LC_ALL=C kill -0 "$1" 2>&1) != *"No such process" ]]; }
}
if [ "$own" ] && [ "${parent:-slurmstepd}" = slurmstepd ]; then
  read -r host </proc/sys/kernel/hostname
  instances=$own/apptainer/instances/app/$host
  step=$own/step.$host.$SLURM_JOB_ID.$SLURM_STEP_ID.$PPID
  if mkdir "$step" 2>/dev/null; then
    (read_ahead "$image" </dev/null >/dev/null 2>&1 &)
    dead=()
    for file in {/dev/shm,"$instances"/*}/sharens_instance_* "$own/step.$host."*; do
      number=${file##*[._]}
      [ -O "$file" ] && [ "$file" != "$step" ] || continue
      [ "$number" != $PPID ] && lives "$number" || dead+=("$file")
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
  # Where an image is unpacked (APPTAINER_UNSQUASH), a killed engine leaves a gigabyte.
  export APPTAINER_TMPDIR="${APPTAINER_TMPDIR:-$step}"
fi
# Another user's lock stays, and so does his link: ranks start without --sharens, and so cannot
# read each other's memory.
lock=/dev/shm/$name
if [ "$2" = --sharens ] && { [ -h "$lock" ] || { [ -e "$lock" ] && [ ! -O "$lock" ]; }; }; then
  shift 2
  set -- exec "$@"
  export APPTAINERENV_MPIR_CVAR_CH4_CMA_ENABLE=0
fi
# In a PID namespace the first rank is process 1, with which all others end: of --containall the
# rest stays.
if [ "$2" = --sharens ]; then
  all=$APPTAINER_CONTAINALL$SINGULARITY_CONTAINALL words=() is_option=yes
  [ -z "$all" ] || export APPTAINER_CONTAIN=$all APPTAINER_UNSHARE_IPC=$all
  unset {APPTAINER,SINGULARITY}_{CONTAINALL,UNSHARE_PID}
  for word; do
    [ "$word" != bash ] || is_option=
    case $is_option$word in
      yes--containall | yes-C) words+=(--contain --ipc) ;;
      yes--pid | yes-p) ;;
      *) words+=("$word") ;;
    esac
  done
  set -- "${words[@]}"
fi
exec "$0" "$1" "${binds[@]}" "${@:2}"
