"""``python -m workloads heat``: its options, and the plate that they choose."""
# ruff: noqa: D102  (`workloads.bench.workload` says what the methods are for)

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcpy_common import files, machine, options, ranks
from hpcpy_common.errors import UsageError, require_module
from workloads.bench.workload import Outcome, Workload
from workloads.heat.plate import WAVES, Plate, Solved, numpy_step
from workloads.heat.registry import ALL_STEPS, CHECKPOINTS, FASTEST, TECHNIQUES
from workloads.write.files import careful_hdf5

if TYPE_CHECKING:
    from workloads.bench.result import Result
    from workloads.bench.workload import Float64Array, Trial

# The most points along a side, and steps.
_MOST_N, _MOST_STEPS = 1 << 16, 1 << 30
_FRAMES, _MILLISECONDS = 50, 80  # of a film
# Along a side of a picture at least: a point of a small plate becomes several pixels.
_LEAST_PIXELS = 256


@dataclass(frozen=True)
class Heat(Plate):
    """A plate, what is written of it, and the answer that all techniques must give."""

    out: Path | None = None
    film: Path | None = None
    workers: Mapping[str, int] = field(default_factory=dict)  # the most, by what they are
    digests: dict[int, str] = field(default_factory=dict)  # the first answer's, by its steps
    written: list[Path] = field(default_factory=list)
    task = "heat"

    @property
    def name(self) -> str:
        return f"{self.n} × {self.n} points, {self.steps} step{'s' if self.steps > 1 else ''}"

    @property
    def title(self) -> str:
        return f"heat: {self.name}"

    def parameters(self) -> Mapping[str, object]:
        return {"n": self.n, "steps": self.steps, "until": self.until}

    def prepare(self, names: Sequence[str]) -> None:
        """Refuse before the run what these techniques cannot do."""
        bytes_a_point = 5 * 8 + (4 * _FRAMES if self.film else 0)
        machine.require_memory(bytes_a_point * (self.n + 2) ** 2, "-n")
        most = max(self.workers.get(TECHNIQUES[name].parallel, 1) for name in names)
        if most > self.n:
            fault = f"-n {self.n}: has no row for each of {most} workers"
            raise UsageError(fault, hint=f"-n {most} has")
        if self.until and (refusing := ALL_STEPS.intersection(names)):
            hint = "leave it out, or name numpy or mpi-sendrecv"
            raise UsageError(f"--until: {', '.join(sorted(refusing))} does all steps", hint=hint)
        if self.checkpoint is not None and (len(names) > 1 or names[0] not in CHECKPOINTS):
            raise UsageError(f"--checkpoint: is for --impl {' or '.join(CHECKPOINTS)} alone")
        if self.checkpoint is not None and self.checkpoint.exists():
            from workloads.heat.checkpoint import require_sound  # noqa: PLC0415

            own = importlib.import_module(TECHNIQUES[names[0]].module)
            require_sound(self.checkpoint, self, own.load)

    def judge(self, solved: Solved) -> tuple[str, str]:
        """Return an answer's hash and what is wrong with it, or nothing; write the first one."""
        import numpy as np  # noqa: PLC0415

        answer: Float64Array = np.ascontiguousarray(solved.field, dtype=np.float64)
        digest, steps = hashlib.sha256(answer.tobytes()).hexdigest()[:16], solved.steps
        if fault := self.fault(answer, steps):
            return digest, fault
        if (first := self.digests.setdefault(steps, digest)) != digest:
            return digest, f"differs in single bits from {first}"
        outputs = (self.out, ".png", [answer]), (self.film, ".gif", self._cooling(steps))
        for path, ending, fields in () if self.written else outputs:
            if path is not None:
                _write(path, ending, fields)
                self.written.append(path)
        return digest, ""

    def _cooling(self, steps: int) -> Iterator[Float64Array]:
        """Solve it once more by NumPy, and give the field each few steps."""
        old, new = self.start()
        for step in range(steps + 1):
            if step % max(1, steps // _FRAMES) == 0:
                yield old
            numpy_step(old, new)
            old, new = new, old

    def grown(self, times: int) -> Heat:
        """Return a plate with about `times` as many points."""
        side = round((self.n**2 * times) ** 0.5)
        if side > _MOST_N:
            most = f"--weak: {times} times {self.name} are more than {_MOST_N}² points"
            raise UsageError(most, hint="a smaller -n")
        return replace(self, n=side, digests={})

    def remarks(self, results: Sequence[Result]) -> list[str]:
        """Return the answer's hash, how exact it is, and how much of a part is its surface."""
        lines = [*dict.fromkeys(f"sha256 {each.answer}: {each.verdict}" for each in results)]
        for steps in self.digests:
            scheme, equation = (self.exact(steps, scheme=each) for each in (True, False))
            error = abs(scheme - equation).max()
            # R is fixed, so a step is a fourth as long at twice -n.
            finer = "on a fine plate twice -n makes a sixteenth, with 4 times --steps a quarter"
            lines.append(f"{error:.2g} off the true solution at most; {finer}")
        of_ranks = (each for each in results if TECHNIQUES[each.impl].parallel == "ranks")
        for count in sorted({each.workers for each in of_ranks} - {1}):
            sent = 2 * (count - 1) / self.n
            lines.append(f"{count} strips send {sent:.2g} numbers for each point they compute")
        return lines + [f"written to {path}" for path in self.written if not files.is_stdout(path)]


@dataclass
class _Attempt:
    """One technique at one plate."""

    plate: Heat
    trial: Trial

    def warm_up(self) -> None:
        """Do two steps: libraries are loaded, and processes started."""
        self._solve(replace(self.plate, steps=2, checkpoint=None))

    def once(self) -> Outcome:
        """Do all steps, with the start and the collection of the parts; check the answer."""
        trial, plate = self.trial, self.plate
        with trial.clock():
            solved = self._solve(plate)
        digest, fault = plate.judge(solved) if trial.is_first else ("", "")
        after = "" if solved.steps == plate.steps else f" after {solved.steps} steps"
        verdict = fault or f"matches the known solution{after}"
        work, steps = plate.n**2 * (solved.steps - solved.begun), {"steps": solved.steps}
        note = solved.note or trial.note
        return Outcome(trial.seconds, work, digest, not fault, verdict, note, details=steps)

    def _solve(self, plate: Plate) -> Solved:
        trial = self.trial
        with careful_hdf5(trial.technique):
            solved = trial.call(plate)
        return solved if isinstance(solved, Solved) else Solved(solved, plate.steps)


def _write(path: Path, ending: str, fields: Iterable[Float64Array]) -> None:
    """Write a field's numbers, or a picture of each, hot points bright."""
    import numpy as np  # noqa: PLC0415

    with files.whole_file(path, ending) as temporary:
        if path.suffix.lower() == ".npy":
            np.save(temporary, *fields)
            return
        first, *others = map(_picture, fields)
        film = {"save_all": True, "duration": _MILLISECONDS, "loop": 0}
        first.save(temporary, append_images=others, **(film if others else {}))


def _picture(field: Float64Array) -> Any:
    from matplotlib import colormaps  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415  (Matplotlib needs it)

    # One scale for all frames: it grows dark as it cools.
    most = sum(amplitude for amplitude, _, _ in WAVES)
    colours = colormaps["inferno"]((field + most / 2) / (1.5 * most), bytes=True)[..., :3]
    side = -(-_LEAST_PIXELS // len(field)) * len(field)
    return Image.fromarray(colours).resize((side, side), Image.Resampling.NEAREST)


def _add_options(what: argparse._ArgumentGroup) -> None:
    side, steps = options.whole_number(1, _MOST_N), options.whole_number(1, _MOST_STEPS)
    add = what.add_argument
    text = "points along a side of the plate (default: %(default)s)"
    add("-n", type=side, default=512, metavar="N", help=text)
    add("--steps", type=steps, default=100, metavar="N", help="(default: %(default)s)")
    text = "end where no point changes by as much in a step (looked at each 10 steps)"
    add("--until", type=options.above_zero, default=0.0, metavar="X", help=text)
    text = "of mpi-checkpoint (HDF5) or mpi-view (.npy): a run that was killed goes on with it"
    add("--checkpoint", type=Path, metavar="FILE", help=text)
    text = "steps between two checkpoints (default: a tenth of all)"
    add("--every", type=steps, metavar="N", help=text)
    add("--out", type=Path, metavar="FILE", help="write the field (.png or .npy)")
    add("--film", type=Path, metavar="FILE", help="write how it cools (.gif)")


def _problems(args: argparse.Namespace) -> list[Heat]:
    if args.every and not args.checkpoint:
        raise UsageError("--every: needs --checkpoint FILE")
    if args.checkpoint and args.scale:
        fault = "with --scale the second run would find what the first did"
        raise UsageError(f"--checkpoint: {fault}", hint="leave out --scale")
    if args.weak and (args.out or args.film):
        raise UsageError("--out and --film: with --weak each number of workers has its own plate")
    if args.film or (args.out and args.out.suffix.lower() != ".npy"):
        hint = "--out plate.npy writes the numbers"
        ranks.by_first(lambda: require_module("matplotlib", "--out and --film: ", hint))
    every = args.every or max(1, args.steps // 10)
    most = max(args.scale or [0])
    workers = {
        "processes": most or args.workers or machine.cores(),
        "ranks": most or ranks.expected(),
    }
    outputs = {"out": args.out, "film": args.film, "checkpoint": args.checkpoint}
    return [Heat(args.n, args.steps, args.until, every=every, workers=workers, **outputs)]


def _with_checkpoint(workload: Workload, args: argparse.Namespace) -> Workload:
    """Return the workload as it is with a file for checkpoints, or with the rows saying so."""
    if args.checkpoint is not None:
        with contextlib.suppress(OSError):  # then the harness says why it cannot be written
            if files.destination(args.checkpoint) is None:
                raise UsageError(f"--checkpoint {args.checkpoint}: is no file that can be replaced")
        # A link's target is replaced, and not the link; a second repetition would find all done.
        args.checkpoint, args.repeat = Path(os.path.realpath(args.checkpoint)), 1
        return workload
    rows = {}
    for name in CHECKPOINTS:
        if name in (args.impl or "").split(","):
            raise UsageError(f"--impl {name}: needs --checkpoint FILE")
        rows[name] = replace(TECHNIQUES[name], obstacle=lambda: "it needs --checkpoint FILE")
    return replace(workload, techniques={**TECHNIQUES, **rows})


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
    adapt=_with_checkpoint,
    grown=Heat.grown,
    outputs={"--checkpoint": (), "--out": (".png", ".npy"), "--film": (".gif",)},
)
