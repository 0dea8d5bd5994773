"""LLNL's own Pynamic, from a checkout of github.com/LLNL/pynamic that the user names.

Its generator writes and compiles the modules.  The executables that Pynamic builds of
them are left alone: any Python that imports the modules will do.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from hpcpy.errors import UsageError
from hpcpy.stages import Stage
from sharedfs.pynamic.generate import Size

GENERATOR = "so_generator.py"
# It gives floats to randint, which Python refuses from 3.12 on.
_RUN = f"""\
import random, runpy, sys
randint = random.randint
random.randint = lambda low, high: randint(int(low), int(high))
sys.path.insert(0, "")
runpy.run_path("{GENERATOR}", run_name="__main__")
"""
# In the order of Pynamic's own driver.
_DRIVER = """\
import importlib

import libmodulebegin
names = [f"libmodule{{number}}" for number in range({modules})]
modules = [importlib.import_module(name) for name in names]
import libmodulefinal


def visit():
    libmodulebegin.begin_break_here()
    for name, module in zip(names, modules):
        getattr(module, f"{{name}}_entry")()
    libmodulefinal.break_here()
"""


def sources(checkout: Path) -> Path:
    """Return the folder of a checkout that holds Pynamic's generator.

    Raises
    ------
    UsageError
        When it holds none.
    """
    found = sorted([*checkout.glob(GENERATOR), *checkout.glob(f"*/{GENERATOR}")])
    if not found:
        raise UsageError(
            f"{checkout} has no {GENERATOR}", hint="PYNAMIC=FOLDER is a checkout of LLNL/pynamic"
        )
    return found[0].parent


def driver(size: Size) -> str:
    """Return a module of Python that imports all, and calls all functions."""
    return _DRIVER.format(modules=size.modules)


def compile_into(
    folder: Path, current: Stage, checkout: Path, size: Size, words: Sequence[str]
) -> None:
    """Generate modules and libraries and compile them.

    Parameters
    ----------
    folder
        Where they go.
    current
        The stage whose log has the output.
    checkout
        As the user named it.
    size
        How much is generated.
    words
        The compiler, and the folder of Python's headers.

    Raises
    ------
    StageError
        When the generator fails.
    """
    work = folder.with_name("work")
    shutil.copytree(sources(checkout), work)
    compiler, include = words
    current.run(
        [
            *(sys.executable, "-c", _RUN, str(size.modules + size.libraries), str(size.functions)),
            *("-u", str(size.libraries), str(size.library_functions), "-s", str(size.seed)),
            *("-j", str(os.cpu_count() or 1), "-i", include),
            # What a module needs is beside it, wherever it is moved.  The generator names
            # libraries before what needs them: some linkers would drop them there.
            f"--with-cc={compiler} -O0 -Wl,--no-as-needed,-rpath,'$ORIGIN'",
        ],
        cwd=work,
    )
    for path in work.glob("lib*.so"):
        shutil.move(path, folder / path.name)
