"""Options of the host's tool that name an output: a folder, or a script."""

import os
from pathlib import Path

import pytest
from processes import python

from running import printed

# Each option with a folder that is written.
FOLDERS = [("cluster", "--folder"), ("release", "--to")]
# A launch that needs no image and no Slurm.  It is for a site: a local launch says whether the
# checkout's own cluster runs, and that may start meanwhile.
LAUNCH = ("--site=carc", "--account=me", "--engine=none", "--nodes=2", "--tasks=4")
BATCH = ("-m", "hpcpy", "batch", *LAUNCH)
PI = ("--", "-m", "workloads", "pi", "--impl", "mpi")


@pytest.mark.parametrize("words", FOLDERS, ids=" ".join)
@pytest.mark.parametrize("kind", ["-", "fifo", "link", "nowhere", "fifo/below"])
def test_a_folder_is_asked_for_before_anything_is_done(
    words: tuple[str, ...], kind: str, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("fifo")
    (tmp_path / "nowhere").symlink_to("absent")
    given = "-" if kind == "-" else str(tmp_path / kind)
    done = python("-m", "hpcpy", *words, given)
    assert done.returncode == 2
    assert f"{given.removesuffix('/below')}: is no folder" in done.stderr
    assert (tmp_path / "fifo").is_fifo()
    assert (tmp_path / "link").is_symlink()
    assert len(list(tmp_path.iterdir())) == 3


def test_a_folder_that_cannot_be_made_is_one_line() -> None:
    done = python("-m", "hpcpy", "cluster", "--stop", "--folder", "/proc/x/y")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (73, "", 1)
    assert "/proc/x: cannot be written" in done.stderr


@pytest.mark.parametrize("name", ["-", "link"])
def test_a_script_to_standard_output_is_all_that_is_there(name: str, tmp_path: Path) -> None:
    # The same link as the machine's /dev/stdout, which no test names: a fault would replace it.
    (tmp_path / "link").symlink_to("/proc/self/fd/1")
    shown = printed(python(*BATCH, f"--script={name if name == '-' else tmp_path / name}", *PI))
    assert shown.startswith("#!/bin/bash\n")
    assert shown == python(*BATCH, "--dry", *PI).stdout
