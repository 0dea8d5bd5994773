"""Compile each kind of extension module as its users do, with a check for each.

`python extension_kinds.py FOLDER` compiles all of them into a folder, for an image that has no
compiler.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import extension_sources as sources

ROW = """
import numpy, {name}
made = {name}.row(numpy.arange(5.0))
assert (made.dtype, [*made]) == (numpy.float64, [1.0, 3.0, 5.0, 7.0, 9.0])
"""
# The same computation in Python, whose floats are C's doubles.
PAIRS = """
import {name}
def pairs(seed):
    while True:
        at = []
        for _ in "xy":
            seed = (seed * 6364136223846793005 + 1442695040888963407) % 2 ** 64
            at.append((seed >> 11) / 2 ** 53)
        yield at
expected = sum(x * x + y * y <= 1.0 for _, (x, y) in zip(range(5_000), pairs(1)))
assert 3_850 < expected < 4_000
assert {name}.{function}(5_000, 1) == expected
"""
SUM = """
from mpi4py import MPI
import sum_mpi
world = MPI.COMM_WORLD
assert sum_mpi.total(world, world.rank + 1) == world.size * (world.size + 1) // 2
assert world.size == 2
"""


def run(folder: Path, *words: str | Path, **variables: str) -> None:
    """Run a command in a folder; a failure shows its output."""
    done = subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def _cythonize(folder: Path) -> None:
    folder.joinpath("row_cython.pyx").write_text(sources.CYTHON_ROW)
    folder.joinpath("setup.py").write_text(sources.SETUP_ROW)
    run(folder, "python", "setup.py", "--quiet", "build_ext", "--inplace")


def _magic(folder: Path) -> None:
    folder.joinpath("cell.py").write_text(sources.MAGIC_CELL)
    run(folder, "python", "cell.py", IPYTHONDIR=str(folder / "ipython"))
    for module in folder.glob("ipython/**/pairs_magic*.so"):
        shutil.copy(module, folder)


def _f2py(folder: Path) -> None:
    folder.joinpath("row.f90").write_text(sources.FORTRAN_ROW)
    run(folder, "python", "-m", "numpy.f2py", "-c", "-m", "row_f2py", "row.f90")


def _cffi(folder: Path) -> None:
    folder.joinpath("build.py").write_text(sources.CFFI_PAIRS)
    run(folder, "python", "build.py")
    # cffi's modules import this one, which hpcpy does not have.
    backend = importlib.util.find_spec("_cffi_backend")
    assert backend
    assert backend.origin
    shutil.copy(backend.origin, folder)


def _pybind11(folder: Path) -> None:
    folder.joinpath("row.cpp").write_text(sources.PYBIND_ROW)
    command = (
        "c++ -O3 -shared -std=c++17 -fPIC $(python -m pybind11 --includes) row.cpp"
        " -o row_pybind$(python -m pybind11 --extension-suffix)"
    )
    run(folder, "sh", "-ec", command)


def _sdist(folder: Path, name: str, **files: str) -> None:
    """Install a package from its source, as pip does if there is no wheel."""
    package = folder / f"{name}-1.0"
    package.mkdir()
    package.joinpath(f"{name}.c").write_text(sources.MODULE_PAIRS.replace("NAME", name))
    for file, text in files.items():
        package.joinpath(file.replace("_", ".")).write_text(text)
    with tarfile.open(f"{package}.tar.gz", "w:gz") as archive:
        archive.add(package, package.name)
    options = ("--no-index", "--no-build-isolation", "--disable-pip-version-check")
    command = ("python", "-m", "pip", "install", *options, f"--target={folder}")
    run(folder, *command, f"{package}.tar.gz", TMPDIR=str(folder))


def _setuptools(folder: Path) -> None:
    setup = (
        "from setuptools import Extension, setup\n"
        "setup(name='pairs_sdist', version='1.0',"
        " ext_modules=[Extension('pairs_sdist', ['pairs_sdist.c'])])\n"
    )
    _sdist(folder, "pairs_sdist", setup_py=setup)


def _meson(folder: Path) -> None:
    project = (
        "[build-system]\nrequires = ['meson-python']\nbuild-backend = 'mesonpy'\n"
        "[project]\nname = 'pairs_meson'\nversion = '1.0'\n"
    )
    build = (
        "project('pairs_meson', 'c')\n"
        "python = import('python').find_installation()\n"
        "python.extension_module('pairs_meson', 'pairs_meson.c', install: true)\n"
    )
    _sdist(folder, "pairs_meson", pyproject_toml=project, meson_build=build)


def _mpi4py(folder: Path) -> None:
    folder.joinpath("sum_mpi.pyx").write_text(sources.CYTHON_SUM)
    folder.joinpath("setup.py").write_text(sources.SETUP_SUM)
    run(folder, "python", "setup.py", "--quiet", "build_ext", "--inplace", CC="mpicc")


# Kind of extension -> what compiles it, into a folder.
BUILDERS: Mapping[str, Callable[[Path], None]] = {
    "cythonize": _cythonize,
    "%%cython": _magic,
    "f2py": _f2py,
    "cffi": _cffi,
    "pybind11": _pybind11,
    "pip with setuptools": _setuptools,
    "pip with meson-python": _meson,
    "mpi4py": _mpi4py,
}
# Kind -> a program that fails where a module gives another answer than Python.
CHECKS: Mapping[str, str] = {
    "cythonize": ROW.format(name="row_cython"),
    "%%cython": PAIRS.format(name="pairs_magic", function="inside"),
    "f2py": ROW.format(name="row_f2py"),
    "cffi": PAIRS.format(name="pairs_cffi", function="lib.pairs_inside"),
    "pybind11": ROW.format(name="row_pybind"),
    "pip with setuptools": PAIRS.format(name="pairs_sdist", function="inside"),
    "pip with meson-python": PAIRS.format(name="pairs_meson", function="inside"),
    "mpi4py": SUM,
}


def folder_of(kind: str, below: Path) -> Path:
    """Return the folder in which a kind is compiled; its name has no blanks."""
    return below / kind.replace(" ", "_").strip("%")


def check_command(kind: str) -> list[str]:
    """Return the command that checks a kind, to run in its folder."""
    ranks = ["mpiexec", "-n", "2"] if kind == "mpi4py" else []
    return [*ranks, "python", "-c", CHECKS[kind]]


def main(below: Path) -> None:
    for kind, build in BUILDERS.items():
        folder = folder_of(kind, below)
        folder.mkdir()
        build(folder)
        suffix = sysconfig.get_config_var("EXT_SUFFIX")
        assert [*folder.glob(f"*{suffix}")], f"{kind}: no module"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
