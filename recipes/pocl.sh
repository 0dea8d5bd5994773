#!/bin/sh
# PoCL, OpenCL on the CPU, from Debian's packages without those that they depend on
# and PoCL never uses: clang's driver, gcc's and libc's headers.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"

for package in "$MATERIALS"/*.deb; do
    dpkg-deb --extract "$package" root
done
libraries=usr/lib/$MULTIARCH
mkdir -p "$OUT/$libraries" "$OUT/usr/share" "$OUT/etc"

# The libraries stay on their paths: PoCL looks for ../../share/pocl from its own.
# Debian's libclang-cpp is a link into LLVM's tree, which has nothing else that PoCL
# needs.
rm "root/$libraries"/libclang-cpp.so.*
cp -a "root/$libraries/." root/usr/lib/llvm-*/lib/libclang-cpp.so.* "$OUT/$libraries/"
cp -a root/usr/share/pocl "$OUT/usr/share/"
cp -a root/etc/OpenCL "$OUT/etc/"
rm -rf "$OUT/$libraries/pkgconfig" "$OUT/$libraries/cmake" "$OUT/$libraries/gprofng"
for copyright in root/usr/share/doc/*/copyright; do
    install -D -m 644 "$copyright" "$OUT/${copyright#root/}"
done

# The one program that PoCL runs, `ld`, once a kernel and shape.
install -D -m 755 "root/usr/bin/$MULTIARCH-ld.bfd" "$OUT/usr/bin/ld"
# The names on ld's command line, which -dev packages would bring.
for library in libm.so.6 libc.so.6 libgcc_s.so.1; do
    ln -s "$library" "$OUT/$libraries/${library%.so.*}.so"
done
printf '!<arch>\n' >"$OUT/$libraries/libgcc.a"

# The host's drivers for GPUs, which --nv and --rocm bring without these files.
# If a driver is missing, the OpenCL loader goes on to the next file.
echo libnvidia-opencl.so.1 >"$OUT/etc/OpenCL/vendors/nvidia.icd"
echo libamdocl64.so >"$OUT/etc/OpenCL/vendors/amdocl64.icd"
