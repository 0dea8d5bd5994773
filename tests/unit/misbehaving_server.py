"""An HTTP server on the loopback whose every answer a test chooses."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from hpcpy.pins.model import Artifact, Source


class Handler(BaseHTTPRequestHandler):
    """Answers each GET as the test has chosen, and logs its path and its Range."""

    server: Server

    def do_GET(self) -> None:
        self.server.log.append((self.path, self.headers.get("Range", "")))
        answers = self.server.answers.get(self.path)
        if not answers:
            self.send_error(404)
            return
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        with contextlib.suppress(ConnectionError):
            answer(self)

    def start(self) -> int:
        """Return the number of the first byte that is asked for."""
        return int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))

    def log_message(self, *_: object) -> None:
        """Stay silent."""


Answer = Callable[[Handler], None]


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        # Path -> its answers, one after another; the last one is given again and again.
        self.answers: dict[str, list[Answer]] = {}
        self.log: list[tuple[str, str]] = []
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        """Print nothing: clients that go away are part of the tests."""


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """Yield a server that runs in a thread, and stop it at the end."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()


def whole(body: bytes) -> Answer:
    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def ranged(body: bytes, sent: int | None = None, *, then_wait: bool = False) -> Answer:
    """Send the range that is asked for, or its first `sent` bytes; then end, or fall silent."""

    def answer(handler: Handler) -> None:
        start = handler.start()
        if start >= len(body):
            handler.send_error(416)
            return
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        handler.send_header("Content-Length", str(len(body) - start))
        handler.end_headers()
        handler.wfile.write(body[start:][:sent])
        handler.wfile.flush()
        if then_wait:
            handler.server.closing.wait()

    return answer


def status(code: int) -> Answer:
    return lambda handler: handler.send_error(code)


def no_range(body: bytes) -> Answer:
    """Send the whole file, and 416 for any part of it."""

    def answer(handler: Handler) -> None:
        (status(416) if handler.headers.get("Range") else whole(body))(handler)

    return answer


def unsized(body: bytes) -> Answer:
    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def artifact(body: bytes, *urls: str, name: str = "thing") -> Artifact:
    """Return a pin of `body`, which each of the addresses should give."""
    digest = hashlib.sha256(body).hexdigest()
    sources = tuple(Source(url, len(body), digest) for url in urls)
    return Artifact(name, "1", f"{name}.tar", "MIT", sources)
