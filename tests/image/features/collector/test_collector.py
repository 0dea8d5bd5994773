"""The garbage collector is out of imports, and for users as it is elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from needed import need

from running import said

_FINALISED = """
import os
class Thing:
    def __init__(self, mark):
        self.me, self.mark = self, mark
    def __del__(self, write=os.write):
        write(1, self.mark)
"""


def test_an_import_is_not_collected_and_then_parked() -> None:
    program = """
    import gc, _hpcpy_collector as ours
    ran = [one["collections"] for one in gc.get_stats()]
    before = ours.parked()
    import numpy, numba
    print(before > 1000, ours.parked() > before + 50_000)
    print(ran == [one["collections"] for one in gc.get_stats()])
    """
    assert said(program) == ["True"] * 3


@pytest.mark.parametrize(("options", "variables"), [([], {"HPCPY_GC": "stock"})])
def test_it_can_be_as_elsewhere(options: list[str], variables: dict[str, str]) -> None:
    program = """
    import gc, _hpcpy_collector as ours
    import numpy, numba
    print(ours.parked(), gc.get_stats()[0]["collections"] > 10)
    """
    assert said(program, *options, **variables) == ["0", "True"]


def test_options_that_ignore_variables_ignore_this_one() -> None:
    program = "import _hpcpy_collector as ours; print(ours.parked() > 0)"
    assert said(program, "-E", HPCPY_GC="stock") == ["True"]


def test_it_is_on_with_its_usual_numbers() -> None:
    program = """
    import gc
    import json
    print(gc.isenabled(), *gc.get_threshold(), gc.get_freeze_count(), gc.get_debug())
    print(0 <= gc.get_count()[0] <= gc.get_threshold()[0])
    """
    assert said(program) == ["True", "2000", "10", "10", "0", "0", "True"]


def test_it_is_on_for_modules_that_are_imported(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import gc, json\nprint(gc.isenabled(), gc.get_count()[0] >= 0)\ngc.disable()\n"
    )
    program = "import mine, gc, csv; print(gc.isenabled())"
    assert said(program, PYTHONPATH=str(tmp_path)) == ["True", "True", "False"]


def test_cycles_of_users_are_collected_while_they_run() -> None:
    program = """
    import numpy, weakref
    class Thing: pass
    gone = []
    one = Thing()
    one.me = one
    weakref.finalize(one, gone.append, 1)
    del one
    more = [[] for _ in range(100_000)]
    print(gone)
    """
    assert said(program) == ["[1]"]


@pytest.mark.parametrize(
    "use",
    [
        "pass",
        "import numpy",
        "import numpy; numpy.mine = one",
        "import numpy; numpy.ma.MaskedArray.mine = one",
        "import warnings; warnings.showwarning = lambda *x: None",
        # Their imports leave frames, and a function of __main__'s globals.
        "import pyparsing",
        "import ipyparallel",
        "import ipyparallel; things = {1: one}; del one",
        "import ipyparallel\ndef use(thing=one): pass\ndel one",
        "import ipyparallel\ndef outer(thing): return lambda: thing\nuse = outer(one); del one",
    ],
)
def test_cycles_of_users_are_finalised_at_exit(use: str) -> None:
    need(*re.findall(r"import (\w+)", use))
    program = f'{_FINALISED}\none = Thing(b"gone")\n{use}\n'
    assert said(program) == said(program, HPCPY_GC="stock") == ["gone"]


@pytest.mark.parametrize("package", ["numpy", "pyparsing", "ipyparallel", "matplotlib.pyplot"])
def test_what_imports_made_is_not_looked_through_at_exit(package: str) -> None:
    need(package)
    program = f"import gc; gc.set_debug(gc.DEBUG_STATS); import {package}"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    told = [line for line in done.stderr.splitlines() if "objects in each generation" in line]
    looked_through = [sum(map(int, line.rpartition(":")[2].split())) for line in told]
    assert done.returncode == 0
    assert looked_through
    assert max(looked_through) < 10_000, looked_through


def test_a_file_is_written_though_the_library_holds_its_module(tmp_path: Path) -> None:
    program = f"""
    import warnings
    file = open({str(tmp_path / "text")!r}, "w")
    def show(*_): pass
    warnings.showwarning = show
    print("all of it", file=file)
    """
    assert said(program) == []
    assert (tmp_path / "text").read_text() == "all of it\n"


def test_modules_of_users_make_no_garbage_that_stays(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        f"{_FINALISED}\nimport gc\nfor _ in range(3):\n    Thing(b'x ')\n"
        "more = [[] for _ in range(100_000)]\n"
    )
    program = "import os, mine; os._exit(0)"
    assert said(program, PYTHONPATH=str(tmp_path)) == ["x"] * 3


def test_an_import_that_makes_very_many_objects_is_collected() -> None:
    # What a bundled module's import calls, not what it makes itself.
    program = """
    import builtins, gc, weakref
    class Thing: pass
    gone, build = [], builtins.__build_class__
    def make_many(*arguments, **names):
        if not gone:
            one = Thing()
            one.me = one
            weakref.finalize(one, gone.append, 1)
            del one
            for _ in range(1_200_000):
                cycle = []
                cycle.append(cycle)
        return build(*arguments, **names)
    builtins.__build_class__ = make_many
    import fractions
    print(gone)
    """
    assert said(program) == ["[1]"]


def test_reloading_a_module_again_and_again_leaks_nothing() -> None:
    program = """
    import json, sys, _hpcpy_collector as ours
    before = ours.parked()
    for _ in range(20):
        for name in [name for name in sys.modules if name.startswith("json")]:
            del sys.modules[name]
        import json
    print(ours.parked() <= before)
    """
    assert said(program) == ["True"]


def test_looking_at_all_objects_sees_all() -> None:
    program = """
    import gc, json, _hpcpy_collector as ours
    functions = json.decoder.__dict__
    print(any(one is functions for one in gc.get_objects()), ours.parked())
    import csv
    print(len(gc.get_referrers(csv.Dialect)) > 0, ours.parked())
    import string.templatelib
    print(ours.parked() > 0, gc.collect() >= 0, ours.parked())
    """
    assert said(program) == ["True", "0", "True", "0", "True", "True", "0"]


def test_freezing_takes_all_and_gives_all_back() -> None:
    program = """
    import gc, json, _hpcpy_collector as ours
    gc.freeze()
    print(gc.get_freeze_count() > 5000, ours.parked())
    gc.unfreeze()
    print(gc.get_freeze_count(), gc.collect() >= 0)
    """
    assert said(program) == ["True", "0", "0", "True"]


def test_nothing_is_parked_while_there_are_threads() -> None:
    program = """
    import threading, _hpcpy_collector as ours
    event = threading.Event()
    thread = threading.Thread(target=event.wait)
    thread.start()
    before = ours.parked()
    import json, decimal
    print(ours.parked() <= before)
    event.set()
    thread.join()
    import csv
    print(ours.parked() > before)
    """
    assert said(program) == ["True", "True"]


def test_threads_import_at_the_same_time() -> None:
    program = """
    import gc, importlib, threading
    names = "json csv decimal fractions email.message http.client xml.dom logging".split()
    threads = [threading.Thread(target=importlib.import_module, args=[name]) for name in names]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    import sqlite3
    print(gc.get_count()[0] >= 0, gc.collect() >= 0)
    """
    assert said(program) == ["True", "True"]


def test_an_import_that_fails_leaves_it_working(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("")
    program = """
    import _hpcpy_collector as ours, gc
    try:
        import sqlite3.absent
    except ImportError:
        pass
    before = ours.parked()
    import csv
    print(ours.parked() > before, gc.get_count()[0] >= 0)
    """
    assert said(program) == ["True", "True"]


def test_a_traceback_shows_nothing_of_it() -> None:
    command = [sys.executable, "-c", "import ctypes.macholib.dyld, this_is_absent"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "exec_module" not in done.stderr
    assert "collector" not in done.stderr


def test_other_interpreters_are_as_ever() -> None:
    program = """
    from concurrent import interpreters
    other = interpreters.create()
    other.exec("import gc, json, _hpcpy_collector as o; print(gc.isenabled(), o.parked())")
    other.close()
    """
    assert said(program) == ["True", "0"]


def test_children_by_fork_collect_and_finalise() -> None:
    program = f"""{_FINALISED}
import gc, sys
import numpy
if os.fork() == 0:
    Thing(b"child ")
    gc.collect()
    import decimal
    sys.exit()
os.wait()
"""
    assert said(program) == ["child"]


def test_callbacks_of_users_are_called() -> None:
    program = """
    import gc
    gc.callbacks.append(lambda phase, about: print(phase, about["generation"]))
    import numpy
    gc.collect()
    gc.callbacks.clear()
    """
    assert said(program) == ["start", "2", "stop", "2"]


def test_tracing_sees_what_modules_do() -> None:
    program = """
    import sys
    seen = set()
    sys.settrace(lambda frame, event, argument: seen.add(frame.f_code.co_filename))
    import json.decoder
    sys.settrace(None)
    print(any(name.endswith("json/decoder.py") for name in seen))
    """
    assert said(program) == ["True"]
