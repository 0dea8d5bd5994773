"""``python -m workloads linalg``: its options, and the problems that they choose."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace

from workloads.bench import command, options
from workloads.bench.workload import Workload
from workloads.errors import UsageError
from workloads.linalg import crossover, problems
from workloads.linalg.registry import FASTEST, TECHNIQUES

SEED = 2022
COUNT = 128
# The default sizes are the talk's; its tasks take half a minute.
_SIZES = {
    "eigh": 1_000, "gram": 1_000, "tasks": 1_000, "dot": 2_000, "addone": 10_000_000,
    "mean": 10_000_000, "threads": 1_000,
}  # fmt: skip
_DEFAULT = ["eigh", "tasks"]
# Partial sums of addone and mean must be exact, below 2^53; LAPACK counts a
# matrix's elements in 32 bits, so that its rows are fewer than 2^15.5.
_MOST = {"addone": 100_000_000, "mean": 100_000_000}
_MOST_ROWS = 46_340


def _tasks(text: str) -> list[str]:
    names = [*_SIZES] if text == "all" else text.split(",")
    for name in names:
        if name not in _SIZES:
            raise argparse.ArgumentTypeError(f"{name!r} is none of all, {', '.join(_SIZES)}")
    return [*dict.fromkeys(names)]


_size = options.whole(1, max(_MOST.values()))


def _sizes(text: str) -> list[int]:
    return sorted({_size(word) for word in text.split(",")})


def _add_options(what: argparse._ArgumentGroup) -> None:
    what.add_argument(
        "--task",
        type=_tasks,
        default=_DEFAULT,
        metavar="NAME[,NAME…]|all",
        help="eigh: eigenvalues of one matrix; gram: of the talk's, b.T @ b; tasks: of many, "
        "shared out; dot: a product of two; addone: three packages on one GPU array; mean: by the "
        "array's own library; threads: eigh with one thread of BLAS, two, … "
        f"(default: {','.join(_DEFAULT)})",
    )
    what.add_argument(
        "-n",
        type=_sizes,
        metavar="N[,N…]",
        help="rows of each matrix, elements for addone and mean; of several sizes, where one "
        "technique becomes faster than another (default: "
        f"{', '.join(f'{size} for {name}' for name, size in _SIZES.items())})",
    )
    what.add_argument(
        "--count",
        type=options.whole(1, 1_000_000),
        metavar="N",
        help=f"how many matrices for tasks (default: {COUNT})",
    )
    what.add_argument(
        "--seed",
        type=options.whole(0, 2**63),
        default=SEED,
        metavar="N",
        help=f"of the random numbers (default: {SEED})",
    )


def _problems(args: argparse.Namespace) -> Sequence[problems.Problem]:
    if args.count and "tasks" not in args.task:
        raise UsageError(f"--count {args.count}: only tasks have a count", hint="add --task tasks")
    if args.scale and "threads" in args.task:
        raise UsageError("--scale: the threads of BLAS are a sweep already")
    found: list[problems.Problem] = []
    for task in args.task:
        sizes, most = args.n or [_SIZES[task]], _MOST.get(task, _MOST_ROWS)
        if max(sizes) > most:
            raise UsageError(f"-n {max(sizes)}: more than {most}, the most for {task}")
        for n in sizes:
            counts = (args.count or COUNT,) if task == "tasks" else ()
            found.append(_CLASSES[task](n, args.seed, *counts, swept=len(sizes) > 1))
    return found


def _adapt(workload: Workload, args: argparse.Namespace) -> Workload:
    # Of the threads of BLAS one technique alone would be no sweep.
    return replace(workload, request="all") if args.task == ["threads"] else workload


_CLASSES: dict[str, Callable[..., problems.Problem]] = {
    each.task: each
    for each in (
        problems.Eigh, problems.Gram, problems.Tasks, problems.Dot, problems.AddOne, problems.Mean,
        problems.Threads,
    )
}  # fmt: skip

LINALG = Workload(
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
    problems=_problems,
    baseline=("numpy", "serial", "omp-1"),
    adapt=_adapt,
    closing=crossover.lines,
)


def main(arguments: list[str]) -> int:
    """Run the workload's command line: see `workloads.bench.command.main`."""
    return command.main(LINALG, arguments)
