"""The arrays that are to be written, and what the report says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from workloads.bench import machine
from workloads.errors import UsageError
from workloads.write.attempt import Attempt

if TYPE_CHECKING:
    from workloads.bench.result import Result
    from workloads.bench.run import Trial
    from workloads.write.definition import Series
    from workloads.write.place import Place

# How many arrays' size a process needs: the base, the floor and the values, and
# two more to read back and compare.
_COPIES = 5


def require_memory(series: Series) -> None:
    """Refuse arrays that do not fit into memory.

    Raises
    ------
    UsageError
        When they do not; it names what is needed and what is available.
    """
    need, there = _COPIES * series.array_bytes, machine.available_memory()
    if there and need > there:
        raise UsageError(
            f"-s {series.s} needs {need / 1e6:,.0f} MB of memory in each process, "
            f"{there / 1e6:,.0f} are available"
        )


@dataclass(frozen=True)
class Files:
    """Arrays that are to be written.

    Parameters
    ----------
    series
        The arrays.
    place
        Where they go.
    verify
        Whether they are read back.
    """

    series: Series
    place: Place
    verify: bool

    task: ClassVar[str] = "write"

    @property
    def name(self) -> str:
        """How many, and how large."""
        return f"{self.series.n:,} arrays {self.series.s}×{self.series.s}"

    @property
    def title(self) -> str:
        """The line above the table."""
        return f"write: {self.name}, {self.series.bytes / 1e6:,.1f} MB of doubles"

    def parameters(self) -> Mapping[str, object]:
        """Return the arrays' number and size, their place, and whether they are verified."""
        out = self.place.out
        where = "temporary folder" if out is None else str(out)
        return {**vars(self.series), "out": where, "verify": self.verify}

    def prepare(self, _: Sequence[str]) -> str:
        """Refuse arrays that do not fit into memory."""
        require_memory(self.series)
        return ""

    def attempt(self, trial: Trial) -> Attempt:
        """Return what a technique does."""
        return Attempt(self.series, self.place, trial, verify=self.verify)

    def finish(self, result: Result) -> None:
        """Say that all of it was done."""
        result.total = self.series.bytes

    def remarks(self, results: Sequence[Result]) -> list[str]:
        """Return the hashes, and where the files are."""
        found = {r.answer: r.verdict for r in reversed(results) if r.answer}
        lines = [f"sha256 {digest}: {verdict}" for digest, verdict in found.items()]
        if self.place.out is None:
            lines.append(
                f"written to a temporary folder in {self.place.base} and removed; "
                "--out DIR keeps the files"
            )
        elif self.place.kept:
            lines.append(f"written to {self.place.out}: {', '.join(self.place.kept)}")
        return lines
