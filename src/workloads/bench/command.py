"""A workload's command line: options, runs, report."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import signal
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from workloads.bench import machine, options, plot, profiling, scaling
from workloads.bench.result import Result, read_json, table, write_json
from workloads.bench.technique import listing, select
from workloads.errors import EXIT_CODES, UnavailableError, UsageError, WorkloadError
from workloads.parallel import ranks, stopping

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.bench.profiling import Profiler
    from workloads.bench.workload import Problem, Workload

# How long a stopped rank waits for the others, one of which may be removing a
# half-written picture.  With the time to print the message (ranks.abort) it is
# less than stopping.SECONDS.
_STOP_SECONDS = 2.0


def main(workload: Workload, arguments: list[str]) -> int:
    """Run a workload's command line; return 0, or 1 when an answer is wrong.

    Raises
    ------
    WorkloadError
        For bad input, or when a technique cannot run here.
    """
    with _one_end(workload.name):
        args = options.parse(parser(workload), arguments)
        workload = workload.adapt(workload, args)
        args.impl = args.impl or workload.request
        if args.list:
            print(listing(workload.techniques))
            return 0
        ranks.by_first(lambda: options.check_common(args))
        if args.report is not None:
            _draw(workload, args.plot, read_json(args.report, workload.name))
            return 0
        machine.load_before()
        problems = workload.problems(args)
        with options.tables_beside(args):
            return _run(workload, args, problems, arguments)


def parser(workload: Workload) -> options.Parser:
    """Return the parser of a workload's command line."""
    made = options.Parser(
        prog=f"python -m workloads {workload.name}",
        description=workload.description,
        epilog=EXIT_CODES,
    )
    workload.add_options(made.add_argument_group("what to compute"))
    samples = any(technique.slow for technique in workload.techniques.values())
    options.add_common(made, samples=samples, request=workload.request)
    return made


def _run(
    workload: Workload,
    args: argparse.Namespace,
    problems: Sequence[Problem],
    arguments: Sequence[str],
) -> int:
    """Run all, report and write what was asked for; return the exit code."""
    # Before the first of them runs: what cannot be done is refused at once.  All ranks run
    # the same, although a GPU may be on the nodes of some alone.
    chosen = ranks.by_first(lambda: [_choose(workload, problem, args) for problem in problems])
    results: list[Result] = []
    without: dict[str, str] = {}
    with profiling.profiler(args.profile, f"workloads.{workload.name}") as profile:
        for problem, (names, absent) in zip(problems, chosen, strict=True):
            found, failed = _run_problem(workload, problem, names, args, profile)
            results += found
            without |= absent | failed
            if ranks.is_first() and workload.overview is None:
                _report(workload, problem, found, absent | failed, args)
    wrong = [result for result in results if not result.ok]
    if ranks.is_first():
        if workload.overview is not None:
            print(workload.overview.table(results))
            _print_left_out(without)
        for line in workload.closing(results):
            print(line)
        if args.json is not None:
            parameters = {problem.name: problem.parameters() for problem in problems}
            write_json(args.json, workload.name, parameters, arguments, results)
        if args.plot is not None:
            _draw(workload, args.plot, results)
        for result in wrong:
            line = f"{workload.name}: {result.impl} on {result.problem}: {result.verdict}"
            print(line, file=sys.stderr)
    if wrong and (comm := ranks.several()) is not None:
        # The first rank writes: others that end with such a code may end it, too.
        ranks.wait_quietly(comm)
    return 1 if wrong else 0


def _choose(
    workload: Workload, problem: Problem, args: argparse.Namespace
) -> tuple[list[str], dict[str, str]]:
    """Return what is to run, and for ``all`` what is left out and why."""
    names, left_out = select(args.impl, workload.techniques, workload.fastest, problem.task)
    if args.scale:
        if args.impl == "all":
            left_out |= scaling.without_workers(names, workload.techniques)
            names = [name for name in names if name not in left_out]
        scaling.counts(names, workload.techniques, args.scale)
    return names, left_out


def _run_problem(
    workload: Workload,
    problem: Problem,
    names: Sequence[str],
    args: argparse.Namespace,
    profile: Profiler,
) -> tuple[list[Result], dict[str, str]]:
    """Run the techniques one after the other; return results and failures."""
    # Not at the top: it imports multiprocessing, which --help and --list must not.
    from workloads.bench.run import Settings, run  # noqa: PLC0415

    line = problem.prepare(names)
    if line and ranks.is_first():
        print(line, flush=True)
    larger = _larger(workload, problem, names, args.scale) if args.weak else {}
    results: list[Result] = []
    failed: dict[str, str] = {}
    alone = Settings(args.workers or machine.cores(), args.repeat, profile)
    scaled = [replace(alone, workers=count, ranks=count) for count in args.scale or ()]
    for name, settings in itertools.product(names, scaled or [alone]):
        try:
            chosen = larger.get(settings.workers, problem)
            result = run(name, workload.techniques[name], chosen, settings)
            results.append(replace(result, problem=problem.name))
        except UnavailableError as error:
            # Some obstacles show only when a library or device is opened;
            # with `all` they cost one row.
            if args.impl != "all":
                raise
            failed[name] = str(error)
    return results, failed


def _larger(
    workload: Workload, problem: Problem, names: Sequence[str], counts: Sequence[int]
) -> dict[int, Problem]:
    """Return a problem for each number of workers, with as many times the work."""
    if workload.grown is None:
        raise UsageError("--weak: this workload has no work that grows")
    larger = {count: workload.grown(problem, count) for count in counts}
    # If the largest does not fit, it is refused before the first has run.
    larger[max(larger)].prepare(names)
    return larger


def _report(
    workload: Workload,
    problem: Problem,
    results: Sequence[Result],
    left_out: Mapping[str, str],
    args: argparse.Namespace,
) -> None:
    print(f"{problem.title}{', for each worker' if args.weak else ''}")
    if args.scale:
        print(scaling.table(results, workload.unit))
    else:
        unit, columns = workload.unit, workload.columns
        print(table(results, workload.techniques, workload.baseline, unit, columns))
    # A note that is the same for several numbers of workers is printed once.
    for name, note in dict.fromkeys((r.impl, r.note) for r in results if r.note):
        print(f"  {name}: {note}")
    _print_left_out(left_out)
    lines = [] if args.weak else problem.remarks(results)
    if args.scale:
        lines += [*scaling.remarks(results), *scaling.laws(results)]
    for line in lines:
        print(f"  {line}")
    print(flush=True)


def _print_left_out(left_out: Mapping[str, str]) -> None:
    for name, reason in left_out.items():
        print(f"  {name}: left out: {reason}")


def _draw(workload: Workload, path: Path, results: Sequence[Result]) -> None:
    if workload.overview is not None:
        workload.overview.chart(path, results)
    elif kind := scaling.kind(results):
        plot.scaling_chart(path, f"{workload.title}, {kind} scaling", results)
    else:
        plot.bar_chart(path, f"{workload.title}, {workload.rate}", workload.unit, results)


@contextlib.contextmanager
def _one_end(name: str) -> Iterator[None]:
    """End all ranks when one fails in a way the others cannot know of."""
    try:
        yield
    except BaseException as error:
        comm = ranks.several()
        if comm is None:
            raise
        stopped = isinstance(error, (KeyboardInterrupt, SystemExit)) or stopping.asked()
        if stopped and ranks.all_come(comm, _STOP_SECONDS):
            ranks.free_what_is_left(error)
            raise
        if stopped:
            # A rank that waits in MPI for one that has left never sees its signal: abort it.
            print(f"workloads: {name}: stopped", file=sys.stderr)
            own = getattr(error, "code", 128 + signal.SIGINT)
            ranks.abort(comm, 128 + stopping.asked() if stopping.asked() else own)
        elif isinstance(error, WorkloadError):
            if not error.agreed:
                print(f"{name}: {error}", file=sys.stderr)
                ranks.abort(comm, error.exit_code)
        elif not getattr(error, "agreed", False):
            traceback.print_exception(error)
            ranks.abort(comm, 1)
        raise
