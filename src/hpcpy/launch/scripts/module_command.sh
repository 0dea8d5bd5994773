#!/bin/bash
# Commands of @image@, written by `hpcpy modulefile`: the name that this
# file is called by, or the words after @any@.
@plain@
@setup@
name=${0##*/}
[ "$name" = @any@ ] || set -- "$name" "$@"
[ $# -gt 0 ] || { echo "usage: @any@ COMMAND [ARGUMENT …]" >&2; exit 2; }
options=()
# A login node may lack a folder of the compute nodes; Apptainer would refuse to start.
@options@
[ ! -e /dev/nvidiactl ] || options+=(--nv) # the host's NVIDIA driver
@variables@
image=@quoted_image@
engine=@engine@
# What the site has said once: for `hpcpy`, and for its promises, however a job's preflight is
# called.  Of what is closed to the user the folder, so that it is no missing file there.
[[ ${HPCPY_SITE_FILE:-/} = /* ]] || HPCPY_SITE_FILE=$(realpath -sm -- "$HPCPY_SITE_FILE")
@job@
for file in /etc/hpcpy/site.toml "${HPCPY_SITE_FILE:-}"; do
  seen=$file
  until [ -e "$seen" ] || [ -z "$seen" ]; do seen=${seen%/*}; done
  [ -z "$seen" ] || [[ $seen != "$file" && -x $seen ]] || options+=("--bind=$seen:$seen:ro")
done
# Where FUSE is closed, an Apptainer that neither is setuid nor unpacks the image ends: ask it.
if [[ -f $image && ! (-r /dev/fuse && -w /dev/fuse) && -z ${APPTAINER_UNSQUASH:-} &&
  " ${options[*]} " != *" --unsquash "* ]]; then
  said=$("$engine" exec "${options[@]}" "$image" true 2>&1 </dev/null) || {
    code=$?
    echo "$said" >&2
    [[ $said != *fuse* ]] || echo @no_fuse@ >&2
    exit $code
  }
fi
# Several ranks on a node: one mount of the image, and MPI reads a neighbour's memory.
if [ "${SLURM_STEP_NUM_TASKS:-1}" -gt "${SLURM_STEP_NUM_NODES:-1}" ]; then
@shared@
  # shellcheck disable=SC2154  # at_node and in_container stand above
  exec bash -pc "$at_node" "$engine" exec --sharens "${options[@]}" "$image" \
    bash -pc "$in_container" "$@"
fi
exec "$engine" exec "${options[@]}" "$image" "$@"
