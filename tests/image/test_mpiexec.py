"""mpiexec gives each rank a stdin that ends."""

from __future__ import annotations

import subprocess

from running import run


def test_every_rank_sees_the_end_of_its_stdin() -> None:
    done = run("mpiexec", "-n", "3", "cat", stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_first_rank_alone_reads_what_mpiexec_is_given() -> None:
    done = run("mpiexec", "-n", "3", "cat", input="a line\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "a line\n", "")
