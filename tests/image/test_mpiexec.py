"""mpiexec gives each rank a stdin that ends."""

import subprocess

from running import printed, run


def test_every_rank_sees_the_end_of_its_stdin() -> None:
    assert printed(run("mpiexec", "-n", "3", "cat", stdin=subprocess.DEVNULL)) == ""


def test_the_first_rank_alone_reads_what_mpiexec_is_given() -> None:
    assert printed(run("mpiexec", "-n", "3", "cat", input="a line\n")) == "a line\n"
