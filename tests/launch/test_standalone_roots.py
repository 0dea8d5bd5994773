"""The one file runs on other C libraries, with the same bits, and as INSTALL has it."""

import re
import shutil
import time
from pathlib import Path

import pytest
from other_roots import busybox
from standalone_host import COMPILES, FOUR_RANKS, MPI, RANKS, built, clean, inside, make_root

from hpcpy.core import paths
from hpcpy.core.files import place
from hpcpy.release import SUMS, sums
from running import printed, run

SUITES = {"bullseye": "2.31", "trixie": "2.41"}
# All that a program and its packages may ask of the C library's mathematics.
HASHES = Path(__file__).with_name("standalone_hashes.py")
# By functions that older C libraries lack: recipes/old_libc.
LACKED = """
import os, subprocess, threading
lock, file = threading.Lock(), os.open("/", os.O_RDONLY)
os.set_inheritable(file, True)
print(lock.acquire(), lock.acquire(timeout=0.01), os.stat("/").st_ino == os.fstat(file).st_ino)
print(subprocess.run(["/bin/sh", "-c", f"test -e /proc/self/fd/{file}"]).returncode)
"""


@pytest.fixture(scope="module", params=SUITES)
def root(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_root(tmp_path_factory.mktemp("root"), request.param, MPI)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shared")
    shutil.copy2(built(), folder / "python")
    shutil.copy2(HASHES, folder)
    (folder / "ranks.py").write_text(RANKS)
    return folder


def test_it_runs_there(root: Path, shared: Path) -> None:
    asks = "import os, numpy, h5py; print(os.confstr('CS_GNU_LIBC_VERSION'))"
    version = SUITES[root.name]
    assert printed(inside(root, shared, "/mnt/python", "-c", asks)) == f"glibc {version}\n"
    assert printed(inside(root, shared, "/mnt/python", "-c", COMPILES)) == "42\n"
    assert printed(inside(root, shared, "/mnt/python", "-c", LACKED)) == "True False True\n1\n"


@pytest.mark.parametrize("library", ["MPICH", "Open MPI"])
def test_it_takes_the_mpi_of_that_system(root: Path, shared: Path, library: str) -> None:
    words = ["-n", 4, "/mnt/python", "/mnt/ranks.py", library]
    if library == "MPICH":
        # Debian's has a soname of its own until 4.3.
        file = next((root / "usr/lib/x86_64-linux-gnu").glob("libmpich.so.12"))
        variables = {"HPCPY_MPI": f"/{file.relative_to(root)}"}
        command = "mpiexec.mpich", *words
    else:
        of_root = ("OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM")
        variables = {"HPCPY_MPI": "openmpi", **dict.fromkeys(of_root, "1")}
        command = "mpiexec.openmpi", "--oversubscribe", *words
    done = inside(root, shared, *command, **variables)
    # UCX and hwloc complain of the network of this namespace.
    assert done.stdout.count("6 4 True\n") == 4, done.stderr


def test_its_own_mpi_starts_ranks_there(root: Path, shared: Path) -> None:
    words = ["/mnt/python", "-m", "hpcpy_mpi", 4, "/mnt/ranks.py", "MPICH"]
    done = inside(root, shared, *words, HPCPY_VERBOSE="1")
    assert done.stdout == FOUR_RANKS, done.stderr
    assert "/opt/mpich is /tmp/hpcpy-" in done.stderr


def test_its_commands_for_jobs_need_nothing_of_that_system(root: Path, shared: Path) -> None:
    words = ["/mnt/python", "-m", "hpcpy", "batch", "--nodes=2", "--", "/mnt/ranks.py"]
    script = printed(inside(root, shared, *words))
    assert "hpcpy_image=/mnt/python" in script
    assert printed(run("bash", "-n", "-c", script)) == ""


@pytest.mark.parametrize("without", ["", "AVX512F AVX512CD AVX512_SKX AVX512_ICL AVX512_SPR"])
def test_it_computes_the_same_there_as_here(root: Path, shared: Path, without: str) -> None:
    # numpy warns of features that the processor lacks.
    fewer = {"NPY_DISABLE_CPU_FEATURES": without} if without else {}
    there = inside(root, shared, "/mnt/python", f"/mnt/{HASHES.name}", **fewer)
    here = run(shared / "python", HASHES, env=clean(**fewer))
    assert here.stdout.count("\n") > 40
    assert there.stdout == here.stdout


def test_without_glibc_the_shell_says_what_the_page_says(shared: Path, tmp_path: Path) -> None:
    # There is no loader of glibc's, as on a system with musl.
    root = busybox(tmp_path)
    for name in ("proc", "dev", "sys", "mnt"):
        (root / name).mkdir(exist_ok=True)
    done = inside(root, shared, "sh", "-c", "/mnt/python -c pass")
    assert (done.returncode, done.stderr) == (127, "sh: /mnt/python: not found\n")
    page = (paths.ROOT / "docs/how-to/standalone.md").read_text()
    assert "On Alpine the shell says `not found`" in page


# The oldest that mirrors still have; 2.28's, Debian 10, have left them.
SUITE = "bullseye"
# A shell to type into, and what INSTALL itself calls.
KEPT = ("sh", "dash", "chmod", "sha256sum")
# As INSTALL has them, in its order.
TYPED = (
    "sha256sum -c --ignore-missing SHA256SUMS",
    "chmod +x hpcpy-python",
    "./hpcpy-python -c 'import numpy, numba, mpi4py, h5py'",
    "./hpcpy-python -m hpcpy_mpi 4 my-mpi.py",
)
MODULE = re.compile(r"\./hpcpy-python .* modulefile --image .*")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = make_root(tmp_path_factory.mktemp("root"), SUITE, ("coreutils",))
    for program in (path for path in made.glob("usr/*bin/*") if path.name not in KEPT):
        program.unlink()
    return made


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory, sif: str) -> Path:
    folder = tmp_path_factory.mktemp("release")
    (folder / "hpcpy-python").write_bytes(built().read_bytes())
    place(Path(sif), folder / "hpcpy.sif")
    shutil.copy(paths.ROOT / "docs/install.txt", folder / "INSTALL")
    (folder / SUMS).write_text(sums(folder))
    # An archive from the web keeps no mode, and the program is the reader's own.
    (folder / "hpcpy-python").chmod(0o644)
    (folder / "my-mpi.py").write_text(RANKS.replace("sys.argv[1]", "'MPICH'"))
    return folder


def test_from_unpacking_to_four_ranks(bare: Path, release: Path) -> None:
    text = (release / "INSTALL").read_text()
    places = [text.index(command) for command in TYPED]
    assert places == sorted(places)
    assert len(text.splitlines()) <= 20
    for command in TYPED:
        began = time.monotonic()
        done = inside(bare, release, "sh", "-c", f"cd /mnt && {command}")
        print(f"{time.monotonic() - began:.1f} s: {command}")
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    assert printed(done) == FOUR_RANKS


def test_the_module_of_install_is_written(bare: Path, release: Path) -> None:
    (command,) = MODULE.findall((release / "INSTALL").read_text())
    done = inside(bare, release, "sh", "-c", f"chmod +x /mnt/hpcpy-python; cd /mnt; {command}")
    assert (done.returncode, done.stdout) == (0, "/apps/modules/modulefiles\n"), done.stderr
    (module,) = (bare / "apps/modules/modulefiles/hpcpy").iterdir()
    assert "/apps/modules/hpcpy" in module.read_text()
    assert "/mnt/hpcpy.sif" in (bare / f"apps/modules/hpcpy/{module.name}/bin/python").read_text()
