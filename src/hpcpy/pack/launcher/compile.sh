#!/bin/sh
# compile.sh ROOT OUT: the launcher of packed environments.  squashfuse, libfuse and glibc of
# Debian's packages, which are unpacked in ROOT, are linked into it, so that it starts on any Linux
# and asks for no library.  $CC compiles.
set -eu
root=$1 out=$2
libraries=$(dirname "$root"/usr/lib/*/libc.a)
include=$root/usr/include
# LZO's licence is GPL's, and nobody packs with it.
"$CC" -O2 -Wall -Wextra -static -s \
  -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DFUSE_USE_VERSION=32 \
  --sysroot="$root" -B"$libraries" -L"$libraries" \
  -isystem"$include/${libraries##*/}" -isystem"$include" \
  -isystem"$include/fuse3" -isystem"$include/squashfuse" -o "$out" "${0%/*}"/*.c \
  -lsquashfuse_ll -lsquashfuse -lfuse3 -lzstd -lz -llzma -llz4 \
  -Wl,--defsym=lzo1x_decompress_safe=0
