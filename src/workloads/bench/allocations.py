"""``--profile memory``: which lines hold memory when there is most of it, of every rank.

tracemalloc counts what Python and NumPy allocate, and knows the lines only of what is held
at the moment.  Hence each line of the workloads that is run looks whether there is more than
before, and if so takes a snapshot.
"""

from __future__ import annotations

import contextlib
import json
import linecache
import sys
import threading
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from workloads.parallel import ranks

# Frames of each block: deep enough for a workload's line behind NumPy's own.
_FRAMES = 16
# The growth, and the first bytes, at which a snapshot is taken: each counts all blocks.
_GROWTH, _LEAST = 1.05, 1 << 12
_LINES = 10
_OURS = str(Path(__file__).parents[1])
_MIB = 1 << 20

# (file, line) -> (bytes, blocks)
_Lines = dict[tuple[str, int], tuple[int, int]]


class Memory:
    """Watches what is timed in this process; worker processes are not watched."""

    def __init__(self, _: str) -> None:
        self._peak = self._next = 0
        self._now: _Lines = {}
        self._lines: _Lines = {}

    @contextlib.contextmanager
    def measure(self) -> Iterator[None]:
        """Give a region that is watched."""
        before = sys.gettrace()
        self._next, self._now = _LEAST, {}
        tracemalloc.start(_FRAMES)
        threading.settrace(self._called)
        sys.settrace(self._called)
        try:
            yield
        finally:
            sys.settrace(before)
            threading.settrace(before)
            self._look()
            self._peak = max(self._peak, tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            for line, found in self._now.items():
                self._lines[line] = max(found, self._lines.get(line, found))

    def _called(self, frame: FrameType, _: str, __: Any) -> Any:
        return self._stepped if frame.f_code.co_filename.startswith(_OURS) else None

    def _stepped(self, _: FrameType, __: str, ___: Any) -> Any:
        self._look()
        return self._stepped

    def _look(self) -> None:
        if tracemalloc.get_traced_memory()[0] < self._next:
            return
        lines: _Lines = {}
        for trace in tracemalloc.take_snapshot().traces:
            line = _line(trace.traceback)
            if line[0] == __file__:
                continue
            held, blocks = lines.get(line, (0, 0))
            lines[line] = held + trace.size, blocks + 1
        self._now = lines
        self._next = int(_GROWTH * tracemalloc.get_traced_memory()[0])

    def save(self, path: Path) -> None:
        """Write this process's part."""
        comm = ranks.several()
        part = {
            "rank": 0 if comm is None else comm.rank,
            "peak": self._peak,
            "lines": [[*line, *found] for line, found in self._lines.items()],
        }
        path.write_text(json.dumps(part), encoding="utf-8")

    def merge(self, parts: Sequence[str], path: Path) -> None:
        """Write all parts as one text for people."""
        read = [json.loads(Path(part).read_text(encoding="utf-8")) for part in parts]
        read.sort(key=lambda part: int(part["rank"]))
        text = [line for part in read for line in _told(part)]
        path.write_text("\n".join(text), encoding="utf-8")


def _line(frames: tracemalloc.Traceback) -> tuple[str, int]:
    # The newest frame is last; NumPy's own lines say little.
    ours = [frame for frame in frames if frame.filename.startswith(_OURS)]
    frame = (ours or frames)[-1]
    return frame.filename, frame.lineno


def _told(part: dict[str, Any]) -> Iterator[str]:
    yield f"rank {part['rank']}: {part['peak'] / _MIB:.3f} MiB at most, by Python and NumPy"
    yield ""
    yield "       MiB    blocks  line"
    for file, number, held, blocks in sorted(part["lines"], key=lambda each: -each[2])[:_LINES]:
        short = file.removeprefix(str(Path(_OURS).parent) + "/")
        yield f"{held / _MIB:10.3f}{blocks:10}  {short}:{number}: {_source(file, number)}"
    yield ""


def _source(file: str, number: int) -> str:
    return linecache.getline(file, number).strip()
