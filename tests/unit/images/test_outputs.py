"""What is built of an image: the same bytes each time, and up to date."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from processes import start
from small_sif import make_sif, needed_program

from hpcpy.core.files import sha256
from hpcpy.engine.sif_header import settle
from hpcpy.images import standalone
from hpcpy.images.cached import write_stamp
from hpcpy.images.oci import manifest_digest, pack
from hpcpy.images.outputs import (
    archive_path,
    is_current_standalone,
    made_of,
    sif_path,
    standalone_path,
)
from hpcpy.images.plan import make_plan
from hpcpy.sbom.contents import CONTAINED, INSTALLED, LINKED
from hpcpy_common.errors import IntegrityError, UsageError
from running import first_line, run
from small_image import layer, write_archive, write_layout

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
    write_stamp(archive_path(image), inputs=key or plan.archive_key(image), digest="sha256:1")
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


@pytest.mark.parametrize("damage", [Path.unlink, lambda sbom: sbom.write_text("[]")])
def test_a_file_without_its_sbom_is_not_up_to_date(
    build: Path, damage: Callable[[Path], object]
) -> None:
    plan = make_plan()
    image = plan.graph.image("hpcpy-core")
    file, sbom = build / "hpcpy-python", build / "hpcpy-python.spdx.json"
    file.write_bytes(b"a file")
    sbom.write_text("{}")
    key = plan.part_key(plan.graph.of(image, "standalone"))
    write_stamp(file, inputs=key, sbom=sha256(sbom))
    assert is_current_standalone(plan, image)
    damage(sbom)
    assert not is_current_standalone(plan, image)


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
    # OpenSSL's is the interpreter's, libfuse the launcher's of packed environments.
    for name in ("libssl-dev", "libc6-dev", "libsquashfuse-dev", "libfuse3-dev", "liblz4-dev"):
        assert uses["debian", name] == LINKED
    assert {use for (kind, _), use in uses.items() if kind == "debian"} == {LINKED}


def test_archive_packed_at_another_time_is_the_same_bytes(tmp_path: Path) -> None:
    write_layout(tmp_path / "one", [layer({"etc/a": b"1"})])
    pack(tmp_path / "one", tmp_path / "one.tar", 1_000_000_000)
    # Another folder, order, time and mode of the same files.
    for path in sorted((tmp_path / "one").rglob("*"), reverse=True):
        copy = tmp_path / "two" / path.relative_to(tmp_path / "one")
        if path.is_dir():
            copy.mkdir(parents=True, exist_ok=True)
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        copy.chmod(0o600)
        os.utime(copy, (5, 5))
    pack(tmp_path / "two", tmp_path / "two.tar", 1_000_000_000)
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()


def test_digest_is_what_the_tools_call_the_image(tmp_path: Path) -> None:
    archive = tmp_path / "a.tar"
    digest = write_archive(archive, [layer({"etc/a": b"1"})])
    assert manifest_digest(archive) == digest
    if not shutil.which("skopeo"):
        pytest.skip("no skopeo on this machine")
    done = run("skopeo", "inspect", "--format", "{{.Digest}}", f"oci-archive:{archive}", check=True)
    assert done.stdout.strip() == digest


def test_sifs_of_the_same_content_become_the_same_bytes(tmp_path: Path) -> None:
    program = needed_program()
    sifs = [make_sif(program, tmp_path, name) for name in ("a.sif", "b.sif")]
    assert sifs[0].read_bytes() != sifs[1].read_bytes()
    # The second time nothing changes.
    for sif in (*sifs, sifs[0]):
        settle(sif, "sha256:0123", 1_000_000_000)
    assert sifs[0].read_bytes() == sifs[1].read_bytes()
    # It is whole to Apptainer.
    header, content = (
        run(program, "sif", *words, sifs[0], check=True).stdout
        for words in (("header",), ("dump", "1"))
    )
    assert "2001-09-09" in header
    assert content == '{"a": 1}\n'


@pytest.mark.parametrize("content", [b"", bytes(4096)])
def test_file_that_is_no_sif_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.sif"
    path.write_bytes(content)
    with pytest.raises(IntegrityError, match=r"file\.sif: not a SIF"):
        settle(path, "sha256:0123", 1)
    assert path.read_bytes() == content
