"""INSTALL of a release, typed where there is nothing but a C library and coreutils."""

import shutil
from pathlib import Path

import pytest
from standalone_host import FOUR_RANKS, RANKS, built, inside, make_root

from hpcpy.core import paths
from hpcpy.release import write_sums
from running import printed

# The oldest that mirrors still have; 2.28's, Debian 10, have left them.
SUITE = "bullseye"
# The C library, coreutils with its libraries, and a shell to type into.
KEPT = (
    "libc6",
    "coreutils",
    "libacl1",
    "libattr1",
    "libgmp10",
    "libselinux1",
    "libpcre2-8-0",
    "dash",
)
# As INSTALL has them, in its order.
TYPED = (
    "sha256sum -c --ignore-missing SHA256SUMS",
    "chmod +x hpcpy-python",
    "./hpcpy-python -c 'import numpy, numba, mpi4py, h5py'",
    "./hpcpy-python -m hpcpy_mpi 4 my-mpi.py",
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = make_root(tmp_path_factory.mktemp("root"), SUITE, ("coreutils",))
    lists = [*(made / "var/lib/dpkg/info").glob("*.list")]
    names = [path for path in lists if path.name.partition(":")[0].removesuffix(".list") in KEPT]
    kept = {Path(line).name for path in names for line in path.read_text().splitlines()}
    for folder in ("bin", "sbin", "lib"):
        for path in (made / "usr" / folder).rglob("*"):
            if path.name not in kept and not path.is_dir():
                path.unlink()
    return made


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release")
    (folder / "hpcpy-python").write_bytes(built().read_bytes())
    shutil.copy(paths.ROOT / "docs/install.txt", folder / "INSTALL")
    write_sums(folder)
    # An archive from the web keeps no mode, and the program is the reader's own.
    (folder / "hpcpy-python").chmod(0o644)
    (folder / "my-mpi.py").write_text(RANKS.replace("sys.argv[1]", "'MPICH'"))
    return folder


def test_from_unpacking_to_four_ranks(root: Path, release: Path) -> None:
    text = (release / "INSTALL").read_text()
    places = [text.index(command) for command in TYPED]
    assert places == sorted(places)
    assert len(text.splitlines()) <= 20
    assert not {"bash", "perl"} & {path.name for path in (root / "usr/bin").iterdir()}
    for command in TYPED:
        done = inside(root, release, "sh", "-c", f"cd /mnt && {command}")
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    assert printed(done) == FOUR_RANKS
