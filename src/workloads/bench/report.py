"""The report that is made of results: its table, its lines, its JSON."""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hpcpy_common import files, machine, version
from workloads.bench.result import Done, mebibytes, render

if TYPE_CHECKING:
    import argparse

    from workloads.bench.workload import Problem, Workload


def table(done: Done, workload: Workload) -> str:
    """Return one problem's results side by side."""
    results, own, baseline = done.results, workload.columns, workload.baseline
    rates = {result.impl: result.rate for result in results}
    # 64 threads on two cores do what two cores do.
    of_a_core = {result.impl: result.rate / (result.cores or result.workers) for result in results}
    bases = [baseline] if isinstance(baseline, str) else baseline
    base = next((rates[name] for name in bases if name in rates), None)
    head = ["technique", "time", "workers", workload.unit, "speed-up", "efficiency", "memory"]
    lines = [[*head, *own, "verdict"]]
    for result in results:
        one_core = workload.techniques[result.impl].one_core
        single = next((of_a_core[name] for name in one_core if name in of_a_core), None)
        cells = [
            result.impl,
            result.time,
            str(result.workers),
            f"{result.rate / 1e6:,.1f}",
            _times(result.rate / base) if base else "–",
            f"{result.rate / single / result.workers:.0%}" if single else "–",
            mebibytes(sum(result.memory)),
        ]
        lines.append(
            [*cells, *(column(result, results) for column in own.values()), result.verdict]
        )
    none = ["–"] * (len(lines[0]) - 2)
    lines += [[each.impl, *none, each.verdict] for each in done.failures]
    return render(lines)


def _times(ratio: float) -> str:
    return f"{ratio:,.1f}×" if ratio >= 1 else f"{ratio:.2g}×"


def report(workload: Workload, args: argparse.Namespace, problem: Problem, done: Done) -> str:
    """Return one problem's table, and below it what there is to say."""
    remarks: list[str] = [] if args.weak else problem.remarks(done.results)
    if args.scale:
        from workloads.bench import scaling  # noqa: PLC0415

        shown = scaling.table(done, workload.unit)
        remarks += scaling.remarks()
    else:
        shown = table(done, workload)
    # Those that were named: `all` leaves them out for this reason.
    techniques = {each.impl: workload.techniques[each.impl] for each in done.results}
    of_ranks = {name: own for name, own in techniques.items() if own.parallel == "ranks"}
    alone = {name: technique.why_not_in_all() for name, technique in of_ranks.items()}
    # A note that is the same for several numbers of workers is printed once.
    notes = dict.fromkeys((each.impl, each.note) for each in done.results if each.note)
    lines = [f"{name}: {note}" for name, note in [*notes, *alone.items()] if note]
    lines += [*left_out_lines(done), *remarks]
    if args.profile:
        lines.append("the profiler's own time is in the seconds, and in the FILE's")
    title = f"{problem.title}{', for each worker' if args.weak else ''}"
    return "\n".join([title, shown, *(f"  {line}" for line in lines), ""])


def left_out_lines(done: Done) -> list[str]:
    """Return a line for each technique that has not run."""
    return [f"{name}: left out: {reason}" for name, reason in done.left_out.items()]


def circumstances(command: str, arguments: Sequence[str]) -> dict[str, object]:
    """Return what every report says of the machine, the software and the command."""
    try:
        image = version.image()
    except (OSError, ValueError):
        image = None
    return {
        "machine": machine.describe(),
        "versions": machine.versions(),
        "image": image,
        "command": shlex.join(["python", "-m", *command.split(), *arguments]),
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
        **circumstances(f"workloads {workload}", arguments),
        "results": [vars(result) for result in done.results],
        "failures": [vars(failure) for failure in done.failures],
    }
    files.write_json(path, document)
