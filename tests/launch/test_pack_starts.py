"""A packed environment starts, for anybody, by each engine; what is said where it cannot."""

import os
import re
from pathlib import Path

import pytest
from injection_ways import AS_NOBODY, NOBODY
from local_cluster import only_root
from packing import ALONE, HELD, PYTHON, as_user, reported, start, variables

from hpcpy.engine.prefix import find_apptainer
from hpcpy.pack.image import image_of
from hpcpy.pack.places import beside
from hpcpy.pack.starts import launch
from running import run

HOW: tuple[dict[str, str], ...] = (
    {},
    {"HPCPY_PACK_ENGINE": "apptainer"},
    {"HPCPY_PACK_ENGINE": "folder"},
)


def test_the_environment_is_whole_and_read_only_for_anybody(
    environment: Path, before: tuple[str, ...]
) -> None:
    answer = reported(start(environment, "report", "x", before=before, env=ALONE))
    assert answer[:2] == [f"{environment}/bin/python", str(environment)]
    assert answer[-1] == (NOBODY if before else os.getuid())
    write = "import sys; open(sys.prefix + '/x', 'w')"
    done = start(environment, "python", "-c", write, before=before, env=ALONE)
    assert "Read-only file system" in done.stderr
    show = "import os; print(os.listdir('/proc/self/fd'))"
    done = start(environment, "python", "-c", show, before=before, env=ALONE)
    assert done.stdout == "['0', '1', '2', '3']\n"


@only_root
@pytest.mark.parametrize(
    ("command", "is_for_all"),
    [
        ("cp /etc/hostname {}/lib", True),
        ("cp /etc/hostname {}/bin/python", False),
        ("mkdir {}/var", False),
    ],
)
def test_nothing_is_written_beside_an_image(
    environment: Path, command: str, is_for_all: bool
) -> None:
    run("chown", "-hR", str(NOBODY), environment, check=True)
    try:
        for who in (AS_NOBODY, ()) if is_for_all else (AS_NOBODY,):
            done = run(*who, *command.format(environment).split())
            assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    finally:
        run("chown", "-hR", "0", environment, check=True)


def test_a_command_that_is_not_there_is_one_line(environment: Path, tmp_path: Path) -> None:
    # Where the folder is not at its place, the launcher started itself again, without end.
    moved = tmp_path / "moved"
    run("cp", "-a", environment, moved, check=True)
    for prefix in (environment, moved):
        done = start(prefix, "pack-exec", "/none/such", env=ALONE)
        assert (done.returncode, done.stderr.count("\n")) == (69, 2), done
        assert done.stderr.endswith("/none/such: No such file or directory\n")


SHOW = ("-c", "import json, os, sys; print(sys.prefix, sys.executable, os.__file__)")


def library(prefix: Path, name: str) -> str:
    return f"{prefix} {prefix}/bin/{name} {prefix}/lib/{PYTHON.name}/os.py\n"


@pytest.mark.parametrize("name", ["python", "python3"])
def test_a_copy_runs_where_it_was_packed(environment: Path, tmp_path: Path, name: str) -> None:
    # It looked for its library in the copy, where there is none.
    copy, away = tmp_path / "copy", environment.with_name("away")
    run("cp", "-a", environment, copy, check=True)
    (tmp_path / "folder").symlink_to(tmp_path)
    (tmp_path / "mine").symlink_to(copy / "bin" / name)
    expected = library(environment, name)
    for how in ({}, {"HPCPY_PACK_ENGINE": "apptainer"}):
        for command in (copy / "bin" / name, tmp_path / "folder/copy/bin" / name):
            done = run(command, *SHOW, env={**os.environ, **ALONE, **how}, cwd="/usr")
            assert (done.stdout, done.stderr) == (expected, "")
    for words in ((f"./{name}",), ("env", "-u", "VIRTUAL_ENV", "PATH=.:/usr/bin", name)):
        assert run(*words, *SHOW, env={**os.environ, **ALONE}, cwd=copy / "bin").stdout == expected
    told = start(copy, name, *SHOW, env=ALONE)
    assert f"{copy}/bin/{name}: was packed as {environment}, and runs there\n" in told.stderr
    assert reported(start(copy, "report", env=ALONE))[1] == str(environment)
    # A virtual environment on top, a link with another name: that one started itself without end.
    top = tmp_path / "top"
    made = run(copy / "bin" / name, "-m", "venv", "--without-pip", top, env={**os.environ, **ALONE})
    assert made.returncode == 0, made.stderr
    assert run(top / "bin/python", *SHOW, env=dict(ALONE)).stdout.startswith(f"{top} ")
    lost = run(tmp_path / "mine", *SHOW, env={**os.environ, **ALONE}, timeout=60)
    assert (lost.returncode, lost.stderr.count("\n")) == (69, 1)
    assert f"leads to a copy of what was packed as {environment}; " in lost.stderr
    # An empty folder is enough, and none is said; a link of this name makes it the copy's.
    environment.rename(away)
    try:
        none = start(copy, name, *SHOW, env=ALONE)
        environment.mkdir()
        assert start(copy, name, *SHOW, env=ALONE).stdout == expected
        environment.rmdir()
        environment.symlink_to(copy)
        assert start(copy, name, *SHOW, env=ALONE).stdout == library(copy, name)
        environment.unlink()
    finally:
        away.rename(environment)
    assert (none.returncode, f"ln -s {copy} {environment}" in none.stderr) == (69, True)


@only_root
def test_a_folder_is_packed_once_under_all_its_names(environment: Path, tmp_path: Path) -> None:
    show = 'mount --bind "$0" "$1" && shift && exec "$@"'
    words = (environment.parent, tmp_path, tmp_path / environment.name / "bin/python", *SHOW)
    done = run("unshare", "--mount", "sh", "-c", show, *words, env={**os.environ, **ALONE})
    assert done.stdout == library(environment, "python"), done.stderr
    link = tmp_path / "link"
    link.symlink_to(environment)
    assert start(link, "python", *SHOW, env=ALONE).stdout == library(link, "python")


def test_path_calls_of_a_launch(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/usr")
    # By a name of its own: a mount of the start before may not have ended yet.
    assert launch(environment, {**ALONE, "SLURM_STEP_ID": "count"}) == 5
    # In a job, strace would wait for a mount that waits for strace.
    for name in ("SLURM_JOB_ID", "PMI_RANK"):
        monkeypatch.setenv(name, "5")
    assert launch(environment, {**ALONE, "SLURM_STEP_ID": "job"}) == 5
    start(environment, "python", "-c", "pass", env=HELD)
    assert launch(environment, HELD) == 3


def test_apptainer_and_the_folder_take_over(environment: Path) -> None:
    by_apptainer = start(environment, "report", "x y", env={"HPCPY_PACK_ENGINE": "apptainer"})
    assert f"by {find_apptainer()}" in by_apptainer.stderr
    answer = reported(by_apptainer)
    assert answer[:2] == [f"{environment}/bin/python", str(environment)]
    assert answer[3] == ["x y"]
    data, model, libraries, unset = variables(environment)
    # Where there is a GPU, Apptainer adds its driver's folder.
    each = [[data, model, f"{libraries}{more}", unset] for more in ("", "/.singularity.d/libs")]
    assert answer[4] in each
    assert answer[6] == "/usr"
    show = "import sys; print(sys.prefix)"
    plain = start(environment, "python", "-c", show, env={"HPCPY_PACK_ENGINE": "folder"})
    assert plain.stdout == f"{environment}.unpacked\n"
    assert f"in {environment}.unpacked" in plain.stderr


def test_who_may_not_mount_nor_use_apptainer_gets_the_folder_and_reads_why(
    environment: Path,
) -> None:
    if os.geteuid() != 0 or Path("/dev/fuse").stat().st_mode & 0o006:
        pytest.skip("needs a /dev/fuse that is root's alone, and root to become another user")
    show, folder = "import sys; print(sys.prefix)", f"{environment}.unpacked"
    done = start(environment, "python", "-c", show, before=AS_NOBODY)
    assert (done.returncode, done.stdout) == (0, f"{folder}\n"), done.stderr
    said = rf"hpcpy pack: /dev/fuse: Permission denied; Apptainer: [^\x1b]+; in {folder}\n"
    assert re.fullmatch(said, done.stderr), done.stderr
    assert "no Apptainer is there" not in done.stderr


def test_who_can_start_it_by_no_means_reads_what_to_do(environment: Path) -> None:
    if os.geteuid() != 0 or Path("/dev/fuse").stat().st_mode & 0o006:
        pytest.skip("needs a /dev/fuse that is root's alone, and root to become another user")
    kept = beside(environment, "unpacked")
    away = kept.rename(kept.with_name("away"))
    try:
        # Forced, or as it is: Apptainer ended with 255, and with its own words alone.
        starts = [start(environment, "python", env=how, before=AS_NOBODY) for how in HOW[:2]]
    finally:
        away.rename(kept)
    for done in starts:
        assert (done.returncode, done.stderr.count("\n")) == (69, 1), done
        assert "Apptainer: " in done.stderr
        assert f", and no {kept}; next: " in done.stderr
        assert f"pack --undo {environment}\n" in done.stderr


def test_an_image_that_its_owner_closed_is_not_said_to_be_damaged(
    environment: Path, folder: Path
) -> None:
    before, image = as_user(folder), image_of(environment)
    image.chmod(0o400)
    try:
        done = start(environment, "python", env=ALONE, before=before)
    finally:
        image.chmod(0o444)
    assert (done.returncode, done.stderr.count("\n")) == (69, 1), done
    assert f"{image}: Permission denied: it is closed to you" in done.stderr
