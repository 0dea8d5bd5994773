"""Questions to registries: a page of theirs, and whether a file can be had."""

from __future__ import annotations

import contextlib
import gzip
import time
from urllib.parse import urlsplit

from hpcpy.apt.mirrors import debian_mirrors
from hpcpy.fetch.connection import Patience, Reply, Web
from hpcpy.fetch.download import (
    CHUNK,
    LastingError,
    PassingError,
    UnreachableError,
    network_errors,
)
from hpcpy.pins.model import APT_MIRROR

# There are hundreds of questions: each is repeated only once.
PATIENCE = Patience(pauses=(0.5,))


class Questions:
    """What all questions of one run share.

    Parameters
    ----------
    patience
        How long to wait for servers.
    """

    def __init__(self, patience: Patience = PATIENCE) -> None:
        self._web = Web(patience)
        self._patience = patience
        self._silent: dict[str, Exception] = {}
        self._mirrors: dict[str, str] | None = None

    def page(self, url: str, accept: str = "*/*") -> str:
        """Return a page's text.

        Raises
        ------
        PassingError, LastingError
            When it cannot be had.
        """
        headers = {"Accept": accept, "Accept-Encoding": "gzip"}
        with contextlib.closing(self._ask(url, headers)) as reply, network_errors():
            body = b"".join(iter(lambda: reply.read1(CHUNK), b""))
            if reply.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
        return body.decode("utf-8", "replace")

    def refusal(self, url: str) -> str:
        """Return why a file cannot be had; empty when it can.

        Its first byte is asked for: some registries list files that they do not
        serve, and some answer a HEAD request differently.
        """
        try:
            with (
                contextlib.closing(self._ask(url, {"Range": "bytes=0-0"})) as reply,
                network_errors(),
            ):
                return "" if reply.read1(1) else "the file is empty"
        except (PassingError, LastingError) as error:
            return str(error)

    def _ask(self, url: str, headers: dict[str, str]) -> Reply:
        address = self._address(url)
        host = urlsplit(address).netloc
        failure: Exception | None = self._silent.get(host)
        # A host that cannot be reached costs its time once, not for each of its pins.
        for pause in () if failure else (0.0, *self._patience.pauses):
            time.sleep(pause)
            try:
                with network_errors():
                    reply = self._web.ask(address, headers, of_apt=url.startswith(APT_MIRROR))
            except PassingError as error:
                failure = error
            else:
                return reply
        assert failure  # noqa: S101
        if isinstance(failure, UnreachableError):
            self._silent[host] = failure
        raise failure

    def _address(self, url: str) -> str:
        if not url.startswith(APT_MIRROR):
            return url
        if self._mirrors is None:
            self._mirrors = debian_mirrors()
        archive, _, path = url.removeprefix(APT_MIRROR).partition("/")
        if archive not in self._mirrors:
            raise LastingError(f"no mirror of the {archive} archive is configured here")
        return f"{self._mirrors[archive]}/{path}"
