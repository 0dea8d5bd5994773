"""Threads for jobs that wait, processes for jobs that compute."""

from __future__ import annotations

import os
import threading
from typing import Any

from workloads.exercise.judging import kind, note, noted, other_number, plain, wait_for_others
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(slide="nersc 10", needs=())
_JOBS, _WORKERS = 6, 3
_ALL_WAIT = threading.Barrier(_JOBS)


def wait(k: int) -> int:
    note("wait")
    try:
        _ALL_WAIT.wait(3)
    except threading.BrokenBarrierError:
        note("alone")
    return 10 * k


def count(k: int) -> int:
    note("count alone" if threading.current_thread() is threading.main_thread() else "count")
    wait_for_others("count", _WORKERS)
    return sum(range(k))


def judge(module: Any) -> str:
    answer = module.compute(wait, count, _JOBS, _WORKERS)
    want = [[10 * k for k in range(_JOBS)], [sum(range(k)) for k in range(_JOBS)]]
    if wrong := _misplaced():
        return wrong
    if answer is None:
        return f"{kind(answer)}: return both lists"
    if plain(answer) != want:
        return f"the answer is {answer}, not {want}"
    if noted("alone"):
        return "the jobs did not wait at the same time: start a thread for each"
    uneven = other_number("count", _WORKERS)
    return f"both lists are right, but counted {uneven}" if uneven else ""


def _misplaced() -> str:
    """Say which jobs ran in processes of the wrong kind."""
    here = os.getpid()
    counted = [how for process, how in noted("count") if process == here]
    if "alone" in counted:
        return "count ran in this process, one after another: let `workers` processes count"
    if counted:
        return "count ran in threads: with the GIL one computes at a time"
    if any(process != here for process, _ in noted("wait")):
        return "wait ran in other processes: a thread sleeps as well, and starts faster"
    return ""
