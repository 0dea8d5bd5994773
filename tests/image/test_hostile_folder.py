"""The folder that a command is started in is everybody's: nothing of it is imported.

A program finds its own modules beside it, as in any Python. The names below are those
that the standard library, the packages and the commands of the image look for.
"""

import importlib.util
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from needed import need

from running import run
from tiers import sampled
from workloads.exercise import tasks

# Those that are absent here, too, which packages try: of Windows, macOS and accelerators; and
# those that Dask's functions try when they are called.
ABSENT = """
sitecustomize usercustomize _scproxy brotli colorama intel_cmplr pkg_resources rich scipy
setuptools simplejson tbb ujson asyncssh bokeh bottleneck cudf gilknocker IPython ipywidgets lz4
pandas pyarrow pynvml rmm setproctitle snappy sparse torch uvloop xarray xxhash zstandard
"""
PRESENT = """
hpcpy hpcpy_bake hpcpy_info h5py llvmlite matplotlib mpi4py numba numpy pip pytest workloads yaml
hpcpy_job hpcpy_common
"""
# hpcpy-core has no matplotlib.
PICTURES = ", matplotlib.pyplot" if importlib.util.find_spec("matplotlib") else ""
STACK = f"import numpy, numba, mpi4py.MPI, h5py, subprocess, asyncio{PICTURES}"
PLANTED = """
import posix
file = posix.open({told!r}, posix.O_WRONLY | posix.O_CREAT | posix.O_APPEND, 0o600)
posix.write(file, b"{name} ")
posix.close(file)
"""
COMMANDS = [
    f"python3 -c '{STACK}'",
    f"python3 -I -c '{STACK}'",
    f'sh -c "echo {STACK}, platform | python3 -"',
    f'sh -c "echo {STACK}, platform | python3 -i"',
    "python3 -m hpcpy_info",
    "python3 -m hpcpy_job preflight --help",
    "pip --version",
    "pytest --version",
]
# Those that start further Pythons: a probe, workers, ranks, a check, other commands.
SMALL = "--window -2 0.5 -1.25 1.25 --size 31 17 --maxiter 60 --workers 2"
STARTERS = {
    "python3 -m hpcpy_job doctor": (),
    "python3 -m hpcpy doctor --only mpi": (),
    f"python3 -m workloads mandel {SMALL} --impl dask,multiprocessing,threads": ("distributed",),
    "python3 -m workloads pi --impl dask-delayed,fork,spawn -n 1000": ("distributed",),
    "python3 -m workloads linalg --task tasks,threads -n 11 --count 7 --impl all": (
        "threadpoolctl",
    ),
    "python3 -m workloads startup --impl spawn,importtime --case numpy": (),
    "python3 -m workloads exercise heat-halo --check {solution}": (),
    "python3 -m hpcpy_job forecast -- {script}": (),
    "python3 -m hpcpy_mpi 2 -m hpcpy_job preflight {script}": (),
    "mpiexec -n 2 python3 -m hpcpy_job on_dask {on_dask}": ("distributed",),
}
SCRIPTS = {
    "script": "import numpy\nassert numpy.ones(3).sum() == 3",
    # Dask's own functions try pandas and more when they are called.
    "on_dask": """
import dask.array
from dask.distributed import Client
with Client() as client:
    assert dask.array.ones(10, chunks=5).sum().compute() == 10
    assert "everybodys" not in str(client.run(__import__, "workloads"))
""",
}


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """Give a folder with a module of every such name, which tells that it was imported."""
    folder = tmp_path / "everybodys"
    folder.mkdir()
    for name in {*sys.stdlib_module_names, *PRESENT.split(), *ABSENT.split()}:
        told = str(tmp_path / "imported")
        (folder / f"{name}.py").write_text(PLANTED.format(told=told, name=name))
    return folder


def imported(folder: Path, command: str) -> tuple[int, list[str]]:
    done = subprocess.run(shlex.split(command), cwd=folder, capture_output=True, check=False)
    told = folder.parent / "imported"
    return done.returncode, told.read_text().split() if told.exists() else []


@pytest.mark.parametrize("command", sampled(COMMANDS, keep=6))
def test_nothing_of_it_is_imported(hostile: Path, command: str) -> None:
    assert imported(hostile, command) == (0, [])


@pytest.mark.parametrize(("command", "modules"), sampled(STARTERS.items(), keep=2))
def test_nor_by_what_a_command_starts(
    hostile: Path, command: str, modules: tuple[str, ...], tmp_path: Path
) -> None:
    need(*modules)
    own = tmp_path / "own"
    own.mkdir()
    for name, text in SCRIPTS.items():
        (own / f"{name}.py").write_text(text)
    if (words := command.split())[-2] == "--check":
        (own / "solution.py").write_text(tasks.text(words[4], solved=True))
    files = {name: own / f"{name}.py" for name in (*SCRIPTS, "solution")}
    assert imported(hostile, command.format(**files)) == (0, [])


def test_a_module_that_the_image_lacks_is_found_there(hostile: Path) -> None:
    # Else the test above would pass for another reason.
    assert imported(hostile, "python3 -c 'import rich, brotli'") == (0, ["rich", "brotli"])


def test_the_root_is_no_programs_folder() -> None:
    # It is above every module, and where an image's commands start.
    program = "import numpy, _hpcpy_importer as i; print(i._hpcpy_path.yielding(i.finder().start))"
    for words in (["-E", "-c", program], ["-E", "-"]):
        done = run(sys.executable, *words, input=program, cwd="/")
        assert (done.stdout, done.stderr) == ("{''}\n", "")
