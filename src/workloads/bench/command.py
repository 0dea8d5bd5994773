"""A workload's command line: options, runs, report."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from workloads.bench import machine, options, plot, profiling, scaling
from workloads.bench.result import Result, read_json, table, write_json
from workloads.bench.technique import fitting, listing, select
from workloads.errors import EXIT_CODES, UnavailableError, WorkloadError
from workloads.parallel import ranks, signals

if TYPE_CHECKING:
    from workloads.bench.profiling import Profiler
    from workloads.bench.workload import Problem, Workload


# How long a stopped rank waits for the others, one of which may be removing a
# half-written picture.  With the time to print the message (ranks.abort) it is
# less than signals.SECONDS.
_STOP_SECONDS = 2.0


def main(workload: Workload, arguments: list[str]) -> int:
    """Run a workload's command line.

    Returns
    -------
    int
        0, or 1 when an answer is wrong.

    Raises
    ------
    WorkloadError
        For bad input, or when a technique cannot run here.
    """
    with _together(workload.name):
        args = options.parse(parser(workload), arguments)
        techniques = {**workload.techniques, **workload.named(args)}
        workload = replace(workload, techniques=techniques)
        if args.list:
            print(listing(workload.techniques))
            return 0
        ranks.by_first(lambda: options.check_common(args))
        if args.report is not None:
            results, words = read_json(args.report, workload.name)
            _plot(workload, args.plot, results, scaling.kind(words))
            return 0
        machine.load_before()
        problems = workload.problems(args)
        with options.tables_beside(args):
            return _run(workload, args, problems, arguments)


def _run(
    workload: Workload,
    args: argparse.Namespace,
    problems: Sequence[Problem],
    arguments: Sequence[str],
) -> int:
    """Run all, report and write what was asked for; return the exit code."""
    # Before the first of them runs: what cannot be done is refused at once.  All ranks run
    # the same, although a GPU may be on the nodes of some alone.
    chosen = ranks.by_first(lambda: [_names(workload, problem, args) for problem in problems])
    results: list[Result] = []
    without: dict[str, str] = {}
    with profiling.profiler(args.profile, f"workloads.{workload.name}") as profile:
        for problem, (names, cannot) in zip(problems, chosen, strict=True):
            found, failed = _run_problem(workload, problem, names, args, profile)
            results += found
            left_out = {**cannot, **failed}
            if workload.overview is not None:
                without |= left_out
            elif ranks.is_first():
                _report(workload, problem, found, left_out, args)
    if ranks.is_first():
        if workload.overview is not None:
            print(workload.overview.table(results))
            _tell_left_out(without)
        for line in workload.closing(results):
            print(line)
        _write(workload, args, problems, arguments, results)
    code = _complain(workload, results)
    comm = ranks.several()
    if code and comm is not None:
        # The first rank writes: others that end with such a code may end it, too.
        ranks.idle_barrier(comm)
    return code


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


def _names(
    workload: Workload, problem: Problem, args: argparse.Namespace
) -> tuple[list[str], dict[str, str]]:
    """Return what is to run, and for ``all`` what is left out and why."""
    # The registry knows a problem by its task; its name may also have a size.
    task = getattr(problem, "task", problem.name)
    request, techniques = fitting(args.impl, workload.techniques, task)
    fastest = [name for name in workload.fastest if name in techniques]
    names, left_out = select(request, techniques, fastest)
    if not args.scale:
        return names, left_out
    if args.impl == "all":
        left_out |= scaling.without_workers(names, techniques)
        names = [name for name in names if name not in left_out]
    scaling.counts(names, techniques, args.scale)
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
    how = Settings(args.workers or machine.cores(), args.repeat, profile)
    hows = [replace(how, workers=count, ranks=count) for count in args.scale or ()] or [how]
    grown = scaling.grown(problem, names, args) if args.weak else {}
    results: list[Result] = []
    failed: dict[str, str] = {}
    for name, each in itertools.product(names, hows):
        try:
            done = run(name, workload.techniques[name], grown.get(each.workers, problem), each)
            results.append(replace(done, problem=problem.name))
        except UnavailableError as error:
            # Some obstacles show only when a library or device is opened;
            # with `all` they cost one row.
            if args.impl != "all":
                raise
            failed[name] = str(error)
    return results, failed


def _report(
    workload: Workload,
    problem: Problem,
    results: Sequence[Result],
    left_out: Mapping[str, str],
    args: argparse.Namespace,
) -> None:
    print(f"{problem.title}{', for each worker' if args.weak else ''}")
    print(
        scaling.table(results, workload.unit)
        if args.scale
        else table(results, workload.techniques, workload.baseline, workload.unit, workload.columns)
    )
    # A note that is the same for several numbers of workers is printed once.
    for name, note in dict.fromkeys((r.impl, r.note) for r in results if r.note):
        print(f"  {name}: {note}")
    _tell_left_out(left_out)
    lines = [] if args.weak else problem.remarks(results)
    if args.scale:
        lines += [*scaling.remarks(results), *scaling.laws(results, scaling.asked(args))]
    for line in lines:
        print(f"  {line}")
    print(flush=True)


def _tell_left_out(left_out: Mapping[str, str]) -> None:
    for name, reason in left_out.items():
        print(f"  {name}: left out: {reason}")


def _write(
    workload: Workload,
    args: argparse.Namespace,
    problems: Sequence[Problem],
    arguments: Sequence[str],
    results: Sequence[Result],
) -> None:
    if args.json is not None:
        parameters = {problem.name: problem.parameters() for problem in problems}
        write_json(args.json, workload.name, parameters, arguments, results)
    if args.plot is not None:
        _plot(workload, args.plot, results, scaling.asked(args))


def _plot(workload: Workload, path: Path, results: Sequence[Result], scales: str) -> None:
    if workload.overview is not None:
        workload.overview.chart(path, results)
    elif scales:
        plot.scaling_chart(path, f"{workload.title}, {scales} scaling", results)
    else:
        plot.bar_chart(path, f"{workload.title}, {workload.rate}", workload.unit, results)


def _complain(workload: Workload, results: Sequence[Result]) -> int:
    wrong = [result for result in results if not result.ok]
    for result in wrong:
        if ranks.is_first():
            line = f"{workload.name}: {result.impl} on {result.problem}: {result.verdict}"
            print(line, file=sys.stderr)
    return 1 if wrong else 0


@contextlib.contextmanager
def _together(name: str) -> Iterator[None]:
    """End all ranks when one fails in a way the others cannot know of."""
    try:
        yield
    except BaseException as error:
        comm = ranks.several()
        if comm is None:
            raise
        if signals.asked():
            if ranks.idle_barrier(comm, _STOP_SECONDS):
                ranks.free_shared()
                raise
            # A rank that waits in MPI for one that has left never sees its signal: abort it.
            ranks.abort(comm, signals.stopped())
        elif not getattr(error, "agreed", False):
            _tell(name, error)
            ranks.abort(comm, getattr(error, "exit_code", 1))
        raise


def _tell(name: str, error: BaseException) -> None:
    if isinstance(error, WorkloadError):
        print(f"{name}: {error}", file=sys.stderr)
    else:
        traceback.print_exception(error)
