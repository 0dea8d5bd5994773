"""mpiexec gives each rank a stdin that ends, and starts whatever its own files are."""

import subprocess

import pytest

from running import printed, refusal, run


def test_every_rank_sees_the_end_of_its_stdin() -> None:
    assert printed(run("mpiexec", "-n", "3", "cat", stdin=subprocess.DEVNULL)) == ""


def test_the_first_rank_alone_reads_what_mpiexec_is_given() -> None:
    assert printed(run("mpiexec", "-n", "3", "cat", input="a line\n")) == "a line\n"


@pytest.mark.parametrize("words", ["", "-n 2", "-l -n 2", "-n 1 true :", "-genv NAME value"])
def test_without_a_program_it_says_so(words: str) -> None:
    refusal(run("mpiexec", *words.split()))


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_a_closed_file_of_its_own_fails_no_job(closed: str) -> None:
    done = run("sh", "-c", f"mpiexec -n 2 echo x {closed}")
    assert (done.returncode, done.stdout) == (0, "" if "1>" in closed else "x\nx\n")
