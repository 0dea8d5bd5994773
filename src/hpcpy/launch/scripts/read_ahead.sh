# shellcheck shell=bash
# What programs read of the image $1, read ahead, as `hpcpy pack` has recorded it in $1.hot: first
# the image's size, then ranges, AT SIZE, in bytes.  On a busy file system the engine asks for a
# thousand blocks, one after the other; eight readers ask at once, up to half of the free memory.
# A list that a neighbour owns, or everybody can write, is not opened.  Of any list no more is read
# than pack writes.
read_ahead() {
  local owner mode size own ranges told
  # A process costs as much as a megabyte from memory: there are few.
  [ -f "$1.hot" ] && [ ! -L "$1.hot" ] || return 0
  { read -r owner mode _ && read -r own _ size; } < <(stat -Lc '%u %a %s' "$1.hot" "$1")
  ((8#$mode & 2)) && return
  case $owner in 0 | "$UID" | "$own") ;; *) return 0 ;; esac
  mapfile -t ranges < <(head -c 64k "$1.hot" | ranges_of "$size")
  [ "${#ranges[@]}" != 0 ] || return 0
  # Where the last of it comes within a millisecond, in memory or on a fast disk, readers would
  # only cost time.
  told=$(LC_ALL=C dd "if=$1" of=/dev/null bs=256k count=1 "${ranges[-1]% *}" iflag=skip_bytes 2>&1)
  [[ $told =~ copied,\ (0\.000|[0-9.]+e-) ]] ||
    printf '%s\n' "${ranges[@]}" |
    nice xargs -n 2 -P 8 dd "if=$1" of=/dev/null bs=1M iflag=skip_bytes,count_bytes status=none
} 2>/dev/null

# Print the words for dd of each range, a thousand at most, of a list that is of an image of this
# size.
ranges_of() {
  local size left name number=0 at
  read -r size && [ "$size" = "$1" ] || return 0
  while read -r name left _ && [ "$name" != MemAvailable: ]; do :; done </proc/meminfo
  left=$((left * 512))
  while read -r at size && [[ "$at $size" =~ ^[1-9][0-9]{0,14}\ [1-9][0-9]{0,14}$ ]]; do
    (((left -= size) >= 0 && ++number < 1000)) || break
    echo "skip=$at count=$size"
  done
}
