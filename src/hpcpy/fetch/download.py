"""One file from one source, resumed where an earlier try ended."""

from __future__ import annotations

import contextlib
import http.client
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPResponse
from pathlib import Path
from typing import IO

from hpcpy.core.files import disk_errors, sha256
from hpcpy.pins.model import Source
from hpcpy_common.errors import IntegrityError

# Some servers compress on the way what is already compressed, and the bytes
# would not be the pinned ones.
_HEADERS = {"User-Agent": "hpcpy", "Accept-Encoding": "identity"}


# For an address of a host to answer, and between two pieces of a file: one that comes later is
# asked for anew, from where the file ends.
SECONDS = 10.0


def open_url(url: str, start: int) -> HTTPResponse:
    """Ask for a file from byte `start` on, through the environment's proxies."""
    # Pins and mirrors have addresses of http and https alone.
    wanted = {"Range": f"bytes={start}-"} if start else {}
    request = urllib.request.Request(url, headers=_HEADERS | wanted)  # noqa: S310
    # urlopen would keep the proxies of its first call.
    reply: HTTPResponse = urllib.request.build_opener().open(request, timeout=SECONDS)
    return reply


CHUNK = 1 << 18
# HTTP codes of failures that are likely to pass.
_PASSING = (408, 425, 429, 500, 502, 503, 504)


class TransientError(Exception):
    """One try failed; another may succeed."""


class PermanentError(Exception):
    """The source does not have the file; asking again is no use."""


class UnreachableError(TransientError):
    """The host could not be connected to."""


def is_whole(path: Path, source: Source) -> bool:
    """Tell whether a file is there with the pinned bytes."""
    try:
        return path.stat().st_size == source.size and sha256(path) == source.sha256
    except (FileNotFoundError, NotADirectoryError):
        return False


# From a byte on; told of each number of bytes, it may raise.
Get = Callable[[int], HTTPResponse]
Received = Callable[[int], None]


def download(get: Get, source: Source, part: Path, received: Received) -> None:
    """Bring the rest of a file into `part`, verified; wrong bytes leave it empty."""
    if part.stat().st_size >= source.size and not is_whole(part, source):
        _empty(part)
    while part.stat().st_size < source.size:
        resumed = part.stat().st_size > 0
        try:
            _receive(get, source, part, received)
            _verify(part, source)
        except IntegrityError:
            _empty(part)
            # The beginning may be of a file that has changed since.
            if not resumed:
                raise


def _receive(get: Get, source: Source, part: Path, received: Received) -> None:
    start = part.stat().st_size
    with network_errors():
        try:
            reply = get(start)
        except urllib.error.HTTPError as error:
            # 416: what is there is no beginning of what the server has.
            if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE or not start:
                raise
            error.close()
            _empty(part)
            start, reply = 0, get(0)
    with contextlib.closing(reply):
        if reply.status != http.client.PARTIAL_CONTENT and start:
            _empty(part)
            start = 0
        _check_length(reply, source, start)
        with disk_errors(part), opened(part, "ab") as out:
            while start <= source.size:
                with network_errors():
                    # Not read(): when that times out, what it has received is lost.
                    piece = reply.read1(CHUNK)
                if not piece:
                    break
                out.write(piece)
                start += len(piece)
                received(len(piece))
    if start < source.size:
        raise TransientError(f"the connection ended after {start:,} of {source.size:,} bytes")


def _check_length(reply: HTTPResponse, source: Source, start: int) -> None:
    """Refuse a file of another length before it is downloaded."""
    if reply.status == http.client.PARTIAL_CONTENT:
        # "bytes 100-199/200"; the total may be "*".
        span, _, total = reply.headers.get("Content-Range", "").partition("/")
        if not span.startswith(f"bytes {start}-"):
            raise TransientError(f"the server sent {span or 'another part'}, not byte {start:,} on")
    else:
        total = reply.headers.get("Content-Length", "")
    if total.isdecimal() and int(total) != source.size:
        raise _wrong(f"{int(total):,} bytes", f"{source.size:,} bytes")


def _verify(part: Path, source: Source) -> None:
    size = part.stat().st_size
    if size != source.size:
        raise _wrong(f"more than {source.size:,} bytes", f"{source.size:,} bytes")
    digest = sha256(part)
    if digest != source.sha256:
        raise _wrong(f"sha256 {digest}", f"sha256 {source.sha256}")


def _wrong(actual: str, expected: str) -> IntegrityError:
    return IntegrityError(f"expected {expected}, found {actual}")


def _empty(part: Path) -> None:
    with disk_errors(part), opened(part, "wb"):
        pass


def opened(part: Path, mode: str) -> IO[bytes]:
    """Open a partial file, but no link: whoever may write to a shared cache can make one."""
    return open(part, mode, opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW, 0o644))


@contextlib.contextmanager
def network_errors() -> Iterator[None]:
    """Sort what a connection raises into what may pass and what lasts."""
    try:
        yield
    except urllib.error.HTTPError as error:
        error.close()
        kind = TransientError if error.code in _PASSING else PermanentError
        raise kind(f"HTTP {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        # Raised by urllib before there is an answer: name, connection, TLS.
        lasting = isinstance(error.reason, ssl.SSLCertVerificationError | str)
        raise (PermanentError if lasting else UnreachableError)(_reason(error.reason)) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise TransientError(_reason(error)) from error


def _reason(error: object) -> str:
    if isinstance(error, TimeoutError) and not str(error):
        return "timed out"
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return text or type(error).__name__
