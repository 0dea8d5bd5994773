"""``python -m workloads write``: arrays that are timed, read back, and put in their place."""
# ruff: noqa: D102  (`workloads.bench.workload` says what the methods are for)

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hpcpy_common import machine, options, ranks
from workloads.bench.workload import Outcome, Workload
from workloads.write import files, reading
from workloads.write.definition import MOST_ARRAYS, MOST_SIDE, Series
from workloads.write.registry import FASTEST, READERS, TECHNIQUES

if TYPE_CHECKING:
    from workloads.bench.result import Result
    from workloads.bench.workload import Trial
    from workloads.parallel.workers import Workers

# How many arrays' size a process needs: the coordinates, as given and divided, and what the
# formula has at a time.  To read back and compare takes fewer.
_COPIES = 8
# Enough to load libraries and start workers before the clock starts.
_WARM_UP = Series(3, 2)


@dataclass(frozen=True)
class Files:
    """Arrays that are to be written, and to be read back if `verify`."""

    task: str
    series: Series
    place: files.Place
    verify: bool = True

    @property
    def name(self) -> str:
        return f"{self.series.n:,} arrays {self.series.s}×{self.series.s}"

    @property
    def title(self) -> str:
        return f"{self.task}: {self.name}, {self.series.bytes / 1e6:,.1f} MB of doubles"

    def parameters(self) -> Mapping[str, object]:
        out = self.place.out
        where = "temporary folder" if out is None else str(out)
        return {**vars(self.series), "out": where, "verify": self.verify}

    def prepare(self, _: Sequence[str]) -> None:
        need = _COPIES * self.series.array_bytes
        machine.require_memory(need, f"-s {self.series.s}", " in each process")

    def remarks(self, results: Sequence[Result]) -> list[str]:
        verdicts = {r.answer: r.verdict for r in reversed(results) if r.answer}
        lines = [f"sha256 {digest}: {verdict}" for digest, verdict in verdicts.items()]
        if self.place.out is None:
            where = f"a temporary folder in {self.place.base} and removed"
            lines.append(f"written to {where}; --out DIR keeps the files")
        elif self.place.kept:
            lines.append(f"written to {self.place.out}: {', '.join(self.place.kept)}")
        return lines


class Attempt:
    """One technique at writing the arrays, in a folder of its own."""

    def __init__(self, arrays: Files, trial: Trial) -> None:
        self.arrays, self.trial = arrays, trial

        def scratch(_: Workers) -> contextlib.AbstractContextManager[Path]:
            return arrays.place.scratch(trial)

        # Held by the workers, so that it is removed after its workers have ended.
        self._scratch = trial.workers.started(scratch)

    def warm_up(self) -> None:
        self.run(_WARM_UP, self._folder("warm-up"))

    def once(self) -> Outcome:
        """Write all of them, read them back, and put them where they belong."""
        trial, series = self.trial, self.arrays.series
        folder = self._folder(str(trial.repetition))
        note = self.run(series, folder)
        digest, right, verdict, details = "", True, "", {}
        if trial.is_first:
            sizes = [path.stat().st_size for path in folder.iterdir()]
            details = {"arrays": series.n, "files": len(sizes), "disk_bytes": sum(sizes)}
            digest, right, verdict = self.judge(folder)
            if right:
                self.arrays.place.keep(folder, trial.name)
            else:
                # NumPy and HDF5 may lose what has no room, and tell nobody.
                self.arrays.place.require_room(folder)
        if trial.comm is not None:
            # Ranks that wait must not take cores from the one that works.
            ranks.idle_barrier(trial.comm)
        return Outcome(trial.seconds, series.bytes, digest, right, verdict, note, details)

    def run(self, series: Series, folder: Path) -> str:
        """Write arrays, timed, and return a note: from the first step to the last rank's end."""
        trial = self.trial
        with self.arrays.place.watched(folder, trial), files.opening() as opens, trial.clock():
            trial.call(series, folder)
            if trial.comm is not None:
                trial.comm.Barrier()
        opening, megabytes = sum(opens) / trial.seconds, 2 * series.bytes / 1e6
        return trial.technique.note.format(opening=opening, coordinates=megabytes)

    def judge(self, folder: Path) -> tuple[str, bool, str]:
        """Return the hash of what was written, whether it is right, and the verdict."""
        series = self.arrays.series
        if not self.arrays.verify:
            fault = reading.too_small(folder, series)
            return "", not fault, fault or "not verified"
        arrays = READERS[self.trial.name](folder, series, range(series.n))
        return reading.check(series, arrays)

    def _folder(self, name: str) -> Path:
        """Return an empty folder: the ranks find it once the clock has let them begin."""
        path = self._scratch / name
        if self.trial.is_first:
            with files.output_errors(self.arrays.place.base):
                path.mkdir()
        return path


def add_sizes(group: argparse._ArgumentGroup) -> None:
    """Add the options for how many arrays there are, and how large they are."""
    # The talk's sizes.
    arrays, side = options.whole_number(1, MOST_ARRAYS), options.whole_number(1, MOST_SIDE)
    group.add_argument("-n", type=arrays, default=15, metavar="N", help="arrays (default: 15)")
    group.add_argument(
        "-s", type=side, default=100, metavar="S", help="rows and columns of each (default: 100)"
    )


def _add_options(group: argparse._ArgumentGroup) -> None:
    add_sizes(group)
    group.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="a new folder, in which each technique has one with its name; without it a "
        "temporary folder in $TMPDIR or /tmp, which is removed",
    )
    group.add_argument(
        "--no-verify", action="store_true", help="do not read back and compare what was written"
    )


def _problems(args: argparse.Namespace) -> list[Files]:
    files.check(args.out)
    place = files.Place(args.out)
    return [Files("write", Series(args.n, args.s), place, verify=not args.no_verify)]


def _arrays(result: Result, _: Sequence[Result]) -> str:
    # A run that failed at once has 0 seconds.
    return f"{result.details[-1]['arrays'] / max(min(result.samples), 1e-9):,.0f}"


def _files(result: Result, _: Sequence[Result]) -> str:
    return f"{result.details[-1]['files']:,}"


# `read` has the same columns.
COLUMNS = {"arrays/s": _arrays, "files": _files}


def _against_raw(result: Result, results: Sequence[Result]) -> str:
    raw = next((min(other.samples) for other in results if other.impl == "raw"), None)
    return f"{min(result.samples) / raw:,.2f}×" if raw else "–"


WORKLOAD = Workload(
    name="write",
    description="Write n arrays of s × s doubles, each computed when its turn comes. Every "
    "technique writes the same numbers, which are read back and compared.",
    title="Writing arrays",
    rate="megabytes of doubles a second",
    unit="MB/s",
    techniques=TECHNIQUES,
    fastest=FASTEST,
    add_options=_add_options,
    attempt=Attempt,
    problems=_problems,
    baseline="text",
    columns={**COLUMNS, "time/raw": _against_raw},
)
