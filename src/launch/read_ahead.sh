# shellcheck shell=bash
# What programs read of the image $1, read ahead, as `hpcpy pack` has recorded it in $1.hot: first
# the image's size, then ranges, AT SIZE, in bytes.  On a busy file system the engine asks for a
# thousand blocks, one after the other; eight readers ask at once, up to half of the free memory.
read_ahead() {
  local size left at
  read -r size && [ "$size" = "$(stat -Lc %s "$1")" ] || return 0
  left=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB$/\1/p' /proc/meminfo)
  left=$((left * 512))
  while read -r at size && [[ "$at $size" =~ ^[1-9][0-9]{0,14}\ [1-9][0-9]{0,14}$ ]]; do
    (((left -= size) >= 0)) || break
    echo "skip=$at count=$size"
  done | xargs -r -n 2 -P 8 \
    nice dd "if=$1" of=/dev/null bs=1M iflag=skip_bytes,count_bytes status=none
} 2>/dev/null <"$1.hot"
