"""``python -m _hpcpy_numba_build FOLDER MODULE…``: compile the image's own numba kernels.

Importing a module compiles its functions that have explicit signatures.  None
of them is run, so any machine can build for each level of processor.
The same modules give the same bytes: names and a counter replace what numba
takes from addresses.
"""

from __future__ import annotations

import hashlib
import importlib
import itertools
import marshal
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from _hpcpy_numba_levels import LEVELS

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def main(folder: str, *modules: str) -> None:
    """Write a file for each level into a folder, of modules."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    for level in LEVELS:
        variables = {
            "NUMBA_CPU_NAME": level,
            "NUMBA_CPU_FEATURES": "",
            "NUMBA_NUM_THREADS": "8",
            "PYTHONHASHSEED": "0",
        }
        command = [sys.executable, "-m", __spec__.name, "--one", f"{folder}/{level}.bin", *modules]
        subprocess.run(command, env={**kept, **variables}, check=True)


def build(file: Path, modules: list[str]) -> None:
    """Compile the modules' kernels for the processor that NUMBA_CPU_NAME names."""
    import _hpcpy_numba  # noqa: PLC0415  # It loads numba, by the variables of `main`.

    take_addresses_out()
    recorded: dict[str, bytes] = {}
    _hpcpy_numba.recorded = recorded
    for name in modules:
        importlib.import_module(name)
    data = marshal.dumps((_hpcpy_numba.stamp(), dict(sorted(recorded.items()))), 2)
    if b" at 0x" in data:
        raise ValueError(f"{file.name}: an address is in it, so that no build is like another")
    made = file.with_name(f".{file.name}")
    made.write_bytes(data)
    made.rename(file)
    print(f"{file.name}: {len(recorded)} entries, {len(data)} bytes")


def take_addresses_out() -> None:
    """Make numba, in this process, name by a counter what it names by addresses."""
    from numba.core import compiler  # noqa: PLC0415
    from numba.np.ufunc import parallel, wrappers  # noqa: PLC0415
    from numba.parfors import parfor  # noqa: PLC0415

    count = itertools.count()

    def number(loop: Any) -> int:
        # It is part of a symbol's name, which has to differ from those of users' loops.
        counted = loop.__dict__.setdefault("hpcpy_number", next(count))
        name = f"{loop.loc.filename}:{loop.loc.line}:{counted}"
        return int.from_bytes(hashlib.sha256(name.encode()).digest()[:7])

    def describe(wrapper: Any) -> str:
        return f"gufunc wrapper of {wrapper.fndesc.llvm_func_name}"

    reduce = compiler.CompileResult._reduce

    def reduce_without(result: Any) -> tuple[Any, ...]:
        parts = list(reduce(result))
        parts[6] = _ADDRESS.sub("", parts[6])  # The types of all variables, for people.
        return tuple(parts)

    names: dict[Any, int] = {}
    parfor.Parfor.__hash__ = number
    wrappers._GufuncWrapper.__repr__ = describe
    parallel.id = lambda environment: names.setdefault(environment, len(names))
    compiler.CompileResult._reduce = reduce_without


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        build(Path(sys.argv[2]), sys.argv[3:])
    else:
        main(*sys.argv[1:])
