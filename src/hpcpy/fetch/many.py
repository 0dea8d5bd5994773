"""Many artifacts at once, with a progress line."""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
import time
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hpcpy.core.errors import HpcpyError
from hpcpy.core.files import MIB, require_free
from hpcpy.core.process_groups import end_if_stopped
from hpcpy.fetch.connection import Patience
from hpcpy.fetch.download import Interrupted
from hpcpy.fetch.one import Fetcher, Tally, cached, downloads_dir
from hpcpy.pins.model import Artifact

# Enough to hide the round trips of many small files; mirrors frown on more.
THREADS = 6
# No line for what is over before it can be read.
QUIET_SECONDS = 2.0


def fetch(
    artifacts: Iterable[Artifact],
    *,
    tally: Tally | None = None,
    patience: Patience | None = None,
    failures: dict[Artifact, HpcpyError] | None = None,
) -> dict[Artifact, Path]:
    """Return verified artifacts, each ``downloads/<sha256>/<filename>`` of the cache.

    Errors of single ones go to `failures`; without it the first is raised.
    """
    unique = list(dict.fromkeys(artifacts))
    tally = tally or Tally()
    with ThreadPoolExecutor(THREADS) as pool:
        there = dict(zip(unique, pool.map(cached, unique), strict=True))
    paths = {artifact: path for artifact, path in there.items() if path is not None}
    tally.add(present=sum(path.stat().st_size for path in paths.values()), files=len(paths))
    missing = [artifact for artifact, path in there.items() if path is None]
    if missing:
        size = sum(artifact.sources[0].size for artifact in missing)
        require_free(downloads_dir(), size, "downloading")
        fetcher = Fetcher(patience or Patience(), tally)
        with contextlib.closing(_download(missing, fetcher)) as results:
            for artifact, result in results:
                if isinstance(result, Path):
                    paths[artifact] = result
                    tally.add(files=1)
                elif isinstance(result, HpcpyError) and failures is not None:
                    failures[artifact] = result
                else:
                    raise result
    return paths


class _Workers:
    """Threads that fetch what is in a queue; the largest files first.

    The last of the large ones would otherwise be waited for alone.
    """

    def __init__(self, artifacts: list[Artifact], fetcher: Fetcher) -> None:
        self.done: queue.SimpleQueue[tuple[Artifact, Path | Exception]] = queue.SimpleQueue()
        self._waiting: queue.SimpleQueue[Artifact] = queue.SimpleQueue()
        self._fetcher = fetcher
        for artifact in sorted(artifacts, key=lambda artifact: -artifact.sources[0].size):
            self._waiting.put(artifact)
        # Daemons: at Ctrl-C nobody waits for one that is blocked in a read.
        # Ending it anywhere is safe, the partial file is checked when resumed.
        for _ in range(min(THREADS, len(artifacts))):
            threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while not self._fetcher.stop.is_set():
            try:
                artifact = self._waiting.get_nowait()
            except queue.Empty:
                return
            try:
                self.done.put((artifact, self._fetcher.fetch(artifact)))
            except Interrupted:
                return
            except Exception as error:  # for the main thread to raise
                self.done.put((artifact, error))


def _download(
    artifacts: list[Artifact], fetcher: Fetcher
) -> Generator[tuple[Artifact, Path | Exception], None, None]:
    workers = _Workers(artifacts, fetcher)
    try:
        with contextlib.closing(_Progress(fetcher.tally, artifacts)) as progress:
            for _ in artifacts:
                result = None
                while result is None:
                    end_if_stopped()
                    progress.update()
                    with contextlib.suppress(queue.Empty):
                        result = workers.done.get(timeout=0.2)
                yield result
    finally:
        fetcher.stop.set()


class _Progress:
    """A line on a terminal that is written over."""

    def __init__(self, tally: Tally, artifacts: list[Artifact]) -> None:
        self._tally = tally
        self._size = sum(artifact.sources[0].size for artifact in artifacts)
        self._start = time.monotonic()
        self._before = tally.downloaded
        self._shown = False

    def update(self) -> None:
        seconds = time.monotonic() - self._start
        if seconds < QUIET_SECONDS or not sys.stderr.isatty():
            return
        done = self._tally.downloaded - self._before
        text = f"   …     fetch: {done / MIB:.0f} of {self._size / MIB:.0f} MiB"
        print(f"\r{text}, {done / MIB / seconds:.1f} MiB/s\x1b[K", end="", file=sys.stderr)
        sys.stderr.flush()
        self._shown = True

    def close(self) -> None:
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
