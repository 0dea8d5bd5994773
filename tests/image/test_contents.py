"""What the image holds and must not hold, and what a login shell finds of it."""

import base64
import csv
import hashlib
import json
import os
import shutil
import stat
import struct
import sys
from collections.abc import Iterator
from importlib.metadata import distributions, version
from pathlib import Path

import pytest
from needed import lacking

from running import printed, python, run

# Program -> the module that brings it.
PROGRAMS = {
    **dict.fromkeys(("python", "python3", "pip", "pytest", "mpiexec"), "pip"),
    "hpcpy": "workloads",
    "viztracer": "viztracer",
    "snakeviz": "snakeviz",
    "kernprof": "line_profiler",
    "dask": "dask",
    "ipcluster": "ipyparallel",
}
COMPILERS = ("gcc", "cc", "c++", "g++", "gfortran", "clang", "as", "make", "nvcc", "cython")
# hpcpy-dev is there for the others: tests/image_dev.
NOWHERE = ("clang", "nvcc")
PACKAGES = (
    *("numpy", "numba", "mpi4py.MPI", "h5py", "pyopencl", "cupy", "matplotlib", "threadpoolctl"),
    *("dask", "distributed", "ipyparallel", "tqdm", "viztracer", "snakeviz", "line_profiler"),
    "workloads.mandel._kernels_cython, workloads.mandel._kernels_f2py",
    "workloads.mandel._kernels_simd, workloads.pi._kernels_cython",
    # what the standard library has only where the base has the libraries
    "ssl, sqlite3, lzma, bz2, ctypes, readline, curses, uuid, zoneinfo, compression.zstd",
)
PREFIX = Path("/opt/hpcpy")


def everything() -> Iterator[Path]:
    for top in ("/bin", "/etc", "/home", "/opt", "/sbin", "/usr", "/var"):
        yield from Path(top).rglob("*")


def test_modules_can_be_imported_without_a_word() -> None:
    there = [modules for modules in PACKAGES if not lacking(*modules.split(", "))]
    assert printed(python("-c", f"import {', '.join(there)}")) == ""


def test_programs_are_on_the_path_and_compilers_in_hpcpy_dev_alone() -> None:
    there = [program for program, module in PROGRAMS.items() if not lacking(module)]
    assert [program for program in there if not shutil.which(program)] == []
    name = json.loads((PREFIX / "share/hpcpy/image.json").read_text())["name"]
    wanted = [one for one in COMPILERS if name == "hpcpy-dev" and one not in NOWHERE]
    assert [program for program in COMPILERS if shutil.which(program)] == wanted


def test_every_file_can_be_read_by_everybody() -> None:
    # Shifter's squash keeps the files as root's, and users have to read them.
    hidden = [
        path
        for path in everything()
        if stat.S_ISREG(mode := path.lstat().st_mode) and not mode & stat.S_IROTH
    ]
    assert hidden == []


def test_no_tests_caches_or_manuals_are_shipped() -> None:
    site = next(PREFIX.glob("lib/python3.*/site-packages"))
    suites = [path for path in site.rglob("*") if path.name in ("test", "tests") and path.is_dir()]
    assert suites == []
    assert not list(Path("/usr/share/man").rglob("*.gz"))
    assert not [path for path in Path("/var/cache").rglob("*") if path.is_file()]
    assert not list(Path("/root").rglob(".cache"))


def test_the_image_says_what_it_was_made_of() -> None:
    described = json.loads((PREFIX / "share/hpcpy/image.json").read_text())
    # Any row of containers/images.toml, also one that leaves a feature out.
    assert described["name"]
    assert len(described["inputs"]) == 16


def test_the_flags_of_this_build_are_not_handed_to_users_extensions() -> None:
    import sysconfig

    for name in ("CC", "CFLAGS", "OPT", "LDSHARED", "LDFLAGS"):
        assert "-march" not in sysconfig.get_config_var(name)
        assert "/build" not in sysconfig.get_config_var(name)


def pip(command: str) -> str:
    return printed(python("-m", "pip", "--no-cache-dir", command))  # this user has no home


def test_packages_name_no_folder_of_the_build() -> None:
    frozen = {tuple(line.split("==")) for line in pip("freeze").split()}
    inspected = json.loads(pip("inspect"))["installed"]
    assert not [each for each in inspected if "direct_url" in each]
    about = {(each["metadata"]["name"], each["metadata"]["version"]) for each in inspected}
    assert frozen == about - {("pip", version("pip"))}
    assert "No broken requirements" in pip("check")


def test_packages_list_their_files_as_they_are() -> None:
    wrong = []
    for distribution in distributions():
        record = csv.reader((distribution.read_text("RECORD") or "").splitlines())
        for name, signed, _ in record:
            file = Path(str(distribution.locate_file(name)))
            if file.is_file() and (signed or name.endswith("/RECORD")):
                digest = base64.urlsafe_b64encode(hashlib.sha256(file.read_bytes()).digest())
                is_right = signed in ("", f"sha256={digest.decode().rstrip('=')}")
                wrong += [] if is_right else [name]
            else:
                wrong.append(name)
    assert wrong == []


ASK = (
    "echo $PATH; "
    "for program in python python3 mpiexec hydra_pmi_proxy; do command -v $program; done; "
    "python -c 'import numpy; print(1)'"
)
FOUND = "/opt/hpcpy/bin/python /opt/hpcpy/bin/python3 /opt/mpich/bin/mpiexec"
# Whose files it would read.
NOBODY = {"HOME": "/nonexistent"}


@pytest.mark.parametrize(("shell", "given"), [("bash", {}), ("sh", {"PATH": os.environ["PATH"]})])
def test_a_login_shell_finds_python_and_mpi(shell: str, given: dict[str, str]) -> None:
    path, *found = printed(run(f"/bin/{shell}", "-l", "-c", ASK, env={**NOBODY, **given})).split()
    assert found == [*FOUND.split(), "/opt/mpich/bin/hydra_pmi_proxy", "1"]
    # And what Debian's profile names.
    folders = path.split(":")
    assert folders[:2] == ["/opt/hpcpy/bin", "/opt/mpich/bin"]
    assert {"/usr/local/bin", "/usr/bin", "/bin"} <= set(folders)


def test_stack_and_buffers_of_the_interpreter_are_watched() -> None:
    program = Path(sys.executable).resolve().read_bytes()
    for name in (b"__stack_chk_fail", b"__memcpy_chk", b"__snprintf_chk"):
        assert b"\0" + name + b"\0" in program


def test_segments_of_the_interpreter_are_hardened() -> None:
    program = Path(sys.executable).resolve().read_bytes()
    (first,) = struct.unpack_from("<Q", program, 32)
    size, count = struct.unpack_from("<HH", program, 54)
    # Flags, offset, address (twice) and size, by type.
    entries = (struct.unpack_from("<IIQQQQ", program, first + at * size) for at in range(count))
    segments = {kind: rest for kind, *rest in entries}
    assert 0x6474E552 in segments  # GNU_RELRO
    assert not segments[0x6474E551][0] & 1  # GNU_STACK: not executable
    _, offset, _, _, length = segments[2]  # DYNAMIC
    assert dict(struct.iter_unpack("<QQ", program[offset : offset + length]))[30] & 8  # BIND_NOW
    assert struct.unpack_from("<H", program, 16) == (2,)  # EXEC
