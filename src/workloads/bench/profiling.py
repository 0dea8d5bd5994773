"""``--profile``: where the time or the memory goes, of all ranks in one file."""

from __future__ import annotations

import contextlib
import cProfile
import importlib.util
import pstats
import sys
import tempfile
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from workloads.bench import files
from workloads.bench.destination import destination
from workloads.errors import UnavailableError, UsageError
from workloads.parallel import ranks


class Profiler(Protocol):
    """Watches what is timed on this rank."""

    def measure(self) -> contextlib.AbstractContextManager[object]:
        """Give a region that is profiled; there may be several."""

    def save(self, folder: Path) -> None:
        """Write this rank's part into `folder`."""

    def merge(self, parts: list[str], path: Path) -> None:
        """Make one file of all parts."""


class _Nothing:
    def measure(self) -> contextlib.AbstractContextManager[object]:
        return contextlib.nullcontext()

    def save(self, folder: Path) -> None:
        pass

    def merge(self, parts: list[str], path: Path) -> None:
        pass


class _CProfile:
    def __init__(self, _: str) -> None:
        self._profile = cProfile.Profile()

    def measure(self) -> contextlib.AbstractContextManager[object]:
        return self._profile

    def save(self, folder: Path) -> None:
        # pstats refuses a file without statistics: a rank that had nothing to do has none.
        if self._profile.getstats():
            self._profile.dump_stats(_part(folder))

    def merge(self, parts: list[str], path: Path) -> None:
        pstats.Stats(*parts).dump_stats(path)


class _Line:
    """Line by line: the package's functions that are loaded when a region begins."""

    def __init__(self, package: str) -> None:
        from line_profiler import LineProfiler  # noqa: PLC0415

        self._package = package
        self._profile = LineProfiler()
        self._seen: set[types.FunctionType] = set()

    @contextlib.contextmanager
    def measure(self) -> Iterator[None]:
        for name, module in list(sys.modules.items()):
            if not name.startswith(self._package):
                continue
            for function in vars(module).values():
                # Of a decorated function only the wrapper's lines would be counted.
                plain = isinstance(function, types.FunctionType)
                if plain and function not in self._seen and not hasattr(function, "__wrapped__"):
                    self._seen.add(function)
                    self._profile.add_function(function)
        with self._profile:
            yield

    def save(self, folder: Path) -> None:
        self._profile.get_stats().to_file(_part(folder))

    def merge(self, parts: list[str], path: Path) -> None:
        from line_profiler.line_profiler import LineStats, show_text  # noqa: PLC0415

        stats = LineStats.from_files(*parts)
        with path.open("w", encoding="utf-8") as file:
            show_text(stats.timings, stats.unit, stream=file, stripzeros=True)


class _VizTracer:
    """A timeline of every call; worker processes add theirs (see `tracing`)."""

    def __init__(self, _: str) -> None:
        from workloads.parallel import tracing  # noqa: PLC0415

        self._tracing = tracing
        self._tracer: Any = None

    @contextlib.contextmanager
    def measure(self) -> Iterator[None]:
        if self._tracer is None:
            comm = ranks.several()
            self._tracer = self._tracing.begin("main" if comm is None else f"rank {comm.rank}")
        else:
            self._tracer.start()
        try:
            yield
        finally:
            self._tracer.stop()

    def save(self, folder: Path) -> None:
        if self._tracer is not None:
            self._tracing.end(self._tracer, _part(folder))

    def merge(self, parts: list[str], path: Path) -> None:
        from viztracer.report_builder import ReportBuilder  # noqa: PLC0415

        builder = ReportBuilder(parts, verbose=0)
        builder.load_jsons()
        # Processes on two nodes, or in two containers, may have the same number.
        for number, trace in enumerate(builder.jsons):
            for event in trace["traceEvents"]:
                event["pid"] = number
        builder.save(str(path))


class _Memory:
    """The lines that hold memory; see `allocations`."""

    def __init__(self, package: str) -> None:
        from workloads.bench.allocations import Memory  # noqa: PLC0415

        self._memory = Memory(package)

    def measure(self) -> contextlib.AbstractContextManager[object]:
        return self._memory.measure()

    def save(self, folder: Path) -> None:
        self._memory.save(_part(folder))

    def merge(self, parts: list[str], path: Path) -> None:
        self._memory.merge(parts, path)


# kind -> (how, the module it needs, what its file may end in)
_KINDS: dict[str, tuple[Any, str, tuple[str, ...]]] = {
    "cprofile": (_CProfile, "cProfile", ()),
    "line": (_Line, "line_profiler", ()),
    "memory": (_Memory, "tracemalloc", ()),
    "viztracer": (_VizTracer, "viztracer", (".json", ".json.gz", ".html")),
}


def check(kind: str, file: str) -> None:
    """Refuse before the run what cannot be profiled or written.

    Raises
    ------
    UsageError
        For an unknown kind or a place that cannot be written.
    UnavailableError
        Without the profiler's module.
    """
    if kind not in _KINDS:
        raise UsageError(f"--profile {kind}: is none of {', '.join(_KINDS)}")
    files.require_writable(Path(file), "--profile")
    _, module, endings = _KINDS[kind]
    if endings and not str(files.with_ending(Path(file), endings[0])).endswith(endings):
        raise UsageError(f"--profile {kind} {file}: ends in none of {', '.join(endings)}")
    if importlib.util.find_spec(module) is None:
        raise UnavailableError(f"--profile {kind}: Python has no module {module!r} here")


@contextlib.contextmanager
def profiler(asked: list[str] | None, package: str) -> Iterator[Profiler]:
    """Give a profiler; when the work succeeds write what it has seen.

    Parameters
    ----------
    asked
        Kind and file, checked; None for no profile.
    package
        The package whose functions a profile by lines covers.

    Raises
    ------
    OutputError
        When the file cannot be written.
    UsageError
        When a rank does not see its folder.
    """
    if asked is None:
        yield _Nothing()
        return
    kind, path = asked[0], Path(asked[1])
    comm = ranks.world() if ranks.expected() > 1 else None
    with contextlib.ExitStack() as stack:
        folder = Path()
        if ranks.is_first():
            beside = destination(path).folder
            made = tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=beside)
            folder = Path(stack.enter_context(made)).absolute()
        if comm is not None:
            folder = comm.bcast(folder)
            files.require_seen(folder, "--profile", comm)
        if kind == "viztracer":
            from workloads.parallel import tracing  # noqa: PLC0415

            stack.enter_context(tracing.asked_of_workers(folder))
        profile: Profiler = _KINDS[kind][0](package)
        yield profile
        profile.save(folder)
        if comm is not None:
            comm.Barrier()
        if ranks.is_first():
            parts = sorted(str(part) for part in folder.iterdir())
            with files.whole_file(path, "".join(_KINDS[kind][2][:1])) as temporary:
                profile.merge(parts, temporary)


def _part(folder: Path) -> Path:
    comm = ranks.several()
    return folder / f"rank-{0 if comm is None else comm.rank:09}.json"
