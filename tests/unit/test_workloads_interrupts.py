"""A Ctrl-C at the worst moment."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from workloads.harness.interrupts import failing_by, held_back, run_all


class Unlucky(ThreadPoolExecutor):
    """Gets a Ctrl-C where CPython's own `submit` has taken a lock before its `with` block."""

    def submit(self, function: Any, /, *arguments: Any, **named: Any) -> Any:
        self._shutdown_lock.acquire()
        signal.raise_signal(signal.SIGINT)
        self._shutdown_lock.release()
        return super().submit(function, *arguments, **named)


def test_a_ctrl_c_in_a_block_that_fails_is_not_lost() -> None:
    @held_back()
    def fail() -> None:
        signal.raise_signal(signal.SIGINT)
        raise ZeroDivisionError

    with pytest.raises(KeyboardInterrupt):
        fail()


def test_a_ctrl_c_while_calls_are_handed_out_leaves_no_lock_behind() -> None:
    executor = Unlucky(2)
    with pytest.raises(KeyboardInterrupt):
        list(run_all(executor, abs, range(3)))
    assert executor._shutdown_lock.acquire(timeout=300)
    executor._shutdown_lock.release()
    executor.shutdown()


def test_a_ctrl_c_ends_the_handing_out() -> None:
    class Counting(ThreadPoolExecutor):
        handed_out = 0

        def submit(self, function: Any, /, *arguments: Any, **named: Any) -> Any:
            self.handed_out += 1
            if self.handed_out == 3:
                signal.raise_signal(signal.SIGINT)
            return super().submit(function, *arguments, **named)

    with Counting(2) as executor, pytest.raises(KeyboardInterrupt):
        list(run_all(executor, abs, range(1000)))
    assert executor.handed_out == 3


def test_a_ctrl_c_while_it_waits_ends_the_waiting() -> None:
    go_on = threading.Event()

    def work(number: signal.Signals) -> None:
        os.kill(os.getpid(), number)
        go_on.wait()

    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(KeyboardInterrupt):
            next(run_all(executor, work, [signal.SIGINT]))
        go_on.set()


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


def test_a_ctrl_c_that_somebody_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with held_back():
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_held_back_raises_at_the_end_of_the_block() -> None:
    reached = []

    def work() -> None:
        with held_back():
            signal.raise_signal(signal.SIGINT)
            reached.append(True)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert reached


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


@pytest.mark.usefixtures("terminated")
def test_what_ends_a_job_leaves_no_lock_behind() -> None:
    class Ended(ThreadPoolExecutor):
        def submit(self, function: Any, /, *arguments: Any, **named: Any) -> Any:
            with self._shutdown_lock:
                signal.raise_signal(signal.SIGTERM)
            return super().submit(function, *arguments, **named)

    with Ended(2) as executor, pytest.raises(SystemExit):
        list(run_all(executor, abs, range(3)))


def test_processes_started_while_it_is_held_back_never_see_it() -> None:
    with held_back():
        status = subprocess.run(["cat", "/proc/self/status"], stdout=subprocess.PIPE, check=True)
    found = re.search(rb"SigBlk:\s+(\w+)", status.stdout)
    assert found
    blocked = int(found[1], 16)
    assert blocked == 1 << (signal.SIGINT - 1)
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_outside_the_main_thread_nothing_is_changed() -> None:
    with ThreadPoolExecutor(1) as executor:
        assert executor.submit(lambda: [*run_all(executor, abs, [])]).result() == []


IN_A_DESTRUCTOR = """\
import os, signal, sys, threading, time
from workloads.harness import stopping

class Last:
    def __del__(self):
        os.kill(os.getpid(), getattr(signal, sys.argv[1]))
        sum(range(3))

class Fails:
    def __del__(self):
        raise ValueError("as ever")

start = threading.Thread.start

# As on a machine under load.
def start_slowly(thread):
    start(thread)
    time.sleep(float(sys.argv[2]))

threading.Thread.start = start_slowly
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


@pytest.mark.parametrize("seconds", [0, 0.5])
@pytest.mark.parametrize(
    ("name", "raised"), [("SIGINT", "KeyboardInterrupt"), ("SIGTERM", "SystemExit")]
)
def test_a_stop_in_a_destructor_comes_again_and_is_not_told(
    name: str, raised: str, seconds: float
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IN_A_DESTRUCTOR, name, str(seconds)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2] / "src")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, f"{raised}\n")
    assert done.stderr.splitlines()[-1] == "ValueError: as ever"
    assert done.stderr.count("Traceback") == 1
