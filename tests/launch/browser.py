"""Chromium without a window, for what only a browser shows of a page.

It is driven through two pipes, as its `--remote-debugging-pipe` has it: JSON, a zero
byte behind each message. What would leave the machine ends at a proxy that writes it down:
pages' workers, too, of which the pipes tell nothing.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hpcpy.engine.setup import ensure
from hpcpy.errors import HpcpyError

# Beside what it is asked for: no names are looked up, nothing of a user is read. Only
# this machine's own servers can be reached: those of 127.0.0.1 without the proxy.
_OPTIONS = (
    *("--remote-debugging-pipe", "--disable-gpu", "--hide-scrollbars", "--no-first-run"),
    *(
        "--disable-background-networking",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ),
)
# For what hangs.
SECONDS = 240


class Browser:
    """A tab; ``browser.open(uri)``, then ``browser.ask("document.title")``."""

    def __init__(self, to: int, back: int, left: list[str]) -> None:
        self._to, self._back = to, back
        self._number, self._rest = 0, b""
        self._session = ""
        # What pages have asked for, by any protocol.
        self.asked: list[str] = []
        # What their programs have complained of.
        self.complaints: list[str] = []
        # The hosts elsewhere that anything has asked for.
        self.left: list[str] = left
        tab = self("Target.createTarget", url="about:blank")["targetId"]
        self._session = self("Target.attachToTarget", targetId=tab, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self(f"{domain}.enable")

    def __call__(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the DevTools protocol; return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            self._note(answer)
        assert "error" not in answer, (method, answer["error"])
        result: dict[str, Any] = answer["result"]
        return result

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            assert select.select([self._back], [], [], SECONDS)[0], "the browser says nothing"
            found = os.read(self._back, 1 << 16)
            assert found, "the browser has ended"
            self._rest += found
        line, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message

    def _note(self, message: dict[str, Any]) -> str:
        method, told = str(message.get("method")), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.asked.append(told["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(told["exceptionDetails"]["text"])
        elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "assert"):
            self.complaints.append(str([one.get("value") for one in told["args"]]))
        elif method == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.complaints.append(told["entry"]["text"])
        return method

    def size(self, width: int, height: int, *, is_phone: bool) -> None:
        """Set the size of the screen."""
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone}
        self("Emulation.setDeviceMetricsOverride", **screen)

    def open(self, uri: str) -> None:
        """Go to a page, and wait until all of it is there."""
        self("Page.navigate", url=uri)
        while self._note(self._next()) != "Page.loadEventFired":
            pass

    def ask(self, expression: str) -> Any:
        """Return the value of an expression of JavaScript; promises are waited for."""
        found = self(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait_for(self, expression: str) -> Any:
        """Return the value of an expression as soon as it is true."""
        end = time.monotonic() + SECONDS
        while not (value := self.ask(expression)):
            assert time.monotonic() < end, f"never true: {expression}"
            time.sleep(0.2)
        return value

    def click(self, selector: str) -> None:
        """Wait until an element is on the screen, and click on its middle."""
        place = self.wait_for(
            f"(() => {{ const box = document.querySelector({json.dumps(selector)})"
            "?.getBoundingClientRect();"
            " return box?.width && [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        for event in ("mousePressed", "mouseReleased"):
            at = {"x": place[0], "y": place[1], "button": "left", "clickCount": 1}
            self("Input.dispatchMouseEvent", type=event, **at)

    def picture(self, file: Path) -> None:
        """Write what the screen shows as PNG."""
        file.write_bytes(base64.b64decode(self("Page.captureScreenshot")["data"]))


class _Proxy(socketserver.StreamRequestHandler):
    """Refuses every request, and notes which host it is for."""

    def handle(self) -> None:
        words = self.rfile.readline().decode("latin-1").split()
        self.server.left.append(words[1] if len(words) > 1 else "?")  # type: ignore[attr-defined]
        self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")


@contextlib.contextmanager
def _proxy() -> Iterator[tuple[int, list[str]]]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Proxy) as server:
        server.daemon_threads = True
        server.left = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1], server.left  # type: ignore[attr-defined]
        finally:
            server.shutdown()


@contextlib.contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """Give a browser whose profile is below a folder; it ends with the block.

    Without one the test is skipped.
    """
    try:
        program = ensure("browser").path("chromium-headless-shell")
    except HpcpyError as error:
        pytest.skip(f"no browser: {error}; type: make setup TOOLS=browser")
    with _proxy() as (port, left), _started(program, folder, port) as (to, back):
        yield Browser(to, back, left)


@contextlib.contextmanager
def _started(program: Path, folder: Path, proxy: int) -> Iterator[tuple[int, int]]:
    # Its own protection needs a user that is not root.
    options = [*_OPTIONS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    options.append(f"--proxy-server=127.0.0.1:{proxy}")
    read, to = os.pipe()
    back, write = os.pipe()
    # It reads descriptor 3 and writes 4; Debian's sh has no <& of two digits.
    shell = f'exec "$0" "$@" 3</dev/fd/{read} 4>/dev/fd/{write}'
    words = [str(program), *options, f"--user-data-dir={folder / 'profile'}"]
    with (folder / "browser.log").open("wb") as log:
        started = subprocess.Popen(
            ["sh", "-c", shell, *words],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(read, write),
        )
    os.close(read)
    os.close(write)
    try:
        yield to, back
    finally:
        # It ends when nobody can ask it any more.
        os.close(to)
        started.wait(300)
        os.close(back)
