"""HTTP that gives up soon on a host that does not answer."""

from __future__ import annotations

import functools
import http.client
import shutil
import socket
import ssl
import subprocess
import threading
import time
import urllib.request
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

# Some servers compress on the way what is already compressed, and the bytes
# would not be the pinned ones.
_HEADERS = {"User-Agent": "hpcpy", "Accept-Encoding": "identity"}


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds."""

    # Name look-up, all addresses of a host, and TLS: an upstream that cannot
    # be reached costs this once.
    connect: float = 5.0
    # Between two pieces of a file; slow servers of small projects pause long.
    stall: float = 30.0
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


def dial(host_port: tuple[str, int], seconds: float) -> socket.socket:
    """Connect within `seconds`, over all the addresses of the host together.

    `socket.create_connection` allows its time-out to each address again, and
    none at all to the name look-up.

    Raises
    ------
    OSError
        When no address answers in time.
    """
    deadline = time.monotonic() + seconds
    addresses = _addresses(*host_port, seconds)
    error: OSError = TimeoutError("timed out")
    for index, (family, kind, protocol, _, address) in enumerate(addresses):
        # A fair share for each: with IPv6 that leads nowhere the first half
        # of them never answer.
        share = (deadline - time.monotonic()) / (len(addresses) - index)
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(max(share, 0.1))
            connection.connect(address)
        except OSError as failure:
            connection.close()
            error = failure
        else:
            connection.settimeout(seconds)
            return connection
    raise error


def _addresses(host: str, port: int, seconds: float) -> list[Any]:
    found: list[Any] = []
    failed: list[OSError] = []

    def look_up() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            failed.append(error)

    # getaddrinfo has no time-out of its own and cannot be interrupted.
    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not found:
        raise TimeoutError(f"no answer from the name service in {seconds:g} s")
    return found


class _PatientConnection(http.client.HTTPConnection):
    def __init__(self, patience: Patience, host: str, **options: Any) -> None:
        super().__init__(host, **options)
        self._stall = patience.stall
        # http.client offers no public hook for this, and without one its
        # time-out holds for each address of the host anew.
        self._create_connection = lambda address, *_: dial(address, patience.connect)

    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(self._stall)


class _PatientTlsConnection(_PatientConnection, http.client.HTTPSConnection):
    pass


class Web:
    """GET requests through the proxies of the environment, and apt's for its mirror.

    Parameters
    ----------
    patience
        How long to wait.
    """

    def __init__(self, patience: Patience) -> None:
        self._plain = _opener(patience, None)
        self._apt: urllib.request.OpenerDirector | None = None
        self._patience = patience

    def length(self, url: str) -> int | None:
        """Ask how long a file is.

        Returns
        -------
        int or None
            Bytes; None when the server does not say.

        Raises
        ------
        OSError
            As for `get`.
        """
        request = urllib.request.Request(url, headers=_HEADERS, method="HEAD")  # noqa: S310
        with self._plain.open(request) as reply:
            said = reply.headers.get("Content-Length", "")
        return int(said) if said.isdigit() else None

    def get(self, url: str, start: int, *, of_apt: bool = False) -> Reply:
        """Ask for a file from byte `start` on.

        Raises
        ------
        OSError
            When it cannot be had: `urllib.error.HTTPError` when the server
            says so.
        """
        headers = _HEADERS | ({"Range": f"bytes={start}-"} if start else {})
        # The openers below know http and https alone.
        request = urllib.request.Request(url, headers=headers)  # noqa: S310
        if of_apt and self._apt is None:
            self._apt = _opener(self._patience, apt_proxies(urlsplit(url).hostname or ""))
        opener = self._apt if of_apt and self._apt else self._plain
        reply: Reply = opener.open(request)
        return reply


def _opener(patience: Patience, proxies: dict[str, str] | None) -> urllib.request.OpenerDirector:
    plain = functools.partial(_PatientConnection, patience)
    tls = functools.partial(_PatientTlsConnection, patience)

    class Http(urllib.request.HTTPHandler):
        def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(plain, request)

    class Https(urllib.request.HTTPSHandler):
        def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(tls, request, context=ssl.create_default_context())

    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(proxies),
        Http(),
        Https(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def apt_proxies(host: str) -> dict[str, str] | None:
    """Return the proxies that apt is configured to reach `host` by.

    Returns
    -------
    dict or None
        Scheme to proxy, empty for a direct connection; None where apt says
        nothing, so that the environment's hold, as they do for apt.
    """
    apt_config = shutil.which("apt-config")
    if not apt_config:
        return None
    said = subprocess.run(
        [apt_config, "dump", "--format", "%f\t%v%n", "Acquire"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    options = dict(line.split("\t", 1) for line in said.splitlines() if "\t" in line)
    proxies = {}
    for scheme in ("http", "https"):
        general = f"Acquire::{scheme}::Proxy"
        value = options.get(f"{general}::{host}") or options.get(general, "")
        if value == "DIRECT":
            return {}
        if value:
            proxies[scheme] = value
    return proxies or None
