"""``python -m workloads read``: arrays in one format, written before, timed and compared."""
# ruff: noqa: D102  (`workloads.bench.workload` says what the methods are for)

from __future__ import annotations

import argparse
import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hpcpy_common import mounts
from workloads.read.registry import FASTEST, TECHNIQUES
from workloads.write import command as writing
from workloads.write import reading
from workloads.write.command import Attempt, Files
from workloads.write.definition import Series
from workloads.write.files import Place, check, output_errors
from workloads.write.registry import READERS

if TYPE_CHECKING:
    from workloads.bench.result import Result

# File systems that lie in the page cache alone.
_MEMORY = ("tmpfs", "ramfs")
# Every run asks for the arrays in the same order.
_SEED = 2022


@dataclass(frozen=True)
class Formats(Files):
    """Arrays that are to be read; if `cold`, they are taken out of the page cache before."""

    cold: bool = False

    def parameters(self) -> Mapping[str, object]:
        return {**vars(self.series), "cold": self.cold}

    def remarks(self, _: Sequence[Result]) -> list[str]:
        kind = mounts.here(str(self.place.base))
        cache = "not in this machine's page cache" if self.cold else "in the page cache"
        if kind in _MEMORY:
            cache = f"which is memory ({kind}): --cold takes nothing out" if self.cold else cache
        where = f"a temporary folder in {self.place.base}"
        return [f"read from {where}, {cache}; written before, not timed"]


class Reading(Attempt):
    """One format."""

    arrays: Formats
    wrong = ""

    def run(self, series: Series, folder: Path) -> str:
        """Write arrays, then read them, timed."""
        with self.arrays.place.watched(folder, self.trial):
            self.trial.call(series, folder)
        if self.arrays.cold:
            drop_from_cache(folder)
        try:
            self.wrong = self._read(series, folder)
        # A damaged file may raise anything.
        except Exception as error:
            self.wrong = f"cannot be read: {reading.brief(error)}"
        return ""

    def judge(self, _: Path) -> tuple[str, bool, str]:
        """Return no hash, whether all were right, and the verdict."""
        verdict = f"WRONG: {self.wrong}" if self.wrong else "matches the definition"
        return "", not self.wrong, verdict

    def _read(self, series: Series, folder: Path) -> str:
        """Read all in an order drawn at random; return which one is wrong, or nothing."""
        order = random.Random(_SEED).sample(range(series.n), series.n)  # noqa: S311
        expected = reading.definition(series)
        arrays = READERS[self.trial.name](folder, series, order)
        wrong = ""
        for t in order:
            # Opening the one file is part of the first array.
            with self.trial.clock():
                values = memoryview(next(arrays)).cast("B")
            if values != expected(t):
                wrong = wrong or f"array {t}"
        # The reader then closes its file.
        next(arrays, None)
        return wrong


def drop_from_cache(folder: Path) -> None:
    """Take a folder's files out of this machine's page cache; a file server has its own."""
    for path in folder.iterdir():
        with output_errors(path), path.open("rb") as file:
            # Pages that are not on the disk yet would stay in the cache.
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _add_options(group: argparse._ArgumentGroup) -> None:
    writing.add_sizes(group)
    text = "take the files out of this machine's page cache before they are read"
    group.add_argument("--cold", action="store_true", help=text)


def _problems(args: argparse.Namespace) -> list[Formats]:
    check(None)
    return [Formats("read", Series(args.n, args.s), Place(None), cold=args.cold)]


WORKLOAD = replace(
    writing.WORKLOAD,
    name="read",
    description="Read n arrays of s × s doubles by their numbers, in an order drawn at random, "
    "from what `write` makes of them in a temporary folder ($TMPDIR or /tmp). Each is compared.",
    title="Reading arrays",
    techniques=TECHNIQUES,
    fastest=FASTEST,
    add_options=_add_options,
    attempt=Reading,
    problems=_problems,
    columns=writing.COLUMNS,
)
