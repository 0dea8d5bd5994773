"""The whole stack as one file: packages whose own files this node gets, and those of devices."""

import os
import shutil
from pathlib import Path

import pytest
from standalone_host import built, clean, inside, make_root

from running import Done, printed, run

PLOTS = """
import matplotlib.pyplot as plot
from PIL import Image
plot.title("a title")
plot.plot([1, 3, 2])
plot.savefig("plot.png")
print(Image.open("plot.png").size, plot.style.available[:1])
"""
DASK = """
import dask.array
from distributed import Client, LocalCluster

if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1) as cluster, Client(cluster) as client:
        print(int(dask.array.arange(1_000, chunks=100).sum().compute()))
"""
CUPY = """
import inspect, os, cupy
headers = os.path.join(cupy.__path__[0], "_core/include/cupy")
print(len(os.listdir(headers)) > 10, "def asnumpy" in inspect.getsource(cupy.asnumpy))
cupy.zeros(1)
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy, so that nothing lies beside it."""
    return Path(shutil.copy2(built("hpcpy"), tmp_path_factory.mktemp("file")))


def start(file: Path, place: Path, *words: object) -> Done:
    place.mkdir(exist_ok=True)
    env = clean(TMPDIR=str(place), HOME=str(place))
    return run(file, *words, env=env, cwd=place.parent, timeout=300)


def test_a_packages_files_are_placed_once(file: Path, tmp_path: Path) -> None:
    place = tmp_path / "tmp"
    first = printed(start(file, place, "-c", PLOTS))
    assert first.startswith("(640, 480)")
    (font,) = place.glob(f"hpcpy-{os.getuid()}/**/matplotlib/mpl-data/fonts/ttf/DejaVuSans.ttf")
    before = font.stat()
    assert printed(start(file, place, "-c", PLOTS)) == first
    assert font.stat().st_ino == before.st_ino


def test_dask_computes_in_processes(file: Path, tmp_path: Path) -> None:
    script = tmp_path / "dasks.py"
    script.write_text(DASK)
    done = start(file, tmp_path / "tmp", script)
    assert (done.returncode, done.stdout) == (0, "499500\n"), done.stderr


def test_cupy_has_its_headers_and_says_that_there_is_no_gpu(file: Path, tmp_path: Path) -> None:
    if list(Path("/dev").glob("nvidia[0-9]*")):
        pytest.skip("there is a GPU: make test-gpu ON=build/hpcpy-python-full")
    done = start(file, tmp_path / "tmp", "-c", CUPY)
    assert done.stdout == "True True\n", done.stderr
    assert "cudaErrorInsufficientDriver" in done.stderr.splitlines()[-1]
    done = start(file, tmp_path / "tmp", "-m", "workloads", "mandel", "--impl", "cupy")
    assert (done.returncode, done.stderr.count("\n")) == (69, 1), done.stderr


def test_ipython_starts_and_jedi_completes(file: Path, tmp_path: Path) -> None:
    done = start(file, tmp_path / "tmp", "-m", "IPython", "-c", "6 * 7")
    assert "42" in done.stdout, done.stderr
    completes = "import jedi; print(jedi.Script('x = []\\nx.app').complete()[0].name)"
    assert start(file, tmp_path / "tmp", "-c", completes).stdout == "append\n"


def test_opencl_computes_by_the_driver_of_a_host(file: Path, tmp_path: Path) -> None:
    root = make_root(tmp_path, "bookworm", ("pocl-opencl-icd",))
    words = ["workloads", "mandel", "--area", "area1", "--impl", "pyopencl"]
    done = inside(root, file.parent, f"/mnt/{file.name}", "-m", *words)
    assert "matches the reference" in done.stdout, done.stderr
