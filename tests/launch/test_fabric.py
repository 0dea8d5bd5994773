"""A site's libfabric in the place of the image's, as hooks and users put it there."""

import os
import re
import zipfile
from pathlib import Path

import pytest
from local_cluster import Cluster, image
from mpi_libraries import NEEDS, NEWER, WORK, in_image, unpacked

from hpcpy.core import paths
from hpcpy.fetch.artifacts import fetch
from hpcpy.fetch.debian import fetch_debs
from hpcpy.pins.model import host_arch
from running import Done, printed, run

pytestmark = NEEDS
NAME = "libfabric.so.1"
# MPICH's project's needs the C library alone; Debian's more.
KINDS = ["mpich", "debian"]
VERSION = "import ctypes, sys; n = ctypes.CDLL(sys.argv[1]).fi_version(); print(n >> 16, n & 65535)"
STANDALONE = paths.BUILD / "hpcpy-python"


@pytest.fixture(scope="module")
def fabrics(cluster: Cluster) -> Path:
    """Return a folder that the nodes see, with a folder of libraries for each kind."""
    folder = cluster.shared / "fabrics"
    (folder / "mpich").mkdir(parents=True)
    with zipfile.ZipFile(fetch([NEWER])[NEWER]) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith(f"/{NAME}"))
        (folder / "mpich" / NAME).write_bytes(wheel.read(name))
    (folder / "debian").mkdir()
    for package in fetch_debs("fabric", host_arch()).paths.values():
        run("dpkg-deb", "--extract", package, folder / "packages", check=True)
    for library in (folder / "packages").rglob("*.so.*"):
        (folder / "debian" / library.name).write_bytes(library.resolve().read_bytes())
    run("chmod", "-R", "a+rX", folder, check=True)
    return folder


def listed(folder: Path) -> str:
    """Return the file that a hook replaces: where the image's loader's cache says it is."""
    cache = printed(in_image(folder, "/sbin/ldconfig", "-p"))
    (path,) = re.findall(rf"{re.escape(NAME)} .* => (\S+)", cache)
    return printed(in_image(folder, "readlink", "-f", path)).strip()


def named(folder: Path, path: str, library_path: str = "") -> str:
    """Return what a program is to say of a libfabric: its version."""
    asked = in_image(folder, "python3", "-c", VERSION, path, LD_LIBRARY_PATH=library_path)
    return f"libfabric {printed(asked).strip().replace(' ', '.')} "


def hooked(folder: Path, kind: str) -> tuple[str, ...]:
    """Return the options that mount a libfabric as a hook does, with what it needs beside it."""
    target = listed(folder)
    files = sorted((folder / kind).iterdir())
    others = [file for file in files if not file.name.startswith("libfabric.so")]
    beside = (f"--bind={file}:{Path(target).parent / file.name}" for file in others)
    return (f"--bind={folder / kind / NAME}:{target}", *beside)


def check(done: Done, size: int, says: str) -> None:
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{size} MPICH"] * size
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("hpcpy: MPI is ")]
    assert says in line
    assert "network: tcp" in line


START = ("mpiexec", "-n", "2", "python3", "-c", WORK)


@pytest.mark.parametrize("kind", KINDS)
def test_a_hook_replaces_it_at_the_path_that_the_cache_lists(fabrics: Path, kind: str) -> None:
    done = in_image(fabrics, *START, options=hooked(fabrics, kind), HPCPY_VERBOSE="1")
    theirs = named(fabrics, f"/mpi/{kind}/{NAME}", f"/mpi/{kind}")
    check(done, 2, f"{theirs}({listed(fabrics)}, mounted by itself)")
    assert theirs != named(fabrics, listed(fabrics))


@pytest.mark.parametrize("folder", ["", "/mpi/mpich"], ids=["the image's", "of the library path"])
def test_without_a_hook_one_in_the_library_path_goes_first(fabrics: Path, folder: str) -> None:
    own = {"LD_LIBRARY_PATH": folder} if folder else {}
    done = in_image(fabrics, *START, HPCPY_VERBOSE="1", **own)
    path = f"{folder}/{NAME}" if folder else listed(fabrics)
    check(done, 2, f"{named(fabrics, path)}({path})")


def test_a_sites_mpi_brings_its_own_ucx(tmp_path: Path) -> None:
    words = ("env", "LD_LIBRARY_PATH=/mpi/openmpi/lib", "HPCPY_VERBOSE=1", "python3", "-c")
    done = in_image(unpacked(tmp_path), *words, "from mpi4py import MPI")
    assert done.returncode == 0, done.stderr
    assert "hpcpy: MPI is /mpi/openmpi/lib/libmpi.so.40 (Open MPI v5" in done.stderr
    assert re.search(r"UCX 1\.[\d.]+ \(/mpi/openmpi/lib/\S+/libucp\.so\.0\)", done.stderr)


def test_what_it_lacks_is_named(fabrics: Path) -> None:
    target, *_ = hooked(fabrics, "debian")
    done = in_image(fabrics, "python3", "-c", "from mpi4py import MPI", options=(target,))
    assert done.returncode == 1
    # The reason of the image's own comes behind those of the other ABIs.
    reason = r"no MPI library loads: .*; lib(?!mpi)\w+\.so\.\d: cannot open \S.*\(MPICH's ABI\)"
    assert re.search(reason, done.stderr)


@pytest.mark.parametrize("kind", KINDS)
def test_ranks_of_two_nodes_use_it(cluster: Cluster, fabrics: Path, kind: str) -> None:
    *program, sif = image()
    words = ("env", "HPCPY_VERBOSE=1", "python3", "-c", WORK, str(cluster.shared / f"ring-{kind}"))
    start = ("-N2", "-n4", "--mpi=pmi2", *program, *hooked(fabrics, kind), sif)
    check(cluster.srun(*start, *words), 4, named(fabrics, f"/mpi/{kind}/{NAME}", f"/mpi/{kind}"))


@pytest.mark.skipif(not STANDALONE.exists(), reason="run: make standalone")
@pytest.mark.parametrize("folder", ["", "mpich"])
def test_the_one_file_has_its_own_or_takes_that_of_the_library_path(
    fabrics: Path, tmp_path: Path, folder: str
) -> None:
    script = tmp_path / "work.py"
    script.write_text(WORK)
    environ = {"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path), "HPCPY_VERBOSE": "1"}
    expected = f"({tmp_path}/hpcpy-{os.getuid()}/"
    if folder:
        environ["LD_LIBRARY_PATH"] = str(fabrics / folder)
        expected = f"({fabrics / folder / NAME})"
    done = run(STANDALONE, "-m", "hpcpy_mpi", "2", script, tmp_path / "ring", env=environ)
    check(done, 2, expected)
