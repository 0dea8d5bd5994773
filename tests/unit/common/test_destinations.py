"""An output takes the place of a plain file, and of nothing else."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Thread

import pytest
from processes import environment

import hpcpy.core.files
from hpcpy_common import files
from hpcpy_common.errors import DiskError, UsageError

Write = Callable[[Path], AbstractContextManager[Path]]
# The two differ in their errors, and only the tool's makes the folder.
both = pytest.mark.parametrize("whole", [hpcpy.core.files.whole_file, files.whole_file])

# Writes "whole" to its argument by one of the two, and prints before and after.
PROGRAM = """
import sys
from pathlib import Path
from {module} import whole_file
print("before")
with whole_file(Path(sys.argv[1])) as temporary:
    temporary.write_text("whole")
print("after", flush=True)
"""


def write(whole: Write, path: Path) -> None:
    with whole(path) as temporary:
        temporary.write_text("whole")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@both
def test_a_link_to_a_device_stays_one(whole: Write, tmp_path: Path) -> None:
    # One of the test's own that is like /dev/null.
    device, link = tmp_path / "device", tmp_path / "link"
    try:
        os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        device.write_bytes(b"opened")
    except PermissionError:
        pytest.skip("only root can make a device; as root: sudo make check")
    link.symlink_to("device")
    write(whole, link)
    assert stat.S_ISCHR(device.stat().st_mode)
    assert link.is_symlink()


@both
def test_a_fifo_gets_the_bytes_and_stays_one(whole: Write, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    read: list[str] = []
    reader = Thread(target=lambda: read.append(fifo.read_text()), daemon=True)
    reader.start()
    write(whole, fifo)
    reader.join(300)
    assert read == ["whole"]
    assert fifo.is_fifo()


@both
def test_a_links_target_is_replaced_and_the_link_stays(whole: Write, tmp_path: Path) -> None:
    target = tmp_path / "far/away/target"
    target.parent.mkdir(parents=True)
    target.write_text("older, and longer")
    (tmp_path / "second").symlink_to("far/away/target")
    link = tmp_path / "near/link"
    link.parent.mkdir()
    link.symlink_to("../second")
    write(whole, link)
    assert target.read_text() == "whole"
    assert link.readlink() == Path("../second")
    assert (names(link.parent), names(target.parent)) == (["link"], ["target"])


@both
def test_what_cannot_be_written_is_refused_before_any_work(whole: Write, tmp_path: Path) -> None:
    folder, circle, absent = (tmp_path / name for name in ("folder", "circle", "absent"))
    folder.mkdir()
    circle.symlink_to("circle")
    absent.symlink_to("no/such/folder")
    for path in (folder, circle, absent, Path("/proc/self/fd/987")):
        with pytest.raises((DiskError, DiskError), match=path.name) as caught, whole(path):
            pytest.fail("it has begun")
        assert "\n" not in str(caught.value)
        with pytest.raises(UsageError):
            files.require_writable(path, "--json")


@pytest.mark.parametrize("module", ["hpcpy.core.files", "hpcpy_common.files"])
@pytest.mark.parametrize("name", ["-", "stdout"])
def test_standard_output_that_is_a_file_keeps_what_is_in_it(
    module: str, name: str, tmp_path: Path
) -> None:
    file, links = tmp_path / "out", tmp_path / "dev"
    # Such a link as /dev has; a fault here would replace that.
    links.mkdir()
    (links / "stdout").symlink_to("/proc/self/fd/1")
    with file.open("w") as out:
        out.write("first\n")
        out.flush()
        command = [sys.executable, "-u", "-c", PROGRAM.format(module=module), name]
        subprocess.run(command, cwd=links, env=environment(), stdout=out, check=True)
        out.write("last\n")
    assert file.read_text() == "first\nbefore\nwholeafter\nlast\n"
    assert names(tmp_path) == ["dev", "out"]
    assert names(links) == ["stdout"]
