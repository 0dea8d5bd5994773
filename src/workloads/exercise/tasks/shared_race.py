"""Processes add to one total in shared memory, and lose nothing."""

from __future__ import annotations

from typing import Any

from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(slide="nersc 12", function="add", needs=())

_OTHERS = 1000


class Total:
    """A `multiprocessing.Value` to which another process adds whenever no lock is held."""

    number = others = 0
    held = asked = False

    @property
    def value(self) -> int:
        answer = self.number
        if not self.held:
            self._add()
        return answer

    @value.setter
    def value(self, number: int) -> None:
        self.number = number

    def _add(self) -> None:
        self.others += _OTHERS
        self.number += _OTHERS

    def get_lock(self) -> Any:
        return self  # with a lock's methods

    def get_obj(self) -> Any:
        return self

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        # Another process has it at first: who does not wait does not get it.
        refused = not self.asked and not (block and timeout != 0)
        self.asked = True
        self.held = self.held or not refused
        return not refused

    def release(self) -> None:
        if not self.held:
            raise ValueError("semaphore or lock released too many times")
        self.held = False
        self._add()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


def judge(module: Any) -> str:
    total, under_lock = Total(), []

    def value(k: int) -> int:
        under_lock.append(total.held)
        return 1 << k

    module.add(total, value, range(4))
    if total.number != 15 + total.others:
        number = total.number
        if type(number) is int and abs(15 + total.others - number) >= _OTHERS:
            return (
                "what another process adds meanwhile is lost: hold the lock from reading to writing"
            )
        return f"the total is {number - total.others if type(number) is int else number}, not 15"
    if total.held:
        return "the lock is held at the end: the other processes wait for ever"
    if not total.asked:
        return "the lock was not taken"
    return "value(k) is computed under the lock: one process at a time" if any(under_lock) else ""
