"""The shell that runs on nodes: around an engine, a rank and a staged image."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from processes import mounted

from hpcpy.launch import on_nodes
from hpcpy.launch.explain import explain
from hpcpy.launch.on_nodes import around
from hpcpy.launch.shell import PLAIN
from running import Done, executable, printed, run

OWN = f"hpcpy-{os.getuid()}"
SHOWS = 'printf %s "${APPTAINER_CONFIGDIR-default}"'


def engines_folder(node_local: Path) -> str:
    lines = around("apptainer", str(node_local))
    # A site's setup may have this option set.
    shell = "\n".join(["set -e", *(line.shell for line in lines)])
    script = f'{shell}\nexec bash -pc "$at_node" "$@"'
    words = ("bash", "-c", script, "-", "bash", "-c", SHOWS)
    done = run(*words, env={"PATH": os.environ["PATH"]}, umask=0o002, check=True)
    assert done.stderr == ""
    return done.stdout


def test_the_engines_files_are_in_a_folder_of_the_users_alone(tmp_path: Path) -> None:
    assert engines_folder(tmp_path) == f"{tmp_path}/{OWN}/apptainer"
    for folder in (tmp_path / OWN, tmp_path / OWN / "apptainer"):
        assert folder.stat().st_mode & 0o777 == 0o700


# Shell commands: of a folder's name, and of that of another one beside it.
WAYS = {
    "linked": 'mkdir "$1" && ln -s "$1" "$0"',
    "linked to nothing": 'ln -s "$1" "$0"',
    "open to the group": 'mkdir -m 770 "$0"',
    "open to all": 'mkdir -m 707 "$0"',
    "another user's": 'mkdir "$0" && chown 65534:65534 "$0"',
    "a file": 'touch "$0"',
}


@pytest.mark.parametrize("made", WAYS)
def test_a_folder_that_others_have_a_hand_in_is_not_used(tmp_path: Path, made: str) -> None:
    if made == "another user's" and os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    for number, name in enumerate((OWN, f"{OWN}/apptainer")):
        node = tmp_path / str(number)
        (node / name).parent.mkdir(parents=True)
        run("sh", "-c", WAYS[made], node / name, aside := node / "aside", check=True)
        assert engines_folder(node) == "default"
        assert not aside.exists() or list(aside.iterdir()) == []


def test_podman_hpc_takes_no_word_of_the_program_for_its_own() -> None:
    at_node, _ = around("podman-hpc")
    script = f'{at_node.shell}\nexec bash -pc "$at_node" "$@"'
    told = 'echo "$*"; eval "printf %s, $HPCPY_PROGRAM"'
    words = ["engine", "a b", "--", "x", "--help", "y 'z"]
    done = run("bash", "-c", script, "-", "sh", "-c", told, *words, check=True)
    assert done.stdout == "a b\nx,--help,y 'z,"


def test_the_engine_of_a_dead_first_rank_is_killed_where_proc_shows_no_daemon(
    tmp_path: Path,
) -> None:
    # Apptainer's process has this name.  Of slurmstepd nothing is asked.
    engine = tmp_path / "starter"
    shutil.copy(shutil.which("sleep") or "", engine)
    with subprocess.Popen([engine, "60"]) as process:
        given = {"HPCPY_TASK": str(process.pid), "HPCPY_PARENT": "1", "SLURM_PROCID": "0"}
        env = {**os.environ, **given, "SLURMD_NODENAME": "n1", "APPTAINER_SHARENS_MASTER": "1"}
        rank = on_nodes.text("apptainer_rank")
        done = run("bash", "-pc", rank, "sh", "-c", 'echo "${HPCPY_TASK-none}"; exit 3', env=env)
        assert (done.returncode, done.stdout) == (3, "none\n")
        assert process.wait(60) == -signal.SIGKILL


# The programs of a cluster of one node; mktemp gives a name that another user has guessed.
STUBS = {
    "srun": 'while [ "$1" != bash ]; do shift; done; SLURMD_NODENAME=n1 exec "$@"',
    "sbcast": 'set -C && cat "$1" >"$2" || exit 1; chmod +x "$2"; [ "$DAMAGED" ] && echo >>"$2"; :',
    "mktemp": 'echo "$GUESSED"',
}


@pytest.fixture
def node(tmp_path: Path) -> Path:
    for name, text in STUBS.items():
        executable(tmp_path / "bin" / name, f"#!/bin/bash\n{text}\n")
    (tmp_path / "image").write_bytes(b"image" * 100_000)
    (tmp_path / "precious").write_text("precious")
    return tmp_path


def staged(node: Path, *before_it: str, engine: str = "standalone", **more: str) -> Done:
    copy = on_nodes.COPIES[engine]
    before = on_nodes.staging_lines(str(node / "image"), str(node), copy)
    ranks = f'stat -c %a "$staged"; cmp {copy} {node}/image && echo ranks\n'
    lines = [line.shell for line in before], [line.shell for line in on_nodes.STAGING_ENDS]
    env = {
        "PATH": f"{node}/bin:{os.environ['PATH']}",
        "SLURM_JOB_ID": "7",
        "GUESSED": str(node / "guessed"),
        **more,
    }
    script = "\n".join([PLAIN, *lines[0], ranks, *lines[1], "exit 0"])
    return run(*before_it, "bash", "-c", script, env=env, umask=0o002)


@pytest.mark.parametrize("options", ["braceexpand", "monitor", "errexit:nounset"])
def test_a_copy_is_the_jobs_alone_and_goes_with_it(node: Path, options: str) -> None:
    there = set(node.iterdir())
    assert printed(staged(node, SHELLOPTS=options)) == "700\nranks\n"
    assert set(node.iterdir()) == there


def _shown(path: Path) -> tuple[int, ...]:
    # Without the time of access: a look into a folder changes it.
    found = path.lstat()
    return found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns


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
    before = _shown(guessed), sorted(node.rglob("*"))
    done = staged(node)
    assert (done.returncode, done.stdout) == (73, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("hpcpy: n1: ")
    assert str(guessed) in line
    assert (_shown(guessed), sorted(node.rglob("*"))) == before
    assert (node / "precious").read_text() == "precious"


def test_a_copy_that_is_not_the_image_is_not_run(node: Path) -> None:
    done = staged(node, DAMAGED="1")
    assert (done.returncode, done.stdout) == (73, "")
    (line,) = done.stderr.splitlines()
    assert "n1" in line


@pytest.mark.parametrize("engine", ["standalone", "apptainer"])
def test_a_disk_that_runs_no_program_is_named_before_the_step(node: Path, engine: str) -> None:
    disk = node / "disk"
    disk.mkdir()
    on_disk = mounted(disk, 'mount -t tmpfs -o noexec small "$0"')
    done = staged(node, *on_disk, engine=engine, GUESSED=f"{disk}/copy")
    if engine == "apptainer":  # which reads its image
        assert printed(done) == "700\nranks\n"
        return
    says = f"hpcpy: n1: no copy of the image in {disk}: no program can run there (noexec)\n"
    assert (done.returncode, done.stdout, done.stderr) == (73, "", says)
    line, code = explain(done.stderr, done.returncode, lambda: False)
    assert code == 73
    assert line == f"{says[7:-1]}; node_local in the site file names another disk"
