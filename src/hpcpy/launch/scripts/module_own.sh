#!/bin/bash
# python and mpiexec of @image@, written by `hpcpy modulefile`.
@plain@
@setup@
@variables@
export PYTHONNOUSERSITE=1 # nothing from ~/.local
[ "${0##*/}" != mpiexec ] || set -- -m hpcpy_mpi "$@"
exec @quoted_image@ "$@"
