"""``--profile``: where the time or the memory goes, of all ranks in one file."""

from __future__ import annotations

import cProfile
import importlib.util
import pstats
import sys
import tempfile
import tracemalloc
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from workloads.bench import files
from workloads.errors import UnavailableError, UsageError
from workloads.parallel import ranks
from workloads.registry import WORKLOADS

# Gives a region that is profiled; there may be several.
Measure: TypeAlias = Callable[[], AbstractContextManager[object]]

# Whose lines are timed.
_PACKAGES = tuple(f"workloads.{name}." for name in WORKLOADS)
# Of memory, the lines that hold most.
_LINES = 10
# How many calls viztracer keeps: about 100 bytes each in the file.
_CALLS = 500_000


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
                # Of a decorated function only the wrapper's lines would be counted.
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


@contextmanager
def _memory(part: Path) -> Iterator[Measure]:
    """Note the peak, and the lines whose memory is held at the end of the region that had it."""
    found = {-1: ""}

    @contextmanager
    def measure() -> Iterator[None]:
        tracemalloc.start()
        try:
            yield
            lines = tracemalloc.take_snapshot().statistics("lineno")[:_LINES]
            found[tracemalloc.get_traced_memory()[1]] = "\n".join(map(str, lines))
        finally:
            tracemalloc.stop()

    yield measure
    peak = max(found)
    most = f"rank {int(part.stem)}: {peak / 2**20:.3f} MiB at most, by Python and NumPy"
    part.write_text(f"{most}\n{found[peak]}\n", encoding="utf-8")


def _merge_memory(parts: Sequence[str], path: Path) -> None:
    path.write_text("\n".join(Path(part).read_text("utf-8") for part in parts), "utf-8")


@contextmanager
def _viztracer(part: Path) -> Iterator[Measure]:
    """Record a timeline of this process's latest calls."""
    from viztracer import VizTracer  # noqa: PLC0415

    name = f"rank {int(part.stem)}"
    tracer = VizTracer(_CALLS, verbose=0, process_name=name, register_global=False)

    @contextmanager
    def measure() -> Iterator[None]:
        tracer.start()
        try:
            yield
        finally:
            tracer.stop()

    yield measure
    tracer.save(str(part))
    tracer.terminate()


def _merge_viztracer(parts: Sequence[str], path: Path) -> None:
    from viztracer.report_builder import ReportBuilder  # noqa: PLC0415

    builder = ReportBuilder(parts, verbose=0)
    builder.load_jsons()
    # Processes on two nodes, or in two containers, may have the same number.
    for number, trace in enumerate(builder.jsons):
        for event in trace["traceEvents"]:
            event["pid"] = number
    builder.save(str(path))


class _Kind(NamedTuple):
    watch: Callable[[Path], AbstractContextManager[Measure]]
    merge: Callable[[Sequence[str], Path], Any]
    module: str
    endings: tuple[str, ...] = ()


_KINDS = {
    "cprofile": _Kind(_cprofile, _merge_cprofile, "cProfile"),
    "line": _Kind(_line, _merge_line, "line_profiler"),
    "memory": _Kind(_memory, _merge_memory, "tracemalloc"),
    "viztracer": _Kind(_viztracer, _merge_viztracer, "viztracer", (".json", ".json.gz", ".html")),
}


def check(kind: str, file: str) -> None:
    """Refuse before the run what cannot be profiled or written."""
    if kind not in _KINDS:
        raise UsageError(f"--profile {kind}: is none of {', '.join(_KINDS)}")
    files.require_writable(Path(file), "--profile")
    module, endings = _KINDS[kind].module, _KINDS[kind].endings
    if endings and not str(files.with_ending(Path(file), endings[0])).endswith(endings):
        raise UsageError(f"--profile {kind} {file}: ends in none of {', '.join(endings)}")
    if importlib.util.find_spec(module) is None:
        raise UnavailableError(f"--profile {kind}: Python has no module {module!r} here")


@contextmanager
def profiler(name: str, file: str) -> Iterator[Measure]:
    """Give what profiles a region; then write what all ranks have seen."""
    kind, path = _KINDS[name], Path(file)
    comm: Any = ranks.world() if ranks.expected() > 1 else None
    rank, size = (0, 1) if comm is None else (comm.rank, comm.size)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        # By rank: containers may have processes of the same numbers.
        with kind.watch(folder / f"{rank:09}.json") as measure:
            yield measure
        if rank > 0:
            comm.send([part.read_bytes() for part in folder.iterdir()], dest=0)
            return
        for source in range(1, size):
            for content in comm.recv(source=source):
                (folder / f"{source:09}.json").write_bytes(content)
        parts = sorted(str(part) for part in folder.iterdir())
        with files.whole_file(path, "".join(kind.endings[:1])) as whole:
            kind.merge(parts, whole)
