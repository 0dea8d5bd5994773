"""``hpcpy run [WORKLOAD [OPTION …]]``: a workload in ``build/hpcpy.sif``."""

from __future__ import annotations

import os
import subprocess
import sys

from hpcpy import paths
from hpcpy.build.command import have
from hpcpy.build.plan import project_version
from hpcpy.build.stamps import read_stamp
from hpcpy.engine.setup import ensure
from hpcpy.errors import UsageError
from hpcpy.launch import workload

# What runs on one machine without a launcher or a cluster to start.
_TECHNIQUES = "python,numpy,numba,numba-parallel,cython,f2py,simd,pyopencl,multiprocessing"
DEFAULT = ["mandel", "--impl", _TECHNIQUES, "--out", "build/mandel.png"]

_VERSIONS = """
import importlib.metadata, platform
names = "numpy numba h5py mpi4py cupy-cuda12x pyopencl dask".split()
versions = [f"{name} {importlib.metadata.version(name)}" for name in names]
print(f"python {platform.python_version()}, " + ", ".join(versions))
"""


def main(arguments: list[str]) -> int:
    """Run a workload, the image being built first where it is missing.

    Parameters
    ----------
    arguments
        Of ``python -m workloads``; Mandelbrot by several techniques, with
        its pictures, by default.

    Returns
    -------
    int
        The workload's exit code.
    """
    words = arguments or DEFAULT
    # Before an image is built for it.
    if wrong := workload.fault(words):
        raise UsageError(wrong)
    sif, _, _ = have("sif")
    digest = read_stamp(sif)["digest"]
    apptainer = ensure("apptainer").apptainer
    # The working directory is the user's: relative names mean files there.
    inside = [str(apptainer), "exec", "--bind", str(paths.ROOT), "--pwd", str(paths.ROOT), str(sif)]
    version = subprocess.run(
        [apptainer, "--version"], capture_output=True, text=True, check=False
    ).stdout.strip()
    print(f"hpcpy {project_version()}, {version}")
    print(f"image {digest}", flush=True)
    subprocess.run([*inside, "python3", "-c", _VERSIONS], check=False)
    sys.stdout.flush()
    command = [*inside, "python3", "-m", "workloads", *words]
    # In its place, so that Ctrl-C and the exit code are the workload's own.
    os.execv(command[0], command)  # noqa: S606
