"""Samples in rounds: of starts of Python, and of anything else."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from hpcpy.core.stages import StageError, stage
from hpcpy.engine.traced import traced
from measure.cases import CASES, Case
from measure.running import CommandError
from measure.targets import WORK, Target
from workloads.startup import calls

T = TypeVar("T")

# Memory varies by a few pages alone.
_MEMORY_SAMPLES = 3
SAMPLER = Path(__file__).with_name("sampler.py")


def in_rounds(
    kinds: Sequence[T], number: int, take: Callable[[T], None], name: Callable[[T], str] = str
) -> None:
    """Take a sample of each kind in each round; every second round goes in reverse order.

    What else the machine does then disturbs all kinds alike, and none has the better
    neighbour.  A terminal shows what is done.
    """
    with stage(f"{number} samples of each") as current:
        for turn in range(number):
            for kind in kinds if turn % 2 == 0 else kinds[::-1]:
                if sys.stderr.isatty():
                    line = f"\r\033[K   round {turn + 1} of {number}: {name(kind)}"
                    print(line, end="\r", file=sys.stderr, flush=True)
                try:
                    take(kind)
                except CommandError as error:
                    current.log.write_text(f"{name(kind)}\n{error.output}")
                    raise
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)
        current.note = f"{len(kinds)} kinds"


@dataclass
class Samples:
    """Starts of one case at one place.

    `counts` is `workloads.startup.calls.summary`; `wall` and `cpu` are seconds, one a
    sample; `memory` is bytes, as `measure.sampler.memory` names them.
    """

    image: str
    place: str
    case: str
    counts: dict[str, Any] = field(default_factory=dict)
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: list[dict[str, int]] = field(default_factory=list)


class _Sampler:
    """A running `measure.sampler`, inside of what is measured."""

    def __init__(self, target: Target) -> None:
        self.target = target
        # Isolated: what lies beside the script is none of its modules.
        self.process = subprocess.Popen(
            target.command(["-I", str(WORK / SAMPLER.name)]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, case: Case, *, memory: bool = False) -> dict[str, Any]:
        argv = [self.target.program, *case.arguments(WORK, memory=memory)]
        request = json.dumps({"argv": argv, "memory": memory})
        answer = ""
        if self.process.stdin and self.process.stdout:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.write(request + "\n")
                self.process.stdin.flush()
                answer = self.process.stdout.readline()
        taken = json.loads(answer) if answer else {"code": "no answer"}
        if code := taken.pop("code"):
            raise StageError(f"{self.target.name}: {case.name} ended with {code}")
        return dict(taken)

    def close(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self.process.communicate()


def measure(targets: Sequence[Target], number: int, cases: Sequence[Case] = CASES) -> list[Samples]:
    """Count each start once, then take samples; the targets' names are "image, place"."""
    starts = [_counted(target, case) for case in cases for target in targets]
    with contextlib.ExitStack() as stack:
        samplers = [stack.enter_context(contextlib.closing(_Sampler(target))) for target in targets]
        pairs = [(sampler, case) for case in cases for sampler in samplers]
        kinds = [(*pair, start) for pair, start in zip(pairs, starts, strict=True)]
        in_rounds(kinds, number, lambda kind: _sample(*kind), lambda kind: kind[0].target.name)
    return starts


def _counted(target: Target, case: Case) -> Samples:
    image, _, place = target.name.partition(", ")
    # The first run makes the user's caches and fills the kernel's.
    for _ in range(2):
        run = traced(target.command(case.arguments(WORK)), target.program)
    return Samples(image, place, case.name, {**run.started, **calls.summary(run.each)})


def _sample(sampler: _Sampler, case: Case, start: Samples) -> None:
    # The first start is not timed.  Kernels take page cache back meanwhile, and a mount
    # then unpacks its file again: in a container, opening LLVM's library made a start take
    # up to five times as long.
    sampler.ask(case)
    taken = sampler.ask(case)
    start.wall.append(taken["wall"])
    start.cpu.append(taken["cpu"])
    if len(start.memory) < _MEMORY_SAMPLES:
        start.memory.append(sampler.ask(case, memory=True))
