"""The program of a cluster of ranks, and the processes that end beside it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator

import pytest

from workloads.errors import UnavailableError, WorkerError
from workloads.on_dask.cluster import child, run, wait

ENDLESS = "import time; time.sleep(3600)"


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """Take back the signal handlers that `run` sets."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    handlers = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, handlers, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("pass", 0),
        ("raise SystemExit(7)", 7),
        ("import os; os.kill(os.getpid(), 9)", 128 + signal.SIGKILL),
    ],
)
def test_the_exit_code_is_the_programs(code: str, expected: int) -> None:
    assert run(["-c", code], os.environ, {}) == expected


def test_a_process_that_fails_ends_the_program() -> None:
    with child([sys.executable, "-c", "raise SystemExit(3)"], os.environ) as failing:
        serving = {"the worker": failing}
        with pytest.raises(WorkerError, match="the worker has ended with 3"):
            run(["-c", ENDLESS], os.environ, serving)


def test_a_process_that_ends_well_leaves_the_program_alone() -> None:
    with child([sys.executable, "-c", ""], os.environ) as ends:
        ends.wait()
        assert run(["-c", "raise SystemExit(7)"], os.environ, {"the worker": ends}) == 7


def test_what_ends_before_all_are_there_is_told() -> None:
    with child([sys.executable, "-c", "raise SystemExit(3)"], os.environ) as failing:
        serving = {"the worker": failing}
        with pytest.raises(UnavailableError, match="the worker has ended with 3"):
            wait("the workers", lambda: False, serving)


def test_a_child_ends_with_its_block() -> None:
    with child([sys.executable, "-c", ENDLESS], os.environ) as endless:
        assert endless.poll() is None
    assert endless.returncode == -signal.SIGTERM
