"""The techniques there are; adding one is a file and an entry here."""

from __future__ import annotations

import os
from pathlib import Path

from workloads.harness.technique import Technique

_HERE = "workloads.mandel.techniques."
_COMPILED = "compiled kernel absent: run inside the image"

# What a worker process or rank computes its rows with: the first there is.
ROW_KERNELS = ("cython", "numba", "numpy")


def _no_opencl_driver() -> str:
    """Return why no OpenCL driver can be found, without loading one."""
    if os.environ.get("OCL_ICD_FILENAMES"):
        return ""
    vendors = Path(os.environ.get("OCL_ICD_VENDORS", "/etc/OpenCL/vendors"))
    if vendors.suffix == ".icd" or (vendors.is_dir() and any(vendors.glob("*.icd"))):
        return ""
    return f"no OpenCL driver is registered in {vendors}"


TECHNIQUES = {
    "python": Technique(
        _HERE + "python", "pure Python, complex numbers, abs(z) > 2", needs=("numpy",), slow=True
    ),
    "python-2": Technique(
        _HERE + "python_2",
        "pure Python, real and imaginary part apart",
        needs=("numpy",),
        slow=True,
    ),
    "numpy": Technique(
        _HERE + "numpy_masked", "NumPy, active points only, real arithmetic", needs=("numpy",)
    ),
    "numba": Technique(
        _HERE + "numba_scalar", "Numba, the scalar loop compiled", needs=("numpy", "numba")
    ),
    "numba-parallel": Technique(
        _HERE + "numba_parallel",
        "Numba, rows dealt out to threads as they become free (prange)",
        needs=("numpy", "numba"),
        parallel="threads",
        one_core=("numba",),
    ),
    "cython": Technique(
        _HERE + "cython",
        "Cython, the scalar loop in C",
        needs=("numpy", "workloads.mandel._kernels_cython"),
        absent=_COMPILED,
    ),
    "f2py": Technique(
        _HERE + "f2py",
        "Fortran 2008, called through f2py",
        needs=("numpy", "workloads.mandel._kernels_f2py"),
        absent=_COMPILED,
    ),
    "pyopencl": Technique(
        _HERE + "opencl",
        "OpenCL C on a GPU or, without one, on the CPU",
        needs=("numpy", "pyopencl"),
        parallel="device",
        obstacle=_no_opencl_driver,
    ),
    "multiprocessing": Technique(
        _HERE + "processes",
        "spawned processes, small groups of rows from a queue",
        needs=("numpy",),
        parallel="processes",
        one_core=ROW_KERNELS,
    ),
    "mpi-block": Technique(
        _HERE + "mpi_block",
        "MPI, one block of neighbouring rows a rank",
        needs=("numpy", "mpi4py"),
        parallel="ranks",
        one_core=ROW_KERNELS,
    ),
    "mpi-cyclic": Technique(
        _HERE + "mpi_cyclic",
        "MPI, every n-th row to each of n ranks",
        needs=("numpy", "mpi4py"),
        parallel="ranks",
        one_core=ROW_KERNELS,
    ),
    # Listed so that who looks for it learns where it is; its file comes with
    # that image.
    "spark": Technique(
        _HERE + "spark",
        "Apache Spark, groups of rows as a distributed data set",
        obstacle=lambda: "it comes with the Spark image, not with this one",
    ),
}

# What `auto` tries, first to last: an order measured once, not here and now.
FASTEST = (
    "mpi-cyclic", "numba-parallel", "cython", "f2py", "numba", "numpy", "python-2",
)  # fmt: skip
