"""What is built of an image: whether it is up to date, the one file, where it is pushed to."""

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import start

from hpcpy.core.errors import UsageError
from hpcpy.images import standalone
from hpcpy.images.cached import write_stamp
from hpcpy.images.outputs import archive_path, made_of, sif_path, standalone_path
from hpcpy.images.plan import make_plan
from hpcpy.images.push import parse_reference
from hpcpy.sbom.contents import CONTAINED, INSTALLED, LINKED
from running import first_line

HAVE = """
import sys
from pathlib import Path
from hpcpy.core import paths
paths.BUILD = Path(sys.argv[1])
from hpcpy.images.command import ensure_image
print(ensure_image(sys.argv[2])[0])
"""


@pytest.fixture
def locked(build: Path) -> Iterator[None]:
    """Have another make hold the lock."""
    with (build / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def images(key: str, packer: dict[str, str]) -> None:
    plan = make_plan()
    image = plan.graph.image("hpcpy")
    for path in (archive_path(image), sif_path(image)):
        path.write_bytes(b"an image")
    write_stamp(archive_path(image), inputs=key or plan.image_key(image), digest="sha256:1")
    write_stamp(sif_path(image), **made_of(image) | packer)


@pytest.mark.usefixtures("locked")
@pytest.mark.parametrize(
    ("inputs", "packer", "says"),
    [
        ("", {}, "      – s hpcpy.sif (up to date)\n"),
        ("of other sources", {}, "waiting for process"),
        ("", {"squashfs": "1:4.5.1-1"}, "waiting for process"),
    ],
    ids=["up to date", "other sources", "another packer"],
)
def test_an_image_that_is_not_up_to_date_waits_for_its_turn(
    build: Path, inputs: str, packer: dict[str, str], says: str
) -> None:
    images(inputs, packer)
    with start(HAVE, build, "sif") as process:
        try:
            assert first_line(process, "stderr").startswith(says)
            if "up to date" in says:
                assert process.communicate(timeout=300) == (f"{build}/hpcpy.sif\n", "")
                assert process.returncode == 0
        finally:
            process.kill()


def test_two_images_have_a_file() -> None:
    graph = make_plan().graph
    assert standalone_path(graph.image("hpcpy-core")).name == "hpcpy-python"
    assert standalone_path(graph.image("hpcpy")).name == "hpcpy-python-full"
    with pytest.raises(UsageError, match=r"hpcpy-sci has no \w+ file; hpcpy-core, hpcpy have"):
        standalone_path(graph.image("hpcpy-sci"))


@pytest.mark.parametrize("image", ["hpcpy-core", "hpcpy"])
def test_its_sbom_has_no_package_of_a_base_and_what_is_linked_in(image: str) -> None:
    plan = make_plan()
    pins = standalone._expected(plan, plan.graph.image(image)).pins
    uses = {(pin.kind, pin.name): pin.use for pin in pins}
    assert uses["wheel", "llvmlite"] == INSTALLED
    assert uses["source", "numpy"] == CONTAINED
    assert uses["debian", "libssl-dev"] == uses["debian", "libc6-dev"] == LINKED
    assert {use for (kind, _), use in uses.items() if kind == "debian"} == {LINKED}


# What is given, what it comes to, and whether certificates are not asked for there.
@pytest.mark.parametrize(
    ("text", "full", "is_here"),
    [
        ("registry.example.org/me/hpcpy:1", "registry.example.org/me/hpcpy:1", False),
        ("oras://localhost/hpcpy", "localhost/hpcpy:latest", True),
        ("[::1]:5000/hpcpy", "[::1]:5000/hpcpy:latest", True),
        ("127.0.0.1.example.org/hpcpy", "127.0.0.1.example.org/hpcpy:latest", False),
        ("gateway:5000/hpcpy", "gateway:5000/hpcpy:latest", False),
    ],
)
def test_a_reference_names_registry_repository_and_tag(text: str, full: str, is_here: bool) -> None:
    reference = parse_reference(text)
    assert (str(reference), reference.on_this_machine) == (full, is_here)
