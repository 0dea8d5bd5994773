"""What tools and programs take for granted of CPython's imports, from public bug reports."""

import os
import shutil
import sys
import venv
from pathlib import Path
from zipimport import zipimporter

import pytest

from running import run


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def printed(program: str, *words: str | Path, folder: Path, **variables: str) -> str:
    done = run(program, *map(str, words), cwd=folder, env={**os.environ, **variables})
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Give the Python of a venv on the image's packages, and its site-packages."""
    folder = tmp_path_factory.mktemp("drop-in") / "venv"
    venv.create(folder, system_site_packages=True, symlinks=True)
    return str(folder / "bin/python"), next(folder.glob("lib/python3*/site-packages"))


def test_pythons_own_finders_and_hooks_are_there() -> None:
    # typeguard's, jaxtyping's and Pynguin's hooks look for a class of this name.
    (finder,) = (f for f in sys.meta_path if getattr(f, "__name__", "") == "PathFinder")
    from importlib.machinery import FileFinder, PathFinder

    assert finder is PathFinder
    assert zipimporter in sys.path_hooks
    # pkg_resources finds distributions in folders whose finder is one of these.
    import pkgutil

    import numpy

    assert isinstance(pkgutil.get_importer(str(Path(numpy.__file__).parents[1])), FileFinder)
    names = {module.name for module in pkgutil.iter_modules(numpy.__path__)}
    assert {"linalg", "fft", "matlib"} <= names
    loader = numpy.linalg.__spec__.loader
    assert loader is not None
    loader.exec_module(module=numpy.linalg)


def test_platform_asks_the_host_for_the_processor(tmp_path: Path) -> None:
    write(tmp_path, {"uname": "#!/bin/sh\necho asked by $*\n"})
    (tmp_path / "uname").chmod(0o755)
    program = "import h5py, platform; print(platform.processor())"
    path = f"{tmp_path}:{os.environ['PATH']}"
    assert printed(sys.executable, "-c", program, folder=tmp_path, PATH=path) == "asked by -p"


LEFT = """
import importlib.metadata, h5py, numpy, tqdm
assert h5py.version.hdf5_version and tqdm.tqdm and importlib.metadata.version("h5py")
print(numpy.arange(3).sum(), numpy.__version__ != "0.1")
"""


@pytest.mark.parametrize(
    "left",
    [
        "h5py/__pycache__/f.nbi", "numpy.libs/x.so", "~umpy/__init__.py", "h5py.old/x",
        "numpy/linalg/__pycache__/x.pyc", "tqdm.log",
    ],
)  # fmt: skip
@pytest.mark.parametrize("where", ["venv", "script"])
def test_what_pip_and_numba_leave_behind_is_no_package(
    environment: tuple[str, Path], tmp_path: Path, left: str, where: str
) -> None:
    python, site = environment
    write(tmp_path, {"main.py": LEFT})
    folder = site if where == "venv" else tmp_path
    path = folder / left
    write(folder, {left: ""})
    try:
        assert printed(python, tmp_path / "main.py", folder=tmp_path) == "3 True"
    finally:
        path.unlink()
        for parent in path.parents[: left.count("/")]:
            parent.rmdir()


# matplotlib logs that it lists the fonts where that takes five seconds.
MORE = """
import logging
logging.disable()
import matplotlib, mpl_toolkits.mine
from mpl_toolkits import mplot3d
print("both")
"""


@pytest.mark.parametrize("where", ["venv", "path", "script"])
def test_a_namespace_package_has_portions_of_the_users(
    environment: tuple[str, Path], tmp_path: Path, where: str
) -> None:
    pytest.importorskip("matplotlib")
    python, site = environment
    write(tmp_path, {"main.py": MORE})
    folder = {"venv": site, "path": tmp_path / "path", "script": tmp_path}[where]
    write(folder, {"mpl_toolkits/mine.py": ""})
    used = python if where == "venv" else sys.executable
    path = {"PYTHONPATH": str(folder)} if where == "path" else {}
    try:
        assert printed(used, tmp_path / "main.py", folder=tmp_path, **path) == "both"
    finally:
        shutil.rmtree(folder / "mpl_toolkits")


def test_an_editable_package_of_another_distribution_is_taken(
    environment: tuple[str, Path], tmp_path: Path
) -> None:
    python, site = environment
    write(tmp_path, {"src/tqdm/__init__.py": "FORK = True\n"})
    link = site / "fork.pth"
    write(site, {link.name: f"{tmp_path}/src\n"})
    try:
        program = "import tqdm, numpy; print(tqdm.FORK, numpy.arange(2).sum())"
        assert printed(python, "-c", program, folder=tmp_path) == "True 1"
    finally:
        link.unlink()


def test_sqlite_loads_extensions_and_has_what_other_pythons_have() -> None:
    import sqlite3

    connection = sqlite3.connect(":memory:")
    connection.enable_load_extension(True)
    connection.execute("CREATE VIRTUAL TABLE a USING fts5(x)")
    connection.execute("CREATE VIRTUAL TABLE b USING rtree(i, x, y)")
    assert connection.execute("SELECT json_extract('[1]', '$[0]'), sqrt(4)").fetchone() == (1, 2.0)
    assert sqlite3.threadsafety == 3
