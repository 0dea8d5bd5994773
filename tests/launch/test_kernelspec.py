"""A kernel of ``hpcpy kernelspec``, started and used as Jupyter does."""

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
        said: list[str] = []

        def hook(message: dict[str, Any]) -> None:
            said.append(message["content"].get("text", ""))

        reply = self.client.execute_interactive(code, timeout=SECONDS, output_hook=hook)
        return "".join(said), reply["content"].get("ename", "")

    def wait_for(self, text: str, request: str) -> None:
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


CELL = """
import os, sys, numpy
print(os.environ["APPTAINER_NAME"], sys.version_info[:2], numpy.arange(4).sum(), os.getcwd())
"""
SITE = """
summary = "a site whose kernel needs a shell"
setup = ["export FROM_SETUP='a b'"]
binds = ["$HOME:/mnt"]
node_local = "$HOME"

[environment]
FROM_SITE = "of $USER"
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory, sif: str) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("kernels")
    done = kernelspec(f"--image={sif}", f"--to={folder}")
    assert (done.returncode, done.stdout) == (0, f"{folder}/hpcpy/kernel.json\n"), done.stderr
    one = Kernel(folder, "hpcpy", PYTHONPATH="/of/the/hub", PYTHONHOME="/of/the/hub")
    try:
        yield one
    finally:
        one.stop()
    assert not one.manager.is_alive()


def test_a_cell_runs_in_the_image_in_the_notebooks_folder(kernel: Kernel) -> None:
    folder = Path(kernel.manager.connection_file).parents[1]
    assert kernel.run(CELL) == (f"hpcpy.sif (3, 14) 6 {folder}\n", "")


@pytest.mark.long
def test_an_interrupt_ends_a_cell_and_the_kernel_goes_on(kernel: Kernel) -> None:
    assert kernel.run("import time; x = 1") == ("", "")
    loop = "print('begun', flush=True)\nwhile True: time.sleep(0.01)"
    request = kernel.client.execute(loop)
    kernel.wait_for("begun", request)
    kernel.manager.interrupt_kernel()
    assert kernel.reply(request)["ename"] == "KeyboardInterrupt"
    assert kernel.run("print(x)") == ("1\n", "")


@pytest.mark.long
def test_a_sites_shell_binds_and_variables_are_the_kernels(tmp_path: Path, sif: str) -> None:
    (tmp_path / "centre.toml").write_text(SITE)
    home = tmp_path / "my home"
    home.mkdir()
    (home / "file").write_text("read")
    done = kernelspec(
        f"--image={sif}", f"--to={tmp_path}", f"--site={tmp_path}/centre.toml", "--name=Mine"
    )
    assert done.returncode == 0, done.stderr
    one = Kernel(tmp_path, "mine", HOME=str(home), USER="me")
    try:
        names = ["FROM_SITE", "FROM_SETUP", "TMPDIR"]
        code = f"import os; print(open('/mnt/file').read(), *map(os.getenv, {names}))"
        code += "; print('file' in os.listdir(os.getenv('TMPDIR')))"
        assert one.run(code) == (f"read of me a b {home}\nTrue\n", "")
    finally:
        one.stop()
