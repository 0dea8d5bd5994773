"""The shell around ``apptainer exec``: its files on a node, and what it leaves there."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hpcpy.launch.sharing import before_the_engine

OWN = f"hpcpy-{os.getuid()}"
SHOWS = 'printf %s "${APPTAINER_CONFIGDIR-default}"'


def engines_folder(node_local: Path) -> str:
    done = subprocess.run(
        ["bash", "-c", before_the_engine(str(node_local)), "bash", "-c", SHOWS],
        env={"PATH": os.environ["PATH"]},
        umask=0o002,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


def test_the_engines_files_are_in_a_folder_of_the_users_alone(tmp_path: Path) -> None:
    for _ in range(2):
        assert engines_folder(tmp_path) == f"{tmp_path}/{OWN}/apptainer"
    for folder in (tmp_path / OWN, tmp_path / OWN / "apptainer"):
        assert folder.stat().st_mode & 0o777 == 0o700


def linked(path: Path, aside: Path) -> None:
    aside.mkdir()
    path.symlink_to(aside)


def linked_to_nothing(path: Path, aside: Path) -> None:
    path.symlink_to(aside)


def open_to_the_group(path: Path, _: Path) -> None:
    path.mkdir()
    path.chmod(0o770)


def open_to_all(path: Path, _: Path) -> None:
    path.mkdir()
    path.chmod(0o707)


def another_users(path: Path, _: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    path.mkdir()
    os.chown(path, 65534, 65534)


def a_file(path: Path, _: Path) -> None:
    path.touch()


@pytest.mark.parametrize("name", [OWN, f"{OWN}/apptainer"])
@pytest.mark.parametrize(
    "made",
    [linked, linked_to_nothing, open_to_the_group, open_to_all, another_users, a_file],
)
def test_a_folder_that_others_have_a_hand_in_is_not_used(
    tmp_path: Path, name: str, made: Callable[[Path, Path], None]
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    made(tmp_path / name, aside := tmp_path / "aside")
    assert engines_folder(tmp_path) == "default"
    assert not aside.exists() or list(aside.iterdir()) == []


def lock_of(process: int) -> Path:
    return Path(f"/dev/shm/sharens_instance_{process}")  # noqa: S108


@pytest.mark.long
def test_locks_of_steps_that_have_ended_go(tmp_path: Path) -> None:
    slurmstepd = tmp_path / "slurmstepd"
    shutil.copy("/bin/bash", slurmstepd)
    ended = subprocess.Popen(["true"])
    ended.wait()
    script = '"$@"; : >/dev/shm/sharens_instance_$$; echo $$; exit 3'
    for lock in (running := lock_of(os.getpid()), stale := lock_of(ended.pid)):
        lock.touch()
    done = subprocess.run(
        [slurmstepd, "-c", script, "-", "bash", "-c", before_the_engine(str(tmp_path)), "true"],
        env={"PATH": os.environ["PATH"], "SLURM_LOCALID": "0"},
        start_new_session=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (3, "")
    assert (running.exists(), stale.exists()) == (True, False)
    running.unlink()
    end = time.monotonic() + 60
    while lock_of(int(done.stdout)).exists():
        assert time.monotonic() < end
        time.sleep(0.05)
