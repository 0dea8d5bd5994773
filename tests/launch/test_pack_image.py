"""An image's commands without an engine, and an environment's packages in an image."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_cluster import image
from packing import daemons, pack, require
from small_packages import wheel

from hpcpy.engine.prefix import find_apptainer
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


def test_the_place_of_an_images_commands_has_nothing_else(sif: str, tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    done = pack(sif, "--to", tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"{tmp_path}: is in the way; give another place by --to" in done.stderr


@pytest.mark.long
def test_packages_as_they_lie_are_baked(tmp_path: Path) -> None:
    apptainer, *_, base = image()
    made = wheel(tmp_path, "climate", "2.0", {"climate/__init__.py": "VALUE = 2\n"})
    prefix, target = tmp_path / "env", tmp_path / "mine.sif"
    # A virtual environment of Python 3.14: the image's, as its pip fills it.
    inside = (find_apptainer(), "exec", f"--bind={tmp_path}", base)
    run(*inside, "python3", "-m", "venv", prefix, check=True)
    install = ("-m", "pip", "install", "--quiet", "--no-index", "--no-deps")
    run(*inside, prefix / "bin/python", *install, made, check=True)
    done = pack(prefix, "--bake", target, f"--image={base}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == f"{target}: hpcpy.sif with climate 2.0"
    show = "import climate; print(climate.VALUE, climate.__loader__.__class__.__name__)"
    ran = run(apptainer, "exec", target, "python3", "-c", show)
    assert ran.stdout.split()[0] == "2"
    listed = run(apptainer, "exec", target, "python3", "-m", "hpcpy_bake", "--list")
    assert listed.stdout.split()[:2] == ["climate", "2.0"]
    other = pack("--bake", target, tmp_path)
    assert other.returncode == 2
    assert "has no lib/python3.14/site-packages" in other.stderr
