"""An image's commands without an engine."""

import itertools
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from packing import COMMAND, KILLED, daemons, pack, require

from running import run, wait_until


@pytest.fixture(scope="module")
def commands(sif: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    require()
    folder = tmp_path_factory.mktemp("system") / "hpcpy"
    done = pack(sif, "--to", folder)
    assert (done.returncode, done.stdout) == (0, f"{folder}/bin\n"), done.stderr
    yield folder
    wait_until(lambda: not daemons(folder))


def test_the_images_python_starts_without_an_engine(commands: Path, tmp_path: Path) -> None:
    env = {"PATH": "/usr/bin:/bin", "HPCPY_PACK_HOLD": "0", "HPCPY_VERBOSE": "1"}
    (tmp_path / "my.py").write_text(
        "import sys, numpy, os, pwd, subprocess\n"
        "print(sys.executable, os.getcwd(), pwd.getpwuid(os.getuid()).pw_uid, sys.argv[1:])\n"
        "print(subprocess.run([sys.executable, '-c', 'print(1)'], capture_output=True).stdout)\n"
        "open('written', 'w')\n"
    )
    done = run(commands / "bin/python", "my.py", "a b", cwd=tmp_path, env=env)
    expected = f"/opt/hpcpy/bin/python {tmp_path} {os.getuid()} ['a b']\nb'1\\n'\n"
    assert (done.returncode, done.stdout) == (0, expected), done.stderr
    assert done.stderr.startswith("hpcpy pack: mounted ")
    assert (tmp_path / "written").exists()
    by_apptainer = {**env, "HPCPY_PACK_ENGINE": "apptainer"}
    again = run(commands / "bin/python", "my.py", "a b", cwd=tmp_path, env=by_apptainer)
    assert again.stdout == done.stdout
    assert "by /" in again.stderr


def test_ranks_of_the_images_mpiexec(commands: Path) -> None:
    program = "from mpi4py import MPI; print(MPI.COMM_WORLD.allreduce(1))"
    env = {"PATH": "/usr/bin:/bin", "HPCPY_PACK_HOLD": "0"}
    done = run(commands / "bin/mpiexec", "-n", "4", "python", "-c", program, env=env)
    assert (done.stdout.split(), done.stderr) == (["4"] * 4, "")


@pytest.mark.long
def test_old_commands_go_when_new_ones_are_whole(sif: str, tmp_path: Path) -> None:
    python = tmp_path / "new/hpcpy/bin/python"
    words = (*COMMAND[1:], sif, "--to", tmp_path / "new/hpcpy")
    for number in itertools.count():
        done = run(COMMAND[0], "-c", KILLED, number, tmp_path, *words, cwd="/usr")
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        # Between two renames they have no name.
        assert python.exists() or (tmp_path / "new/hpcpy.pack-old/bin/python").exists()
        if number and done.returncode == 0:
            break
    assert number > 3
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["hpcpy"]
    undo = pack("--undo", tmp_path / "new/hpcpy")
    assert (undo.returncode, undo.stderr.count("\n")) == (2, 1)
    assert "has the commands of a SIF; rm -r" in undo.stderr


def test_the_place_of_an_images_commands_has_nothing_else(sif: str, tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    done = pack(sif, "--to", tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"{tmp_path}: is in the way; give another place by --to" in done.stderr
