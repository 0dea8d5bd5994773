"""``python -m workloads heat``: its options, and the plate that they choose."""
# ruff: noqa: D102  (`workloads.bench.workload` says what the methods are for)

from __future__ import annotations

import argparse
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcpy_common import files, machine, options, ranks
from hpcpy_common.errors import UsageError
from workloads.bench.workload import Outcome, Workload
from workloads.heat.plate import Plate
from workloads.heat.registry import FASTEST, LOOK_AT_CHANGE, TECHNIQUES

if TYPE_CHECKING:
    from workloads.bench.result import Result
    from workloads.bench.workload import Float64Array, Trial

# Points along a side, steps; and the most of both.
_N, _STEPS, _MOST_N, _MOST_STEPS = 512, 100, 1 << 16, 1 << 30
# What rounding may add to the field in a step, four units in the last place of 1.
_ROUNDING = 4 * 2.0**-52


@dataclass
class Heat:
    """A plate, what is written of it, and the answer that all techniques must give."""

    plate: Plate
    out: Path | None = None
    film: Path | None = None
    digests: dict[int, str] = field(default_factory=dict)  # by the number of steps
    written: bool = False
    task = "heat"

    @property
    def name(self) -> str:
        return f"{self.plate.n} × {self.plate.n} points, {self.plate.steps} steps"

    @property
    def title(self) -> str:
        return f"heat: {self.name}"

    def parameters(self) -> Mapping[str, object]:
        kept = ("n", "steps", "until")
        return {name: value for name, value in vars(self.plate).items() if name in kept}

    def prepare(self, names: Sequence[str]) -> None:
        """Refuse what does not fit into memory, and ``--until`` where nobody looks."""
        machine.require_memory(5 * 8 * (self.plate.n + 2) ** 2, "-n")
        deaf = [name for name in names if name not in LOOK_AT_CHANGE]
        if self.plate.until and deaf:
            raise UsageError(f"--until: {', '.join(deaf)} does all steps")
        if self.plate.checkpoint is not None and names != ["mpi-checkpoint"]:
            raise UsageError("--checkpoint: is for --impl mpi-checkpoint alone")

    def grown(self, times: int) -> Heat:
        """Return a plate with about `times` as many points."""
        side = round((self.plate.n**2 * times) ** 0.5)
        if side > _MOST_N:
            raise UsageError(f"--weak: {times} times {self.name} are more than {_MOST_N}² points")
        if self.out or self.film:
            raise UsageError("--out and --film: with --weak each number of workers has its own")
        return replace(self, plate=replace(self.plate, n=side), digests={})

    def remarks(self, results: Sequence[Result]) -> list[str]:
        """Return the answer's hash, how exact it is, and how much of a part is its surface."""
        lines = [*dict.fromkeys(f"sha256 {each.answer}: {each.verdict}" for each in results)]
        bounds = {steps: self.plate.error_bound(steps) for steps in self.digests}
        lines += [f"by h² at most {bound:.2g} from the true solution" for bound in bounds.values()]
        strips = {
            each.workers
            for each in results
            if each.impl.startswith("mpi-") and each.impl != "mpi-cart"
        }
        for count in sorted(strips - {1}):
            sent = 2 * (count - 1) / self.plate.n
            lines.append(f"{count} strips send {sent:.2g} numbers for each point they compute")
        lines += [f"written to {path}" for path in (self.out, self.film) if path and self.written]
        return lines


class _Attempt:
    """One technique at one plate."""

    def __init__(self, problem: Heat, trial: Trial) -> None:
        self._problem, self._trial = problem, trial
        if trial.count > problem.plate.n:
            raise UsageError(f"-n {problem.plate.n}: has no row for each of {trial.count} workers")

    def warm_up(self) -> None:
        """Do two steps: libraries are loaded, and processes started."""
        plate = replace(self._problem.plate, steps=2, checkpoint=None)
        self._trial.compute(plate, self._trial.workers)

    def once(self) -> Outcome:
        """Do all steps, with the start and the collection of the parts; check the answer."""
        trial, problem = self._trial, self._problem
        plate = problem.plate
        with trial.clock():
            solved = trial.compute(plate, trial.workers)
        work = plate.n**2 * (solved.steps - solved.begun)
        if not trial.is_first:
            return Outcome(trial.seconds, work, "", True, "", solved.note)
        right, digest, verdict = self._check(solved.field, solved.steps)
        if right and not problem.written:
            self._write(solved.field, solved.steps)
        return Outcome(
            trial.seconds, work, digest, right, verdict, solved.note,
            details={"steps": solved.steps},
        )  # fmt: skip

    def _check(self, found: Any, steps: int) -> tuple[bool, str, str]:
        """Compare with both solutions, and bit by bit with the first technique's."""
        import numpy as np  # noqa: PLC0415

        problem, plate = self._problem, self._problem.plate
        answer: Float64Array = np.ascontiguousarray(found, dtype=np.float64)
        digest = hashlib.sha256(answer.tobytes()).hexdigest()[:16]
        off, error = (
            float(abs(answer - plate.exact(steps, scheme=scheme)).max()) for scheme in (True, False)
        )
        bound, first = plate.error_bound(steps), problem.digests.setdefault(steps, digest)
        rounding = _ROUNDING * (steps + 1)
        if not off <= rounding:
            return False, digest, f"differs from the scheme's solution by up to {off:.1g}"
        if first != digest:
            return False, digest, f"differs in single bits from {first}"
        if not error <= bound + rounding:
            return False, digest, f"{error:.2g} from the true solution, more than {bound:.2g}"
        return (
            True,
            digest,
            "matches the known solution"
            + ("" if steps == plate.steps else f" after {steps} steps"),
        )

    def _write(self, found: Any, steps: int) -> None:
        from workloads.heat import output  # noqa: PLC0415

        problem = self._problem
        if problem.out is not None:
            output.write(problem.out, found)
        if problem.film is not None:
            output.write_film(problem.film, replace(problem.plate, steps=steps))
        problem.written = True


def _add_options(what: argparse._ArgumentGroup) -> None:
    side, steps = options.whole_number(1, _MOST_N), options.whole_number(1, _MOST_STEPS)
    text = f"points along a side of the plate (default: {_N})"
    what.add_argument("-n", type=side, default=_N, metavar="N", help=text)
    what.add_argument(
        "--steps", type=steps, default=_STEPS, metavar="N", help="(default: %(default)s)"
    )
    text = "end where no point changes by as much in a step (looked at each 10 steps)"
    what.add_argument("--until", type=_positive, default=0.0, metavar="X", help=text)
    text = "the file of mpi-checkpoint (HDF5): a run that was killed goes on with it"
    what.add_argument("--checkpoint", type=Path, metavar="FILE", help=text)
    text = "steps between two checkpoints (default: a tenth of all)"
    what.add_argument("--every", type=steps, metavar="N", help=text)
    what.add_argument("--out", type=Path, metavar="FILE", help="write the field (.png or .npy)")
    what.add_argument("--film", type=Path, metavar="FILE", help="write how it cools (.gif)")


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return value


def _problems(args: argparse.Namespace) -> list[Heat]:
    if args.every and not args.checkpoint:
        raise UsageError("--every: needs --checkpoint FILE")
    if args.checkpoint and args.scale:
        raise UsageError("--checkpoint: with --scale the second run would find what the first did")
    every = args.every or max(1, args.steps // 10)
    plate = Plate(args.n, args.steps, args.until, args.checkpoint, every)
    ranks.by_first(lambda: _check_files(args, plate))
    return [Heat(plate, args.out, args.film)]


def _check_files(args: argparse.Namespace, plate: Plate) -> None:
    """Refuse before the run what cannot be read or written in it."""
    if args.checkpoint is not None:
        files.require_writable(args.checkpoint, "--checkpoint")
        if args.checkpoint.exists():
            from workloads.heat.checkpoint import steps_in  # noqa: PLC0415

            steps_in(args.checkpoint, plate)
    for path, option in ((args.out, "--out"), (args.film, "--film")):
        if path is not None:
            from workloads.heat import output  # noqa: PLC0415

            output.check(path, option)


def _with_file(workload: Workload, args: argparse.Namespace) -> Workload:
    """Return the workload as it is with a file for checkpoints, or with the row saying so."""
    if args.checkpoint is not None:
        # A link's target is replaced, and not the link; a second repetition would find all done.
        args.checkpoint, args.repeat = Path(os.path.realpath(args.checkpoint)), 1
        return workload
    if "mpi-checkpoint" in (args.impl or "").split(","):
        raise UsageError("--impl mpi-checkpoint: needs --checkpoint FILE")
    row = replace(TECHNIQUES["mpi-checkpoint"], obstacle=lambda: "it needs --checkpoint FILE")
    return replace(workload, techniques={**TECHNIQUES, "mpi-checkpoint": row})


WORKLOAD = Workload(
    name="heat",
    description="Heat that spreads on a square plate: each point needs its neighbours, so parts "
    "of the plate talk to each other. Every technique gives the same bytes, checked against the "
    "known solution.",
    title="Heat",
    rate="points a second",
    unit="M points/s",
    techniques=TECHNIQUES,
    fastest=FASTEST,
    add_options=_add_options,
    attempt=_Attempt,
    problems=_problems,
    adapt=_with_file,
    grown=Heat.grown,
)
