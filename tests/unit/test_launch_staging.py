"""The copies of ``STAGE=1``: made where nobody else has a hand in, and compared."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from hpcpy.launch import staging
from hpcpy.launch.request import parse

# The programs of a cluster of one node; mktemp gives a name that another user has guessed.
STUBS = {
    "srun": 'while [ "$1" != sh ]; do shift; done; SLURMD_NODENAME=n1 exec "$@"',
    "sbcast": 'set -C && cat "$1" >"$2" || exit 1; [ -z "$DAMAGED" ] || echo >>"$2"',
    "mktemp": 'echo "$GUESSED"',
}


@pytest.fixture
def node(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    for name, text in STUBS.items():
        stub = tmp_path / "bin" / name
        stub.write_text(f"#!/bin/bash\n{text}\n")
        stub.chmod(0o755)
    (tmp_path / "image").write_bytes(b"image" * 100_000)
    (tmp_path / "precious").write_text("precious")
    return tmp_path


def staged(node: Path, **more: str) -> subprocess.CompletedProcess[str]:
    request = parse(["W=pi", "STAGE=1"])
    before = staging.before(request, str(node / "image"), str(node))
    ranks = f'stat -c %a "$staged"; cmp {staging.COPY} {node}/image && echo ranks\n'
    lines = [line.shell for line in before], [line.shell for line in staging.afterwards()]
    return subprocess.run(
        ["bash", "-c", "\n".join([*lines[0], ranks, *lines[1], "exit 0"])],
        env={
            "PATH": f"{node}/bin:{os.environ['PATH']}",
            "SLURM_JOB_ID": "7",
            "GUESSED": str(node / "guessed"),
            **more,
        },
        umask=0o002,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_copy_is_the_jobs_alone_and_goes_with_it(node: Path) -> None:
    there = set(node.iterdir())
    done = staged(node)
    assert (done.returncode, done.stdout, done.stderr) == (0, "700\nranks\n", "")
    assert set(node.iterdir()) == there


@pytest.mark.parametrize("kind", ["link", "link to a folder", "file", "folder"])
def test_what_another_has_made_is_neither_used_nor_changed(node: Path, kind: str) -> None:
    guessed = node / "guessed"
    if kind == "file":
        guessed.write_text("theirs")
        guessed.chmod(0o666)
    elif kind == "folder":
        guessed.mkdir()
        guessed.chmod(0o777)
    else:
        guessed.symlink_to(node / ("bin" if kind == "link to a folder" else "precious"))
    before = guessed.lstat(), sorted(node.rglob("*"))
    done = staged(node)
    assert (done.returncode, done.stdout) == (73, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("hpcpy: n1: ")
    assert str(guessed) in line
    assert (guessed.lstat(), sorted(node.rglob("*"))) == before
    assert (node / "precious").read_text() == "precious"


def test_a_copy_that_is_not_the_image_is_not_run(node: Path) -> None:
    done = staged(node, DAMAGED="1")
    assert (done.returncode, done.stdout) == (73, "")
    (line,) = done.stderr.splitlines()
    assert "n1" in line


def test_two_launches_of_a_job_have_a_copy_each() -> None:
    first, *_ = staging.before(parse(["W=pi", "STAGE=1"]), "image", "/scratch")
    script = f"{first.shell}\necho $staged\n" * 2
    env = {"PATH": os.environ["PATH"], "SLURM_JOB_ID": "7"}
    names = subprocess.run(
        ["bash", "-c", script], env=env, capture_output=True, text=True, check=True
    ).stdout.split()
    assert len(set(names)) == 2
    assert all(name.startswith("/scratch/hpcpy-7-") for name in names)
