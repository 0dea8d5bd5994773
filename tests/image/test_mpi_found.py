"""MPI comes by the loader's normal search alone: nothing in the image names a place for it."""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

from running import run

PREFIX = Path(sys.prefix)
# MPICH's own, which print which library they find and run nothing.
TELL_OF_IT = {Path("/opt/mpich/bin/mpichversion"), Path("/opt/mpich/bin/mpivars")}
# Of ELF64: kind, flags, offset, address, address, size in the file.
SEGMENT = struct.Struct("<IIQQQQ")
PT_LOAD, PT_DYNAMIC = 1, 2
DT_NEEDED, DT_STRTAB, DT_RPATH, DT_RUNPATH = 1, 5, 15, 29
NAMES = {DT_NEEDED: "NEEDED", DT_RPATH: "RPATH", DT_RUNPATH: "RUNPATH"}


def programs_and_libraries() -> Iterator[Path]:
    for top in ("/opt", "/usr/bin", "/usr/lib", "/usr/sbin"):
        for folder, _, files in os.walk(top):
            yield from (Path(folder, file) for file in files if ".so" in file or "bin" in folder)


def dynamic(path: Path) -> list[tuple[str, str]]:
    """Return what a file's dynamic section says of libraries and where they are."""
    if path.is_symlink() or not os.access(path, os.R_OK):
        return []
    content = path.read_bytes()
    if content[:5] != b"\x7fELF\x02":
        return []
    (table,) = struct.unpack_from("<Q", content, 32)
    size, count = struct.unpack_from("<HH", content, 54)
    segments = [SEGMENT.unpack_from(content, table + size * i) for i in range(count)]
    entries: list[tuple[int, int]] = []
    for kind, _, offset, _, _, length in segments:
        if kind == PT_DYNAMIC:
            entries = list(struct.iter_unpack("<QQ", content[offset : offset + length]))
    address = dict(entries).get(DT_STRTAB, 0)
    for kind, _, offset, start, _, length in segments:
        if kind == PT_LOAD and start <= address < start + length:
            strings = offset + address - start
    return [
        (NAMES[tag], content[strings + at : content.index(b"\0", strings + at)].decode())
        for tag, at in entries
        if tag in NAMES
    ]


def test_nothing_needs_mpi_or_leads_to_it_but_the_loaders_search() -> None:
    said = {path: dynamic(path) for path in programs_and_libraries()}
    interpreter = Path(sys.executable).resolve()
    assert said[interpreter]
    assert len([path for path in said if said[path]]) > 200
    for path, entries in said.items():
        if path == interpreter or path.is_relative_to("/opt/mpich"):
            assert {kind for kind, _ in entries} <= {"NEEDED"}, path
        for kind, value in entries:
            if kind == "NEEDED":
                assert path in TELL_OF_IT or "libmpi" not in value, path
                continue
            for folder in value.replace("$ORIGIN", str(path.parent)).split(":"):
                assert not list(Path(folder).glob("libmpi*")), (path, value)
    found = [path for path in said if path.name.startswith("libmpi")]
    assert found
    assert not [path for path in found if path.is_relative_to(PREFIX)]


def test_nothing_depends_on_ld_library_path() -> None:
    # The folder of the image's own comes from ldconfig.
    program = "import h5py, numba, mpi4py.MPI, sys; print(mpi4py.MPI.COMM_WORLD.size)"
    environment = {name: os.environ[name] for name in os.environ if name != "LD_LIBRARY_PATH"}
    for path in ({}, {"LD_LIBRARY_PATH": "/nonexistent"}):
        command = [sys.executable, "-c", program]
        done = run(*command, env=environment | path)
        assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")
