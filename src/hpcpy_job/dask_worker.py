"""A rank's worker, in a process of its own: ``python -m hpcpy_job.dask_worker [FOLDER] ADDRESS``.

FOLDER is a script's, which is first where the program looks for modules.
``dask worker`` ends at Ctrl-C, and the program would then print at length what it has
lost while it tidies up.  This one ends with its scheduler.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from typing import Any

from hpcpy_common.programs import START_SECONDS

# The default is port 8787, which another user may have taken.
NO_DASHBOARD = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}


async def _work(address: str) -> None:
    from dask.distributed import Worker  # noqa: PLC0415

    class RankWorker(Worker):  # type: ignore[misc]
        async def close(self, **options: Any) -> Any:
            # It would wait 30 s for the thread of a task that nobody waits for any more.
            return await super().close(**{**options, "executor_wait": False})

    if folder := sys.argv[1:-1]:
        sys.path[:0] = folder
        # What a task starts is the program's.
        os.environ.pop("PYTHONSAFEPATH", None)
    worker = await RankWorker(
        address,
        nthreads=1,
        memory_limit=0,  # none but the machine's: Slurm holds the job to its own
        death_timeout=START_SECONDS,
        **NO_DASHBOARD,
    )
    await worker.finished()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    code = 1
    with contextlib.suppress(asyncio.TimeoutError):
        asyncio.run(_work(sys.argv[-1]))
        code = 0
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
