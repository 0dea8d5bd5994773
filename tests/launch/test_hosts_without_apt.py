"""RHEL, SLES, Alpine: Apptainer and `pack` without apt, dpkg and Debian's keyring."""

import os
import shutil
from pathlib import Path

import pytest
from packing import conda_like, end, remove, require

from hpcpy.core import paths
from running import Done, run

# What other distributions lack.
_DEBIANS = ("apt", "dpkg", "update-rc.d", "apptainer", "singularity", "mksquashfs", "unsquashfs")


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Give a folder with this machine's programs, but for Debian's own."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for path in (*Path("/usr/sbin").iterdir(), *Path("/usr/bin").iterdir()):
        link = folder / path.name
        if not path.name.startswith(_DEBIANS) and not link.is_symlink():
            link.symlink_to(path)
    return folder


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Give a checkout in which nothing was made."""
    made = tmp_path / "checkout"
    made.mkdir()
    for name in ("src", "env", "recipes", "containers"):
        shutil.copytree(paths.ROOT / name, made / name)
    for name in ("hpcpy", "Makefile", "pyproject.toml"):
        shutil.copy(paths.ROOT / name, made)
    return made


def test_apptainer_is_made_and_an_environment_is_packed(
    sif: str, checkout: Path, programs: Path, tmp_path: Path
) -> None:
    require()
    if not (shutil.which("cc") or shutil.which("gcc")):
        pytest.skip("no cc here for the launcher of pack; run: make setup TOOLS=compilers")
    # The machine's own keyring and apt's lists are not read.
    env = {**os.environ, "PATH": str(programs), "SETUP": "no"}

    def hpcpy(*words: object) -> Done:
        return run("/usr/bin/python3", "-I", checkout / "hpcpy", *words, env=env, cwd=tmp_path)

    done = hpcpy("setup", "apptainer")
    if "could not be downloaded" in done.stderr:
        pytest.skip(f"its packages are not in the cache: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    apptainer = checkout / "build/tools/bin/apptainer"
    done = run(apptainer, "exec", sif, "python3", "-c", "print(6 * 7)", env=env, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "42\n"), done.stderr
    prefix = conda_like(tmp_path / "env")
    try:
        done = hpcpy("pack", prefix)
        assert done.returncode == 0, done.stderr
        done = run(prefix / "bin/python", "-c", "print(6 * 7)", env=env, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (0, "42\n"), done.stderr
    finally:
        end(prefix)
        remove(prefix)
