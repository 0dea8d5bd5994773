"""What one technique did, what became of several, and their numbers as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from workloads.bench.workload import Outcome

Column: TypeAlias = "Callable[[Result, Sequence[Result]], str]"


@dataclass
class Result:
    """Timings and answer of one technique at one problem; lists have an item a repetition."""

    impl: str
    problem: str
    # Seconds, without import, compilation and the start of workers.
    samples: list[float] = field(default_factory=list)
    work: int = 0  # done in each sample, in the workload's unit
    total: int = 0  # how much there is to do
    complete: bool = True  # all of it was done, and not a sample
    ok: bool = False
    answer: str = ""  # its SHA-256, or the count
    verdict: str = ""  # what it was compared with and how that went
    workers: int = 1
    cores: int = 0  # workers that can have a core each; 0 if unknown
    note: str = ""  # what else there is to say
    kernel: list[float] = field(default_factory=list)  # seconds of kernels by a device's clock
    details: list[Mapping[str, Any]] = field(default_factory=list)  # what else was measured
    memory: list[int] = field(default_factory=list)  # peak bytes of each process, this one first
    memory_kinds: list[str] = field(default_factory=list)  # as `machine.peak_memory` has them

    @property
    def rate(self) -> float:
        """Work a second in the fastest sample."""
        return self.work / max(min(self.samples), 1e-9)

    @property
    def seconds(self) -> float:
        """Seconds for all the work at this rate; without any work those of the fastest sample."""
        return self.total / self.rate if self.work else min(self.samples)

    @property
    def time(self) -> str:
        """These seconds for a table; of a sample about what all the work would take."""
        return f"{'' if self.complete else '≈ '}{duration(self.seconds)}"

    def add(self, outcome: Outcome) -> None:
        """Add a repetition; one that is right does not excuse an earlier one."""
        first = not self.samples
        self.samples.append(outcome.seconds)
        if outcome.details:
            self.details.append(outcome.details)
        self.work, self.answer, self.note = outcome.work, outcome.answer, outcome.note
        self.total, self.complete = outcome.total or outcome.work, not outcome.total
        self.ok = outcome.ok and (first or self.ok)
        if first or not outcome.ok:
            self.verdict = outcome.verdict

    def add_note(self, text: str) -> None:
        """Add to what there is to say."""
        self.note = "; ".join(filter(None, (self.note, text)))


@dataclass(frozen=True)
class Failure:
    """A technique at one problem without a result, and why; `workers` is one of ``--scale``."""

    impl: str
    problem: str
    workers: int | None
    reason: str
    exit_code: int = 1

    @property
    def verdict(self) -> str:
        """What stands in the place of a verdict on an answer."""
        return f"FAILED: {self.reason}"


@dataclass
class Done:
    """What became of techniques: results, failures, and why others were left out."""

    results: list[Result] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing has run so far."""
        return not self.results and not self.failures

    def add(self, other: Done) -> None:
        """Add what became of another problem's."""
        self.results += other.results
        self.failures += other.failures
        self.left_out |= other.left_out


def duration(seconds: float) -> str:
    """Return seconds with three digits and a fitting unit."""
    # Three digits of 999.5 and more are 1e+03: it counts in the next unit.
    if seconds >= 999.5:
        return f"{seconds:,.0f} s"
    for factor, unit in ((1.0, "s"), (1e3, "ms")):
        if seconds * factor >= 0.9995:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def mebibytes(count: int) -> str:
    """Return a number of bytes as MiB for a table; a dash for 0."""
    return f"{count / 2**20:,.0f} MiB" if count else "–"


def render(lines: Sequence[Sequence[str]]) -> str:
    """Return a table: the first and last columns aligned left, the others right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rendered = []
    for first, *others, last in lines:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:-1], strict=True)]
        rendered.append("  ".join([first.ljust(widths[0]), *cells, last]).rstrip())
    return "\n".join(rendered)
