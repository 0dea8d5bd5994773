"""The image's own command ``hpcpy``: it needs no file of the checkout but those it brings."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import IO

import pytest

from hpcpy.build.tool import add_tool
from hpcpy.core import paths
from hpcpy.launch.site import site_names

TOOL = "share/hpcpy/tool"
SIF = "/shared/hpcpy.sif"
REFERENCE = "registry.example.org/me/hpcpy:1"
# Starts the command without the checkout: `workloads` is in the image.
START = """
import sys
sys.path[:0] = sys.argv.pop(1).split(":")
from hpcpy.launch.in_image import entry
sys.exit(entry())
"""
PI = ("--", "-m", "workloads", "pi")
Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tool")
    add_tool(folder, 1)
    with tarfile.open(folder / "tool.tar") as archive:
        archive.extractall(folder)  # noqa: S202
    (folder / "workloads").symlink_to(paths.ROOT / "src/workloads")
    return folder


def run(unpacked: Path, folder: Path, *words: str, out: int | IO[str] = subprocess.PIPE) -> Done:
    return subprocess.run(
        [sys.executable, "-IBc", START, f"{unpacked / TOOL / 'src'}:{unpacked}", *words],
        env={**os.environ, "APPTAINER_CONTAINER": SIF},
        cwd=folder,
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("site", site_names())
def test_it_has_every_site(unpacked: Path, tmp_path: Path, site: str) -> None:
    (tmp_path / "my.py").touch()
    is_sif = "perlmutter" not in site
    options = ["--nodes=2", "--tasks=8", f"--site={site}", "--account=mine"]
    options += [] if is_sif else [f"--image={REFERENCE}"]
    done = run(unpacked, tmp_path, "batch", *options, "--", "my.py", "x")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("#!/bin/bash\n")
    assert "#SBATCH --ntasks=8\n" in done.stdout
    assert "  my.py x " in done.stdout
    assert f"\n  {SIF if is_sif else REFERENCE} " in done.stdout
    checked = subprocess.run(["bash", "-n"], input=done.stdout, text=True, check=False)
    assert checked.returncode == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("build", "sif"), "hpcpy build: only `batch` works without a checkout; "),
        (("batch", "--node=2", *PI), "hpcpy batch: unrecognized arguments: --node=2"),
        (("batch", "--script=x", *PI), "hpcpy batch: SCRIPT: the script goes to standard output"),
    ],
)
def test_what_it_cannot_do_is_said_in_one_line(
    unpacked: Path, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    done = run(unpacked, tmp_path, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(says)
    assert done.stderr.count("\n") == 1


def test_output_that_is_not_taken_is_told(unpacked: Path, tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = run(unpacked, tmp_path, "batch", *PI, out=full)
    assert done.returncode == 73
    assert done.stderr == (
        "hpcpy: standard output: no space left on device; the output is incomplete\n"
    )


def test_a_program_that_the_container_does_not_see(unpacked: Path, tmp_path: Path) -> None:
    done = run(unpacked, tmp_path, "batch", "--", "absent.py")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("hpcpy batch: PROGRAM=absent.py: no such file that the container")
    # An absolute name may be on the nodes alone.
    done = run(unpacked, tmp_path, "batch", "--", "/on/the/nodes/my.py")
    assert done.returncode == 0
    assert done.stderr.count("\n") == 1
    assert " /on/the/nodes/my.py " in done.stdout
