#!/bin/sh
# The cross compilers and binutils by the names that recipes call, in place of the machine's.
set -eu
target=aarch64-linux-gnu
here=$(dirname "$0")

# For this machine's programs and for the target's: the loader puts its own folder for $LIB.
for compiler in gcc "$target-gcc"; do
    "$compiler" -O2 -Wall -shared -fPIC -o "/usr/lib/$("$compiler" -print-multiarch)/uname_of_target.so" \
        "$here/uname_of_target.c"
done

for name in ar as ld nm objcopy objdump ranlib readelf strip gcc-ar gcc-nm gcc-ranlib; do
    ln -sf "$target-$name" "/usr/bin/$name"
done
for name in gcc g++ gfortran cpp; do
    rm -f "/usr/bin/$name"
    sed "s/@compiler@/$target-$name/" "$here/compiler.sh" >"/usr/bin/$name"
    chmod 755 "/usr/bin/$name"
done
ln -sf gcc /usr/bin/cc
ln -sf g++ /usr/bin/c++
