"""The interpreter as one file on this host's C library: docs/how-to/standalone.md.

That it is Python, tests/image holds: test_standalone_image.py.
"""

import os
import re
import shutil
import struct
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from standalone_host import COMPILES, built, clean, with_mounts, without_a_folder
from test_hdf5_filters import FLIPPED, make_plugin

from hpcpy.engine.traced import traced
from measure.cases import CASES
from running import Done, printed, run, start, wait_until
from workloads.startup import calls

LLVM = "libllvmlite.so"
# Who has no rights of root's, by setpriv of util-linux.
USER = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
NET_RAW = 13
LOADER = "/lib64/ld-linux-x86-64.so.2"
AUTHORITIES = "/opt/hpcpy/lib/python3.14/site-packages/pip/_vendor/certifi/cacert.pem"
TRUSTED = """
import os, ssl
count = len(ssl.create_default_context().get_ca_certs())
print(ssl.get_default_verify_paths().cafile, count > 100, "SSL_CERT_FILE" in os.environ)
"""
# A distribution's files, and HDF5's, which hdf5plugin opens.
READS = """
import ctypes, h5py, importlib.metadata, os, pathlib
files = importlib.metadata.files("numpy")
(header,) = (file for file in files if file.name == "ndarrayobject.h")
print(len(files) > 300, "NDARRAYOBJECT" in header.read_text(), header.locate().is_file())
print(ctypes.CDLL(h5py.h5z.__file__).H5open(), h5py.h5d.__file__ == h5py.h5z.__file__)
print(importlib.metadata.distribution("numpy").locate_file("numpy") == pathlib.Path(os.path.dirname(
    importlib.import_module("numpy").__file__)))
"""
# What is asked of a path of the file's; then of a folder of all packages, and by a pattern.
CHANGES = """
import importlib.resources, os
folder = importlib.resources.files("viztracer")
file, new = folder / "main.py", folder / "new"
for change in (
    lambda: file.write_text(""), lambda: new.write_text(""), lambda: file.open("r+"), file.unlink,
    file.touch, new.mkdir, folder.rmdir, lambda: file.chmod(0), lambda: file.rename(new),
    lambda: file.move(new), lambda: new.symlink_to(file),
):
    try: print(change())
    except OSError as error: print(error.filename, error.strerror)
print(len(file.read_text()) > 1000, oct(os.stat(file).st_mode & 0o777))
for ask in (lambda: folder.glob("../*"), lambda: folder.parent.glob("*")):
    try: print(*ask())
    except NotImplementedError as error: print(error)
"""
STARTS = """
import subprocess, sys
print(subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True, text=True).stdout)
"""
Start = Callable[..., Done]


@pytest.fixture(scope="module")
def file() -> Path:
    return built()


@pytest.fixture
def python(file: Path, tmp_path: Path) -> Start:
    """Give a function that runs the file, which may place files in a new folder."""
    folder = tmp_path / "tmp"
    folder.mkdir()

    def in_folder(*words: object, **variables: str) -> Done:
        return run(file, *words, env=clean(TMPDIR=str(folder), **variables), cwd=tmp_path)

    return in_folder


def placed(folder: Path) -> list[Path]:
    files = folder.glob(f"hpcpy-{os.getuid()}/**/*")
    return sorted(path for path in files if path.is_file())


def test_it_is_hardened_and_names_the_hosts_libraries_by_path(file: Path) -> None:
    about = run("readelf", "--dynamic", "--segments", "--wide", file).stdout
    names = re.findall(r"NEEDED.*\[(.*)\]", about)
    # The loader writes the system's folder for $LIB, and does not look for libc.so.6 again.
    of_libc = ("libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1", "libc.so.6")
    assert names == [*(f"/$LIB/{name}" for name in of_libc), *of_libc[-1:], "ld-linux-x86-64.so.2"]
    assert not re.search("RPATH|RUNPATH", about)
    assert re.search(r"GNU_RELRO(.|\n)*NOW", about)
    assert re.search(r"GNU_STACK .* RW ", about)
    assert file.stat().st_size <= 190e6


# Of a case: the most path calls and those that may leave the node, of which the file itself is
# one; and what each folder of LD_LIBRARY_PATH adds. MPI has three names, its libfabric one.
@pytest.mark.parametrize(
    ("name", "most", "each"),
    [("pass", (10, 1), 0), ("core", (16, 1), 0), ("core + MPI_Init", (40, 9), 4)],
)
@pytest.mark.usefixtures("strace")
def test_a_start_asks_little_whatever_the_library_path(
    file: Path, tmp_path: Path, name: str, most: tuple[int, int], each: int
) -> None:
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
        off_node = calls.off_node(counts.paths)
        assert len(off_node) <= most[1] + folders * each, off_node
        assert bool(placed(place)) == (each > 0)


def test_tracebacks_and_inspect_show_the_source(python: Start) -> None:
    assert "obj, end = self.raw_decode(" in python("-c", "import json\njson.loads('{')").stderr
    shows = "import inspect, numpy; print(inspect.getsource(numpy.linalg.inv)[:40])"
    assert "@array_function_dispatch" in printed(python("-c", shows))


def test_files_of_packages_are_read_from_memory(python: Start) -> None:
    program = """
import importlib.metadata, importlib.resources, numpy
folder = importlib.resources.files("numpy")
print(folder.joinpath("__init__.py").read_text()[:3], (folder / "linalg").is_dir())
with importlib.resources.as_file(folder / "py.typed") as file:
    print(file.is_file())
print(importlib.metadata.version("numpy") == numpy.__version__)
print(importlib.metadata.distribution("numpy").read_text("WHEEL")[:13])
"""
    lines = printed(python("-c", program)).split("\n")
    assert lines[:4] == ['""" True', "True", "True", "Wheel-Version"]
    assert "numpy" in printed(python("-m", "pip", "list"))
    assert printed(python("-c", READS)) == "True True True\n0 True\nTrue\n"


def test_a_path_of_its_refuses_what_it_cannot_do(python: Start) -> None:
    *refused, whole, above, all_packages = printed(python("-c", CHANGES)).splitlines()
    assert len(refused) == 11
    assert {line.partition(" ")[2] for line in refused} == {"Read-only file system"}
    assert whole == "True 0o444"
    assert above == "../*: this folder is searched downwards alone"
    assert all_packages.endswith("site-packages is not copied to this node; ask one package of it")


def test_a_package_is_copied_to_the_node_where_all_of_it_is_asked(
    python: Start, tmp_path: Path
) -> None:
    asks = "from importlib.resources import files; f = files('viztracer'); print(len([*f.{}]))"
    assert int(printed(python("-c", asks.format("iterdir()")))) > 20
    assert placed(tmp_path / "tmp") == []
    assert printed(python("-c", asks.format("rglob('*.html')"))) == "3\n"
    assert len(placed(tmp_path / "tmp")) > 30


def test_without_a_folder_a_packages_files_are_read_and_not_searched(file: Path) -> None:
    program = """
from importlib.resources import files
print("def" in (files("viztracer") / "main.py").read_text())
try: files("viztracer").glob("*")
except OSError as error: print(error)
"""
    is_read, refused = printed(without_a_folder(file, "noexec", "-c", program)).splitlines()
    assert is_read == "True"
    assert refused.startswith("no folder for viztracer: ")


def test_a_venv_on_top_has_its_scripts_and_pip_wants_one(python: Start, tmp_path: Path) -> None:
    printed(python("-m", "venv", "--system-site-packages", "venv"))
    assert (tmp_path / "venv/bin/activate").stat().st_mode & 0o777 == 0o644
    program = "import numpy, pip; print(pip.__file__)"
    said = printed(run(tmp_path / "venv/bin/python", "-c", program, env=clean()))
    assert said.startswith(str(tmp_path))
    refused = python("-m", "pip", "install", "six")
    assert "Could not find an activated virtualenv" in refused.stderr


@pytest.mark.parametrize(
    "bundle",
    [
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
    ],
)
def test_it_trusts_what_the_host_trusts(file: Path, tmp_path: Path, bundle: str) -> None:
    # As on a system that has this file alone, of RHEL or SUSE.
    authorities = tmp_path / "authorities.pem"
    authorities.write_text(printed(run(file, "-m", "hpcpy_info", AUTHORITIES, env=clean())))
    hides = "for d in /etc /var/lib /usr/lib/ssl; do [ ! -d $d ] || mount -t tmpfs tmpfs $d; done"
    brings = f"mkdir -p {Path(bundle).parent}; cp {authorities} {bundle}"
    done = with_mounts(file, f"{hides}; {brings}", "-c", TRUSTED)
    assert printed(done) == f"{bundle} True False\n"


def test_llvm_is_placed_once_and_a_line_says_where(python: Start, tmp_path: Path) -> None:
    first = python("-c", COMPILES, HPCPY_VERBOSE="1")
    assert first.stdout == "42\n"
    (library,) = placed(tmp_path / "tmp")
    assert f"{LLVM} is {library}" in first.stderr
    (own,) = (tmp_path / "tmp").iterdir()
    folders = (path for path in (own, *own.rglob("*")) if path.is_dir())
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o700}
    before = library.stat()
    assert printed(python("-c", COMPILES)) == "42\n"
    assert library.stat().st_ino == before.st_ino
    # As after a power failure; all that may lie there: tests/unit/interp/test_caches.py.
    library.chmod(0o644)
    with library.open("r+b") as broken:
        broken.write(bytes(60 << 20))
    assert printed(python("-c", COMPILES)) == "42\n"
    assert library.stat().st_size == before.st_size


def test_without_proc_it_starts_itself(file: Path) -> None:
    assert printed(with_mounts(file, "mount -t tmpfs tmpfs /proc", "-c", STARTS)) == "1\n\n"


def set_mode(program: Path, mode: int) -> None:
    program.chmod(mode)


def add_capability(program: Path) -> None:
    """Do what `setcap cap_net_raw+ep` does."""
    content = struct.pack("<5I", 0x02000001, 1 << NET_RAW, 0, 0, 0)
    os.setxattr(program, "security.capability", content)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file another's rights")
@pytest.mark.parametrize(
    "give", [partial(set_mode, mode=0o2755), partial(set_mode, mode=0o4755), add_capability]
)
def test_the_loader_refuses_it_with_rights_that_its_user_lacks(
    file: Path, give: Callable[[Path], None]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        program = Path(shutil.copy(file, folder))
        give(program)
        refused = run(*USER, program, "-c", "print(1)", env=clean())
        assert (refused.returncode, refused.stderr.count("\n")) == (127, 1)
        assert "DST not allowed in SUID/SGID programs" in refused.stderr
        assert printed(run(*USER, LOADER, program, "-c", "print(1)", env=clean())) == "1\n"


@pytest.mark.parametrize("option", ["size=1m", "noexec"])
def test_without_a_folder_llvm_is_in_memory(file: Path, option: str) -> None:
    done = without_a_folder(file, option, "-c", COMPILES)
    assert done.stdout == "42\n", done.stderr
    assert f"{LLVM} is in this process's memory" in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_a_folder_mpi_and_its_libfabric_are_in_memory(file: Path) -> None:
    code = "from mpi4py import MPI; print(MPI.COMM_WORLD.size)"
    done = without_a_folder(file, "noexec", "-c", code)
    assert done.stdout == "1\n", done.stderr
    assert done.stderr.count("is in this process's memory") == 2


def test_a_killed_start_leaves_nothing_that_counts(
    python: Start, file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "tmp"
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


def test_an_import_asks_the_kernel_for_what_it_will_read(
    file: Path, strace: Path, tmp_path: Path
) -> None:
    """Of a storage that many nodes share, it would read hundreds of blocks one after the other."""

    def asked(program: str) -> int:
        log = tmp_path / "log"
        words = [strace, "-f", "-e", "trace=madvise", "-o", log, file, "-c", program]
        done = run(*words, env=clean(TMPDIR=str(tmp_path)), cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        return sum(
            map(int, re.findall(r"madvise\(\w+, (\d+), MADV_WILLNEED\) *= 0", log.read_text()))
        )

    bare, numpy, numba = map(asked, ("pass", "import numpy", "import numba"))
    assert asked("import json") == bare
    assert bare + (8 << 20) < numpy < bare + (16 << 20)
    assert numba - numpy >= 8 << 20
