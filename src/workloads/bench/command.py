"""A workload's command line: options, runs, report."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workloads.bench import machine, options, plot, scaling
from workloads.bench.result import Result, table, write_json
from workloads.bench.technique import listing, select
from workloads.errors import EXIT_CODES, UnavailableError, UsageError, WorkloadError
from workloads.parallel import ranks, signals

if TYPE_CHECKING:
    from workloads.bench.profiling import Measure
    from workloads.bench.workload import Problem, Workload

# How long a stopped rank waits for the others, one of which may be removing a
# half-written picture.  With the time to print the message (ranks.abort) it is
# less than signals.SECONDS.
_STOP_SECONDS = 2.0


def main(workload: Workload, arguments: list[str]) -> int:
    """Run a workload's command line; return 0, or 1 when an answer is wrong."""
    with _one_end(workload.name):
        args = parser(workload).parse_args(arguments)
        if workload.adapt is not None:
            workload = workload.adapt(workload, args)
        args.impl = args.impl or workload.request
        if args.list:
            print(listing(workload.techniques))
            return 0
        ranks.by_first(lambda: options.check_common(args))
        if args.weak and workload.grown is None:
            raise UsageError("--weak: this workload has no work that grows")
        machine.load_before()
        problems = workload.problems(args)
        with options.tables_beside(args):
            return _Command(workload, args, arguments).run(problems)


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


@dataclass
class _Command:
    workload: Workload
    args: argparse.Namespace
    arguments: Sequence[str]

    def run(self, problems: Sequence[Problem]) -> int:
        """Run all, report and write what was asked for; return the exit code."""
        # Before the first of them runs: what cannot be done is refused at once.  All ranks run
        # the same, although a GPU may be on the nodes of some alone.
        chosen = ranks.by_first(lambda: list(map(self.choose, problems)))
        results: list[Result] = []
        without: dict[str, str] = {}
        with self.profiler() as profile:
            for problem, (names, left_out) in zip(problems, chosen, strict=True):
                own = self.run_problem(problem, names, left_out, profile)
                results += own
                without |= left_out
                if ranks.is_first() and self.workload.overview is None:
                    self.report(problem, own, left_out)
        if ranks.is_first():
            self.write(problems, results, without)
        wrong = any(not result.ok for result in results)
        if wrong and (comm := ranks.several()) is not None:
            # The first rank writes: others that end with such a code may end it, too.
            ranks.idle_barrier(comm)
        return 1 if wrong else 0

    def profiler(self) -> contextlib.AbstractContextManager[Measure]:
        """Give what watches the regions that are timed."""
        if self.args.profile is None:
            return contextlib.nullcontext(contextlib.nullcontext)
        from workloads.bench import profiling  # noqa: PLC0415

        return profiling.profiler(*self.args.profile)

    def choose(self, problem: Problem) -> tuple[list[str], dict[str, str]]:
        """Return what is to run, and for ``all`` what is left out and why."""
        args, techniques = self.args, self.workload.techniques
        names, left_out = select(args.impl, techniques, self.workload.fastest, problem.task)
        if args.scale:
            if args.impl == "all":
                alone = [name for name in names if not techniques[name].has_workers]
                left_out |= dict.fromkeys(alone, "no workers to count")
                names = [name for name in names if name not in alone]
            scaling.counts(names, techniques, args.scale)
        return names, left_out

    def run_problem(
        self, problem: Problem, names: Sequence[str], left_out: dict[str, str], profile: Measure
    ) -> list[Result]:
        """Run the techniques one after the other; add those that fail to `left_out`."""
        # Not at the top: it imports multiprocessing, which --help and --list must not.
        from workloads.bench.run import Settings, run  # noqa: PLC0415

        args, results = self.args, []
        line = problem.prepare(names)
        if line and ranks.is_first():
            print(line, flush=True)
        grown = self.workload.grown if args.weak else None
        if grown:
            # If the largest does not fit, it is refused before the first has run.
            grown(problem, max(args.scale)).prepare(names)
        alone = Settings(args.workers or machine.cores(), args.repeat, profile)
        scaled = [replace(alone, workers=count, ranks=count) for count in args.scale or ()]
        for name, settings in itertools.product(names, scaled or [alone]):
            try:
                own = grown(problem, settings.workers) if grown else problem
                result = run(name, self.workload.techniques[name], own, settings)
                results.append(replace(result, problem=problem.name))
            except UnavailableError as error:
                # Some obstacles show only when a library or device is opened;
                # with `all` they cost one row.
                if args.impl != "all":
                    raise
                left_out[name] = str(error)
        return results

    def report(
        self, problem: Problem, results: Sequence[Result], left_out: Mapping[str, str]
    ) -> None:
        """Print one problem's table, and what there is to say below it."""
        args, own = self.args, self.workload
        print(f"{problem.title}{', for each worker' if args.weak else ''}")
        if args.scale:
            print(scaling.table(results, own.unit))
        else:
            print(table(results, own.techniques, own.baseline, own.unit, own.columns))
        # A note that is the same for several numbers of workers is printed once.
        notes = dict.fromkeys((result.impl, result.note) for result in results if result.note)
        lines = [*(f"{name}: {note}" for name, note in notes), *_left_out(left_out)]
        lines += [] if args.weak else problem.remarks(results)
        if args.scale:
            lines += scaling.laws(results)
        print("\n".join([*(f"  {line}" for line in lines), ""]), flush=True)

    def write(
        self, problems: Sequence[Problem], results: Sequence[Result], left_out: Mapping[str, str]
    ) -> None:
        """Print what is said of all problems; write the files."""
        if self.workload.overview is not None:
            print(self.workload.overview.table(results))
            for line in _left_out(left_out):
                print(f"  {line}")
        name = self.workload.name
        if self.args.json is not None:
            parameters = {problem.name: problem.parameters() for problem in problems}
            write_json(self.args.json, name, parameters, self.arguments, results)
        if self.args.plot is not None:
            self.draw(results)
        for result in results:
            if not result.ok:
                line = f"{name}: {result.impl} on {result.problem}: {result.verdict}"
                print(line, file=sys.stderr)

    def draw(self, results: Sequence[Result]) -> None:
        """Write the chart of these results."""
        path, own = self.args.plot, self.workload
        if own.overview is not None:
            own.overview.chart(path, results)
        elif kind := scaling.kind(results):
            plot.scaling_chart(path, f"{own.title}, {kind} scaling", results)
        else:
            plot.bar_chart(path, f"{own.title}, {own.rate}", own.unit, results)


def _left_out(reasons: Mapping[str, str]) -> list[str]:
    return [f"{name}: left out: {reason}" for name, reason in reasons.items()]


@contextlib.contextmanager
def _one_end(name: str) -> Iterator[None]:
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
            if isinstance(error, WorkloadError):
                print(f"{name}: {error}", file=sys.stderr)
            else:
                traceback.print_exception(error)
            ranks.abort(comm, getattr(error, "exit_code", 1))
        raise
