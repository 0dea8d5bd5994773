"""mpiexec gives each rank a stdin that ends."""

from __future__ import annotations

import subprocess


def test_every_rank_sees_the_end_of_its_stdin() -> None:
    done = subprocess.run(
        ["mpiexec", "-n", "3", "cat"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_first_rank_alone_reads_what_mpiexec_is_given() -> None:
    done = subprocess.run(
        ["mpiexec", "-n", "3", "cat"],
        input="a line\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "a line\n", "")
