"""Write what a start loads and runs: ``python training.py FILE``, without a code image.

The code image holds only the modules that this loads: with the whole standard library
and all of these packages it would have 41 MB instead of 23.  This is a script that
imports little itself, as what it imports is seen, too.
"""

from __future__ import annotations

import gc
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import CodeType
    from typing import Any

# Modules that programs of all kinds import first, and core.  The code image has them in
# this order: numpy is first, as many programs import little else.
_IMPORTS = (
    "numpy",
    *("argparse", "concurrent.futures", "contextlib", "csv", "dataclasses", "datetime", "enum"),
    *("functools", "itertools", "json", "logging", "math", "multiprocessing", "pathlib", "pickle"),
    *("random", "re", "shutil", "statistics", "subprocess", "tempfile", "time", "tomllib"),
    *("traceback", "typing", "runpy", "linecache", "unittest"),
    *("numba", "mpi4py", "h5py", "viztracer"),
)


def _begin_as_with_c() -> None:
    # As Python does before the program of `python -c`, so in each start that is measured.
    import linecache  # noqa: PLC0415

    linecache._register_code(_import_all.__code__, "pass", "<string>")  # type: ignore[attr-defined]


def _import_all() -> None:
    for module in _IMPORTS:
        __import__(module)


def _compile_one() -> None:
    # The first compilation loads half of numba.
    import numba  # noqa: PLC0415

    numba.njit(lambda number: number + 1)(1)


def names_in_use() -> set[str]:
    """Return the strings that are keys of dicts, among them those of types.

    A string stores its hash when it becomes a key, so each process writes into these.
    """
    # The cache of attributes keeps names alive, and their addresses decide which ones:
    # without this the table of interned strings had one more or less, by chance.
    sys._clear_internal_caches()  # type: ignore[attr-defined]
    types: dict[int, type] = {}
    todo: list[type] = [object]
    while todo:
        type_ = todo.pop()
        types[id(type_)] = type_
        todo += type.__subclasses__(type_)
    tables: list[Iterable[object]] = [
        type.__getattribute__(type_, "__dict__") for type_ in types.values()
    ]
    tables += [table for table in gc.get_objects() if type(table) is dict]
    return {name for table in tables for name in table if type(name) is str}


def code_run_by(call: Callable[[], object]) -> list[CodeType]:
    """Return the code objects that a call runs."""
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined]
    seen: dict[CodeType, None] = {}

    def on_start(code: CodeType, _: int) -> object:
        seen[code] = None
        return monitoring.DISABLE

    tool, event = monitoring.PROFILER_ID, monitoring.events.PY_START
    monitoring.use_tool_id(tool, __name__)
    monitoring.register_callback(tool, event, on_start)
    monitoring.set_events(tool, event)
    call()
    monitoring.set_events(tool, 0)
    monitoring.free_tool_id(tool)
    return list(seen)


def code_that_ran() -> list[CodeType]:
    """Return the code of functions that has run, of the start, which is over: it has marks."""
    todo = [value.__code__ for value in gc.get_objects() if type(value) is type(_import_all)]
    seen: dict[Any, None] = {}
    while todo:
        code: Any = todo.pop()
        if code not in seen:
            seen[code] = None
            todo += [part for part in code.co_consts if type(part) is type(code)]
    return [code for code in seen if code._co_code_adaptive != code.co_code]


def _places(codes: Iterable[CodeType]) -> list[tuple[str, str, int]]:
    return [(code.co_filename, code.co_qualname, code.co_firstlineno) for code in codes]


def _files() -> list[str]:
    paths = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    return [path for path in paths if path and path != __file__]


def main(file: str) -> None:
    """Write what was seen to a file, as JSON."""
    # What finalisers run would depend on when the collector runs.
    gc.disable()
    _begin_as_with_c()
    seen: dict[str, Any] = {"start": _files(), "start names": sorted(names_in_use())}
    seen["started"] = _places(code_that_ran())
    seen["run"] = _places(code_run_by(_import_all))
    seen["names"] = sorted(names_in_use())
    seen["run later"] = _places(code_run_by(_compile_one))
    seen["files"] = _files()
    import json  # noqa: PLC0415

    with open(file, "w", encoding="utf-8") as out:
        json.dump(seen, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
