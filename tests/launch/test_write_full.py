"""A disk that is really full: a small one of memory, which every row fills."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from hpcpy import paths
from hpcpy.engine.apptainer import find
from in_image import image_command
from workloads.write.registry import MANY, TECHNIQUES

SIF = Path(os.environ.get("HPCPY_SIF", paths.BUILD / "hpcpy.sif")).absolute()
# Seen by what runs in it alone, and gone with it.
MOUNTED = 'mount -t tmpfs -o size=4m,mode=1777 none "$0" && exec "$@"'

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not SIF.exists(), reason=f"{SIF} is not there; run: make sif"),
]


def on_a_small_disk(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    become_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    command = [*image_command(find(), SIF, folder), "env", "--chdir=/tmp", *words]
    return subprocess.run(
        ["unshare", *become_root, "--mount", "sh", "-c", MOUNTED, folder, *command],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_a_probe_of_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    tried = on_a_small_disk(tmp_path, "true")
    if tried.returncode:
        pytest.skip(f"no small disk can be mounted below a container here: {tried.stderr}")
    words = "python3 -m workloads forecast --import json --probe /tmp; echo $?; ls -A /tmp"
    done = on_a_small_disk(tmp_path, "sh", "-c", words)
    assert done.stdout == "73\n"
    assert done.stderr == (
        "workloads: forecast: /tmp cannot be probed: No space left on device; --probe FOLDER "
        "names another folder of the same file system\n"
    )


def test_every_row_says_that_the_disk_is_full_and_leaves_nothing(tmp_path: Path) -> None:
    tried = on_a_small_disk(tmp_path, "true")
    if tried.returncode:
        pytest.skip(f"no small disk can be mounted below a container here: {tried.stderr}")
    done = on_a_small_disk(tmp_path, "python3", "/tests/launch/fills_a_disk.py")
    assert (done.returncode, done.stderr) == (0, "")
    rows = json.loads(done.stdout)
    assert rows.keys() == TECHNIQUES.keys()
    for name, (code, said, left) in rows.items():
        lines = said.splitlines()
        # Where the others wait for who cannot write, MPI ends them, and says so.
        if name == "hdf5-parallel" and lines[1:]:
            assert lines.pop().startswith("Abort(73) on node"), said
        assert (code, len(lines), left) == (73, 1, []), f"{name}: {said}"
        file = "array-0000" if name in MANY else "arrays."
        assert f"write: {file}" in lines[0]
        assert ": No space left on device; " in lines[0]
        assert "choose another folder with --out or TMPDIR" in lines[0]
