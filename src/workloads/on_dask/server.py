"""A scheduler or a worker, in a process of its own: ``python -m workloads.on_dask.server``.

Dask's own programs end at Ctrl-C, and the user's program would then print at
length what it has lost while it tidies up.  These end with the program.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

from workloads.parallel.workers import START_SECONDS

# The default is port 8787, which another user may have taken.
_DASHBOARD = "127.0.0.1:0"
_LOOK_SECONDS = 0.02


async def _schedule(file: str, host: str, workers: str, complete: str) -> None:
    """Be a scheduler until SIGTERM; create the file `complete` when it has all its workers."""
    from dask.distributed import Scheduler  # noqa: PLC0415

    scheduler = await Scheduler(
        host=host or None,
        port=0,
        dashboard=False,
        dashboard_address=_DASHBOARD,
        scheduler_file=file,
    )
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    while len(scheduler.running) < int(workers) and not stop.is_set():
        await asyncio.sleep(_LOOK_SECONDS)
    Path(complete).touch()
    await stop.wait()
    await scheduler.close()


async def _work(address: str) -> None:
    """Be a worker until its scheduler ends."""
    from dask.distributed import Worker  # noqa: PLC0415

    worker = await Worker(
        address,
        nthreads=1,
        # No limit but the machine's: Slurm holds the job to its own.
        memory_limit=0,
        dashboard=False,
        dashboard_address=_DASHBOARD,
        death_timeout=START_SECONDS,
    )
    await worker.finished()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    kind, *words = sys.argv[1:]
    code = 1
    with contextlib.suppress(asyncio.TimeoutError):
        asyncio.run(_schedule(*words) if kind == "scheduler" else _work(*words))
        code = 0
    # A task that nobody waits for any more may still compute in its thread.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
