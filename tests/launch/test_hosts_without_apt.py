"""RHEL, SLES, Alpine: Apptainer and `pack` without apt, dpkg and Debian's keyring."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from injection_ways import NOBODY
from packing import as_user, conda_like, public_folder
from site_user import require_public

from hpcpy.core import paths
from hpcpy.core.errors import UnavailableError
from hpcpy.fetch.debian import fetch_debs
from hpcpy.pack.places import is_packed
from hpcpy.pins.model import host_arch
from running import Done, printed, run

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
# What other distributions lack goes, for one command, with the network and this machine's tools.
HIDDEN = """
for folder in /etc/apt /etc/dpkg /usr/lib/apt /usr/lib/dpkg /usr/share/keyrings \
    /var/cache/apt /var/lib/apt /var/lib/dpkg; do
    [ ! -d "$folder" ] || mount -t tmpfs -o ro tmpfs "$folder"
done
for program in /usr/bin/apt* /usr/bin/dpkg* /usr/sbin/dpkg* /usr/sbin/update-rc.d \
    /usr/bin/apptainer /usr/bin/singularity /usr/bin/mksquashfs /usr/bin/unsquashfs; do
    [ ! -e "$program" ] || mount --bind /dev/null "$program"
done
exec "$@"
"""
LOOKS = """
command -v apt apt-get apt-config dpkg dpkg-deb dpkg-query apptainer unsquashfs
find /etc/apt /var/lib/apt /var/lib/dpkg /usr/share/keyrings -mindepth 1 2>/dev/null
id -u
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder with a checkout in which nothing was made, and an environment to pack."""
    with public_folder() as made:
        for name in ("src", "env", "recipes", "containers"):
            shutil.copytree(paths.ROOT / name, made / "checkout" / name)
        for name in ("hpcpy", "Makefile", "pyproject.toml"):
            shutil.copy(paths.ROOT / name, made / "checkout")
        conda_like(made / "env")
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


def test_a_user_makes_apptainer_and_packs_an_environment(sif: str, folder: Path) -> None:
    if not shutil.which("cc", path=PATH) and not shutil.which("gcc", path=PATH):
        pytest.skip("no cc here for the launcher of pack; run: make setup TOOLS=compilers")
    require_public(Path(sif))
    before = ("unshare", "--mount", "--net", "sh", "-euc", HIDDEN, "sh", *as_user(folder))
    fill_cache(folder / "cache")
    run("chown", "-hR", f"{NOBODY}:{NOBODY}", folder, check=True)
    env = {"PATH": PATH, "HOME": str(folder), "HPCPY_CACHE": str(folder / "cache")}
    env |= {"OLDPWD": str(folder), "LANG": "C.UTF-8"}

    def as_other(*words: object) -> Done:
        return run(*before, *words, env=env)

    def hpcpy(*words: object) -> None:
        done = as_other("/usr/bin/python3", "-I", folder / "checkout/hpcpy", *words)
        assert done.returncode == 0, done.stderr

    assert printed(as_other("sh", "-c", LOOKS)) == f"{NOBODY}\n"
    hpcpy("setup", "apptainer")
    apptainer = folder / "checkout/build/tools/bin/apptainer"
    assert apptainer.stat().st_uid == NOBODY
    program = ("-c", "import os; print(6 * 7, os.getuid())")
    assert printed(as_other(apptainer, "exec", sif, "python3", *program)) == f"42 {NOBODY}\n"
    hpcpy("pack", folder / "env")
    assert is_packed(folder / "env")
    assert printed(as_other(folder / "env/bin/python", *program)) == f"42 {NOBODY}\n"
