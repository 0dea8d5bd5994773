"""The image's own tests pass with the one file; and the whole stack as one file."""

import os
from pathlib import Path

import pytest
from standalone_host import built, clean, inside, make_root, without_a_folder

from hpcpy.core import paths
from hpcpy.launch.layers import find_site
from hpcpy.launch.modulefile import COMMANDS, own_script
from running import Done, executable, run

# Image -> files of tests/image, and the tests in them that are of an image alone: of files in
# folders, its mpiexec, libstdc++ and OpenCL, and its libraries.
FILES = {
    "hpcpy-core": {
        "test_blas_threads.py": "four_ranks",
        "test_drop_in.py": "",
        # What needs the sources as files, or a file's loader.
        "test_drop_in_tools.py": "front or distlib or copies or loader or find_d or resources",
        "test_extensions.py": "known_by_path",
        "test_limits.py": "openmp or below_a_limit or lacks_files",
        "test_llvm_late.py": "",
        "test_mpiexec.py": "",
        "test_other_processes.py": "",
        "test_pi.py": "ranks or weak_scaling or fastest or without_options or wrong or ctrl_c",
        "test_spawn.py": "",
        "test_start.py": "",
        "test_start_places.py": "",
        "test_write.py": "stated_bytes or any_number or queue",
    },
    "hpcpy": {
        "test_matplotlib.py": "settings_at_home",
        "test_on_dask.py": "",
        "test_stack.py": "openmp or pocl or entry_points or drivers or absent",
    },
}


@pytest.mark.parametrize(("image", "name"), [(image, n) for image in FILES for n in FILES[image]])
def test_a_file_of_the_images_tests_passes(tmp_path: Path, image: str, name: str) -> None:
    file, tests, left_out = built(image), paths.ROOT / "tests", FILES[image][name]
    # `python` and `mpiexec` are those of a module.
    for command in COMMANDS["standalone"]:
        executable(tmp_path / command, own_script(str(file), find_site("local")))
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull]
    words += ["-k", f"not ({left_out})"] if left_out else []
    env = clean(TMPDIR=str(tmp_path), PATH=f"{tmp_path}:/usr/bin:/bin")
    target = tests / "image" / name
    done = run(file, *words, f"--rootdir={tests}", target, env=env, cwd=tmp_path, timeout=1500)
    assert done.returncode == 0, done.stdout[-5000:]


CUPY = """
import inspect, os, cupy
headers = os.path.join(cupy.__path__[0], "_core/include/cupy")
print(len(os.listdir(headers)) > 10, "def asnumpy" in inspect.getsource(cupy.asnumpy))
cupy.zeros(1)
"""


def started(place: Path, *words: object) -> Done:
    return run(built("hpcpy"), *words, env=clean(TMPDIR=str(place), HOME=str(place)), cwd=place)


def test_cupy_has_its_headers_and_says_that_there_is_no_gpu(tmp_path: Path) -> None:
    if list(Path("/dev").glob("nvidia[0-9]*")):
        pytest.skip("there is a GPU: make test-gpu ON=build/hpcpy-python-full")
    done = started(tmp_path, "-c", CUPY)
    assert done.stdout == "True True\n", done.stderr
    assert "cudaErrorInsufficientDriver" in done.stderr.splitlines()[-1]
    done = started(tmp_path, "-m", "workloads", "mandel", "--impl", "cupy")
    assert (done.returncode, done.stderr.count("\n")) == (69, 1), done.stderr


def test_without_a_folder_for_a_packages_files_a_line_says_what_to_do() -> None:
    done = without_a_folder(built("hpcpy"), "noexec", "-c", "import matplotlib")
    line = done.stderr.splitlines()[-1]
    assert line.startswith("ImportError: hpcpy: no folder for matplotlib: /tmp/hpcpy-0: mounted no")
    assert line.endswith("; name another one in TMPDIR")


def test_ipython_starts_and_jedi_completes(tmp_path: Path) -> None:
    done = started(tmp_path, "-m", "IPython", "-c", "6 * 7")
    assert "42" in done.stdout, done.stderr
    completes = "import jedi; print(jedi.Script('x = []\\nx.app').complete()[0].name)"
    assert started(tmp_path, "-c", completes).stdout == "append\n"


def test_opencl_computes_by_the_driver_of_a_host(tmp_path: Path) -> None:
    root = make_root(tmp_path, "bookworm", ("pocl-opencl-icd",))
    file, words = built("hpcpy"), ["workloads", "mandel", "--area", "area1", "--impl", "pyopencl"]
    done = inside(root, file.parent, f"/mnt/{file.name}", "-m", *words)
    assert "matches the reference" in done.stdout, done.stderr
