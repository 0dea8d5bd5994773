"""A JupyterLab that runs, and a notebook of it in a browser."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import proc_files
from browser import SECONDS, Browser

Found = TypeVar("Found")
# Nothing of it asks a network; root is a user like any other.
_OPTIONS = (
    *("--no-browser", "--ip=127.0.0.1", "--allow-root"),
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
)
_MARK = "JUPYTER_RUNTIME_DIR"
_SHIFT, _ENTER = 8, {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}


@contextlib.contextmanager
def served(command: Sequence[str], folder: Path) -> Iterator[str]:
    """Start a JupyterLab in a folder; give the address of its page, the token in it.

    Its kernels are looked for in ``folder / "share/kernels"``. No process of it is left
    behind.
    """
    # In a container HOME is the engine's.
    own = {"HOME": folder, _MARK: folder / "runtime"}
    own |= {"JUPYTER_DATA_DIR": folder / "share", "JUPYTER_CONFIG_DIR": folder / "settings"}
    own |= {"IPYTHONDIR": folder / "ipython"}
    log = folder / "lab.log"
    with log.open("wb") as file:
        server = subprocess.Popen(
            [*command, *_OPTIONS],
            env={**os.environ, **{name: str(value) for name, value in own.items()}},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    try:
        yield _wait_for(lambda: _address(server, own[_MARK]), log)
        server.send_signal(signal.SIGTERM)
        server.wait(SECONDS)
        _wait_for(lambda: not _processes(own[_MARK]), log)
    finally:
        for process in _processes(own[_MARK]):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        server.wait()


def _wait_for(what: Callable[[], Found], log: Path) -> Found:
    end = time.monotonic() + SECONDS
    while not (found := what()):
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.1)
    return found


def _address(server: subprocess.Popen[bytes], runtime: Path) -> str:
    """Return the address that a server writes down when it can be asked."""
    assert server.poll() is None, (runtime.parent / "lab.log").read_text()
    for file in runtime.glob("jpserver-*.json"):
        with contextlib.suppress(ValueError):  # half written
            told = json.loads(file.read_text())
            return f"{told['url']}lab?token={told['token']}"
    return ""


def _processes(runtime: Path) -> list[int]:
    """Return a server's processes and those of its kernels, which have its variables."""
    mark, found = f"{_MARK}={runtime}", []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended, or is another user's
            if mark in proc_files.read(folder / "environ"):
                found.append(int(folder.name))
    return found


def run_cell(screen: Browser, address: str, kernel: str, code: str) -> str:
    """Open JupyterLab's page, start a notebook and run a cell as a user does.

    Return what it prints.
    """
    screen.size(1280, 900, is_phone=False)
    screen.asked.clear()
    screen.open(address)
    screen.click(f'.jp-LauncherCard[data-category="Notebook"][title^="{kernel}"]')
    # Before, the page may put another cell in place of the first one, and runs none.
    screen.wait_for(f"document.body.innerText.includes('{kernel} | Idle')")
    cell = ".jp-Notebook .jp-CodeCell .cm-content"
    screen.click(cell)
    screen("Input.insertText", text=code)
    screen.wait_for(f"document.querySelector('{cell}').textContent == {json.dumps(code)}")
    for event in ("keyDown", "keyUp"):
        screen("Input.dispatchKeyEvent", type=event, modifiers=_SHIFT, **_ENTER)
    said = str(screen.wait_for("document.querySelector('.jp-OutputArea-output pre')?.textContent"))
    # Nothing of the page comes from elsewhere.
    hosts = {urlsplit(uri).hostname for uri in screen.asked}
    assert hosts <= {"127.0.0.1", None}, hosts
    return said
