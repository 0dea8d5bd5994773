"""Threads that fill one cache: look, make and write as one step."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from workloads.exercise.judging import plain
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(slide="nersc 10", function="once", needs=(), second="each_once")
# How long a thread stays where another one must not come.
_STAY_SECONDS = 1.0
_MOST_SECONDS = 10.0


def _wrong(call: Callable[[str], Any], keys: str, made: list[str]) -> str:
    """Say what goes wrong where threads call at the same time, each for its key."""
    start, threads = threading.Barrier(len(keys)), list[Future[Any]]()

    def run(key: str, answer: Future[Any]) -> None:
        start.wait()
        try:
            answer.set_result(call(key))
        except BaseException as error:
            answer.set_exception(error)

    for key in keys:
        threads.append(Future())
        threading.Thread(target=run, args=(key, threads[-1]), daemon=True).start()
    try:
        answers = [each.result(_MOST_SECONDS) for each in threads]
    except TimeoutError:
        return "a thread waits for ever: a lock is taken twice, or not released"
    if len(made) > len({*keys}):
        return f"make ran {len(made)} times for {len({*keys})}: hold the lock from look to write"
    want = [2 * key for key in keys]
    return "" if plain(answers) == want else f"the threads get {answers}, not {want}"


def judge(module: Any) -> str:
    cache, lock, made, second = dict[str, str](), threading.Lock(), list[str](), threading.Event()

    def make(key: str) -> str:
        made.append(key)
        if len(made) > 1:
            second.set()
        # The first one stays until another comes, or would have come.
        second.wait(_STAY_SECONDS)
        return 2 * key

    if wrong := _wrong(lambda key: module.once(cache, lock, key, make), "aaaa", made):
        return wrong
    if cache != {"a": "aa"}:
        return f"the cache is {cache}: keep there what is made"
    try:
        module.once(cache, lock, "b", {}.__getitem__)
    except KeyError:
        return "the lock is held after an error in make: `with` frees it" if lock.locked() else ""
    return "the error that make raises is lost: let it pass"


class _Slow(dict[str, Any]):
    """Locks by key; who finds none without holding `lock` is late, and another may add one."""

    def __init__(self, lock: Any) -> None:
        self._lock = lock

    def __contains__(self, key: object) -> bool:
        return self.get(key) is not None

    def get(self, key: Any, default: Any = None) -> Any:
        found = super().get(key, default)
        if found is default and not self._lock.locked():
            time.sleep(_STAY_SECONDS / 2)
        return found


def judge_second(module: Any) -> str:
    cache, lock = dict[str, str](), threading.Lock()
    locks = _Slow(lock)
    made, both, alone = list[str](), threading.Barrier(2), list[str]()

    def make(key: str) -> str:
        made.append(key)
        try:
            both.wait(_MOST_SECONDS / 2)
        except threading.BrokenBarrierError:
            alone.append(key)
        return 2 * key

    if wrong := _wrong(lambda key: module.each_once(cache, locks, lock, key, make), "abab", made):
        return wrong
    return "one key is made after the other: hold `lock` for locks alone" if alone else ""
