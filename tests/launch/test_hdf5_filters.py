"""HDF5's filters from outside: hdf5plugin, plug-ins, and packages with an HDF5 of theirs."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from own_venv import in_image, make, needs_image

from hpcpy.engine.venv import ensure_venv
from running import printed, run

HERE = Path(__file__).parent
# In what is called so, a plug-in looks for HDF5.
SONAMES = ("libhdf5.so.310", "libhdf5_serial.so.103")
# netCDF4 not before hdf5plugin: it points HDF5_PLUGIN_PATH to filters of its own, and
# Blosc's fails with h5py, as it does with the wheels' Python.
ORDERS = (
    ("h5py", "hdf5plugin", "netCDF4", "tables", "h5netcdf"),
    ("tables", "h5py", "hdf5plugin", "h5netcdf", "netCDF4"),
)
# A dataset that is written and read through hdf5_plugin.c, which flips its bits.
FLIPPED = """
import h5py, numpy, tempfile
values = numpy.arange(1000.0)
path = f"{tempfile.mkdtemp()}/x.h5"
with h5py.File(path, "w") as file:
    file.create_dataset("values", data=values, chunks=(100,), compression=511)
with h5py.File(path) as file:
    raw = numpy.frombuffer(file["values"].id.read_direct_chunk((0,))[1], "u1")
    assert (raw == ~values[:100].view("u1")).all()
    assert (file["values"][()] == values).all()
"""

pytestmark = [pytest.mark.long, needs_image]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give /own of the image, with a venv; removed at once, for it has 200 MB."""
    folder = tmp_path_factory.mktemp("own")
    make(folder)
    for program in ("hdf5_filters.py", "hdf5_together.py"):
        shutil.copy(HERE / program, folder)
    yield folder
    shutil.rmtree(folder)


def inside(own: Path, command: str, files: Path) -> dict[str, Any]:
    program = ("/own/venv/bin/python", "/own/hdf5_filters.py", command)
    return dict(json.loads(printed(in_image(own, *program, f"/own/{files.name}"))))


def outside(command: str, files: Path) -> dict[str, Any]:
    python = ensure_venv("outside") / "bin/python"
    words: list[str | Path] = [python, "-I", HERE / "hdf5_filters.py", command, files]
    return dict(json.loads(printed(run(*words))))


@pytest.mark.parametrize("written", ["inside", "outside"])
def test_every_filter_of_hdf5plugin_reads_the_same_inside_and_outside(
    own: Path, written: str
) -> None:
    files = own / written
    files.mkdir()
    files.chmod(0o1777)
    if written == "inside":
        inside(own, "write", files)
    else:
        outside("write", files)
    here, there = inside(own, "read", files), outside("read", files)
    assert here["found"] == there["found"]
    assert len(here["found"]) >= 12
    for name, (_, away, filters) in here["found"].items():
        assert away <= 1e-6, name
        assert len(filters) == 1, name
    # Each used its own HDF5: inside ours, outside the wheel's.
    assert here["h5py"].endswith("/site-packages/h5py/libhdf5.so")
    assert Path(there["h5py"]).is_relative_to(ensure_venv("outside"))


@pytest.mark.parametrize("order", ORDERS)
def test_packages_with_an_hdf5_of_their_own_go_on_with_it(
    own: Path, order: tuple[str, ...]
) -> None:
    files = own / f"together-{order[0]}"
    files.mkdir()
    words = ("/own/venv/bin/python", "/own/hdf5_together.py", f"/own/{files.name}")
    libraries = set(printed(in_image(own, *words, *order)).split())
    # Names that the wheels' own have: two of them, each with its hash.
    theirs = {name for name in libraries if name.startswith("libhdf5-")}
    assert len(theirs) == 2
    # Nothing was opened for a soname, which only plug-ins ask for.
    assert {name for name in libraries if "-" not in name} == {"libhdf5.so"}


def make_plugin(folder: Path, soname: str) -> Path:
    """Make a plug-in that is linked with a libhdf5 of some name, and return its folder."""
    plugins = folder / "plugins"
    plugins.mkdir()
    # In place of the HDF5 that the plug-in was made with, which the image lacks.
    source = folder / "library.c"
    functions = ("H5open", "H5Tget_size", "H5Pmodify_filter")
    lines = [f"int {name}(void) {{ return -1; }}" for name in functions]
    source.write_text("\n".join(["long H5T_NATIVE_DOUBLE_g;", *lines]))
    library = folder / soname
    shared = ("gcc", "-shared", "-fPIC", "-Wl,--no-as-needed", "-o")
    run(*shared, library, f"-Wl,-soname,{soname}", source, check=True)
    run(*shared, plugins / "libflip.so", HERE / "hdf5_plugin.c", library, check=True)
    return plugins


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc; apt-get install gcc")
@pytest.mark.parametrize("soname", SONAMES)
def test_a_plugin_that_is_linked_with_libhdf5_works(tmp_path: Path, soname: str) -> None:
    make_plugin(tmp_path, soname)
    words = ("python3", "-c", FLIPPED)
    assert printed(in_image(tmp_path, *words, HDF5_PLUGIN_PATH="/own/plugins")) == ""
