"""A Ctrl-C at the worst moment."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from processes import python

from workloads.parallel.interrupts import failing_by, held_back, run_all, uninterrupted


def test_a_ctrl_c_during_the_last_result_is_not_lost() -> None:
    with ThreadPoolExecutor(1) as executor:
        results = run_all(executor, abs, [-1])
        assert next(results) == (0, 1)
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            next(results)


def test_all_results_come_with_their_numbers_and_signals_are_as_before() -> None:
    with ThreadPoolExecutor(2) as executor:
        assert sorted(run_all(executor, pow, [2, 3, 4], [2, 2, 2])) == [(0, 4), (1, 9), (2, 16)]
        assert list(run_all(executor, abs, [])) == []
        with pytest.raises(ZeroDivisionError):
            list(run_all(executor, divmod, [1, 1], [1, 0]))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_held_back_raises_at_the_end_of_the_block() -> None:
    reached = []

    def work() -> None:
        with held_back():
            signal.raise_signal(signal.SIGINT)
            reached.append(True)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert reached


def test_a_loop_is_left_between_two_of_its_values() -> None:
    reached = []

    def work(values: range) -> None:
        for value in uninterrupted(values):
            if value == 1:
                signal.raise_signal(signal.SIGINT)
            reached.append(value)

    # Also after the last value.
    for values in (range(9), range(2)):
        with pytest.raises(KeyboardInterrupt):
            work(values)
    assert reached == [0, 1, 0, 1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_block_fails_by_a_ctrl_c_and_the_ctrl_c_is_raised() -> None:
    read, write = os.pipe()
    reached = []

    def work() -> None:
        with failing_by(lambda: os.close(write)):
            threading.Timer(0.1, os.kill, [os.getpid(), signal.SIGINT]).start()
            # An end of file, as from a process that has been killed.
            reached.append(os.read(read, 1))
            raise ZeroDivisionError

    with pytest.raises(KeyboardInterrupt):
        work()
    assert reached == [b""]
    os.close(read)


@pytest.fixture
def terminated() -> Iterator[Any]:
    """Make SIGTERM raise SystemExit, as `python -m workloads` does."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("terminated")
def test_what_ends_a_job_is_held_back_too_also_in_a_destructor() -> None:
    # Python ignores what a destructor raises, and the program would go on.
    class Dropped:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)
            reached.append("dropped")

    def work() -> None:
        with held_back(), held_back():
            Dropped()
            reached.append("end")

    reached: list[str] = []
    with pytest.raises(SystemExit) as ended:
        work()
    assert (ended.value.code, reached) == (143, ["dropped", "end"])
    with pytest.raises(SystemExit):
        signal.raise_signal(signal.SIGTERM)


IN_A_DESTRUCTOR = """\
import os, signal, sys, time
from workloads.parallel import stopping

class Last:
    def __del__(self):
        os.kill(os.getpid(), getattr(signal, sys.argv[1]))
        sum(range(3))

class Fails:
    def __del__(self):
        raise ValueError("as ever")

stopping.listen()
Fails()
try:
    Last()
    for _ in range(500):
        time.sleep(0.02)
    print("went on")
except (KeyboardInterrupt, SystemExit) as stop:
    print(type(stop).__name__)
"""


@pytest.mark.parametrize(
    ("name", "raised"), [("SIGINT", "KeyboardInterrupt"), ("SIGTERM", "SystemExit")]
)
def test_a_stop_in_a_destructor_comes_again_and_is_not_told(name: str, raised: str) -> None:
    done = python("-c", IN_A_DESTRUCTOR, name)
    assert (done.returncode, done.stdout) == (0, f"{raised}\n")
    assert done.stderr.splitlines()[-1] == "ValueError: as ever"
    assert done.stderr.count("Traceback") == 1
