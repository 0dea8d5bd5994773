"""Run a technique on a GPU, in a process of its own or on several ranks."""

import importlib.util
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

import running
from hpcpy_common.machine import no_cuda_device

# Without these, Open MPI starts nothing as root, as which one often works on a borrowed
# machine, and no more ranks than cores.  Other launchers ignore them.
_OPEN_MPI = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
}
_LIBRARY = """
from mpi4py import MPI
print(f"rank {MPI.COMM_WORLD.rank} of {MPI.COMM_WORLD.size}: {MPI.Get_library_version()}")
"""


def run(workload: Any, techniques: Any, row: Any, *arguments: Any) -> Any:
    """Return what a run prints; skip the test, with the reason, if it cannot run here."""
    _skip_without(techniques, row)
    return _printed(row, [], "-m", "workloads", workload, "--impl", row, *arguments)


def run_on_ranks(size: Any, workload: Any, techniques: Any, row: Any, *arguments: Any) -> Any:
    """Do the same on several ranks."""
    _skip_without(techniques, row)
    ranks = launcher(size) or pytest.skip("there is no mpiexec")
    return _printed(row, ranks, "-m", "workloads", workload, "--impl", row, *arguments)


def _skip_without(techniques: Any, row: Any) -> None:
    # OpenCL would take the processor instead.
    opencl = row.startswith("pyopencl")
    no_gpu = no_cuda_device() if opencl and not Path("/dev/kfd").exists() else ""
    reason = no_gpu or (techniques[row].why_not() if row in techniques else "")
    if reason:
        pytest.skip(f"{row}: {reason}")


def _printed(row: Any, start: Any, *words: Any) -> Any:
    done = _start(start, *words)
    if done.returncode == 69:
        pytest.skip(f"{row}: {done.stderr.strip()}")
    if (done.returncode, done.stderr) != (0, ""):
        # The whole output: pytest's short form seldom shows the cause.
        library = _report(_start(start, "-c", _LIBRARY)) if start else ""
        pytest.fail(f"{_report(done)}\n{library}", pytrace=False)
    return done.stdout


def _start(start: Any, *words: Any) -> Any:
    return running.run(*start, sys.executable, *words, env={**os.environ, **_OPEN_MPI})


def _report(done: Any) -> Any:
    command = " ".join(done.args)
    return f"{command}\nexit code {done.returncode}\nstdout: {done.stdout}\nstderr: {done.stderr}"


def launcher(size: Any) -> Any:
    """Return the words that start ranks, none if nothing here does."""
    # That of this Python's own MPI goes first: ranks of another one would not find each
    # other.  The interpreter as one file has it in itself.
    found = shutil.which("mpiexec", path=str(Path(sys.executable).parent))
    if not found and importlib.util.find_spec("hpcpy_mpi"):
        return [sys.executable, "-m", "hpcpy_mpi", "-n", str(size)]
    found = found or shutil.which("mpiexec")
    return [found, "-n", str(size)] if found else []
