"""Many artifacts at once, with a progress line."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

from hpcpy.core.errors import HpcpyError
from hpcpy.core.files import MIB, require_free
from hpcpy.core.programs import end_if_stopped
from hpcpy.fetch.download import Patience
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


def _download(
    artifacts: list[Artifact], fetcher: Fetcher
) -> Generator[tuple[Artifact, Path | Exception], None, None]:
    """Fetch artifacts in threads, the largest first: the last of them would be waited for alone."""
    largest = sorted(artifacts, key=lambda artifact: -artifact.sources[0].size)
    with ThreadPoolExecutor(THREADS) as pool:
        running = {pool.submit(fetcher.fetch, artifact): artifact for artifact in largest}
        try:
            with _progress(fetcher.tally, artifacts) as update:
                while running:
                    end_if_stopped()
                    update()
                    for one in wait(running, timeout=0.2, return_when=FIRST_COMPLETED).done:
                        error = one.exception()
                        result = error if isinstance(error, Exception) else one.result()
                        yield running.pop(one), result
        finally:
            # A thread notices it at its next piece, at the latest when its read times out.
            fetcher.stop.set()
            pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _progress(tally: Tally, artifacts: list[Artifact]) -> Iterator[Callable[[], None]]:
    """Give a function that writes over a line on a terminal, where there is time to read it."""
    size = sum(artifact.sources[0].size for artifact in artifacts)
    begun, before = time.monotonic(), tally.downloaded

    def update() -> None:
        if is_shown and time.monotonic() - begun > QUIET_SECONDS:
            done = f"{(tally.downloaded - before) / MIB:.0f} of {size / MIB:.0f} MiB"
            print(f"\r   …     fetch: {done}\x1b[K", end="", file=sys.stderr, flush=True)

    is_shown = sys.stderr.isatty()
    yield update
    if is_shown:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
