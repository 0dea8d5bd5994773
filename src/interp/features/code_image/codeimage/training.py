"""Sees what a start loads and runs: ``python training.py FILE``, without an image.

The code image holds the modules that this loads, and no others: the whole
standard library and these packages would be 41 MB instead of 23.  It is a
script, and imports little itself: what it imports is seen, too.
"""

from __future__ import annotations

import gc
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import CodeType
    from typing import Any

# What programs of all kinds begin with, and core.  What lies beside
# what goes by this order: numpy is first, as many programs import little else.
_IMPORTS = (
    "numpy",
    *("argparse", "concurrent.futures", "contextlib", "csv", "dataclasses", "datetime", "enum"),
    *("functools", "itertools", "json", "logging", "math", "multiprocessing", "pathlib", "pickle"),
    *("random", "re", "shutil", "statistics", "subprocess", "tempfile", "time", "tomllib"),
    *("traceback", "typing", "runpy", "linecache", "unittest"),
    *("numba", "mpi4py", "h5py", "viztracer"),
)


def _begin_as_with_c() -> None:
    # Before the program of `python -c`, and so of each start that is measured.
    import linecache  # noqa: PLC0415

    linecache._register_code(_import_all.__code__, "pass", "<string>")  # type: ignore[attr-defined]


def _import_all() -> None:
    for module in _IMPORTS:
        __import__(module)


def _compile_one() -> None:
    # The first compiled function loads half of numba.
    import numba  # noqa: PLC0415

    numba.njit(lambda number: number + 1)(1)


def names_in_use() -> set[str]:
    """Return the keys of all tables of names: those whose hashes are known.

    A string keeps its hash, so that these are written in every process.
    """
    # The cache of attributes keeps names alive, and which ones goes by their addresses:
    # without this one string more or less was in the table of interned ones, by chance.
    sys._clear_internal_caches()  # type: ignore[attr-defined]
    types: dict[int, type] = {}
    todo: list[type] = [object]
    while todo:
        found = todo.pop()
        types[id(found)] = found
        todo += type.__subclasses__(found)
    tables: list[Iterable[object]] = [
        type.__getattribute__(found, "__dict__") for found in types.values()
    ]
    tables += [found for found in gc.get_objects() if type(found) is dict]
    return {name for table in tables for name in table if type(name) is str}


def code_run_by(call: Callable[[], object]) -> list[CodeType]:
    """Return the code objects that a call runs, in their order."""
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined]
    seen: dict[CodeType, None] = {}

    def on_start(code: CodeType, _: int) -> object:
        seen[code] = None
        return monitoring.DISABLE

    tool, event = monitoring.PROFILER_ID, monitoring.events.PY_START
    monitoring.use_tool_id(tool, __name__)
    monitoring.register_callback(tool, event, on_start)
    monitoring.set_events(tool, event)
    try:
        call()
    finally:
        monitoring.set_events(tool, 0)
        monitoring.free_tool_id(tool)
    return list(seen)


def code_that_ran() -> list[CodeType]:
    """Return the code of functions that has run: running marks its instructions.

    A start is over before anybody could look on.
    """
    todo = [found.__code__ for found in gc.get_objects() if type(found) is type(_import_all)]
    seen: dict[Any, None] = {}
    while todo:
        code: Any = todo.pop()
        if code not in seen:
            seen[code] = None
            todo += [part for part in code.co_consts if type(part) is type(code)]
    return [code for code in seen if code._co_code_adaptive != code.co_code]


def _files() -> list[str]:
    paths = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    return [path for path in paths if path and path != __file__]


def _places(code: Iterable[CodeType]) -> list[tuple[Any, ...]]:
    return [(c.co_filename, c.co_qualname, c.co_firstlineno) for c in code]


def main(file: str) -> None:
    """Write what was seen, as JSON."""
    # What finalisers run would hang on when it collects.
    gc.disable()
    _begin_as_with_c()
    seen: dict[str, Any] = {"start": _files(), "start names": sorted(names_in_use())}
    seen["started"] = _places(code_that_ran())
    seen["run"] = _places(code_run_by(_import_all))
    seen["names"] = sorted(names_in_use())
    seen["run later"] = _places(code_run_by(_compile_one))
    seen["loaded"] = _files()
    import json  # noqa: PLC0415

    with open(file, "w", encoding="utf-8") as out:
        json.dump(seen, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
