"""Several threads of a rank in MPI at once, on one to four ranks: threads_of_ranks.py."""

import os
import sys
from pathlib import Path

import pytest

from running import launcher, run
from tiers import sampled

PROGRAM = Path(__file__).parent / "threads_of_ranks.py"


@pytest.mark.parametrize("size", sampled([1, 2, 4], keep=2))
def test_threads_of_a_rank_do_not_wait_for_ever(size: int) -> None:
    # Its stderr names the last case that has begun, also where the limit ends it.
    done = run(*launcher(size), sys.executable, PROGRAM, env=os.environ, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[1:] == ["cases"], done.stdout
