"""Rows of one slide compute as many numbers, and write as much, but for what its lesson names."""

import queue
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from needed import need

from workloads.talk import slides
from workloads.write import registry
from workloads.write.definition import Series

SERIES = Series(4, 16)
WORKLOADS, COUNTS = ("write", "read"), ("numbers", "bytes", "files")
# What may differ between the rows of a slide: its lesson.
LESSONS = {
    ("usc", 13): {"bytes"},  # text or binary
    ("usc", 14): {"bytes", "files"},  # many files or one
    ("usc", 42): {"bytes", "files"},
    ("usc", 43): {"bytes", "files"},
    ("usc", 45): {"bytes", "files"},  # a file an array, or one by all ranks
}
SLIDES = {
    (talk, number): sorted(names)
    for talk in slides.TALKS
    for number, slide in slides.talk(talk).slides.items()
    if (names := {
        name
        for each in slide.experiments
        if each.workload in WORKLOADS
        for name in each.techniques
    })
}  # fmt: skip


class Alone:
    """One worker, a thread of this process, so that this process's counters see what it does."""

    count = 1

    @property
    def comm(self) -> Any:
        from mpi4py import MPI

        return MPI.COMM_SELF

    def started(self, start: Callable[..., Any]) -> Any:
        from workloads.write import processes

        if start is not processes.queues:
            return ThreadPoolExecutor(1)
        queues = [queue.SimpleQueue[Any]() for _ in range(3)]
        # As at the workers' end.
        worker = Thread(target=processes._work, args=(*queues, lambda: None), daemon=True)
        worker.start()
        return *queues, [worker]


OPENED: list[str] = []
sys.addaudithook(lambda event, args: OPENED.append(str(args[0])) if event == "open" else None)


def written() -> int:
    """Return the bytes that this process has given to write so far."""
    lines = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(lines["wchar"])


def counted(
    name: str, folder: Path, workers: Alone, monkeypatch: pytest.MonkeyPatch
) -> dict[str, int]:
    from workloads.write import hdf5, numpy_, processes, python

    done = dict.fromkeys(COUNTS, 0)
    technique = registry.TECHNIQUES[name].load()

    def counting(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*words: Any) -> Any:
            answer = function(*words)
            done["numbers"] += answer.size
            return answer

        return call

    with monkeypatch.context() as patch:
        formula = counting(numpy_.values)
        for module in (numpy_, hdf5, processes):
            patch.setattr(module, "values", formula)
        patch.setattr(python, "_value", counting(python._value))
        before = written()
        OPENED.clear()
        technique(SERIES, folder, workers)
        done["bytes"] = written() - before
    # HDF5 opens files by itself, each once.
    opened = sum(path.startswith(f"{folder}/") for path in OPENED)
    done["files"] = max(opened, len([*folder.iterdir()]))
    return done


@pytest.mark.parametrize("slide", SLIDES, ids=str)
def test_rows_of_a_slide_differ_by_its_lesson_alone(
    slide: tuple[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("numpy", "h5py", "mpi4py")
    rows, workers = {}, Alone()
    assert workers.comm.size == 1  # begins MPI, before anything is counted
    for name in SLIDES[slide]:
        (tmp_path / name).mkdir()
        rows[name] = counted(name, tmp_path / name, workers, monkeypatch)
    differing = {key for key in COUNTS if len({row[key] for row in rows.values()}) > 1}
    assert differing == LESSONS.get(slide, set()), rows
    for row in rows.values():
        assert row["numbers"] == SERIES.n * SERIES.s**2
        assert row["bytes"] >= SERIES.bytes
