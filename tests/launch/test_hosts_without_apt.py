"""RHEL, SLES, Alpine: Apptainer and `pack` without apt, dpkg and Debian's keyring."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from injection_ways import NOBODY
from other_roots import HIDES, busybox, entered, rhel_like
from packing import as_user, conda_like, public_folder
from site_user import require_public

from hpcpy.core import paths
from hpcpy.fetch.debian import fetch_debs
from hpcpy.pack.places import is_packed
from hpcpy.pins.model import host_arch
from hpcpy_common.errors import UnavailableError
from running import Done, printed, run
from tiers import sampled

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
PROGRAM = ("-c", "import os; print(6 * 7, os.getuid())")
LOOKS = """
for name in apt apt-get apt-config dpkg dpkg-deb dpkg-query apptainer unsquashfs; do
    ! command -v $name
done
find /etc/apt /var/lib/apt /var/lib/dpkg /usr/share/keyrings -mindepth 1 2>/dev/null
id -u
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Give a folder with a checkout in which nothing was made, and an environment to pack."""
    with public_folder() as made:
        for name in ("src", "env", "recipes", "containers"):
            shutil.copytree(paths.ROOT / name, made / "checkout" / name)
        for name in ("hpcpy", "Makefile", "pyproject.toml"):
            shutil.copy(paths.ROOT / name, made / "checkout")
        conda_like(made / "env")
        fill_cache(made / "cache")
        run("chown", "-hR", f"{NOBODY}:{NOBODY}", made, check=True)
        yield made


def fill_cache(cache: Path) -> None:
    """Write what this machine has, or can download, of the packages: the user has no network."""
    for name in ("engine", "launcher"):
        try:
            debs = fetch_debs(name, host_arch())
        except UnavailableError as error:
            pytest.skip(str(error))
        for deb in debs.values():
            (cache / "hpcpy/downloads" / deb.parent.name).mkdir(parents=True)
            shutil.copy(deb, cache / "hpcpy/downloads" / deb.parent.name)


def as_other(folder: Path, *words: object) -> Done:
    """Run a command as a user of a machine that is not Debian's."""
    before = ("unshare", "--mount", "--net", "sh", "-euc", HIDES, "sh", "", *as_user(folder))
    env = {"PATH": PATH, "HOME": str(folder), "HPCPY_CACHE": str(folder / "cache")}
    env |= {"OLDPWD": str(folder), "LANG": "C.UTF-8"}
    return run(*before, *words, env=env)


def hpcpy(folder: Path, *words: object) -> None:
    done = as_other(folder, "/usr/bin/python3", "-I", folder / "checkout/hpcpy", *words)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def apptainer(folder: Path, sif: str) -> Path:
    """Give the Apptainer that this user has made."""
    require_public(Path(sif))
    assert printed(as_other(folder, "sh", "-c", LOOKS)) == f"{NOBODY}\n"
    hpcpy(folder, "setup", "apptainer")
    made = folder / "checkout/build/tools/bin/apptainer"
    assert made.stat().st_uid == NOBODY
    return made


def test_a_user_makes_apptainer(apptainer: Path, folder: Path, sif: str) -> None:
    done = as_other(folder, apptainer, "exec", sif, "python3", *PROGRAM)
    assert printed(done) == f"42 {NOBODY}\n"


def test_a_user_packs_an_environment(folder: Path) -> None:
    if not shutil.which("cc", path=PATH) and not shutil.which("gcc", path=PATH):
        pytest.skip("no cc here for the launcher of pack; run: make setup TOOLS=compilers")
    hpcpy(folder, "pack", folder / "env")
    assert is_packed(folder / "env")
    assert printed(as_other(folder, folder / "env/bin/python", *PROGRAM)) == f"42 {NOBODY}\n"


@pytest.mark.parametrize("makes", sampled([busybox, rhel_like]))
def test_that_apptainer_starts_on_any_c_library_and_on_none(
    apptainer: Path, folder: Path, sif: str, tmp_path: Path, makes: Callable[[Path], Path]
) -> None:
    root, image = makes(tmp_path), Path(sif).resolve()
    sees = {folder: str(folder), image.parent: "/images"}
    words = (apptainer, "-d", "exec", f"/images/{image.name}", "python3", *PROGRAM)
    done = run(*entered(root, NOBODY, sees), *words, cwd=folder, env={"PATH": PATH})
    assert (done.returncode, done.stdout) == (0, f"42 {NOBODY}\n"), done.stderr
    # squashfuse loads libgcc at its end, or aborts.
    assert "Cleanup error" not in done.stderr
    assert bool([*root.rglob("libc.so*")]) == (makes is rhel_like)
