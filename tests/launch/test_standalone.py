"""The interpreter as one file is Python, on this host's C library: docs/how-to/standalone.md."""

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from standalone_host import built, clean
from test_hdf5_filters import FLIPPED, make_plugin

from hpcpy.engine.setup import look_up
from hpcpy.engine.tools import needed
from hpcpy.engine.traced import traced
from measure.cases import CASES
from running import Done, printed, run, start, wait_until

LIBRARY = "/opt/hpcpy/lib/python3.14"
LLVM = "libllvmlite.so"
COMPILES = """
import numba
@numba.njit
def twice(x):
    return 2 * x
print(twice(21))
"""
METHODS = """
import multiprocessing as mp

def square(x):
    return x * x

if __name__ == "__main__":
    for method in mp.get_all_start_methods():
        with mp.get_context(method).Pool(2) as pool:
            print(method, pool.map(square, range(4)))
"""

RANKS = """
from mpi4py import MPI
world = MPI.COMM_WORLD
print(world.allreduce(world.rank), world.size)
"""
SPAWNS = """
import sys
from mpi4py import MPI
child = "from mpi4py import MPI; MPI.Comm.Get_parent().Disconnect()"
ranks = MPI.COMM_SELF.Spawn(sys.executable, ["-c", child], maxprocs=2)
print(ranks.remote_size)
ranks.Disconnect()
"""

Start = Callable[..., Done]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy, so that nothing lies beside it."""
    return Path(shutil.copy2(built(), tmp_path_factory.mktemp("file")))


@pytest.fixture
def python(file: Path, tmp_path: Path) -> Start:
    """Give a function that runs the file, which may place files in a new folder."""

    def in_folder(*words: object, **variables: str) -> Done:
        folder = tmp_path / "tmp"
        folder.mkdir(exist_ok=True)
        return run(file, *words, env=clean(TMPDIR=str(folder), **variables), cwd=tmp_path)

    return in_folder


def placed(folder: Path) -> list[Path]:
    files = folder.glob(f"hpcpy-{os.getuid()}/**/*")
    return sorted(path for path in files if path.is_file())


def test_it_needs_no_newer_c_library_and_is_hardened(file: Path) -> None:
    versions = run("readelf", "--version-info", "--wide", file).stdout
    needed = re.findall(r"GLIBC_2\.(\d+)", versions)
    assert max(map(int, needed)) <= 28
    about = run("readelf", "--dynamic", "--segments", "--wide", file).stdout
    names = re.findall(r"NEEDED.*\[(.*)\]", about)
    # The loader writes the system's folder for $LIB, and does not look for libc.so.6 again.
    of_libc = ("libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1", "libc.so.6")
    assert names == [*(f"/$LIB/{name}" for name in of_libc), *of_libc[-1:], "ld-linux-x86-64.so.2"]
    assert "RPATH" not in about
    assert "RUNPATH" not in about
    assert "GNU_RELRO" in about
    assert "NOW" in about
    assert re.search(r"GNU_STACK .* RW ", about)
    assert file.stat().st_size <= 190e6


# Of a case: the most path calls and those that may leave the node, of which the file itself is
# one; and what each folder of LD_LIBRARY_PATH adds. MPI has three names.
@pytest.mark.parametrize(
    ("name", "most", "each"),
    [("pass", (10, 1), 0), ("core", (16, 1), 0), ("core + MPI_Init", (40, 8), 3)],
)
def test_a_start_asks_little_whatever_the_library_path(
    file: Path, tmp_path: Path, name: str, most: tuple[int, int], each: int
) -> None:
    if not look_up(needed(["measure"])):
        pytest.skip("no strace here; run: make setup TOOLS=measure")
    (case,) = (one for one in CASES if one.name == name)
    place = tmp_path / "tmp"
    place.mkdir()
    for folders in (0, 10):
        # The host's locale is the host's: Debian 12 looks for C.UTF-8 in five places.
        env = clean(LC_ALL="POSIX", PYTHONCOERCECLOCALE="0", TMPDIR=str(place))
        env["LD_LIBRARY_PATH"] = ":".join(f"{tmp_path}/{number}" for number in range(folders))
        for _ in range(2):  # the first one places MPI's library
            counts = traced([str(file), *case.arguments(tmp_path)], env=env)
        assert len(counts.paths) <= most[0] + folders * each, counts.paths
        assert len(counts.off_node) <= most[1] + folders * each, counts.off_node
        assert bool(placed(place)) == (each > 0)


def test_tracebacks_and_inspect_show_the_source(python: Start, tmp_path: Path) -> None:
    script = tmp_path / "fails.py"
    script.write_text("import json\njson.loads('{')\n")
    done = python(script)
    assert f'File "{LIBRARY}/json/decoder.py"' in done.stderr
    assert "obj, end = self.raw_decode(" in done.stderr
    shows = "import inspect, numpy; print(inspect.getsource(numpy.linalg.inv)[:40])"
    assert "@array_function_dispatch" in printed(python("-c", shows))


def test_an_address_of_a_crash_report_names_its_function(python: Start) -> None:
    crash = """
import faulthandler, numpy
faulthandler.enable()
numpy.lib.stride_tricks.as_strided(numpy.ones(4), (2,), (1 << 46,)).sum()
"""
    addresses = re.findall(r"hpcpy-python\".*\[(0x[0-9a-f]+)\]", python("-c", crash).stderr)
    assert "numpy._core._multiarray_umath: DOUBLE_" in printed(
        python("-m", "hpcpy_info", *addresses)
    )


# A short name: the socket of a fork server lies in the folder of the test, and has 107 bytes.
def test_processes(python: Start, file: Path, tmp_path: Path) -> None:
    program = "import sys; print(sys.executable, sys.prefix, sys.base_prefix)"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {program!r}])"
    for words in (program, child):
        assert printed(python("-c", words)).split() == [str(file), "/opt/hpcpy", "/opt/hpcpy"]
    link = tmp_path / "link"
    link.symlink_to(file)
    assert printed(run(link, "-c", program, env=clean())).split()[0] == str(link)
    script = tmp_path / "methods.py"
    script.write_text(METHODS)
    expected = [f"{name} [0, 1, 4, 9]" for name in ("fork", "spawn", "forkserver")]
    assert sorted(printed(python(script)).splitlines()) == sorted(expected)


def test_files_of_packages_are_read_from_memory(python: Start) -> None:
    program = """
import importlib.metadata, importlib.resources, numpy
folder = importlib.resources.files("numpy")
print(folder.joinpath("__init__.py").read_text()[:3], (folder / "linalg").is_dir())
print(importlib.metadata.version("numpy") == numpy.__version__)
print(importlib.metadata.distribution("numpy").read_text("WHEEL")[:13])
"""
    lines = printed(python("-c", program)).split("\n")
    assert lines[:3] == ['""" True', "True", "Wheel-Version"]
    assert printed(python("-m", "workloads", "--version")).startswith("workloads of hpcpy 0.")
    assert "numpy" in printed(python("-m", "pip", "list"))


def test_a_venv_on_top_has_its_scripts_and_sees_the_packages(python: Start, tmp_path: Path) -> None:
    printed(python("-m", "venv", "--system-site-packages", "venv"))
    own = tmp_path / "venv"
    assert (own / "bin/activate").is_file()
    program = "import sys, numpy, pip; print(sys.prefix, pip.__file__)"
    said = printed(run(own / "bin/python", "-c", program, env=clean())).split()
    assert said[0] == str(own)
    assert said[1].startswith(str(own))
    refused = python("-m", "pip", "install", "six")
    assert "Could not find an activated virtualenv" in refused.stderr


def test_llvm_is_placed_once_and_a_line_says_where(python: Start, tmp_path: Path) -> None:
    first = python("-c", COMPILES, HPCPY_VERBOSE="1")
    assert first.stdout == "42\n"
    (library,) = placed(tmp_path / "tmp")
    assert f"{LLVM} is {library}" in first.stderr
    (own,) = (tmp_path / "tmp").iterdir()
    assert {path.stat().st_mode & 0o777 for path in (own, *own.rglob("*"))} == {0o700}
    before = library.stat()
    assert printed(python("-c", COMPILES)) == "42\n"
    assert library.stat().st_ino == before.st_ino


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a file system")
@pytest.mark.parametrize("option", ["size=1m", "noexec"])
def test_without_a_folder_llvm_is_in_memory(file: Path, option: str) -> None:
    # In a namespace where all folders are of the kind.
    folders = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108
    over = [f"mount -t tmpfs -o {option} tmpfs {folder}" for folder in folders]
    script = " && ".join([f"mount --bind {file.parent} /mnt", *over, 'exec "$@"'])
    words = ["unshare", "--mount", "sh", "-c", script, "sh", f"/mnt/{file.name}"]
    done = run(*words, "-c", COMPILES, env=clean())
    assert done.stdout == "42\n", done.stderr
    assert f"{LLVM} is in this process's memory" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_killed_start_leaves_nothing_that_counts(
    python: Start, file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    job = start(file, "-c", COMPILES, env=clean(TMPDIR=str(folder)))
    wait_until(lambda: placed(folder), job)
    job.kill()
    job.communicate()
    assert printed(python("-c", COMPILES)) == "42\n"
    assert [path.name for path in placed(folder)] == [LLVM]


def test_many_at_once_place_it_once(file: Path, tmp_path: Path) -> None:
    env = clean(TMPDIR=str(tmp_path))
    jobs = [start(file, "-c", COMPILES, env=env) for _ in range(64)]
    assert {job.communicate() for job in jobs} == {("42\n", "")}
    assert [path.name for path in placed(tmp_path)] == [LLVM]


def test_a_plugin_of_hdf5s_finds_the_hdf5_that_is_linked_in(python: Start, tmp_path: Path) -> None:
    plugins = make_plugin(tmp_path, "libhdf5.so.310")
    assert printed(python("-c", FLIPPED, HDF5_PLUGIN_PATH=str(plugins))) == ""


def test_its_own_mpi_starts_ranks(python: Start, tmp_path: Path) -> None:
    script = tmp_path / "ranks.py"
    script.write_text(RANKS)
    assert printed(python("-m", "hpcpy_mpi", 4, script)).splitlines() == ["6 4"] * 4
    assert python("-m", "hpcpy_mpi").returncode == 2


def test_a_program_spawns_ranks_by_an_mpiexec_in_path(
    python: Start, file: Path, tmp_path: Path
) -> None:
    # As a module has it.
    mpiexec = tmp_path / "mpiexec"
    mpiexec.write_text(f'#!/bin/sh\nexec {file} -m hpcpy_mpi "$@"\n')
    mpiexec.chmod(0o755)
    assert printed(python("-c", SPAWNS, PATH=f"{tmp_path}:/usr/bin:/bin")) == "2\n"


def test_its_sbom_names_what_is_in_it() -> None:
    bill = json.loads(built().with_name("hpcpy-python.spdx.json").read_text())
    names = {package["name"] for package in bill["packages"]}
    assert {"hpcpy-python", "python", "numpy", "numba", "mpi4py", "libssl-dev"} <= names
    assert "apt" not in names
