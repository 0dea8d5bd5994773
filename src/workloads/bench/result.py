"""What one technique did, and the report made of several: its table, its lines, its JSON."""

from __future__ import annotations

import datetime
import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from workloads import version
from workloads.bench import files, machine

if TYPE_CHECKING:
    import argparse

    from workloads.bench.workload import Outcome, Problem, Workload

# What the image says of itself; absent outside one.

Column: TypeAlias = "Callable[[Result, Sequence[Result]], str]"


@dataclass
class Result:
    """Timings and answer of one technique at one problem; lists have an item a repetition."""

    impl: str
    problem: str
    samples: list[float] = field(default_factory=list)  # seconds, without `start`
    start: float = 0.0  # seconds of import, compilation and the start of workers
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


def table(done: Done, workload: Workload) -> str:
    """Return one problem's results side by side."""
    results, own, baseline = done.results, workload.columns, workload.baseline
    rates = {result.impl: result.rate for result in results}
    # Of 64 threads on two cores none has a 64th of what a core does.
    of_a_core = {result.impl: result.rate / (result.cores or result.workers) for result in results}
    bases = [baseline] if isinstance(baseline, str) else baseline
    base = next((rates[name] for name in bases if name in rates), None)
    head = ["technique", "time", "start", "workers", workload.unit]
    lines = [[*head, "speed-up", "efficiency", "memory", *own, "verdict"]]
    for result in results:
        one_core = workload.techniques[result.impl].one_core
        single = next((of_a_core[name] for name in one_core if name in of_a_core), None)
        cells = [
            result.impl,
            result.time,
            duration(result.start),
            str(result.workers),
            f"{result.rate / 1e6:,.1f}",
            f"{result.rate / base:,.1f}×" if base else "–",
            f"{result.rate / single / result.workers:.0%}" if single else "–",
            mebibytes(sum(result.memory)),
        ]
        lines.append(
            [*cells, *(column(result, results) for column in own.values()), result.verdict]
        )
    none = ["–"] * (len(lines[0]) - 2)
    lines += [[each.impl, *none, each.verdict] for each in done.failures]
    return render(lines)


def render(lines: Sequence[Sequence[str]]) -> str:
    """Return a table: the first and last columns aligned left, the others right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rendered = []
    for first, *others, last in lines:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:-1], strict=True)]
        rendered.append("  ".join([first.ljust(widths[0]), *cells, last]).rstrip())
    return "\n".join(rendered)


def report(workload: Workload, args: argparse.Namespace, problem: Problem, done: Done) -> str:
    """Return one problem's table, and below it what there is to say."""
    remarks: list[str] = [] if args.weak else problem.remarks(done.results)
    if args.scale:
        from workloads.bench import scaling  # noqa: PLC0415

        shown = scaling.table(done, workload.unit)
        remarks += scaling.remarks()
    else:
        shown = table(done, workload)
    # A note that is the same for several numbers of workers is printed once.
    notes = dict.fromkeys((each.impl, each.note) for each in done.results if each.note)
    lines = [*(f"{name}: {note}" for name, note in notes), *left_out_lines(done), *remarks]
    title = f"{problem.title}{', for each worker' if args.weak else ''}"
    return "\n".join([title, shown, *(f"  {line}" for line in lines), ""])


def left_out_lines(done: Done) -> list[str]:
    """Return a line for each technique that has not run."""
    return [f"{name}: left out: {reason}" for name, reason in done.left_out.items()]


def circumstances(workload: str, arguments: Sequence[str]) -> dict[str, object]:
    """Return what every report says of the machine, the software and the command."""
    try:
        image = version.image()
    except (OSError, ValueError):
        image = None
    return {
        "machine": machine.describe(),
        "versions": machine.versions(),
        "image": image,
        "command": shlex.join(["python", "-m", "workloads", workload, *arguments]),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "load_before": machine.load_before(),
    }


def write_json(
    path: Path,
    workload: str,
    parameters: Mapping[str, object],
    arguments: Sequence[str],
    done: Done,
) -> None:
    """Write one object with the results, the failures and their circumstances."""
    document = {
        "workload": workload,
        "parameters": parameters,
        **circumstances(workload, arguments),
        "results": [vars(result) for result in done.results],
        "failures": [vars(failure) for failure in done.failures],
    }
    with files.whole_file(path) as temporary:
        temporary.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
