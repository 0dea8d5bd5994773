"""A workload's command line: its options, its runs with their timing, its report."""

from __future__ import annotations

import argparse
import contextlib
import functools
import itertools
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from hpcpy_common import machine, ranks
from hpcpy_common.errors import (
    EXIT_CODES,
    UNREAD,
    DiskError,
    HpcpyError,
    UnavailableError,
    UsageError,
    lost_output,
)
from hpcpy_common.options import Parser, module_parser
from workloads.bench import ends, options
from workloads.bench.choosing import listing, select
from workloads.bench.report import left_out_lines, report, write_json
from workloads.bench.result import Done, Failure
from workloads.bench.timing import Row, timed

if TYPE_CHECKING:
    from workloads.bench.profiling import Measure
    from workloads.bench.workload import Problem, Workload


def main(workload: Workload, arguments: list[str]) -> int:
    """Run a workload's command line; return 0, or 1 when an answer is wrong."""
    with ends.together(workload.name):
        args = parser(workload).parse_args(arguments)
        if workload.adapt is not None:
            workload = workload.adapt(workload, args)
        args.impl = args.impl or workload.request
        if args.list:
            print(listing(workload.techniques))
            return 0
        ranks.by_first(lambda: options.check_common(args, workload.outputs))
        if args.weak and workload.grown is None:
            raise UsageError("--weak: this workload has no work that grows")
        machine.load_before()
        problems = workload.problems(args)
        with options.tables_beside(args):
            return _Command(workload, args, arguments).run(problems)


def parser(workload: Workload) -> Parser:
    """Return the parser of a workload's command line."""
    made = module_parser(f"workloads {workload.name}", workload.description, EXIT_CODES)
    workload.add_options(made.add_argument_group("what to compute"))
    samples = any(technique.slow for technique in workload.techniques.values())
    options.add_common(made, samples=samples, request=workload.request)
    return made


@dataclass
class _Command:
    workload: Workload
    args: argparse.Namespace
    arguments: Sequence[str]
    done: Done = field(default_factory=Done)
    unprinted: OSError | None = None  # why standard output does not have all tables

    def run(self, problems: Sequence[Problem]) -> int:
        """Run all, report and write what was asked for; return the exit code."""
        # Before the first of them runs: what cannot be done is refused at once.  All ranks run
        # the same, although a GPU may be on the nodes of some alone.
        chosen = ranks.by_first(lambda: list(map(self.choose, problems)))
        with self.profiler() as profile:
            for problem, (names, left_out) in zip(problems, chosen, strict=True):
                own = Done(left_out=left_out)
                lost = self.run_problem(problem, names, own, profile)
                self.done.add(own)
                if lost is not None:
                    ends.wait_for_turn()
                    if not ranks.is_first() and options.use_stdout(self.args):
                        sys.stdout = sys.stderr  # that is the first rank's
                if (ranks.is_first() or lost is not None) and self.workload.overview is None:
                    self.show(report(self.workload, self.args, problem, own))
                if lost is not None:
                    self.write(problems)
                    lost.reported = True
                    raise lost
        if ranks.is_first():
            self.write(problems)
        return ends.of_first(self.exit_code())

    def exit_code(self) -> int:
        """Return 1 if anything failed or is wrong; 73 if no more than that was not written."""
        codes = {failure.exit_code for failure in self.done.failures}
        codes |= {1 for result in self.done.results if not result.ok}
        if self.unprinted is not None:
            complain = functools.partial(print, "workloads:", file=sys.stderr)
            codes.add(lost_output(self.unprinted, complain))
        return 1 if codes - {DiskError.exit_code, UNREAD} else max(codes, default=0)

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
            from workloads.bench import scaling  # noqa: PLC0415

            if args.impl == "all":
                alone = {name: techniques[name].uncountable() for name in names}
                left_out |= {name: reason for name, reason in alone.items() if reason}
                names = [name for name in names if not alone[name]]
            scaling.counts(names, techniques, args.scale)
        problem.prepare(names)
        if args.weak and self.workload.grown:
            self.workload.grown(problem, max(args.scale)).prepare(names)
        return names, left_out

    def run_problem(
        self, problem: Problem, names: Sequence[str], done: Done, profile: Measure
    ) -> HpcpyError | None:
        """Run the techniques one after the other, whether or not one fails; add to `done`.

        A failure is returned if other ranks do not know of it: no more can be run then.
        """
        args = self.args
        grown = self.workload.grown if args.weak else None
        for name, count in itertools.product(names, args.scale or [None]):
            own = grown(problem, count) if grown else problem
            try:
                result = timed(Row(name, own, count), self.workload, args, profile)
                done.results.append(replace(result, problem=problem.name))
            except HpcpyError as error:
                if isinstance(error, UnavailableError) and args.impl == "all" and error.agreed:
                    # Some obstacles show only when a library or device is opened.
                    done.left_out[name] = str(error)
                    continue
                is_refused = isinstance(error, (UnavailableError, UsageError))
                if is_refused and args.impl != "all" and self.done.is_empty and done.is_empty:
                    raise
                failure = Failure(name, problem.name, count, str(error), error.exit_code)
                done.failures.append(failure)
                if ranks.several() is not None and not error.agreed:
                    rest = names[names.index(name) + 1 :]
                    done.left_out |= dict.fromkeys(rest, "all ranks had to be ended before")
                    return error
        return None

    def show(self, text: str) -> None:
        """Print on standard output; what else was asked for is written though this fails."""
        try:
            print(text, flush=True)
        except OSError as error:
            self.unprinted = error

    def write(self, problems: Sequence[Problem]) -> None:
        """Print what is said of all problems, and write the files."""
        results, name = self.done.results, self.workload.name
        failed = [f"{each.impl} on {each.problem}: {each.verdict}" for each in self.done.failures]
        if self.workload.overview is not None:
            shown = [self.workload.overview.table(results)] if results else []
            lines = [*failed, *left_out_lines(self.done)]
            self.show("\n".join([*shown, *(f"  {line}" for line in lines)]))
        if self.args.json is not None:
            parameters = {problem.name: problem.parameters() for problem in problems}
            write_json(self.args.json, name, parameters, self.arguments, self.done)
        if self.args.plot is not None and results:
            from workloads.bench import plot  # noqa: PLC0415

            plot.chart(self.args, self.workload, results)
        wrong = [result for result in results if not result.ok]
        failed += [f"{each.impl} on {each.problem}: {each.verdict}" for each in wrong]
        for line in failed:
            print(f"{name}: {line}", file=sys.stderr)
