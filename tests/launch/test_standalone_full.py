"""The whole stack as one file: what tests/image does not hold (test_standalone_image.py)."""

from pathlib import Path

import pytest
from standalone_host import built, clean, inside, make_root, without_a_folder

from running import Done, run

CUPY = """
import inspect, os, cupy
headers = os.path.join(cupy.__path__[0], "_core/include/cupy")
print(len(os.listdir(headers)) > 10, "def asnumpy" in inspect.getsource(cupy.asnumpy))
cupy.zeros(1)
"""


def start(place: Path, *words: object) -> Done:
    return run(built("hpcpy"), *words, env=clean(TMPDIR=str(place), HOME=str(place)), cwd=place)


def test_cupy_has_its_headers_and_says_that_there_is_no_gpu(tmp_path: Path) -> None:
    if list(Path("/dev").glob("nvidia[0-9]*")):
        pytest.skip("there is a GPU: make test-gpu ON=build/hpcpy-python-full")
    done = start(tmp_path, "-c", CUPY)
    assert done.stdout == "True True\n", done.stderr
    assert "cudaErrorInsufficientDriver" in done.stderr.splitlines()[-1]
    done = start(tmp_path, "-m", "workloads", "mandel", "--impl", "cupy")
    assert (done.returncode, done.stderr.count("\n")) == (69, 1), done.stderr


def test_without_a_folder_for_a_packages_files_a_line_says_what_to_do() -> None:
    done = without_a_folder(built("hpcpy"), "noexec", "-c", "import matplotlib")
    line = done.stderr.splitlines()[-1]
    assert line.startswith("ImportError: hpcpy: no folder for matplotlib: /tmp/hpcpy-0: mounted no")
    assert line.endswith("; name another one in TMPDIR")


def test_ipython_starts_and_jedi_completes(tmp_path: Path) -> None:
    done = start(tmp_path, "-m", "IPython", "-c", "6 * 7")
    assert "42" in done.stdout, done.stderr
    completes = "import jedi; print(jedi.Script('x = []\\nx.app').complete()[0].name)"
    assert start(tmp_path, "-c", completes).stdout == "append\n"


def test_opencl_computes_by_the_driver_of_a_host(tmp_path: Path) -> None:
    root = make_root(tmp_path, "bookworm", ("pocl-opencl-icd",))
    file, words = built("hpcpy"), ["workloads", "mandel", "--area", "area1", "--impl", "pyopencl"]
    done = inside(root, file.parent, f"/mnt/{file.name}", "-m", *words)
    assert "matches the reference" in done.stdout, done.stderr
