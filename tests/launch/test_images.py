"""The finished images give the same answer under each engine."""

from __future__ import annotations

import json
import mmap
import os
import subprocess
from pathlib import Path

import image_in_podman
import pytest

from hpcpy.build.archive import manifest_digest
from hpcpy.build.graph import the_graph
from hpcpy.build.oci import archive_path
from hpcpy.build.sif import sif_path
from hpcpy.engine.apptainer import find
from hpcpy.engine.podman import podman_command

IMAGE = the_graph().image("hpcpy")
SIF = sif_path(IMAGE)
ARCHIVE = archive_path(IMAGE)
# area1 and area2 of the workload's definition
HASHES = (
    "ce229c1440eafdcc4dd464b8667f31e0b7eea5ba24717ae2868e4bc3b1517dfe",
    "641cee98245c7d24850cf7364ad18c4c9a0d73d8a1b48d4505d93cbe2655b192",
)
MOST_BYTES = 480_000_000

if not SIF.exists():
    pytest.skip(f"{SIF} is not there; run: make sif", allow_module_level=True)


def run(*command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def assert_both_answers(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stderr
    for digest in HASHES:
        assert f"sha256 {digest}: matches the reference" in done.stdout


def test_apptainer_computes_both_areas() -> None:
    assert_both_answers(run(find(), "exec", SIF, "python", "-m", "workloads", "mandel"))


def test_the_sifs_own_test_passes() -> None:
    done = run(find(), "test", SIF)
    assert done.returncode == 0, done.stderr


def test_the_sif_runs_python_as_a_program() -> None:
    done = run(find(), "run", SIF, "-c", "print(6 * 7)")
    assert (done.returncode, done.stdout) == (0, "42\n")


def test_the_sif_says_what_it_is() -> None:
    helped = run(find(), "run-help", SIF)
    assert "python -m workloads mandel" in helped.stdout
    labels = json.loads(run(find(), "inspect", "--json", SIF).stdout)
    named = labels["data"]["attributes"]["labels"]
    assert named["org.opencontainers.image.title"] == "hpcpy"
    assert "no-date" not in named["org.label-schema.build-date"]


def test_the_sif_is_small_enough_to_be_copied_to_nodes() -> None:
    # With the interpreter uncompressed, which saves time at each mount.
    assert SIF.stat().st_size <= MOST_BYTES


def test_the_interpreter_lies_in_the_sif_as_it_is() -> None:
    # What is not compressed, no mount unpacks.
    program = "import sys; sys.stdout.buffer.write(open(sys.executable, 'rb').read())"
    words = [str(find()), "exec", str(SIF), "python", "-c", program]
    executable = subprocess.run(words, capture_output=True, timeout=300, check=True).stdout
    with SIF.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        # The kernel reads squashfs's blocks of 128 KB one by one.
        for start in range(0, len(executable) - (1 << 17), 1 << 24):
            assert whole.find(executable[start : start + (1 << 17)]) >= 0, start


def test_a_hostile_python_of_the_host_does_not_leak_in(tmp_path: Path) -> None:
    poison = tmp_path / ".local/lib/python3.14/site-packages/numpy"
    poison.mkdir(parents=True)
    (poison / "__init__.py").write_text("raise SystemExit('poisoned')\n")
    done = run(
        *(find(), "exec", "--home", tmp_path, SIF, "python", "-c", "import numpy"),
        PYTHONHOME="/nonexistent",
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture(scope="module")
def loaded() -> tuple[list[str], dict[str, str]]:
    """podman with the image loaded."""
    podman, env = podman_command()
    image_in_podman.load(ARCHIVE, podman, env)
    return podman, env


def test_podman_computes_both_areas(loaded: tuple[list[str], dict[str, str]]) -> None:
    podman, env = loaded
    options = ("--rm", "--read-only", "--network=none", "--cap-drop=all")
    command = ("python", "-m", "workloads", "mandel")
    assert_both_answers(run(*podman, "run", *options, "hpcpy", *command, **env))


def test_podman_starts_the_image_as_its_own_user(
    loaded: tuple[list[str], dict[str, str]],
) -> None:
    podman, env = loaded
    done = run(*podman, "run", "--rm", "--network=none", "hpcpy", "id", "-un", **env)
    assert (done.returncode, done.stdout) == (0, "hpcpy\n")


def test_archive_and_sif_are_of_the_same_image() -> None:
    stamp = json.loads(SIF.with_name(SIF.name + ".json").read_text())
    assert stamp["digest"] == manifest_digest(ARCHIVE)
