#!/bin/bash
# The first process of a node: makes it a machine, then keeps its daemons.
#
# It runs in new namespaces of mounts, network, host name, IPC and processes.  It says
# "ready", reads "go" when the network device has come, and ends with the first of its
# daemons: the kernel then ends all that the node runs, as at a crash.
#
# node.sh NAME ADDRESS GATEWAY FOLDER KEPT (COUNT WANTED WORD...)...
# FOLDER is the host's, for the node's own files; KEPT are lines, folders that are seen
# under the same path; each daemon has COUNT words, and makes the path WANTED, if not empty.
set -eu
name=$1 address=$2 gateway=$3 folder=$4 kept=$5
shift 5
echo ready
# The end of the pipe: whoever starts the cluster has been stopped.
read -r word || exit 1
[ "$word" = go ] || exit 1
exec >&2 </dev/null

hostname "$name"
ip link set lo up
ip address add "$address" dev eth0
ip link set eth0 up
# What asks "which address would I send from" (Dask) has its answer: nobody forwards it.
ip route add default via "$gateway"

aside=$folder/aside
mapfile -t kept <<<"$kept"
for index in "${!kept[@]}"; do
    mkdir -p "$aside/$index"
    mount --rbind "${kept[index]}" "$aside/$index"
done
# Folders of a node's own: ranks of two nodes must not meet in shared memory, nor podmans
# in one lock folder.
for own in 1777:/tmp 1777:/dev/shm 755:/run/containers 755:/run/user; do
    [ ! -d "${own#*:}" ] || mount -t tmpfs -o "mode=${own%:*}" tmpfs "${own#*:}"
done
mkdir -m 700 /tmp/apptainer # ENGINE_FOLDER of layout.py
for index in "${!kept[@]}"; do
    [ -d "${kept[index]}" ] || {
        mkdir -p "${kept[index]}"
        mount --rbind "$aside/$index" "${kept[index]}"
    }
done
[ ! -d /dev/mqueue ] || mount -t mqueue mqueue /dev/mqueue
# /run may forbid to execute, and batch scripts are executed from here.
mkdir -p "$folder/spool"
mount -t tmpfs -o mode=755,exec tmpfs "$folder/spool"
# /sys/class/net is of the namespace that /sys was mounted in.
mkdir -p "$aside/cgroup"
mount --rbind /sys/fs/cgroup "$aside/cgroup"
mount -t sysfs sysfs /sys
mount --rbind "$aside/cgroup" /sys/fs/cgroup
for file in hosts resolv.conf; do
    [ ! -e "/etc/$file" ] || mount --bind "${folder%/*}/$file" "/etc/$file"
done

# Apptainer names the cgroup of ranks that share a mount by the number of a process, and all
# nodes have the machine's cgroups: with the same numbers, one node's could not be removed
# while another's process was in it.  By the golden ratio, consecutive nodes start far apart.
most=$(cat /proc/sys/kernel/pid_max) key=${folder%/*} which=${address%/*}
last=$((300 + (0x${key##*-} + ${which##*.} * most * 618 / 1000) % (most - 300)))
# A kernel without CONFIG_CHECKPOINT_RESTORE does not have it.
[ ! -e /proc/sys/kernel/ns_last_pid ] || echo $last >/proc/sys/kernel/ns_last_pid

declare -A daemons
while [ $# -gt 0 ]; do
    count=$1 wanted=$2
    shift 2
    "${@:1:count}" &
    daemons[$!]=${1##*/}
    shift "$count"
    tries=0
    while [ -n "$wanted" ] && [ ! -e "$wanted" ] && kill -0 $! && [ $((tries += 1)) -lt 2000 ]; do
        sleep 0.01
    done
done
code=0
wait -n -p ended "${!daemons[@]}" || code=$?
echo "$name: ${daemons[$ended]} ended with $code" >&2
exit 1
