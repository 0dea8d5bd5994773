"""Artifacts into the cache, many at once, each through the sources that it can come from."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

from hpcpy.core.files import MIB, disk_errors, in_words, place, require_free, sha256
from hpcpy.core.paths import cache_dir
from hpcpy.core.programs import end_if_stopped, signals_wait
from hpcpy.core.scratch import locked
from hpcpy.core.trust import ANOTHER_CACHE
from hpcpy.fetch.apt import debian_mirrors, given_mirror
from hpcpy.fetch.download import (
    PermanentError,
    TransientError,
    UnreachableError,
    download,
    is_whole,
    open_url,
)
from hpcpy.pins.model import APT_MIRROR, Artifact, Source
from hpcpy_common.errors import HpcpyError, IntegrityError, UnavailableError

# Seconds before each further round over the sources of a file.
PAUSES = (0.5, 1.0, 2.0, 4.0)
# A host that could not be connected to for so many seconds is not tried again.
GIVE_UP = 20.0


def downloads_dir() -> Path:
    """Return where fetched files lie: ``<sha256>/<name>`` below it, whole and verified."""
    return cache_dir() / "downloads"


@dataclass
class Tally:
    """What a fetch has done: bytes downloaded, bytes already there, number of files."""

    downloaded: int = 0
    present: int = 0
    files: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, *, downloaded: int = 0, present: int = 0, files: int = 0) -> None:
        """Count, from any thread."""
        with self._lock:
            self.downloaded += downloaded
            self.present += present
            self.files += files

    def __str__(self) -> str:
        done, had = in_words(self.downloaded), in_words(self.present)
        return f"{self.files} files, {done} downloaded, {had} in the cache"


def cached(artifact: Artifact) -> Path | None:
    """Return the artifact's file if the cache has it whole."""
    # Hashed each time, a second for all of an image: a note of an earlier check would also vouch
    # for what a failing disk or a full one has made of the file since.
    for source in artifact.sources:
        path = _final(artifact, source)
        if is_whole(path, source):
            return path
    return None


def _final(artifact: Artifact, source: Source) -> Path:
    return downloads_dir() / source.sha256 / artifact.filename


def take(download: Path, target: Path) -> Path:
    """Copy a download and compare it with its pin: others may write to a shared cache."""
    # The folder of a download has the name of its hash.
    if sha256(place(download, target, 0o644)) != download.parent.name:
        target.unlink()
        raise IntegrityError(f"{download}: not the pinned bytes any more", hint=ANOTHER_CACHE)
    return target


class Interrupted(Exception):  # noqa: N818 (a request to end, not an error)
    """Another thread asked to stop."""


class Fetcher:
    """What the downloads of one fetch share."""

    def __init__(self, tally: Tally, artifacts: Iterable[Artifact]) -> None:
        self.stop = threading.Event()
        self.tally = tally
        # A wrong HPCPY_DEBIAN_MIRROR is an error before all else: a full disk, a download.
        given_mirror()
        urls = [source.url for artifact in artifacts for source in artifact.sources]
        is_debian = any(url.startswith(APT_MIRROR) for url in urls)
        self._mirrors = debian_mirrors() if is_debian else {}
        # Host -> since when no connection to it has succeeded.
        self._silent: dict[str, float] = {}

    def fetch(self, artifact: Artifact) -> Path:
        """Download an artifact from the first of its sources that has it."""
        failures: dict[Source, Exception] = {}
        usable = [self._at_mirror(source) for source in artifact.sources]
        for pause in (0.0, *PAUSES):
            if self.stop.wait(pause):
                raise Interrupted
            # Places on hosts that have not answered lately come last.
            for source in sorted(usable, key=lambda source: _host(source) in self._silent):
                try:
                    return self._fetch_from(artifact, source)
                except TransientError as error:
                    failures[source] = error
                except (PermanentError, IntegrityError) as error:
                    failures[source] = error
                    usable.remove(source)
            if not usable:
                break
        raise _failure(artifact, failures)

    def _fetch_from(self, artifact: Artifact, source: Source) -> Path:
        final = _final(artifact, source)
        part = downloads_dir() / "partial" / source.sha256
        with locked(part, check=self._end_if_stopped):
            # Another process may have fetched it while this one waited.
            if is_whole(final, source):
                part.unlink()
                return final
            if final.exists():
                print(f"{final}: not the pinned bytes any more; fetched again", file=sys.stderr)
                with disk_errors(final):
                    final.unlink()
            locked_part = part.stat()
            try:
                download(lambda start: self._get(source, start), source, part, self._received)
                with disk_errors(final):
                    final.parent.mkdir(parents=True, exist_ok=True)
                    part.replace(final)
            finally:
                # What is worth resuming stays, and what who waited has made of this name since.
                with contextlib.suppress(FileNotFoundError):
                    if os.path.samestat(status := part.stat(), locked_part) and not status.st_size:
                        part.unlink()
        return final

    def _get(self, source: Source, start: int) -> HTTPResponse:
        if source.url.startswith(APT_MIRROR):
            raise PermanentError("this machine has no such mirror (HPCPY_DEBIAN_MIRROR sets one)")
        host = _host(source)
        since = self._silent.get(host)
        if since is not None and time.monotonic() - since > GIVE_UP:
            raise PermanentError("its host does not answer")
        try:
            reply = open_url(source.url, start)
        except UnreachableError:
            self._silent.setdefault(host, time.monotonic())
            raise
        self._silent.pop(host, None)
        return reply

    def _at_mirror(self, source: Source) -> Source:
        """Return a source with its address at the machine's mirror, which errors then name."""
        archive, _, path = source.url.removeprefix(APT_MIRROR).partition("/")
        mirror = self._mirrors.get(archive)
        return replace(source, url=f"{mirror}/{path}") if mirror else source

    def _received(self, size: int) -> None:
        self.tally.add(downloaded=size)
        self._end_if_stopped()

    def _end_if_stopped(self) -> None:
        if self.stop.is_set():
            raise Interrupted


def _host(source: Source) -> str:
    return urlsplit(source.url).netloc


def _failure(artifact: Artifact, failures: dict[Source, Exception]) -> HpcpyError:
    reasons = "; ".join(f"{source.url}: {error!s:.200}" for source, error in failures.items())
    # Servers send line ends, and codes of terminals.
    reasons = re.sub(r"[^!-~]+", " ", reasons)
    message = f"{artifact.filename} could not be downloaded: {reasons}"
    # Wrong bytes come first: trying again does not help.
    if any(isinstance(error, IntegrityError) for error in failures.values()):
        hint = "wrong bytes were discarded; find out why they changed before you update env/"
        return IntegrityError(message, hint=hint)
    hint = "run the command again to go on"
    if artifact.filename.endswith(".deb"):
        hint += "; where the mirror has moved past env/debian.lock: make lock"
    return UnavailableError(message, hint=hint)


# Enough to hide the round trips of many small files; mirrors frown on more.
THREADS = 6
# No line for what is over before it can be read.
QUIET_SECONDS = 2.0


def fetch(artifacts: Iterable[Artifact], *, tally: Tally | None = None) -> dict[Artifact, Path]:
    """Return verified artifacts, those that the cache has and what is downloaded."""
    unique = list(dict.fromkeys(artifacts))
    tally = tally or Tally()
    with ThreadPoolExecutor(THREADS) as pool:
        there = dict(zip(unique, pool.map(cached, unique), strict=True))
    paths = {artifact: path for artifact, path in there.items() if path is not None}
    tally.add(present=sum(path.stat().st_size for path in paths.values()), files=len(paths))
    missing = [artifact for artifact, path in there.items() if path is None]
    if missing:
        fetcher = Fetcher(tally, missing)
        size = sum(artifact.sources[0].size for artifact in missing)
        require_free(downloads_dir(), size, "downloading")
        paths |= _download(missing, fetcher)
    return paths


def _download(artifacts: list[Artifact], fetcher: Fetcher) -> dict[Artifact, Path]:
    """Fetch artifacts in threads, the largest first: the last of them would be waited for alone."""
    largest = sorted(artifacts, key=lambda artifact: -artifact.sources[0].size)
    paths = {}
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            # A pool does not wait for a thread in whose start it was interrupted.
            with signals_wait():
                running = {pool.submit(fetcher.fetch, artifact): artifact for artifact in largest}
            with _progress(fetcher.tally, artifacts) as update:
                while running:
                    end_if_stopped()
                    update()
                    for future in wait(running, timeout=0.2, return_when=FIRST_COMPLETED).done:
                        paths[running.pop(future)] = future.result()
                        fetcher.tally.add(files=1)
        finally:
            # A thread notices it at its next piece, at the latest when its read times out.
            fetcher.stop.set()
            pool.shutdown(cancel_futures=True)
    return paths


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
