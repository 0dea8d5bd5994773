"""The workloads there are; adding one is a folder and a line here."""

from __future__ import annotations

import importlib

# name -> (module with a `WORKLOAD`, what it computes)
WORKLOADS = {
    "mandel": ("workloads.mandel.command", "escape times of the Mandelbrot set, exact to the bit"),
    "write": ("workloads.write.command", "writing arrays: text, npy, HDF5, one file against many"),
    "read": ("workloads.read.command", "reading arrays back by number: one file against many"),
    "pi": ("workloads.pi.command", "pi by counting random points: the GIL, and how to avoid it"),
    "linalg": ("workloads.linalg.command", "eigenvalues and products: BLAS, its threads, GPUs"),
    "heat": ("workloads.heat.command", "heat on a plate: halos, overlap, grids, checkpoints"),
    "p2p": ("workloads.p2p.command", "messages between MPI ranks: latency and bandwidth by size"),
    "startup": ("workloads.startup.command", "what starting this Python costs: calls, bytes, ms"),
}

# Those that compute nothing, no techniques, no timing: modules with `main(arguments)`.
TOOLS = {
    "talk": ("workloads.talk.command", "three talks' slides, run here: their figures beside yours"),
    "arrays": ("workloads.arrays.command", "NumPy's views, strides, broadcasting: a drawing"),
    "course": ("workloads.course", "the plan of a course of two days around all of this"),
    "exercise": ("workloads.exercise.command", "a file with a hole for a class, and its check"),
}


def numba_modules() -> list[str]:
    """Return the modules of the techniques that numba compiles for processors, not GPUs.

    Those of MPI, HDF5 and Dask take their kernels from these, and no image's build imports them:
    there is no MPI library, and hpcpy-core has no Dask.
    """
    modules = []
    for command, _ in WORKLOADS.values():
        package = command.rpartition(".")[0]
        techniques = importlib.import_module(f"{package}.registry").TECHNIQUES
        modules += [
            technique.module
            for technique in techniques.values()
            if {*technique.needs} in ({"numba"}, {"numpy", "numba"})
        ]
    return modules
