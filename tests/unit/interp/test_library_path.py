"""Where the interpreter looks for an MPI library."""

from pathlib import Path

from fuzzing import DRIVERS, compiled

from running import printed, run


def test_a_program_that_renames_itself_still_gets_the_sites_library(tmp_path: Path) -> None:
    (tmp_path / "libmpi.so.12").touch()
    program = compiled(tmp_path / "renamed", DRIVERS / "renamed.c")
    assert printed(run(program, "libmpi.so.12", env={"LD_LIBRARY_PATH": str(tmp_path)})) == "0\n"
