#!/bin/sh
# Started by the launcher, with the variables of its configuration, where it cannot mount: starts
# what has a name by Apptainer, or from the folder as it was.
own=${0%/*} prefix=$HPCPY_PACK_PREFIX name=$HPCPY_PACK_NAME why=$HPCPY_PACK_REASON
image=$own/$HPCPY_PACK_IMAGE kept=$prefix.unpacked apptainer=$HPCPY_PACK_APPTAINER
bin=$HPCPY_PACK_BIN binds=$HPCPY_PACK_BINDS activate=${HPCPY_PACK_ACTIVATE:-}
expected=${HPCPY_PACK_ENTRIES:-0}
# None of them is for the program.
unset HPCPY_PACK_PREFIX HPCPY_PACK_NAME HPCPY_PACK_REASON HPCPY_PACK_IMAGE HPCPY_PACK_APPTAINER \
  HPCPY_PACK_BIN HPCPY_PACK_BINDS HPCPY_PACK_ACTIVATE HPCPY_PACK_ENTRIES HPCPY_PACK_OFFSET \
  HPCPY_PACK_ACL

fail() {
  echo "hpcpy pack: $1" >&2
  exit "${2:-69}"
}
quoted() {
  case $1 in
  *[!A-Za-z0-9_%+:./-]*) printf "'%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")" ;;
  *) printf %s "$1" ;;
  esac
}
say() {
  [ -z "${HPCPY_VERBOSE:-}" ] || echo "hpcpy pack: $why; $1" >&2
}

if [ "$name" = pack-exec ] && [ $# -eq 0 ]; then
  echo "hpcpy pack: usage: pack-exec COMMAND …" >&2
  exit 2
fi
# As the launcher does for bash.
[ -z "$activate" ] || [ -z "${BASH_ENV+x}" ] || export HPCPY_PACK_BASH_ENV="$BASH_ENV"
[ -z "$activate" ] || unset BASH_ENV
[ "$image" != "$own/" ] || fail "$own/config: is damaged; put a whole one there" 65
place=${prefix%/.pack/root} # of a SIF's commands
[ -d "$prefix" ] || fail "this was packed as $place, and its paths are of there; next: \
ln -s $(quoted "${own%/.pack}") $(quoted "$place")"
case ${HPCPY_PACK_ENGINE:-} in '' | apptainer | folder) ;;
*) fail "HPCPY_PACK_ENGINE=$HPCPY_PACK_ENGINE: is neither apptainer nor folder" ;; esac
case $why in
"$image: No such file "*)
  [ ! -h "$image" ] || fail "its SIF $(readlink "$image") cannot be found; next: \
hpcpy pack NEW.sif --to $(quoted "$place")" ;;
"$image: Permission denied") fail "$why: it is closed to you; ask its owner" ;;
esac
next="; next: HPCPY_PACK_ENGINE=folder, or pack --undo"
[ -d "$kept" ] || next=''
case $why in "$image: "*) fail "$why; is it whole?$next" ;; esac

# The one that packed, or the site's.
[ -x "$apptainer" ] || apptainer=$(command -v apptainer || true)
# Paths have no blanks: pack refuses them.
# shellcheck disable=SC2086
if [ "${HPCPY_PACK_ENGINE:-}" = folder ]; then
  :
elif [ ! -x "$apptainer" ]; then
  why="$why, and no Apptainer is there"
else
  options='' root=$image
  if [ -n "$bin" ]; then
    # In the launcher's order: one folder may lie in another.
    options="--no-mount home,tmp,cwd,bind-paths" root=$own/root
    IFS=:
    for bind in ${binds:-=$prefix}; do
      options="$options --bind $image:${bind#*=}:image-src=/${bind%%=*},ro"
    done
    unset IFS
  fi
  for folder in /*; do
    case $folder:$binds: in
      # Apptainer's words are parted at blanks, and its binds at commas.
      /proc:* | /sys:* | /dev:* | *[[:space:],]* | *"=$folder:"*) continue ;;
    esac
    [ ! -d "$folder" ] || options="$options --bind $folder"
  done
  [ ! -e /dev/nvidiactl ] || options="$options --nv"
  export APPTAINERENV_PATH="$PATH"
  # An empty one would take the place of Apptainer's own, which has the driver's.
  [ -z "${LD_LIBRARY_PATH:-}" ] || export APPTAINERENV_LD_LIBRARY_PATH="$LD_LIBRARY_PATH"
  # It ends as the program does, or with 255 and its own words: so it is asked before.
  if error=$("$apptainer" --nocolor --silent exec $options "$root" /bin/true 2>&1); then
    say "by $apptainer"
    [ "$name" = pack-exec ] || set -- "$bin$name" "$@"
    [ -z "$activate" ] || set -- /bin/bash -c "$activate" "$1" "$@"
    exec "$apptainer" --nocolor --silent exec --pwd "$PWD" $options "$root" "$@"
  fi
  why="$why; Apptainer: $(echo "$error" | tail -n 1)"
fi
next="; next: have /dev/fuse and user namespaces opened to users (hpcpy docs pack)"
[ -z "$bin" ] || next="$next, or hpcpy pack --undo $(quoted "$prefix")"
[ -d "$kept" ] || fail "$why, and no $kept$next"
# Bytecode may have been written since.
entries=$(find "$kept" -name __pycache__ -prune -o -print | wc -l)
[ "$entries" -ge "$expected" ] || fail "$kept: files that were packed are missing"
say "in $kept"
[ "$name" = pack-exec ] || set -- "$kept/bin/$name" "$@"
# Scripts of activation lie there, too.
[ "${CONDA_PREFIX:-}" != "$prefix" ] || export CONDA_PREFIX="$kept"
[ -z "$activate" ] || exec /bin/bash -c "$activate" "$1" "$@"
exec "$@"
