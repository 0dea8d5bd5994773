"""An image that is up to date is taken without waiting for another make."""

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import start

from hpcpy.images.cached import write_stamp
from hpcpy.images.outputs import archive_path, made_of, sif_path
from hpcpy.images.plan import make_plan
from running import first_line

HAVE = """
import sys
from pathlib import Path
from hpcpy.core import paths
paths.BUILD = Path(sys.argv[1])
from hpcpy.images.command import ensure_image
print(ensure_image(sys.argv[2])[0])
"""
SECONDS = 300


@pytest.fixture(autouse=True)
def _locked(build: Path) -> Iterator[None]:
    """Have another make hold the lock."""
    with (build / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def images(key: str) -> None:
    plan = make_plan()
    image = plan.graph.image("hpcpy")
    for path in (archive_path(image), sif_path(image)):
        path.write_bytes(b"an image")
    write_stamp(archive_path(image), inputs=key or plan.image_key(image), digest="sha256:1")
    write_stamp(sif_path(image), **made_of(image))


def test_an_image_that_is_up_to_date_waits_for_nobody(build: Path) -> None:
    images("")
    with start(HAVE, build, "sif") as process:
        try:
            out, err = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
    assert (process.returncode, out) == (0, f"{build}/hpcpy.sif\n")
    assert err == "      – s hpcpy.sif (up to date)\n"


@pytest.mark.parametrize("changed", ["sources", "packer"])
def test_one_that_is_not_waits_for_its_turn(build: Path, changed: str) -> None:
    images("of other sources" if changed == "sources" else "")
    if changed == "packer":
        plan = make_plan()
        image = plan.graph.image("hpcpy")
        write_stamp(sif_path(image), **made_of(image) | {"squashfs": "1:4.5.1-1"})
    with start(HAVE, build, "sif") as process:
        try:
            assert first_line(process, "stderr").startswith("waiting for process")
        finally:
            process.kill()
