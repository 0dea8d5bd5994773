"""Programs of aarch64 run on this machine, by a pinned QEMU, and leave it as it was."""

import os
import platform
import struct
from pathlib import Path

import pytest

from hpcpy.core import paths
from hpcpy.engine import emulation
from hpcpy_common.errors import HpcpyError
from running import python, run

pytestmark = [
    pytest.mark.long,  # it gets QEMU
    pytest.mark.skipif(platform.machine() != "x86_64", reason="emulated is what is not its own"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root builds for another architecture"),
]


def a_program(path: Path) -> Path:
    """Write the smallest program of aarch64: it ends with exit code 42."""
    code = struct.pack("<3I", 0xD2800540, 0xD2800BA8, 0xD4000001)  # x0 = 42, x8 = exit, svc
    place, size = 0x400000, 64 + 56
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    head += struct.pack("<2HI3QI6H", 2, 183, 1, place + size, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    head += struct.pack("<2I6Q", 1, 5, 0, place, place, size + 12, size + 12, 0x10000)
    path.write_bytes(head + code)
    path.chmod(0o755)
    return path


@pytest.fixture
def qemu() -> Path:
    try:
        return emulation.provide()
    except HpcpyError as error:
        pytest.skip(str(error))


def test_programs_of_aarch64_run_in_the_namespace_alone(qemu: Path, tmp_path: Path) -> None:
    assert run("ldd", qemu).stdout.split() == ["statically", "linked"]
    program, registered = a_program(tmp_path / "program"), Path("/proc/sys/fs/binfmt_misc")
    before = sorted(registered.glob("*"))
    if any("aarch64" in path.name for path in before):
        pytest.skip("this machine itself runs programs of aarch64")
    words = ("-m", "hpcpy.engine.emulation", program)
    done = python(*words, PYTHONPATH=str(paths.ROOT / "src"))
    if "cannot run programs of another architecture" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert (done.returncode, done.stderr) == (42, "")
    assert sorted(registered.glob("*")) == before
    with pytest.raises(OSError, match="Exec format error"):
        run(program)
