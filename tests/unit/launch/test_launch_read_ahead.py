"""What a launch reads of an image before the engine asks: the ranges in the file beside it."""

import os
from pathlib import Path

import pytest

from hpcpy.core import paths
from hpcpy.pack import hot
from hpcpy_common.errors import DiskError
from running import run

SIZE = 20 << 20
# Bytes that bash and all that it has waited for have read.
_COUNT = """
. "$0/read_ahead.sh"
counted() { sed -n 's/^rchar: //p' /proc/$$/io; }
$2
before=$(counted)
read_ahead "$1"
echo $(($(counted) - before))
"""


# What dd says of a storage that takes a while.
_SLOW = "dd() { echo '262144 bytes copied, 0.005 s' >&2; }"


def read(image: Path, storage: str = _SLOW) -> int:
    script = _COUNT.replace("$2", storage)
    done = run("bash", "-pc", script, paths.ROOT / "src/hpcpy/launch/scripts", image)
    assert (done.returncode, done.stderr) == (0, "")
    return int(done.stdout)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "my image.sif"
    with path.open("wb") as file:
        file.truncate(SIZE)
    return path


@pytest.mark.parametrize(
    ("lines", "mebibytes"),
    [
        ([f"{SIZE}", f"4096 {4 << 20}", f"{8 << 20} {3 << 20}"], 7),
        ([f"{SIZE}", f"{18 << 20} {9 << 20}"], 2),
        ([f"{SIZE}", f"1 {1 << 20}", "x", f"1 {1 << 20}"], 1),
        ([f"{SIZE}", f"1 {1 << 20} of=/dev/full", f"1 {1 << 20}"], 0),
        ([f"{SIZE}", f"1 {1 << 20}", f"1 {1 << 49}", f"1 {1 << 20}"], 1),
        ([f"{SIZE}", f"-1 {1 << 20}"], 0),
        ([f"{SIZE - 1}", f"4096 {4 << 20}"], 0),
        ([], 0),
    ],
)
def test_ranges_of_this_image_are_read_up_to_the_first_that_is_none(
    image: Path, lines: list[str], mebibytes: int
) -> None:
    image.with_name(f"{image.name}.hot").write_text("".join(f"{line}\n" for line in lines))
    # What bash, xargs and dd read of their own.
    assert 0 <= read(image) - (mebibytes << 20) < 1 << 20


@pytest.mark.parametrize(
    ("told", "is_read"),
    [
        ("262144 bytes (262 kB, 256 KiB) copied, 0.000235 s, 1.1 GB/s", False),
        ("262144 bytes (262 kB, 256 KiB) copied, 7.1e-05 s, 3.7 GB/s", False),
        ("262144 bytes (256.0KB) copied, 0.000177 seconds, 1.4GB/s", False),
        ("262144 bytes (262 kB, 256 KiB) copied, 0.00123 s, 213 MB/s", True),
        ("262144 bytes (262 kB, 256 KiB) copied, 1.5 s, 175 kB/s", True),
        ("dd: an answer of another dd", True),
    ],
)
def test_what_comes_within_a_millisecond_is_not_read(image: Path, told: str, is_read: bool) -> None:
    image.with_name(f"{image.name}.hot").write_text(f"{SIZE}\n4096 {9 << 20}\n")
    assert (read(image, f"dd() {{ echo '{told}' >&2; }}") > 8 << 20) == is_read


def test_what_pack_writes_is_read(image: Path) -> None:
    ranges = [hot.Range(1 << 20, 9 << 20), hot.Range(5, 4096)]
    assert hot.write_beside(image, ranges) == image.with_name("my image.sif.hot")
    assert 0 <= read(image) - (9 << 20) - 4096 < 1 << 20


def test_half_a_line_of_a_full_disk_is_no_range(image: Path) -> None:
    file = image.with_name(f"{image.name}.hot")
    file.write_text(f"{SIZE}\n{1 << 20} 4096\n77")
    assert hot.write_beside(image, [hot.Range(9 << 20, 4096)]) == file
    assert file.read_text().splitlines()[1:] == [f"{1 << 20} 4096", f"{9 << 20} 4096"]


@pytest.mark.long
def test_a_list_of_any_length_ends(image: Path) -> None:
    lines = f"{SIZE}\n" + "1 1\n" * 1_000_000
    image.with_name(f"{image.name}.hot").write_text(lines)
    # A process each, of a thousand.
    assert read(image) < 64 << 20


@pytest.mark.parametrize("kind", ["link", "fifo", "other", "device", "open"])
def test_a_list_that_may_be_a_neighbours_is_not_read(image: Path, kind: str) -> None:
    file = image.with_name(f"{image.name}.hot")
    lines = f"{SIZE}\n1 {4 << 20}\n"
    if kind == "fifo":
        os.mkfifo(file)
    elif kind == "device":
        file.symlink_to("/dev/zero")
    elif kind == "link":
        file.with_name("real").write_text(lines)
        file.symlink_to("real")
    elif kind == "open":
        file.write_text(lines)
        file.chmod(0o666)
    else:
        file.write_text(lines)
        if os.geteuid() != 0:
            pytest.skip("gives a file to another user: as root")
        os.chown(file, 65534, -1)
    assert read(image) < 1 << 20


def test_a_recording_adds_to_the_list_and_follows_no_link(image: Path) -> None:
    file = image.with_name(f"{image.name}.hot")
    other = image.with_name("other")
    other.write_text("mine")
    file.symlink_to(other)
    image.chmod(0o755)
    for each in (hot.Range(1 << 20, 4096), hot.Range(9 << 20, 4096)):
        assert hot.write_beside(image, [each]) == file
    assert other.read_text() == "mine"
    assert file.read_text().splitlines()[1:] == [f"{1 << 20} 4096", f"{9 << 20} 4096"]
    assert not file.is_symlink()
    assert file.stat().st_mode & 0o777 == 0o644
    file.unlink()
    file.mkdir()
    with pytest.raises(DiskError, match="is a folder"):
        hot.write_beside(image, [hot.Range(1, 4096)])
