"""A scheduler or a worker, in a process of its own: ``python -m workloads.on_dask.server``.

Dask's own programs end at Ctrl-C, and the user's program would then print at
length what it has lost while it tidies up.  These end with the program.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

from workloads.on_dask import START_SECONDS

# The default is port 8787, which another user may have taken.
_DASHBOARD = "127.0.0.1:0"
_LOOK_SECONDS = 0.02


async def _schedule(file: str, host: str, workers: str, told: str) -> None:
    from dask.distributed import Scheduler  # noqa: PLC0415

    scheduler = await Scheduler(
        host=host or None,
        port=0,
        dashboard=False,
        dashboard_address=_DASHBOARD,
        scheduler_file=file,
    )
    loop = asyncio.get_running_loop()
    closing: list[asyncio.Task[None]] = []
    loop.add_signal_handler(
        signal.SIGTERM, lambda: closing.append(loop.create_task(scheduler.close()))
    )
    telling = asyncio.create_task(_tell(scheduler, int(workers), Path(told)))
    await scheduler.finished()
    telling.cancel()


async def _tell(scheduler: Any, workers: int, told: Path) -> None:
    while len(scheduler.running) < workers:
        await asyncio.sleep(_LOOK_SECONDS)
    told.touch()


def _is_no_heartbeat(record: logging.LogRecord) -> bool:
    # A heartbeat may be on its way when the scheduler ends, and the worker with it;
    # the process that started both reports an end that nobody wanted.
    return "during heartbeat" not in record.getMessage()


async def _work(address: str) -> None:
    from dask.distributed import Worker  # noqa: PLC0415

    logging.getLogger("distributed.worker").addFilter(_is_no_heartbeat)
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


def main(kind: str, *words: str) -> NoReturn:
    """Be a scheduler or a worker until the scheduler gets SIGTERM.

    Parameters
    ----------
    kind
        ``scheduler`` or ``worker``.
    words
        For a scheduler its file, its host, how many workers it is to have, and the file
        to create when they are there; for a worker the scheduler's address.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    code = 1
    with contextlib.suppress(asyncio.TimeoutError):
        asyncio.run(_schedule(*words) if kind == "scheduler" else _work(*words))
        code = 0
    # A task that nobody waits for any more may still compute in its thread.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
