"""Packages that were baked on one base, on another base: baked from the lock, and copied.

In `make test`: `tests/launch/test_bake.py`, on one base.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import image_in_podman
import pytest
from baking import ARCHIVE, Podman, in_podman

from hpcpy.build.current import archive_path
from hpcpy.build.graph import the_graph

# Another interpreter, with fewer packages.
OTHER = archive_path(the_graph().image("hpcpy-core"))
OLD, NEW, COPY = (f"localhost/hpcpy-moved-{name}" for name in ("old", "new", "copy"))
# One with extension modules that are built on numpy, and one of pure Python.
PACKAGES = "biopython narwhals"
LIBRARY = "/opt/hpcpy/lib/python3.14"
BAKED = """
FROM {base}
USER 0
RUN --mount=type=bind,source=.,target=/wheels \\
    python -m hpcpy_bake --wheelhouse /wheels {asked}
USER 1000:1000
"""
COPIED = f"""
FROM localhost/hpcpy-core
COPY --from={OLD} {LIBRARY}/site-packages {LIBRARY}/site-packages
COPY --from={OLD} {LIBRARY}/hpcpy_baked {LIBRARY}/hpcpy_baked
"""
WORKS = """
import Bio.Align, narwhals
assert Bio.Align.PairwiseAligner().score("GATTACA", "GCATGCU") == 3
print(*(one.__spec__.loader.offset > 0 for one in (Bio.Align, narwhals)))
try: import matplotlib
except ModuleNotFoundError: print("core")
"""
AGAIN = "bake again: python -m hpcpy_bake (docs/bake.md)"

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not ARCHIVE.exists(), reason=f"{ARCHIVE} is not there; run: make image"),
    pytest.mark.skipif(
        not OTHER.exists(), reason=f"{OTHER} is not there; run: make image IMAGE=hpcpy-core"
    ),
]


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Podman]:
    one = in_podman(tmp_path_factory.mktemp("wheels"))
    image_in_podman.load(OTHER, one.command, one.env)
    build(one, OLD, BAKED.format(base="localhost/hpcpy", asked=PACKAGES))
    (one.folder / "lock.txt").write_text(hpcpy_bake(one, OLD, "--lock"))
    yield one
    one("rmi", "--force", OLD)


def build(podman: Podman, name: str, text: str) -> None:
    (podman.folder / "Containerfile").write_text(text)
    options = ("--isolation=chroot", "--pull=never", "--network=host", f"--tag={name}")
    podman("build", *options, podman.folder)


@pytest.fixture
def new(podman: Podman) -> Iterator[str]:
    build(podman, NEW, BAKED.format(base="localhost/hpcpy-core", asked="-r /wheels/lock.txt"))
    yield NEW
    podman("rmi", "--force", NEW)


@pytest.fixture
def copy(podman: Podman) -> Iterator[str]:
    build(podman, COPY, COPIED)
    yield COPY
    podman("rmi", "--force", COPY)


def run(podman: Podman, image: str, *words: str) -> str:
    return podman("run", "--rm", "--read-only", "--network=none", image, "python", *words)[1]


def hpcpy_bake(podman: Podman, image: str, option: str) -> str:
    return run(podman, image, "-m", "hpcpy_bake", option)


def test_the_lock_gives_the_same_packages_on_another_base(podman: Podman, new: str) -> None:
    for option in ("--list", "--lock"):
        assert hpcpy_bake(podman, new, option) == hpcpy_bake(podman, OLD, option)
    lock = (podman.folder / "lock.txt").read_text()
    assert [line.partition("==")[0] for line in lock.splitlines()] == PACKAGES.split()
    assert run(podman, OLD, "-c", WORKS) == "True True\n"
    assert run(podman, new, "-c", WORKS) == "True True\ncore\n"


def test_a_copy_of_what_was_baked_works(podman: Podman, copy: str) -> None:
    assert run(podman, copy, "-c", WORKS).startswith("True True\n")
    assert hpcpy_bake(podman, copy, "--list") == hpcpy_bake(podman, OLD, "--list")


def test_a_copy_for_another_numpy_is_refused_in_one_line(podman: Podman, copy: str) -> None:
    # The bases have one numpy: the stamp alone is made another.
    program = (
        f"import numpy, pathlib; file = pathlib.Path('{LIBRARY}/hpcpy_baked/modules.bundle');"
        "old = numpy.__version__.encode(); data = file.read_bytes(); assert data.count(old) == 1;"
        "file.write_bytes(data.replace(old, b'9' + old[1:]))"
    )
    refused, again, works = podman.script(
        f'python -c "{program}";'
        "python -c 'import Bio' 2>&1 | tail -1;"
        "python -m hpcpy_bake 2>&1 >/dev/null;"
        "python -c 'import Bio.Align; print(Bio.__version__)'",
        image=copy,
    ).splitlines()
    pattern = rf"the packages in {LIBRARY}/hpcpy_baked were baked on a base with numpy 9\S+,"
    assert re.match(f"ImportError: hpcpy: {pattern} and this base has 2", refused)
    assert re.match(f"hpcpy_bake: {pattern} and this base has 2", again)
    assert refused.endswith(AGAIN)
    # All modules of site-packages, by several processes.
    assert f"biopython=={works} " in (podman.folder / "lock.txt").read_text()
