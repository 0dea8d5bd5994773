"""Each part of the stack does its work, in the image, as nobody, offline."""

from pathlib import Path

import pytest
from needed import lacking, needs

from running import printed, python, refusal


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
    shown = printed(python("-c", program))
    (same, count), (known,) = map(str.split, shown.splitlines())
    assert (same, known) == ("True", "True")
    assert int(count) > (10 if lacking("matplotlib") else 50)


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
    shown = printed(python(str(tmp_path / "it.py")))
    first, *errors = shown.splitlines()
    # The script's folder is listed once: an own cupy there would go first.
    assert first == f"[] ['{tmp_path}'] [] None"
    assert errors == ["ImportError", "DynamicLibNotFoundError"]


VENDORS = Path("/etc/OpenCL/vendors")
HOSTS = {"nvidia.icd": "libnvidia-opencl.so.1", "amdocl64.icd": "libamdocl64.so"}
ASK = "import pyopencl; print([p.name for p in pyopencl.get_platforms()])"


@pytest.fixture
def absent() -> None:
    maps = python("-c", ASK + "; print(open('/proc/self/maps').read())").stdout
    if any(name in maps for name in HOSTS.values()):
        pytest.skip("the host has one of these drivers")


@needs("pyopencl")
def test_the_drivers_that_an_engine_brings_are_named() -> None:
    named = {path.name: path.read_text().strip() for path in VENDORS.glob("*.icd")}
    assert HOSTS.items() <= named.items()
    assert [name for name in named if "pocl" in name] == ["pocl.icd"]


@needs("pyopencl")
@pytest.mark.usefixtures("absent")
def test_absent_ones_are_passed_over_without_a_word() -> None:
    assert printed(python("-c", ASK)) == "['Portable Computing Language']\n"


@needs("pyopencl")
@pytest.mark.usefixtures("absent")
def test_with_none_but_absent_ones_the_row_says_so(tmp_path: Path) -> None:
    for name, library in HOSTS.items():
        (tmp_path / name).write_text(f"{library}\n")
    words = ["mandel", "--area", "area1", "--impl", "pyopencl"]
    done = python("-m", "workloads", *words, OCL_ICD_VENDORS=f"{tmp_path}/")
    assert "OpenCL" in refusal(done, 69)
