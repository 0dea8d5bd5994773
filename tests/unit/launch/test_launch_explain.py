"""One line says which rank has died where, and why; the exit code is that rank's."""

import re
from pathlib import Path

import pytest

from hpcpy.launch.explain import explain

TEXT = Path(__file__).with_name("launch_ends.txt").read_text()
BLOCKS = [re.findall("(?m)^[^#].*$", block) for block in TEXT.split("\n\n")[1:]]
CUT = "slurmstepd-n1: error: *** STEP 4.0 ON n1 CANCELLED AT 2026-01-01T00:00:00 ***\n"


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block[-1])
def test_the_end_is_explained_in_one_line(block: list[str]) -> None:
    line, code = explain("\n".join(block[:-1]), 143, lambda: False)
    assert f"= {code} {line}" == block[-1]


def test_nothing_on_stderr_leaves_the_code() -> None:
    assert explain("", 3, lambda: False) == ("exit code 3", 3)


@pytest.mark.parametrize(
    "stderr",
    [
        CUT,
        f"{CUT}srun: error: n1: task 1: Terminated\nsrun: error: n1: task 0: Killed\n",
        f"{CUT}srun: error: n1: task 1: Exited with exit code 146\n",
        f"srun: error: n1: task 1: Terminated\n{CUT}",
        f"srun: error: n1: task 1: Exited with exit code 143\n{CUT}",
        f"hpcpy: rank 1 on n1: exit code 143\n{CUT}",
    ],
)
def test_slurm_says_whether_it_has_ended_the_job(stderr: str) -> None:
    assert explain(stderr, 0, lambda: True) == ("the job was cancelled", 143)
    assert explain(stderr, 143, lambda: False)[0] != "the job was cancelled"
