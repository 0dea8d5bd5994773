"""The collector stays out of one import: not of other threads', greenlets' or children's code."""

from __future__ import annotations

from running import said

# A class body of the import of `fractions` is where `inside` runs.
_INSIDE = """
import builtins, gc, os, sys, threading
import collections, decimal, functools, math, numbers, operator, re, time
build, first = builtins.__build_class__, []
def within(*arguments, **names):
    if not first:
        first.append(1)
        inside()
    return build(*arguments, **names)
alive = 0
class Thing:
    def __init__(self):
        global alive
        self.me = self
        alive += 1
    def __del__(self):
        global alive
        alive -= 1
def most_alive(made):
    "Make garbage, and return how much of it there was at once."
    most = 0
    for _ in range(made):
        Thing()
        most = max(most, alive)
    return most
def run():
    builtins.__build_class__ = within
    import fractions
    builtins.__build_class__ = build
"""


def test_it_is_on_again_while_another_threads_import_goes_on() -> None:
    program = f"""{_INSIDE}
entered, go = threading.Event(), threading.Event()
def inside():
    def imports():
        def waits(*arguments, **names):
            entered.set()
            go.wait()
            builtins.__build_class__ = build
            return build(*arguments, **names)
        builtins.__build_class__ = waits
        import sched
    global other
    other = threading.Thread(target=imports)
    other.start()
    entered.wait()
    builtins.__build_class__ = build
run()
print(gc.get_count()[0] >= 0, most_alive(20_000) < 5_000)
go.set()
other.join()
print(gc.get_count()[0] >= 0, most_alive(20_000) < 5_000)
"""
    assert said(program) == ["True"] * 4


def test_a_thread_that_an_import_starts_does_not_pile_up_garbage() -> None:
    program = f"""{_INSIDE}
def inside():
    found = []
    thread = threading.Thread(target=lambda: found.append(most_alive(300_000)))
    thread.start()
    thread.join()
    print(found[0] < 110_000)
run()
print(gc.get_count()[0] >= 0, most_alive(20_000) < 5_000)
"""
    assert said(program) == ["True"] * 3


def test_collecting_from_c_sees_all() -> None:
    program = """
    import ctypes, gc, json, _hpcpy_collector as ours
    print(ours.parked() > 0, ctypes.pythonapi.PyGC_Collect() >= 0, ours.parked())
    gc.disable()
    import csv
    print(ours.parked() > 0, ctypes.pythonapi.PyGC_Collect(), ours.parked())
    """
    assert said(program) == ["True", "True", "0", "True", "0", "0"]
