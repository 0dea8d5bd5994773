"""The garbage collector is out of imports, and for users as it is elsewhere."""

import re
from pathlib import Path
from typing import Any

import pytest
from needed import need

from running import python, said

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
    import gc
    def ran(): return [one["collections"] for one in gc.get_stats()]
    before, start = gc.get_freeze_count(), ran()
    import numpy, numba
    print(before > 1000, gc.get_freeze_count() > before + 40_000)
    # One of next to nothing after each import; stock has more than thirty.
    print(ran()[0] - start[0] <= 3, ran()[1:] == start[1:])
    """
    assert said(program) == ["True"] * 4


PROGRAMS: dict[str, tuple[Any, ...]] = {
    "it can be as elsewhere": (["0", "True"], """
    import gc
    import numpy, numba
    print(gc.get_freeze_count(), gc.get_stats()[0]["collections"] > 10)
    """, {"HPCPY_GC": "stock"}),
    "cycles of users are collected while they run": (["[1]"], """
    import numpy, weakref
    class Thing: pass
    gone = []
    one = Thing()
    one.me = one
    weakref.finalize(one, gone.append, 1)
    del one
    more = [[] for _ in range(100_000)]
    print(gone)
    """),
    "looking at all objects sees all": (["True", "0", "True", "0", "True", "True", "0"], """
    import gc, json
    functions = json.decoder.__dict__
    print(any(one is functions for one in gc.get_objects()), gc.get_freeze_count())
    import csv
    print(len(gc.get_referrers(csv.Dialect)) > 0, gc.get_freeze_count())
    import string.templatelib
    print(gc.get_freeze_count() > 0, gc.collect() >= 0, gc.get_freeze_count())
    """),
    "children by fork collect and finalise": (["child"], f"""{_FINALISED}
import gc, sys
import numpy
if os.fork() == 0:
    Thing(b"child ")
    gc.collect()
    import decimal
    sys.exit()
os.wait()
"""),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_right(name: str) -> None:
    right, program, *more = PROGRAMS[name]
    assert said(program, **dict(*more)) == right


# Makes cycles, and prints the largest number that were alive at a time.
_CYCLES = """
class Thing:
    alive = most = 0
    def __init__(self):
        self.me = self
        Thing.alive += 1
        Thing.most = max(Thing.most, Thing.alive)
    def __del__(self):
        Thing.alive -= 1
def make(*_, **__):
    for _ in range(100_000):
        Thing()
"""
# What a bundled module's import calls: here its class statements, the first or the last of them.
_WITHIN = """
import builtins
build = builtins.__build_class__
def first(*arguments, **names):
    builtins.__build_class__ = build
    make()
    return build(*arguments, **names)
builtins.__build_class__ = first
"""


# Who makes them, and how many may be alive: the threshold's 2,000, and what the import itself has
# made since the last module that it has imported.
@pytest.mark.parametrize(
    ("program", "limit"),
    [
        (f"{_CYCLES}make()", 3_000),
        (f"{_CYCLES}{_WITHIN}import numpy", 3_000),
        (f"{_CYCLES}import gc, fractions; gc.callbacks.append(lambda *_: None); make()", 3_000),
    ],
)
def test_cycles_are_collected_whoever_makes_them(program: str, limit: int) -> None:
    (most,) = said(f"{program}\nprint(Thing.most)")
    assert 500 < int(most) < limit


@pytest.mark.parametrize(
    "use",
    [
        "pass",
        "import numpy; numpy.ma.MaskedArray.mine = one",
        # Its import leaves frames, and a function of __main__'s globals.
        "import ipyparallel\ndef outer(thing): return lambda: thing\nuse = outer(one); del one",
    ],
)
def test_cycles_of_users_are_finalised_at_exit(use: str) -> None:
    need(*re.findall(r"import (\w+)", use))
    program = f'{_FINALISED}\none = Thing(b"gone")\n{use}\n'
    assert said(program) == said(program, HPCPY_GC="stock") == ["gone"]


# Its frames hold __main__; it makes more than 100,000 objects.
@pytest.mark.parametrize("name", ["matplotlib.pyplot", "distributed"])
def test_what_imports_made_stays_parked_at_exit(name: str) -> None:
    need(name.partition(".")[0])
    program = f"import {name}, gc; gc.set_debug(gc.DEBUG_STATS)"
    stats = re.findall(r"in permanent generation: (\d+)", python("-c", program).stderr)
    assert len(stats) > 1
    assert int(stats[-1]) > 1000


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


@pytest.mark.parametrize("before", ["enable", "disable"])
def test_isenabled_tells_what_the_program_has_set_also_within_an_import(before: str) -> None:
    # It is on there. Were it False, who sets it back would turn it off.
    program = f"""
    import builtins, gc, timeit
    seen, build = set(), builtins.__build_class__
    def look(*arguments, **names):
        seen.add((gc.isenabled(), gc.get_count()[0] >= 0, *gc.get_threshold()))
        timeit.timeit("pass", number=1)
        return build(*arguments, **names)
    builtins.__build_class__ = look
    gc.{before}()
    import fractions
    print(*seen, gc.isenabled(), *gc.get_threshold())
    """
    is_on = before == "enable"
    words = f"({is_on}, True, 2000, 10, 10) {is_on} 2000 10 10"
    assert said(program) == words.split()


@pytest.mark.parametrize(
    "make",
    [
        # An import hook's own garbage.
        "sys.meta_path.insert(0, Hook()); import numpy; sys.meta_path.pop(0)",
        # What a module that is reloaded has made before.
        "import csv\nfor i in range(400): made(csv.Dialect); importlib.reload(csv)",
    ],
)
def test_garbage_of_imports_is_collected_while_the_program_runs(make: str) -> None:
    program = f"""
import importlib, sys, weakref
alive = []
class Thing: pass
def made(one): alive.append(weakref.ref(one))
class Hook:
    def find_spec(self, name, path=None, target=None):
        one = Thing()
        one.me = one
        made(one)
{make}
keep = [[i] for i in range(1_000_000)]
print(len(alive) > 50, sum(one() is not None for one in alive) < 5)
"""
    assert said(program) == ["True", "True"]
