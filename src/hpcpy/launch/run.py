"""``hpcpy run [--image IMAGE] [-- WORKLOAD …]``: a workload in a SIF of this checkout."""

from __future__ import annotations

import argparse
import os

from hpcpy.core import paths
from hpcpy.core.paths import project_version
from hpcpy.core.programs import printed
from hpcpy.engine import prefix
from hpcpy.engine.tools import program_version
from hpcpy.images.cached import read_stamp
from hpcpy.images.command import ensure_image
from hpcpy.images.graph import STACK, Image, the_graph
from hpcpy.images.sbom_pins import expected
from hpcpy.launch.checks import require_workload
from hpcpy.launch.explain import NO_FUSE

_SHOWN = ("python", "numpy", "numba", "h5py", "mpi4py", "cupy-cuda12x", "pyopencl", "dask")


def default_workload(image: Image) -> list[str]:
    """Return the default words: some seconds of mandel, by techniques that need no launcher."""
    opencl = ",pyopencl" if image.stack == STACK else ""
    techniques = f"python,numpy,numba,numba-parallel,cython,f2py,simd{opencl},multiprocessing"
    # Area 1 with a quarter of its pixels: Python's loop takes a second, not four.
    window = ["--window", "-2", "0.5", "-1.25", "1.25", "--size", "500", "500", "--maxiter", "80"]
    return ["mandel", *window, "--impl", techniques, "--out", "build/mandel.png"]


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    help_ = (
        "after -- the words that follow python -m workloads, such as: mandel --area area1"
        " (default: the Mandelbrot set by nine techniques, with its picture); relative names of"
        " files are below the checkout"
    )
    parser.add_argument("--image", metavar="IMAGE", default="hpcpy", help="run it in this one")
    parser.add_argument("program", nargs="*", metavar="W", help=help_)


def main(options: argparse.Namespace) -> int:
    """Become a workload's process; build the image first if it is missing."""
    image = the_graph().image(options.image)
    words = options.program or default_workload(image)
    require_workload(words)
    sif, plan, image = ensure_image("sif", image.name)
    digest = read_stamp(sif)["digest"]
    program = prefix.find_apptainer()
    print(f"hpcpy {project_version()}, Apptainer {program_version(program)}")
    print(f"image {digest}")
    versions = {pin.name: pin.version for pin in expected(plan, image).pins}
    print(", ".join(f"{name} {versions[name]}" for name in _SHOWN if name in versions), flush=True)
    # Relative names mean files of the checkout, wherever this was called.
    root = str(paths.ROOT)
    start = [str(program), "exec", "--bind", root, "--pwd", root, str(sif)]
    is_unpacked = os.environ.get("APPTAINER_UNSQUASH")
    if not (is_unpacked or os.access("/dev/fuse", os.R_OK | os.W_OK)):  # a setuid one starts
        printed([*start, "true"], sif, hint=NO_FUSE)
    # By exec, so that Ctrl-C and the exit code are the workload's own.
    os.execv(start[0], [*start, "python3", "-m", "workloads", *words])  # noqa: S606
