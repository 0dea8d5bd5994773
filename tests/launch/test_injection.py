"""A site's MPI and libfabric, put into the image as engines and users do it, replace its own."""

import os
import re
import signal
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from injection_ways import MODULE, PROGRAM, by_apptainer, by_shifter
from local_cluster import Cluster, image
from mpi_libraries import NEEDS, NEWER, WORK, in_image, module, said, unpacked, unpacked_intel
from standalone_host import built

from hpcpy.engine.traced import traced
from hpcpy.fetch.artifacts import fetch
from hpcpy.fetch.debian import fetch_debs
from hpcpy.pins.model import host_arch
from measure.targets import PYTHON
from running import Done, printed, run
from tiers import sampled
from workloads.startup import calls

pytestmark = NEEDS
Way = Callable[..., list[str]]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder as a site has it: another MPICH, and what it needs below dep/."""
    return module(unpacked(tmp_path_factory.mktemp("mpi")), tmp_path_factory.mktemp("module"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o1777)
    return tmp_path


@pytest.mark.parametrize("way", [by_apptainer, by_shifter])
def test_the_sites_library_runs(way: Way, library: Path, folder: Path) -> None:
    if way is by_shifter and os.geteuid() != 0:
        pytest.skip("mounting an image as Shifter does needs root")
    ranks = ("mpiexec", "-n", "3", "python3", "-c", PROGRAM)
    expected = [f"{rank} 3 {NEWER.version} {MODULE}/libmpi.so.12" for rank in range(3)]
    assert sorted(said(run(*way(library, folder, *ranks)))) == expected


# MPI_Init and MPI_Finalize by the library itself.
ALONE = "import ctypes; mpi = ctypes.CDLL('libmpi.so.12'); mpi.MPI_Init(0, 0); mpi.MPI_Finalize()"


@pytest.mark.long
@pytest.mark.usefixtures("strace")
def test_its_start_asks_no_more_than_the_library_does_alone(library: Path, folder: Path) -> None:
    alone, injected = (
        traced(by_apptainer(library, folder, "python3", "-c", code), PYTHON)
        for code in (ALONE, "from mpi4py import MPI")
    )
    # Measured: one more, to see that the library is there; and UCX makes 1,500 calls, of
    # which a few are made again by chance.
    assert len(calls.off_node(injected.paths)) <= len(calls.off_node(alone.paths)) + 1
    assert len(injected.paths) <= len(alone.paths) + 10


SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1]
# How a program ends that gets a signal after MPI_Init, and what its own handler,
# set before, is told; of each signal.
ENDS = f"""
import subprocess, sys
START = "import os, signal; from mpi4py import MPI; "
HANDLER = "import signal; signal.signal({{0}}, lambda *_: print('handler', flush=True)); "
SEND = "os.kill(os.getpid(), {{0}}); "
for number in {[int(number) for number in SIGNALS]}:
    for program in (START + SEND, HANDLER + START + SEND * 2):
        done = subprocess.run(
            [sys.executable, "-c", program.format(number)], capture_output=True, text=True
        )
        print(number, done.returncode, *done.stdout.split())
"""
LIBRARIES: dict[str, dict[str, Any]] = {
    "Open MPI": {"LD_LIBRARY_PATH": "/mpi/openmpi/lib"},
    "MPICH": {"LD_LIBRARY_PATH": "/mpi/mpich/lib"},
    "MPI 5": {"LD_LIBRARY_PATH": "/mpi/abi/lib"},
    "Intel MPI": {"LD_LIBRARY_PATH": "/mpi/intel/lib", "HPCPY_MPI": "mpich"},
    "Intel MPI, MPI 5": {"LD_LIBRARY_PATH": "/mpi/intel/lib", "HPCPY_MPI": "abi"},
}


@pytest.mark.parametrize("library", sampled(LIBRARIES))
def test_the_first_signal_ends_a_program_and_its_handler_is_kept(mpi: Path, library: str) -> None:
    if "intel" in str(LIBRARIES[library]):
        unpacked_intel(mpi)
    done = in_image(mpi, "python3", "-c", ENDS, **LIBRARIES[library])
    expected = []
    for number in map(int, SIGNALS):
        expected += [f"{number} {-number}", f"{number} 0 handler handler"]
    assert said(done) == expected


NAME = "libfabric.so.1"
# MPICH's project's needs the C library alone; Debian's more.
KINDS = ["mpich", "debian"]
VERSION = "import ctypes, sys; n = ctypes.CDLL(sys.argv[1]).fi_version(); print(n >> 16, n & 65535)"


@pytest.fixture(scope="module")
def fabrics(cluster: Cluster) -> Path:
    """Return a folder that the nodes see, with a folder of libraries for each kind."""
    folder = cluster.shared / "fabrics"
    (folder / "mpich").mkdir(parents=True)
    with zipfile.ZipFile(fetch([NEWER])[NEWER]) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith(f"/{NAME}"))
        (folder / "mpich" / NAME).write_bytes(wheel.read(name))
    (folder / "debian").mkdir()
    for package in fetch_debs("fabric", host_arch()).values():
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


def check(done: Done, size: int, says: str, vendor: str = "MPICH") -> None:
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{size} {vendor}"] * size
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
    own: dict[str, Any] = {"LD_LIBRARY_PATH": folder} if folder else {}
    done = in_image(fabrics, *START, HPCPY_VERBOSE="1", **own)
    path = f"{folder}/{NAME}" if folder else listed(fabrics)
    check(done, 2, f"{named(fabrics, path)}({path})")


# Of the wheels' UCX: MPICH's for Open MPI.
UCX = [f"lib{name}.so.0" for name in ("ucp", "uct", "ucs", "ucm")]
RANKS_BY_UCX = {
    **{f"OMPI_MCA_{name}": value for name, value in {"pml": "ucx", "osc": "^ucx"}.items()},
    **{f"OMPI_MCA_pml_ucx_{name}": "any" for name in ("tls", "devices")},
}


@pytest.mark.parametrize("way", ["own", "library path", "hook"])
def test_a_sites_mpi_brings_its_own_ucx_or_takes_another(tmp_path: Path, way: str) -> None:
    mpi, theirs, own = unpacked(tmp_path), "/mpi/mpich/lib/mpich", "/mpi/openmpi/lib/openmpi"
    folders = [theirs] * (way == "library path") + ["/mpi/openmpi/lib"]
    says = f"{theirs if way == 'library path' else own}/{UCX[0]}"
    binds: tuple[str, ...] = ()
    if way == "hook":
        says += ", mounted by itself"
        binds = tuple(f"--bind={mpi}/mpich/lib/mpich/{name}:{own}/{name}" for name in UCX)
    start = ("/mpi/openmpi/bin/mpirun", "--allow-run-as-root", "--oversubscribe", *START[1:])
    environ = {**RANKS_BY_UCX, "LD_LIBRARY_PATH": ":".join(folders), "HPCPY_VERBOSE": "1"}
    done = in_image(mpi, *start, options=binds, **environ)
    check(done, 2, says, vendor="Open MPI")
    assert "hpcpy: MPI is /mpi/openmpi/lib/libmpi.so.40 (Open MPI v5" in done.stderr
    assert re.search(rf"UCX 1\.[\d.]+ \({re.escape(says)}\)", done.stderr)


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
    done = run(built(), "-m", "hpcpy_mpi", "2", script, tmp_path / "ring", env=environ)
    check(done, 2, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_the_one_file_takes_that_of_a_library_path_or_a_hook(
    fabrics: Path, tmp_path: Path, kind: str
) -> None:
    """In a container: Debian's needs a newer C library than a host may have."""
    (tmp_path / "work.py").write_text(WORK)
    binds = (f"--bind={built().resolve()}:/hpcpy-python", f"--bind={tmp_path}:/placed")
    start = ("/hpcpy-python", "-m", "hpcpy_mpi", "2", "/placed/work.py", "/placed/ring")
    environ = {"TMPDIR": "/placed", "HPCPY_VERBOSE": "1"}
    theirs = named(fabrics, f"/mpi/{kind}/{NAME}", f"/mpi/{kind}")
    from_path = {**environ, "LD_LIBRARY_PATH": f"/mpi/{kind}"}
    done = in_image(fabrics, *start, options=binds, **from_path)
    check(done, 2, f"{theirs}(/mpi/{kind}/{NAME})")
    (placed,) = tmp_path.rglob(NAME)
    path = f"/placed/{placed.relative_to(tmp_path)}"
    # The others that it needs lie where the container's loader looks.
    hook = (f"--bind={fabrics / kind / NAME}:{path}", *hooked(fabrics, kind)[1:])
    done = in_image(fabrics, *start, options=(*binds, *hook), **environ)
    check(done, 2, f"{theirs}({path}, mounted by itself)")
