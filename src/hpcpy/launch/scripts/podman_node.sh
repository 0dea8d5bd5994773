# shellcheck shell=bash
# On the node, before the engine: "$0" is podman, its words follow.
#
# podman passes on only consecutive descriptors from 3 on; that of Slurm's PMI may have any
# number.  Only rootless podman takes keep-id.
if [ -n "$PMI_FD" ]; then eval "exec 3<&$PMI_FD"; export PMI_FD=3; fi
if [ "$UID" = 0 ]; then me=--user=0:0; else me=--userns=keep-id; fi
export HPCPY_TASK=$$
exec "$0" run $me ${PMI_FD:+--preserve-fds=1} "$@"
