# shellcheck shell=bash
# On each node: keeps the copy "$1" of the image in the folder "$0" until the job ends.
#
# cat ends when the job's shell closes the pipe or has ended.  SIGTERM, from scancel or the time
# limit, ends cat alone.  Ctrl-C does not end it, since ranks may still read the copy while they
# tidy up.  An answer is a line: empty if all is well.  mkdir follows no link and takes nothing
# that is there.
trap ended=1 TERM; trap "" INT HUP
wrong=$(mkdir -m 700 "$0" 2>&1) || {
  echo "$SLURMD_NODENAME: no copy of the image in $0: ${wrong##*: }"
  exec cat
}
trap 'trap "" TERM; rm -rf "$0"; exit' TERM
echo
[ "$ended" ] || {
  # The one line that comes is the image's checksum, when the copy is there, or else its size:
  # sbcast does not say that a disk is full.
  sum=$(head -n 1)
  case $sum in
    size*) wrong=$(head -c "${sum#size}" /dev/zero 2>&1 >"$0/$1") ||
      wrong="$SLURMD_NODENAME: no copy of the image in ${0%/*}: ${wrong##*: }"
      echo "$wrong" ;;
    "$(sha256sum <"$0/$1" || echo none)")
      [ "$1" != hpcpy-python ] || [ -x "$0/$1" ] || # false on a disk that is mounted noexec
        wrong="$SLURMD_NODENAME: no copy of the image in ${0%/*}: no program can run there (noexec)"
      echo "$wrong" ;;
    *) echo "$SLURMD_NODENAME: $0/$1 is not what was copied" ;;
  esac
  cat # since bash loses the answer of one that ends
} 2>/dev/null
rm -rf "$0"
