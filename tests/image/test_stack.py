"""Each part of the stack does its work, in the image, as nobody, offline."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from needed import lacking, needs

from running import python


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_mpiexec_starts_ranks_that_know_each_other(ranks: int) -> None:
    program = (
        "from mpi4py import MPI; w = MPI.COMM_WORLD;print(w.size, w.allreduce(w.rank), flush=True)"
    )
    done = subprocess.run(
        ["mpiexec", "-n", str(ranks), sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [f"{ranks} {sum(range(ranks))}"] * ranks


def test_the_mpi_library_is_found_by_its_soname_outside_the_python_prefix() -> None:
    done = python("-c", "import mpi4py.MPI; print(open('/proc/self/maps').read())")
    paths = {line.split()[-1] for line in done.stdout.splitlines() if "libmpi.so" in line}
    (path,) = paths
    assert path.startswith("/opt/mpich/lib/libmpi.so.12")


def test_python_alone_does_not_load_mpi() -> None:
    done = python("-c", "import numpy, h5py, numba; print(open('/proc/self/maps').read())")
    assert "libmpi" not in done.stdout


def test_h5py_writes_what_it_reads(tmp_path: Path) -> None:
    import h5py
    import numpy as np

    data = np.arange(1000.0).reshape(10, 100)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", data=data, chunks=True, compression="gzip")
    with h5py.File(tmp_path / "a.h5") as file:
        assert np.array_equal(file["x"][:], data)


def test_numba_compiles_without_a_place_for_its_cache() -> None:
    done = python("-c", "import numba; print(numba.njit(lambda x: x + 1)(41))")
    assert (done.stdout, done.stderr) == ("42\n", "")


def test_numbas_own_openmp_threads_work() -> None:
    program = (
        "import numba; numba.config.THREADING_LAYER = 'omp'\n"
        "@numba.njit(parallel=True)\n"
        "def f(n):\n"
        "    s = 0\n"
        "    for i in numba.prange(n):\n"
        "        s += i\n"
        "    return s\n"
        "print(f(1000), numba.threading_layer())"
    )
    assert python("-c", program).stdout == "499500 omp\n"


@needs("pyopencl")
def test_pocl_is_an_opencl_device_and_compiles_a_kernel(tmp_path: Path) -> None:
    program = """
import numpy, pyopencl as cl
context = cl.create_some_context(interactive=False)
queue = cl.CommandQueue(context)
a = numpy.arange(8, dtype=numpy.float64)
b = cl.Buffer(context, cl.mem_flags.COPY_HOST_PTR, hostbuf=a)
source = "kernel void f(global double *a) { a[get_global_id(0)] *= 2; }"
cl.Program(context, source).build().f(queue, a.shape, None, b)
cl.enqueue_copy(queue, a, b)
print(a.sum())
"""
    # Without a home folder, which PyOpenCL would write to.
    done = python("-c", program, HOME="/nonexistent", TMPDIR=str(tmp_path))
    assert done.stdout == "56.0\n", done.stderr


@needs("cupy")
def test_cupy_without_a_driver_says_so() -> None:
    done = python("-c", "import cupy; print(cupy.cuda.runtime.getDeviceCount())")
    assert "cudaErrorInsufficientDriver" in done.stderr or "libcuda" in done.stderr


@needs("distributed")
def test_dask_runs_its_workers_as_processes(tmp_path: Path) -> None:
    program = """
from distributed import Client, LocalCluster
if __name__ == "__main__":
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with cluster, Client(cluster) as client:
        print(sum(client.gather(client.map(lambda x: x * x, range(10)))))
"""
    path = tmp_path / "squares.py"
    path.write_text(program)
    done = subprocess.run(
        [sys.executable, str(path)],
        cwd=path.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout == "285\n", done.stderr


def test_profilers_write_their_files(tmp_path: Path) -> None:
    script = tmp_path / "work.py"
    script.write_text("def f():\n    return sum(range(100))\nprint(f())\n")
    trace = tmp_path / "trace.json"
    subprocess.run(
        ["viztracer", "-o", trace, "--quiet", script], check=True, cwd=tmp_path, timeout=120
    )
    assert trace.stat().st_size > 100
    subprocess.run(
        ["kernprof", "-l", "-o", tmp_path / "lines", script], check=True, cwd=tmp_path, timeout=120
    )
    assert (tmp_path / "lines").stat().st_size > 0


def test_a_venv_on_top_sees_the_stack(tmp_path: Path) -> None:
    done = python("-m", "venv", "--system-site-packages", str(tmp_path / "venv"))
    assert done.returncode == 0, done.stderr
    inside = subprocess.run(
        [tmp_path / "venv/bin/python", "-c", "import numpy, sys; print(sys.prefix)"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert inside.stdout.strip() == str(tmp_path / "venv")


def test_entry_points_of_the_image_are_those_of_its_files() -> None:
    program = """
from importlib.metadata import DistributionFinder, MetadataPathFinder, entry_points, version
import os, sys
os.chdir("/")
files = MetadataPathFinder.find_distributions(DistributionFinder.Context(path=sys.path))
there = {(one.group, one.name, one.value) for found in files for one in found.entry_points}
told = {(one.group, one.name, one.value) for one in entry_points()}
print(told == there, len(told))
found = MetadataPathFinder.find_distributions(DistributionFinder.Context(path=sys.path))
print(all(version(one.name) == one.version for one in found))
"""
    done = python("-c", program)
    assert (done.returncode, done.stderr) == (0, "")
    (same, count), (known,) = map(str.split, done.stdout.splitlines())
    assert (same, known) == ("True", "True")
    assert int(count) > (10 if lacking("matplotlib") else 50)


@needs("dask")
def test_dask_has_the_settings_that_its_files_tell() -> None:
    program = """
import dask.config, distributed, pathlib, yaml
for package in dask, distributed:
    file = pathlib.Path(package.__file__).parent / f"{package.__name__}.yaml"
    assert yaml.safe_load(file.read_text()) in dask.config.defaults, file
read = []
yaml.SafeLoader.compose_document = read.append
import importlib
importlib.reload(dask.config)
print(read)
"""
    done = python("-c", program)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


@needs("cupy")
@pytest.mark.skipif(Path("/dev/nvidiactl").exists(), reason="of a machine without a GPU")
def test_cupy_looks_for_no_library_of_a_gpu_where_there_is_none(tmp_path: Path) -> None:
    program = """
import sys
opened, listed, started = [], [], []
events = {"ctypes.dlopen": opened, "os.listdir": listed, "subprocess.Popen": started}
sys.addaudithook(lambda event, of: event in events and events[event].append(of[0]))
import cupy
from cupy import _environment
from cuda import pathfinder
print([name for name in opened if name], listed, started, _environment.get_rocm_path())
try: from cupy_backends.cuda.libs import cutensor
except ImportError as error: print(type(error).__name__)
try: pathfinder.load_nvidia_dynamic_lib("cutensor")
except pathfinder.DynamicLibNotFoundError as error: print(type(error).__name__)
"""
    (tmp_path / "it.py").write_text(program)
    done = python(str(tmp_path / "it.py"))
    assert (done.returncode, done.stderr) == (0, "")
    first, *errors = done.stdout.splitlines()
    # An extension module asks for ml_dtypes, which is not there: not beside the script.
    assert first == "[] [] [] None"
    assert errors == ["ImportError", "DynamicLibNotFoundError"]
