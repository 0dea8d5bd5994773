# Our C, its tables, and the stubs for MPI; interpreter.sh sources it.
#
# Leaves the objects ./*.o.  A feature's build.sh may set compile_options.
# shellcheck shell=sh disable=SC2154  # variables of recipes/interpreter.sh

python "$link_tools/table.py" /opt/link >table.c
sed 's/.*/FEATURE(&)/' "$MATERIALS/features" >feature_names.h

# MPI is none of the libraries that are linked in: see mpi.c.
python "$scripts/stubs.py" --library /opt/deps/mpi/mpich/libmpi.so.12 \
    /opt/link/mpi4py/*.o /opt/link/h5py/*.o /opt/deps/lib/libhdf5.a >mpich_names.h
for interface in openmpi abi; do
    python "$scripts/stubs.py" --prefix "${interface}_" --renames renames.txt \
        "/opt/link/mpi4py/$interface/MPI.o" >"${interface}_names.h"
    objcopy --redefine-syms=renames.txt "/opt/link/mpi4py/$interface/MPI.o" "MPI_$interface.o"
done

includes=
for folder in start importer mpi blas tools; do
    includes="$includes -I$interp/$folder"
done
# shellcheck disable=SC2046  # a list of words
for source in "$interp"/*/*.[cS] table.c $(in_features "*.[cS]"); do
    # shellcheck disable=SC2086  # lists of words
    gcc -std=gnu11 -Wall -Wextra $PORTABLE $HARDENED ${compile_options-} -fno-pie \
        -ffunction-sections -fdata-sections -I"$PREFIX/include/python$version" \
        -I"$PREFIX/include/python$version/internal" $includes -I. -I/opt/deps/include \
        -DHPCPY_PREFIX="\"$PREFIX\"" -DHPCPY_OWN_MPI='"/opt/mpich"' \
        -DHPCPY_OWN_FABRIC="\"/usr/lib/$MULTIARCH/libfabric.so.1\"" \
        -DHPCPY_LIBRARY="\"lib/python$version\"" \
        -Wa,-I,bundle -c "$source" -o "${source##*/}.o"
done
