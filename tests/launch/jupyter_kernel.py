"""Kernels of ``hpcpy kernelspec``: written, started and used as Jupyter does."""

import os
import queue
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from hpcpy.core import paths
from running import Done, python

SECONDS = 300


def kernelspec(*words: str) -> Done:
    """Write a kernel as a user does."""
    return python("-m", "hpcpy", "kernelspec", *words, PYTHONPATH=str(paths.ROOT / "src"))


def until_late(receive: Callable[..., dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Give messages as they come, for `SECONDS` together."""
    end = time.monotonic() + SECONDS
    while (left := end - time.monotonic()) > 0:
        try:
            yield receive(timeout=left)
        except queue.Empty:
            return


class Kernel:
    """A kernel that runs."""

    def __init__(self, folder: Path, name: str, **variables: str) -> None:
        specs = KernelSpecManager(kernel_dirs=[str(folder)], ensure_native_kernel=False)
        runtime = folder / "runtime"
        runtime.mkdir()
        self.manager = KernelManager(
            kernel_name=name,
            kernel_spec_manager=specs,
            connection_file=str(runtime / "kernel a.json"),
        )
        self.manager.start_kernel(cwd=str(folder), env={**os.environ, **variables})
        self.client: BlockingKernelClient = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=SECONDS)

    def run(self, code: str) -> tuple[str, str]:
        """Return what a cell prints, and the name of its error."""
        said: list[str] = []

        def hook(message: dict[str, Any]) -> None:
            said.append(message["content"].get("text", ""))

        reply = self.client.execute_interactive(code, timeout=SECONDS, output_hook=hook)
        return "".join(said), reply["content"].get("ename", "")

    def wait_for(self, text: str, request: str) -> None:
        """Wait until a cell has printed a text."""
        for message in until_late(self.client.get_iopub_msg):
            is_its = message["parent_header"].get("msg_id") == request
            if is_its and text in message["content"].get("text", ""):
                return
        pytest.fail(f"{text!r} was not printed in {SECONDS} s")

    def reply(self, request: str) -> dict[str, Any]:
        """Return what the kernel answers to a cell at its end."""
        for message in until_late(self.client.get_shell_msg):
            if message["parent_header"].get("msg_id") == request:
                return dict(message["content"])
        pytest.fail(f"no answer in {SECONDS} s")

    def stop(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel()
