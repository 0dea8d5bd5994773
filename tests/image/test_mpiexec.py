"""mpiexec gives each rank a stdin that ends, and starts whatever its own files are."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from running import printed, refusal, run, start, wait_until


def test_every_rank_sees_the_end_of_its_stdin() -> None:
    assert printed(run("mpiexec", "-n", "3", "cat", stdin=subprocess.DEVNULL)) == ""


def test_the_first_rank_alone_reads_what_mpiexec_is_given() -> None:
    assert printed(run("mpiexec", "-n", "3", "cat", input="a line\n")) == "a line\n"


# A rank that stops mpiexec, the parent of its parent, and ends.
STOPS = """
import os, signal
parent = open(f"/proc/{os.getppid()}/stat").read().rpartition(")")[2].split()[1]
os.kill(int(parent), signal.SIGSTOP)
"""


@pytest.mark.parametrize("late", ["", "a line"])
def test_what_is_given_to_a_job_that_has_ended_ends_it_well(late: str) -> None:
    with start("mpiexec", "-n", "1", sys.executable, "-c", STOPS, stdin=subprocess.PIPE) as job:
        try:
            wait_until(lambda: has_ended_proxies(job.pid), job)
            assert job.stdin
            job.stdin.write(late)
            job.stdin.close()
            os.kill(job.pid, signal.SIGCONT)
            job.wait(60)
        finally:
            job.kill()
        assert job.stderr
        assert (job.returncode, job.stderr.read()) == (0, "")


def has_ended_proxies(mpiexec: int) -> bool:
    children = Path(f"/proc/{mpiexec}/task/{mpiexec}/children").read_text().split()
    stats = [Path(f"/proc/{child}/stat").read_text() for child in children]
    return bool(stats) and all(stat.rpartition(")")[2].split()[0] == "Z" for stat in stats)


@pytest.mark.parametrize("words", ["", "-n 2", "-l -n 2", "-n 1 true :", "-genv NAME value"])
def test_without_a_program_it_says_so(words: str) -> None:
    refusal(run("mpiexec", *words.split()))


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_a_closed_file_of_its_own_fails_no_job(closed: str) -> None:
    done = run("sh", "-c", f"mpiexec -n 2 echo x {closed}")
    assert (done.returncode, done.stdout) == (0, "" if "1>" in closed else "x\nx\n")
