"""``--profile``: where the time goes, of all ranks in one file."""

from __future__ import annotations

import cProfile
import pstats
import sys
import tempfile
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from hpcpy_common import files, ranks
from hpcpy_common.errors import UsageError, require_module
from workloads.registry import WORKLOADS

# Gives a region that is profiled; there may be several.
Measure: TypeAlias = Callable[[], AbstractContextManager[object]]

# Whose lines are timed.
_PACKAGES = tuple(f"workloads.{name}." for name in WORKLOADS)


@contextmanager
def _cprofile(part: Path) -> Iterator[Measure]:
    profile = cProfile.Profile()
    yield lambda: profile
    # pstats refuses a file without statistics: a rank that had nothing to do has none.
    if profile.getstats():
        profile.dump_stats(part)


def _merge_cprofile(parts: Sequence[str], path: Path) -> None:
    pstats.Stats(*parts).dump_stats(path)


@contextmanager
def _line(part: Path) -> Iterator[Measure]:
    """Time the lines of the workloads' functions that are loaded when a region begins."""
    from line_profiler import LineProfiler  # noqa: PLC0415

    profile = LineProfiler()
    known: set[str] = set()

    def measure() -> AbstractContextManager[object]:
        for name in sys.modules.keys() - known:
            for each in vars(sys.modules[name]).values() if name.startswith(_PACKAGES) else ():
                # A decorated function's counts would be its wrapper's.
                is_plain = isinstance(each, types.FunctionType) and not hasattr(each, "__wrapped__")
                if is_plain and each.__module__ == name:
                    profile.add_function(each)
        known.update(sys.modules)
        timed: AbstractContextManager[object] = profile
        return timed

    yield measure
    profile.get_stats().to_file(part)


def _merge_line(parts: Sequence[str], path: Path) -> None:
    from line_profiler.line_profiler import LineStats, show_text  # noqa: PLC0415

    stats = LineStats.from_files(*parts)
    with path.open("w", encoding="utf-8") as file:
        show_text(stats.timings, stats.unit, stream=file, stripzeros=True)


_KINDS = {
    "cprofile": (_cprofile, _merge_cprofile, "cProfile"),
    "line": (_line, _merge_line, "line_profiler"),
}


def check(kind: str, file: str) -> None:
    """Refuse before the run what cannot be profiled or written."""
    if kind not in _KINDS:
        raise UsageError(f"--profile {kind}: is none of {', '.join(_KINDS)}")
    files.require_writable(Path(file), "--profile")
    require_module(_KINDS[kind][2], f"--profile {kind}: ")


@contextmanager
def profiler(name: str, file: str) -> Iterator[Measure]:
    """Give what profiles a region; then write what all ranks have seen."""
    watch, merge, _ = _KINDS[name]
    comm: Any = ranks.world() if ranks.expected() > 1 else None
    rank, size = (0, 1) if comm is None else (comm.rank, comm.size)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        # By rank: containers may have processes of the same numbers.
        with watch(folder / f"{rank:09}") as measure:
            yield measure
        if rank > 0:
            comm.send([part.read_bytes() for part in folder.iterdir()], dest=0)
            return
        for source in range(1, size):
            for content in comm.recv(source=source):
                (folder / f"{source:09}").write_bytes(content)
        parts = sorted(str(part) for part in folder.iterdir())
        with files.whole_file(Path(file)) as merged:
            merge(parts, merged)
