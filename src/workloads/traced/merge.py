"""The parts of a trace, one for each rank, and the file that is made of them."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from workloads.bench import files
from workloads.traced.mpi_calls import CATEGORY

ENDINGS = (".json", ".json.gz", ".html")
_LOOK_SECONDS = 0.01
# Added to a thread's number for its row of MPI calls: more than any such number.
_MPI_ROWS = 10_000_000


@dataclass(frozen=True)
class Part:
    """What one rank has called.

    Parameters
    ----------
    rank, node
        The rank, and its node.
    calls
        How many calls are kept.
    is_cut
        Whether there were more.
    events, sources
        JSON, compressed by zlib: the text within a list's brackets, and the functions'
        source files.
    """

    rank: int
    node: str
    calls: int
    is_cut: bool
    events: bytes
    sources: bytes


def part(tracer: Any, rank: int, corrected: Callable[[float], float]) -> Part:
    """Return a stopped tracer's calls, on the first node's clock.

    Parameters
    ----------
    tracer
        viztracer's tracer.
    rank
        This process's rank, which becomes the process number of its rows.
    corrected
        As `workloads.traced.clocks.corrected` returns it: takes and returns microseconds.
    """
    from viztracer.report_builder import ReportBuilder  # noqa: PLC0415

    calls = tracer.parse()
    is_cut = tracer.data["viztracer_metadata"]["overflow"]
    ReportBuilder(tracer.data, verbose=0).prepare_json()
    events = _with_rows_of_mpi(tracer.data["traceEvents"])
    for event in events:
        # Processes on two nodes may have the same number.
        event["pid"] = rank
        if "ts" in event:
            event["ts"] = round(corrected(event["ts"]), 3)
    sources = json.dumps(tracer.data["file_info"])
    return Part(
        rank,
        os.uname().nodename,
        calls,
        is_cut,
        _packed(json.dumps(events, separators=(",", ":"))[1:-1]),
        _packed(sources),
    )


def _with_rows_of_mpi(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give each thread's MPI calls a row of their own: their clock is off by microseconds."""
    rows: dict[int, dict[str, Any]] = {}
    for event in events:
        if event.get("cat") == CATEGORY:
            event["tid"] += _MPI_ROWS
            name = {"ph": "M", "name": "thread_name", "tid": event["tid"]}
            rows.setdefault(event["tid"], {**name, "args": {"name": "MPI"}})
    return [*rows.values(), *events]


def _packed(text: str) -> bytes:
    # In a page of HTML it would end the script; in JSON the two texts mean the same.
    return zlib.compress(text.replace("</script>", "<\\/script>").encode(), 1)


def send(comm: Any, mine: Part) -> None:
    """Send a part to the first rank, which receives the parts in turn."""
    sent = comm.isend(mine, 0)
    while not sent.Test():
        time.sleep(_LOOK_SECONDS)


def received(comm: Any) -> Iterator[Part]:
    """Give the parts of the other ranks, in the order of ranks."""
    for rank in range(1, comm.size):
        yield comm.recv(source=rank)


def write(file: Path, parts: Iterator[Part], base_time: int) -> list[Part]:
    """Write one file of all parts, whole or not at all.

    Parameters
    ----------
    file
        Its name ends in one of `ENDINGS`.
    parts
        At least one.  All are received, whatever fails, as each sender waits for that.
    base_time
        Nanoseconds from the epoch to the zero of the first node's clock.

    Returns
    -------
    list
        The parts, with their events and sources left out.

    Raises
    ------
    OutputError
        When the file cannot be written.
    """
    try:
        with files.whole_file(file) as temporary, _opened(temporary) as target:
            return _write(target, file.name.endswith(".html"), parts, base_time)
    finally:
        for _ in parts:
            pass


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[TextIO]:
    if file.suffix == ".gz":
        with gzip.open(file, "wt", encoding="utf-8") as packed:
            yield packed
    else:
        with file.open("w", encoding="utf-8") as plain:
            yield plain


def _write(target: TextIO, is_page: bool, parts: Iterator[Part], base_time: int) -> list[Part]:
    # Part by part: all at once would take gigabytes of the first rank's memory.
    before, between, after = _frame(is_page, base_time)
    sources: dict[str, dict[str, Any]] = {"files": {}, "functions": {}}
    seen: list[Part] = []
    for one in parts:
        target.write(before if not seen else ",")
        target.write(zlib.decompress(one.events).decode())
        for kind, found in json.loads(zlib.decompress(one.sources)).items():
            sources[kind].update(found)
        seen.append(Part(one.rank, one.node, one.calls, one.is_cut, b"", b""))
    target.write(between)
    target.write(json.dumps(sources).replace("</script>", "<\\/script>"))
    target.write(after)
    return seen


def _frame(is_page: bool, base_time: int) -> list[str]:
    """Return what viztracer writes before, between and after the calls and the sources."""
    from viztracer.report_builder import ReportBuilder  # noqa: PLC0415

    marks = [os.urandom(16).hex(), os.urandom(16).hex()]
    empty = {"traceEvents": [marks[0]], "viztracer_metadata": {}, "file_info": marks[1]}
    text = io.StringIO()
    builder = ReportBuilder(empty, verbose=0, base_time=base_time)
    builder.generate_report(text, "html" if is_page else "json", file_info=False)
    before, _, rest = text.getvalue().partition(f'"{marks[0]}"')
    between, _, after = rest.partition(f'"{marks[1]}"')
    return [before, between, after]
