"""``python -m workloads linalg``: its options, and the problems that they choose."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

from hpcpy_common import options
from hpcpy_common.errors import UsageError
from workloads.bench.workload import Workload
from workloads.linalg.problems import Attempt, Problem
from workloads.linalg.registry import FASTEST, TECHNIQUES

SEED = 2022
COUNT = 128
# The default sizes are the talk's; its tasks take half a minute.
_SIZES = {
    "eigh": 1_000, "gram": 1_000, "tasks": 1_000, "dot": 2_000, "addone": 10_000_000,
    "mean": 10_000_000, "threads": 1_000,
}  # fmt: skip
_DEFAULT = ["eigh", "tasks"]
# Partial sums of addone must be exact, below 2^53; LAPACK counts a matrix's elements in
# 32 bits, so that its rows are fewer than 2^15.5.
_MOST_NUMBERS, _MOST_ROWS = 100_000_000, 46_340


def _add_options(what: argparse._ArgumentGroup) -> None:
    by_task = ", ".join(f"{size} for {name}" for name, size in _SIZES.items())
    count, seed = options.whole_number(1, 1_000_000), options.whole_number(0, 2**63)
    help_of_task = (
        "eigh: eigenvalues of one matrix; gram: of the talk's, b.T @ b; tasks: of many, shared "
        "out; dot: a product of two; addone: three packages on one GPU array; mean: one "
        "program for the arrays of any package; threads: eigh "
        "with one thread of BLAS, two, … "
        f"(default: {','.join(_DEFAULT)})"
    )
    tasks, metavar = options.names("all", *_SIZES), "NAME[,NAME…]|all"
    what.add_argument("--task", type=tasks, default=_DEFAULT, metavar=metavar, help=help_of_task)
    help_of_n = f"rows of each matrix, for addone and mean its numbers (default: {by_task})"
    what.add_argument("-n", type=options.counts, metavar="N[,N…]", help=help_of_n)
    help_of_count = f"how many matrices for tasks (default: {COUNT})"
    what.add_argument("--count", type=count, metavar="N", help=help_of_count)
    help_of_seed = f"of the random numbers (default: {SEED})"
    what.add_argument("--seed", type=seed, default=SEED, metavar="N", help=help_of_seed)


def _problems(args: argparse.Namespace) -> Sequence[Problem]:
    tasks = [*_SIZES] if "all" in args.task else args.task
    if args.count and "tasks" not in tasks:
        raise UsageError(f"--count {args.count}: only tasks have a count", hint="add --task tasks")
    if args.scale and "threads" in tasks:
        raise UsageError("--scale: the threads of BLAS are a sweep already")
    problems: list[Problem] = []
    for task in tasks:
        sizes = args.n or [_SIZES[task]]
        most = _MOST_NUMBERS if task in ("addone", "mean") else _MOST_ROWS
        if max(sizes) > most:
            raise UsageError(f"-n {max(sizes)}: more than {most}, the most for {task}")
        for n in sizes:
            count = (args.count or COUNT) if task == "tasks" else 1
            problems.append(Problem(task, n, args.seed, count, swept=len(sizes) > 1))
    return problems


def _adapt(workload: Workload, args: argparse.Namespace) -> Workload:
    # One technique alone would be no sweep over BLAS's threads.
    return replace(workload, request="all") if args.task == ["threads"] else workload


WORKLOAD = Workload(
    name="linalg",
    description="Eigenvalues and products of random matrices by BLAS and LAPACK: one at a time, "
    "many shared out among processes, ranks or GPUs, and with more and more threads. Residuals "
    "and orthogonality of every answer are checked.",
    title="Linear algebra",
    rate="nominal floating point operations a second",
    unit="Mflop/s",
    techniques=TECHNIQUES,
    fastest=FASTEST,
    add_options=_add_options,
    attempt=Attempt,
    problems=_problems,
    baseline=("numpy", "serial", "omp-1"),
    adapt=_adapt,
)
