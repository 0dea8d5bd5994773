"""Samples of all starts, interleaved, each a process of its own."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hpcpy.adopt.trace import traced
from hpcpy.core.stages import StageError
from measure import sampler
from measure.cases import CASES, Case
from measure.targets import WORK, Target

# Memory varies by a few pages alone.
_MEMORY_SAMPLES = 3
SAMPLER = Path(sampler.__file__)


@dataclass
class Samples:
    """One case at one place.

    Attributes
    ----------
    image, place, case
        What was started, and where.
    counts
        `workloads.startup.counts.Counts.summary`.
    wall, cpu
        Seconds, one a sample.
    memory
        Bytes, as `measure.sampler.memory` names them.
    """

    image: str
    place: str
    case: str
    counts: dict[str, Any] = field(default_factory=dict)
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: list[dict[str, int]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


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

    def ask(self, case: Case, *, memory: bool) -> dict[str, Any]:
        argv = [self.target.program, *case.arguments(WORK, waiting=memory)]
        request = json.dumps({"argv": argv, "memory": memory})
        answer = ""
        if self.process.stdin and self.process.stdout:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.write(request + "\n")
                self.process.stdin.flush()
                answer = self.process.stdout.readline()
        told = json.loads(answer) if answer else {"code": "no answer"}
        if code := told.pop("code"):
            raise StageError(f"{self.target.name}: {case.name} ended with {code}")
        return dict(told)

    def close(self) -> None:
        if self.process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


@contextlib.contextmanager
def _samplers(targets: Sequence[Target]) -> Iterator[list[_Sampler]]:
    with contextlib.ExitStack() as stack:
        started = []
        for target in targets:
            one = _Sampler(target)
            stack.callback(one.close)
            started.append(one)
        yield started


def measure(targets: Sequence[Target], number: int, cases: Sequence[Case] = CASES) -> list[Samples]:
    """Count each start once, then take samples in rounds of one of each.

    Parameters
    ----------
    targets
        Their names are "image, place".
    number
        How many samples of each.
    cases
        What is started.
    """
    starts = []
    pairs = [(target, case) for case in cases for target in targets]
    show = progress(len(pairs) * (1 + number))
    for target, case in pairs:
        show(f"count {target.name}, {case.name}")
        image, _, place = target.name.partition(", ")
        command = target.command(case.arguments(WORK))
        # The first run makes the user's caches and fills the kernel's.
        for _ in range(2):
            counts = traced(command, target.program)
        starts.append(Samples(image, place, case.name, counts.summary))
    with _samplers(targets) as samplers:
        for turn in range(number):
            # Another one is first in each round: none has the better neighbour.
            turned = samplers[turn % len(samplers) :] + samplers[: turn % len(samplers)]
            for case in cases:
                for one in turned:
                    show(f"round {turn + 1} of {number}: {one.target.name}, {case.name}")
                    start = starts[pairs.index((one.target, case))]
                    _sample(start, one, case, memory=turn < _MEMORY_SAMPLES)
    show("")
    return starts


def _sample(start: Samples, one: _Sampler, case: Case, *, memory: bool) -> None:
    # The first start is not timed.  Kernels take page cache back meanwhile, and a mount
    # then unpacks its file again: in a container, opening LLVM's library made a start take
    # up to five times as long.
    one.ask(case, memory=False)
    told = one.ask(case, memory=False)
    start.wall.append(told["wall"])
    start.cpu.append(told["cpu"])
    if memory:
        start.memory.append(one.ask(case, memory=True))


def progress(total: int) -> Callable[[str], None]:
    """Return a function that tells on a terminal what is done next."""
    done = 0

    def show(what: str) -> None:
        nonlocal done
        if sys.stderr.isatty():
            line = f"   {done * 100 // total:3} % {what}" if what else ""
            print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
        done += 1

    return show
