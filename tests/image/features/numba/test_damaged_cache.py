"""A cache of numba's that was damaged, or that nothing more goes into, ends no program."""

import os
from pathlib import Path

import pytest
from numba_programs import ROOT, script

from running import printed, python

# No file can have a byte, as on a full disk.
FULL = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
COMPILED, TAKEN = "1 0\n", "0 1\n"


def ran(folder: Path, program: str) -> str:
    return printed(python(program, NUMBA_CACHE_DIR=f"{folder}/cache"))


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
@pytest.mark.parametrize("length", [0, 7, 70])
def test_a_file_that_was_cut_is_written_anew(ending: str, length: int, tmp_path: Path) -> None:
    program = script(tmp_path / "code", ROOT)
    assert ran(tmp_path, program) == COMPILED
    (file,) = tmp_path.glob(f"cache/*/*.{ending}")
    os.truncate(file, length)
    assert ran(tmp_path, program) == COMPILED
    assert ran(tmp_path, program) == TAKEN


def test_a_full_disk_ends_no_program(tmp_path: Path) -> None:
    program = script(tmp_path / "code", FULL + ROOT)
    for _ in range(2):
        assert ran(tmp_path, program) == COMPILED
    assert not [*tmp_path.glob("cache/*/*")]
