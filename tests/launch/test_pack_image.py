"""An image's commands without an engine; what `./hpcpy pack` takes of whom."""

import itertools
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from injection_ways import NOBODY
from packing import (
    COMMAND,
    KILLED,
    as_user,
    conda_like,
    daemons,
    pack,
    public_folder,
    require,
    tree,
)
from site_user import require_public

from hpcpy.core import paths
from hpcpy.pack import hot
from hpcpy.pack.image import image_of
from hpcpy.pack.programs import unsquashfs
from running import run, wait_until
from tiers import sampled


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


def test_its_place_has_no_folder_that_may_go_and_a_failure_changes_nothing(
    sif: str, tmp_path: Path
) -> None:
    require()
    (tmp_path / "sub").mkdir()
    other = tmp_path / "my.sif"
    shutil.copyfile(sif, other)
    words = ("../my.sif", "--to", "../hpcpy", "--", "-c", "import numpy")
    done = run(*COMMAND, *words, cwd=tmp_path / "sub")
    assert done.returncode == 0, done.stderr
    (tmp_path / "sub").rmdir()
    # What is recorded is for launches of the image, too.
    size, *pieces = Path(f"{other}.hot").read_text().splitlines()
    assert int(size) == other.stat().st_size
    assert 1e6 < sum(int(piece.split()[1]) for piece in pieces) < int(size) / 4
    folder = tmp_path / "hpcpy"
    alone = {"PATH": "/usr/bin:/bin", "HPCPY_PACK_HOLD": "0"}
    done = run(folder / "bin/python", "-c", "print(2)", env=alone)
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr
    before = (hot.ranges(folder), Path(f"{other}.hot").read_text())
    assert before[0]
    assert pack(other, "--to", folder, "--", "-c", "import nope").returncode == 1
    assert (hot.ranges(folder), Path(f"{other}.hot").read_text()) == before
    done = run(folder / "bin/python", "-c", "", env={**alone, "HPCPY_PACK_ENGINE": "aptainer"})
    assert (done.returncode, done.stderr.count("\n")) == (69, 1)
    assert "HPCPY_PACK_ENGINE=aptainer: is neither apptainer nor folder" in done.stderr
    folder.rename(tmp_path / "moved")
    done = run(tmp_path / "moved/bin/python", "-c", "", env=alone)
    assert done.stderr.endswith(f"next: ln -s {tmp_path}/moved {folder}\n")


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
        kill = (int(signal.SIGKILL), number, tmp_path)
        done = run(COMMAND[0], "-c", KILLED, *kill, *words, cwd="/usr")
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


ALONE = {**os.environ, "HPCPY_PACK_HOLD": "0"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that every user can reach; pytest's own are root's."""
    with public_folder() as made:
        yield made


@pytest.mark.parametrize("where", sampled([".local", "", "files/.ssh"], 2))
def test_of_a_base_python_its_own_files_alone_are_packed(folder: Path, where: str) -> None:
    home = folder / "home"
    base, secret = home / where.removesuffix("/.ssh"), home / where / "key"
    conda_like(base)
    secret.parent.mkdir(exist_ok=True)
    secret.write_text("secret")
    venv = folder / "venv"
    run(base / "bin/python", "-m", "venv", "--without-pip", venv, check=True)
    done = pack(venv, env={**ALONE, "HOME": str(home)})
    if where != ".local":
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        return
    assert "link out" not in done.stderr
    assert "before, now 11\n" in done.stdout
    for part in (base / "bin/python3", *(base / "lib").iterdir()):
        assert f"packed with it: {part}: " in done.stderr
    listed = run(unsquashfs(is_named=True), "-l", image_of(venv)).stdout
    assert "bin/python3\n" in listed
    assert "/key\n" not in listed
    shutil.rmtree(venv.with_name("venv.unpacked"))
    show = "import json, sys; print(sys.base_prefix, open(sys.argv[1]).read())"
    for engine in ("", "apptainer"):
        env = {**ALONE, "HPCPY_PACK_ENGINE": engine}
        shown = run(venv / "bin/python", "-c", show, secret, env=env)
        assert shown.stdout == f"{base} secret\n", shown.stderr


def test_an_ordinary_user_packs_closed_folders_from_a_sites_checkout(folder: Path) -> None:
    as_other = (*as_user(folder), "/usr/bin/python3")
    require_public(paths.ROOT / "hpcpy")
    (folder / "mine").mkdir()
    prefix = conda_like(folder / "mine/env")
    run("chmod", "-R", "a-w", prefix, check=True)
    run("chown", "-R", f"{NOBODY}:{NOBODY}", folder / "mine", check=True)
    before = tree(prefix)
    # As root it would start a program that the user may change at any time.
    refused = pack(prefix)
    assert (refused.returncode, refused.stderr.count("\n")) == (69, 1)
    assert "env: is of nobody, and root would start it; runuser -u nobody --" in refused.stderr
    env = {**ALONE, "HOME": str(folder / "mine"), "OLDPWD": "/usr"}
    env |= {"XDG_CACHE_HOME": "", "HPCPY_CACHE": ""}
    write = ("--", "python", "-c", f"open('{prefix}/share/gdal/new', 'w')")
    for words in ((), ("--update", *write), ("--undo",)):
        at = [*COMMAND[1:], *words[:1], prefix, *words[1:]]
        done = run(*as_other, *at, env=env, cwd="/usr")
        assert done.returncode == 0, done.stderr
        assert not (folder / "mine/env.packing").exists()
    (prefix / "share/gdal/new").unlink()
    after = tree(prefix)
    assert {name: (mode, content) for name, (mode, _, content) in after.items()} == {
        name: (mode, content) for name, (mode, _, content) in before.items()
    }
    assert (folder / "mine/.cache/hpcpy/logs").is_dir()
