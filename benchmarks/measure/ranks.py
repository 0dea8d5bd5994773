"""Two ranks that wait, and send each other a burst of messages when they are asked."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from hpcpy.core.stages import StageError
from measure import burst
from measure.targets import WORK

BURST = Path(burst.__file__)
# What starts a program with its words as two ranks.
Start = Callable[[Sequence[str]], list[str]]
# Starting takes half a second, a burst milliseconds.
_PATIENCE = 60.0
_TERMINATION = 5.0


class Ranks:
    """Two running ranks; `started` makes them.

    Attributes
    ----------
    libraries
        Which MPI library each of them has: its file, version and SHA-256.
    """

    def __init__(
        self, name: str, process: subprocess.Popen[str], orders: Sequence[int], errors: Path
    ) -> None:
        self._name, self._process, self._orders, self._errors = name, process, orders, errors
        self.libraries: list[dict[str, str]] = self._answer()["libraries"]

    def burst(self, size: int, times: int, *, check: bool = False) -> float:
        """Send messages to and fro.

        Parameters
        ----------
        size
            Bytes of each.
        times
            How many there and how many back.
        check
            Whether what arrives is compared with what was sent.

        Returns
        -------
        float
            The median of half of each round trip, in seconds.
        """
        order = json.dumps({"size": size, "times": times, "check": check}) + "\n"
        for fifo in self._orders:
            os.write(fifo, order.encode())
        return float(self._answer()["median"])

    def _answer(self) -> dict[str, Any]:
        out = self._process.stdout
        line = ""
        # `select` sees each answer: ranks print one line an order, so that none is left
        # in readline's buffer.
        if out and select.select([out], [], [], _PATIENCE)[0]:
            line = out.readline()
        if not line:
            said = self._errors.read_text(errors="replace").strip().splitlines()
            raise StageError(f"{self._name}: {said[-1] if said else 'the ranks do not answer'}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextlib.contextmanager
def started(name: str, start: Start, work: Path) -> Iterator[Ranks]:
    """Give two running ranks; they end afterwards.

    Parameters
    ----------
    name
        What they are, in words; their files have this name, too.
    start
        How they are started.
    work
        The folder that they see as `measure.targets.WORK`, with `BURST`.
    """
    fifos = [work / f"{name}.{rank}" for rank in range(2)]
    errors = work / f"{name}.err"
    with contextlib.ExitStack() as stack:
        for fifo in fifos:
            os.mkfifo(fifo)
            stack.callback(fifo.unlink)
        # Opened to read and write: neither side waits for the other to open it.
        ends = [os.open(fifo, os.O_RDWR) for fifo in fifos]
        closing = stack.enter_context(contextlib.ExitStack())
        for end in ends:
            closing.callback(os.close, end)
        process = stack.enter_context(_process(start, name, errors))
        ranks = Ranks(name, process, ends, errors)
        yield ranks
        # The end of the orders: they finish MPI and leave.
        closing.close()
        if code := process.wait(_PATIENCE):
            raise StageError(f"{name}: ended with {code}")


@contextlib.contextmanager
def _process(start: Start, name: str, errors: Path) -> Iterator[subprocess.Popen[str]]:
    command = start(["-I", str(WORK / BURST.name), str(WORK / name)])
    with (
        errors.open("w") as err,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err, text=True
        ) as process,
    ):
        try:
            yield process
        finally:
            if process.poll() is None:
                # mpiexec ends its ranks.
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_TERMINATION)
                process.kill()
