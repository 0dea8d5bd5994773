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


def test_the_child_of_a_thread_that_forks_while_another_imports_collects() -> None:
    program = f"""{_INSIDE}
def inside():
    def forks():
        if os.fork() == 0:
            import _hpcpy_collector as ours
            before = ours.parked()
            import csv
            kept = ours.parked() > before
            print(gc.get_count()[0] >= 0, most_alive(20_000) < 5_000, kept, flush=True)
            os._exit(0)
        os.wait()
    thread = threading.Thread(target=forks)
    thread.start()
    thread.join()
run()
print(gc.get_count()[0] >= 0)
"""
    assert said(program, "-W", "ignore::DeprecationWarning") == ["True"] * 4


def test_a_child_goes_on_with_the_import_in_which_it_was_made() -> None:
    program = f"""{_INSIDE}
def inside():
    if os.fork() != 0:
        os.wait()
run()
import _hpcpy_collector as ours
before = ours.parked()
import csv
print(gc.get_count()[0] >= 0, ours.parked() > before, flush=True)
"""
    assert said(program) == ["True"] * 4


def test_collecting_from_c_sees_all() -> None:
    program = """
    import ctypes, gc, json, _hpcpy_collector as ours
    print(ours.parked() > 0, ctypes.pythonapi.PyGC_Collect() >= 0, ours.parked())
    gc.disable()
    import csv
    print(ours.parked() > 0, ctypes.pythonapi.PyGC_Collect(), ours.parked())
    """
    assert said(program) == ["True", "True", "0", "True", "0", "0"]


def test_visiting_from_c_sees_all_and_may_import() -> None:
    program = """
    import ctypes, gc, json, sys, _hpcpy_collector as ours
    wanted, found = id(json.decoder.__dict__), []
    @ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.c_void_p)
    def visit(one, _):
        if "colorsys" not in sys.modules:
            import colorsys
        if id(one) == wanted:
            found.append(1)
        return 1
    print(ours.parked() > 0)
    ctypes.pythonapi.PyUnstable_GC_VisitObjects(visit, None)
    print(found, ours.parked(), gc.isenabled(), gc.get_count()[0] >= 0)
    before = ours.parked()
    import csv
    print(ours.parked() > before)
    """
    assert said(program) == ["True", "[1]", "0", "True", "True", "True"]
