"""HTTP through the proxies of the environment, or apt's own."""

from __future__ import annotations

import http.client
import urllib.request
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from hpcpy.apt.mirrors import apt_proxies

# Some servers compress on the way what is already compressed, and the bytes
# would not be the pinned ones.
_HEADERS = {"User-Agent": "hpcpy", "Accept-Encoding": "identity"}


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds."""

    # For an address of a host to answer, and between two pieces of a file: one
    # that comes later is asked for anew, from where the file ends.
    seconds: float = 10.0
    # Before each further round over the sources of a file.
    pauses: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    # A host that could not be connected to for so long is not tried again.
    give_up: float = 20.0


class Reply(Protocol):
    """The part of an HTTP response that a download needs."""

    status: int
    headers: http.client.HTTPMessage

    def read1(self, amount: int, /) -> bytes:
        """Return what has arrived, at most `amount` bytes; none at the end."""

    def close(self) -> None:
        """Drop the connection."""


class Web:
    """GET requests through the proxies of the environment, and apt's for its mirror."""

    def __init__(self, patience: Patience) -> None:
        self._plain = _opener(None)
        self._apt: urllib.request.OpenerDirector | None = None
        self._seconds = patience.seconds

    def length(self, url: str) -> int | None:
        """Return how many bytes a file has; None when the server does not say."""
        request = urllib.request.Request(url, headers=_HEADERS, method="HEAD")  # noqa: S310
        with self._plain.open(request, timeout=self._seconds) as reply:
            length = reply.headers.get("Content-Length", "")
        return int(length) if length.isdigit() else None

    def get(self, url: str, start: int, *, of_apt: bool = False) -> Reply:
        """Ask for a file from byte `start` on."""
        # The openers below know http and https alone.
        wanted = {"Range": f"bytes={start}-"} if start else {}
        request = urllib.request.Request(url, headers=_HEADERS | wanted)  # noqa: S310
        if of_apt and self._apt is None:
            self._apt = _opener(apt_proxies(urlsplit(url).hostname or ""))
        opener = self._apt if of_apt and self._apt else self._plain
        reply: Reply = opener.open(request, timeout=self._seconds)
        return reply


def _opener(proxies: dict[str, str] | None) -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.ProxyHandler(proxies))
