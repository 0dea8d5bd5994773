"""The job scripts of docs/how-to/examples.md, submitted to the local cluster as they stand."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_cluster import SECONDS, Cluster

from hpcpy.core import paths
from hpcpy.engine import prefix
from hpcpy_common.machine import no_cuda_device
from running import wait_until

FILE = re.compile(r"^`([\w.-]+)`:\n\n```(?:bash|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILES = dict(FILE.findall((paths.ROOT / "docs/how-to/examples.md").read_text()))


class Folder:
    """A user's folder with the files of the page, the image, and Apptainer on PATH."""

    def __init__(self, cluster: Cluster, folder: Path, sif: str) -> None:
        folder.mkdir()
        for name, text in FILES.items():
            (folder / name).write_text(text)
        for name in ("hpcpy.sif", "hpcpy-cuda.sif"):
            (folder / name).symlink_to(sif)
        self.cluster, self.path = cluster, folder
        self.numbers: dict[str, str] = {}
        self.programs = str(prefix.find_apptainer().parent)

    def run(self, *words: str) -> str:
        own = [str(self.cluster.layout.bin), self.programs, os.environ["PATH"]]
        done = self.cluster.run(*words, timeout=SECONDS, env={"PATH": os.pathsep.join(own)})
        assert done.returncode == 0, (done.stdout, done.stderr, self.outputs())
        return done.stdout

    def submit(self, name: str) -> str:
        script = str(self.path / name)
        return self.run("sbatch", "--parsable", f"--chdir={self.path}", script).strip()

    def outputs(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in sorted(self.path.glob("*.out"))}

    def has_written(self, name: str, text: str) -> str:
        """Return what a job has written when a text is in it."""
        wait_until(
            lambda: text in self.outputs().get(name, ""),
            shows=lambda: f"{self.outputs()}\n{self.run('squeue')}",
        )
        return self.outputs()[name]

    def has_made(self, name: str, size: int = 1) -> bytes:
        """Return the bytes of a file that a job has made, when it has as many."""
        path = self.path / name
        wait_until(lambda: path.exists() and path.stat().st_size >= size, shows=self.outputs)
        return path.read_bytes()


@pytest.fixture(scope="module")
def jobs(cluster: Cluster, sif: str) -> Iterator[Folder]:
    """Give the folder of jobs that are submitted at once: they run side by side."""
    folder = Folder(cluster, cluster.shared / "examples", sif)
    # No node of this cluster has a GPU to ask for.
    script = folder.path / "gpu.sbatch"
    script.write_text(script.read_text().replace(" --gpus-per-node=4", ""))
    # The first one waits for its signal, however slow the machine; the next one has none.
    program = folder.path / "checkpoint.py"
    is_first = '"state" not in globals()'
    work = f"while step == 20 and {is_first} and not is_over:\n        time.sleep(0.01)"
    program.write_text(program.read_text().replace("time.sleep(0.05)", work))
    short = sorted(name for name in FILES if name.endswith(".sbatch") and name != "dask.sbatch")
    folder.numbers = {name: folder.submit(name) for name in short}
    yield folder
    # SIGTERM would have the checkpoint's job submit another one.
    cluster.run("scancel", "--signal=KILL", "--full", *folder.numbers.values())


def test_ranks(jobs: Folder) -> None:
    assert jobs.has_written("mpi.out", "\n") == "4 ranks, their numbers add up to 6\n"


def test_array(jobs: Folder) -> None:
    # A header of 128 bytes and one number.
    assert len({jobs.has_made(f"result-{number}.npy", 136) for number in range(4)}) == 4


@pytest.mark.skipif(not no_cuda_device(), reason="this machine has a CUDA device")
def test_gpu_says_what_is_absent(jobs: Folder) -> None:
    assert "Traceback" not in jobs.has_written("gpu.out", "no GPU: ")


@pytest.mark.long
def test_dask(jobs: Folder) -> None:
    jobs.submit("dask.sbatch")
    assert jobs.has_written("dask.out", "\n") == "4 workers: 328350\n"


@pytest.mark.long
def test_checkpoint_on_sigterm_is_continued_by_another_job(jobs: Folder) -> None:
    jobs.has_made("state.npz")
    jobs.run("scancel", "--signal=TERM", jobs.numbers["checkpoint.sbatch"])
    output = jobs.has_written("checkpoint.out", " steps: ")
    assert re.search(r"goes on at step [1-9]\d?$", output, re.MULTILINE), output
    assert output.endswith("100 steps: 4950.0\n")
    assert "Submitted batch job" in output
