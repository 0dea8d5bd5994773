"""``--profile``: where the time or the memory goes, of all ranks in one file."""

from __future__ import annotations

import contextlib
import cProfile
import importlib.util
import pstats
import sys
import tempfile
import tracemalloc
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from workloads.bench import files
from workloads.errors import UnavailableError, UsageError
from workloads.parallel import ranks
from workloads.registry import WORKLOADS

# Whose lines are timed.
_PACKAGES = tuple(f"workloads.{name}." for name in WORKLOADS)
# Of memory, the lines that hold most.
_LINES = 10


class Profiler:
    """Watches what is timed on this rank; this one watches nothing."""

    endings: tuple[str, ...] = ()

    def measure(self) -> contextlib.AbstractContextManager[object]:
        """Give a region that is profiled; there may be several."""
        return contextlib.nullcontext()

    def of_workers(self, folder: Path) -> contextlib.AbstractContextManager[object]:
        """Give a block in which worker processes that start write parts into a folder."""
        return contextlib.nullcontext(folder)

    def save(self, part: Path) -> None:
        """Write what this rank has seen."""

    def merge(self, parts: Sequence[str], path: Path) -> None:
        """Make one file of all ranks' parts."""


class _CProfile(Profiler):
    def __init__(self) -> None:
        self._profile = cProfile.Profile()

    def measure(self) -> contextlib.AbstractContextManager[object]:
        return self._profile

    def save(self, part: Path) -> None:
        # pstats refuses a file without statistics: a rank that had nothing to do has none.
        if self._profile.getstats():
            self._profile.dump_stats(part)

    def merge(self, parts: Sequence[str], path: Path) -> None:
        pstats.Stats(*parts).dump_stats(path)


class _Line(Profiler):
    """Line by line: the workloads' functions that are loaded when a region begins."""

    def __init__(self) -> None:
        from line_profiler import LineProfiler  # noqa: PLC0415

        self._profile = LineProfiler()
        self._known: set[str] = set()

    @contextlib.contextmanager
    def measure(self) -> Iterator[None]:
        for name in sys.modules.keys() - self._known:
            for each in vars(sys.modules[name]).values() if name.startswith(_PACKAGES) else ():
                # Of a decorated function only the wrapper's lines would be counted.
                is_plain = isinstance(each, types.FunctionType) and not hasattr(each, "__wrapped__")
                if is_plain and each.__module__ == name:
                    self._profile.add_function(each)
        self._known = {*sys.modules}
        with self._profile:
            yield

    def save(self, part: Path) -> None:
        self._profile.get_stats().to_file(part)

    def merge(self, parts: Sequence[str], path: Path) -> None:
        from line_profiler.line_profiler import LineStats, show_text  # noqa: PLC0415

        stats = LineStats.from_files(*parts)
        with path.open("w", encoding="utf-8") as file:
            show_text(stats.timings, stats.unit, stream=file, stripzeros=True)


class _Memory(Profiler):
    """The peak, and the lines whose memory is held at the end of the region that had it."""

    peak, text = -1, ""

    @contextlib.contextmanager
    def measure(self) -> Iterator[None]:
        tracemalloc.start()
        try:
            yield
            peak = tracemalloc.get_traced_memory()[1]
            if peak > self.peak:
                lines = tracemalloc.take_snapshot().statistics("lineno")[:_LINES]
                most = f"{peak / 2**20:.3f} MiB at most, by Python and NumPy"
                self.peak, self.text = peak, "\n".join([most, *map(str, lines)])
        finally:
            tracemalloc.stop()

    def save(self, part: Path) -> None:
        part.write_text(f"rank {int(part.stem)}: {self.text}\n", encoding="utf-8")

    def merge(self, parts: Sequence[str], path: Path) -> None:
        texts = [Path(part).read_text(encoding="utf-8") for part in parts]
        path.write_text("\n".join(texts), encoding="utf-8")


class _VizTracer(Profiler):
    """A timeline of every call; worker processes add theirs (see `tracing`)."""

    endings = (".json", ".json.gz", ".html")

    def __init__(self) -> None:
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

    def of_workers(self, folder: Path) -> contextlib.AbstractContextManager[object]:
        return self._tracing.asked_of_workers(folder)

    def save(self, part: Path) -> None:
        if self._tracer is not None:
            self._tracing.end(self._tracer, part)

    def merge(self, parts: Sequence[str], path: Path) -> None:
        from viztracer.report_builder import ReportBuilder  # noqa: PLC0415

        builder = ReportBuilder(parts, verbose=0)
        builder.load_jsons()
        # Processes on two nodes, or in two containers, may have the same number.
        for number, trace in enumerate(builder.jsons):
            for event in trace["traceEvents"]:
                event["pid"] = number
        builder.save(str(path))


# kind -> (how, the module it needs)
_KINDS: dict[str, tuple[type[Profiler], str]] = {
    "cprofile": (_CProfile, "cProfile"),
    "line": (_Line, "line_profiler"),
    "memory": (_Memory, "tracemalloc"),
    "viztracer": (_VizTracer, "viztracer"),
}


def check(kind: str, file: str) -> None:
    """Refuse before the run what cannot be profiled or written."""
    if kind not in _KINDS:
        raise UsageError(f"--profile {kind}: is none of {', '.join(_KINDS)}")
    files.require_writable(Path(file), "--profile")
    profiler_class, module = _KINDS[kind]
    endings = profiler_class.endings
    if endings and not str(files.with_ending(Path(file), endings[0])).endswith(endings):
        raise UsageError(f"--profile {kind} {file}: ends in none of {', '.join(endings)}")
    if importlib.util.find_spec(module) is None:
        raise UnavailableError(f"--profile {kind}: Python has no module {module!r} here")


@contextlib.contextmanager
def profiler(asked: Sequence[str] | None) -> Iterator[Profiler]:
    """Give a profiler by kind and file; when the work succeeds write what all ranks have seen."""
    if asked is None:
        yield Profiler()
        return
    kind, path = asked[0], Path(asked[1])
    comm: Any = ranks.world() if ranks.expected() > 1 else None
    rank, size = (0, 1) if comm is None else (comm.rank, comm.size)
    profile = _KINDS[kind][0]()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with profile.of_workers(folder):
            yield profile
        # By rank: containers may have processes of the same numbers.
        profile.save(folder / f"{rank:09}.json")
        if rank > 0:
            comm.send({part.name: part.read_bytes() for part in folder.iterdir()}, dest=0)
            return
        for source in range(1, size):
            for part, content in comm.recv(source=source).items():
                (folder / part).write_bytes(content)
        parts = sorted(str(part) for part in folder.iterdir())
        with files.whole_file(path, "".join(profile.endings[:1])) as temporary:
            profile.merge(parts, temporary)
