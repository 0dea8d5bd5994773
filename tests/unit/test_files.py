"""Files are whole or absent, and a disk's trouble is one line."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from processes import environment, read_only, start

from hpcpy.errors import DiskError
from hpcpy.files import disk_errors, place, require_free, scratch_dir, sha256, whole_file

WRITE_SLOWLY = """
import sys, time
from pathlib import Path
from hpcpy.files import whole_file
with whole_file(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    print("writing", flush=True)
    while True:
        time.sleep(0.01)
"""


def write_half(path: Path, error: BaseException) -> None:
    with whole_file(path) as temporary:
        temporary.write_text("half")
        raise error


@pytest.mark.parametrize("error", [ValueError("wrong"), KeyboardInterrupt(), SystemExit(143)])
def test_exception_leaves_no_half_written_file(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(type(error)):
        write_half(tmp_path / "out", error)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_leaves_no_half_written_file(tmp_path: Path) -> None:
    with start(WRITE_SLOWLY, tmp_path / "out") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        process.send_signal(signal.SIGINT)
        process.wait()
    assert list(tmp_path.iterdir()) == []


def test_kill_leaves_nothing_under_the_final_name(tmp_path: Path) -> None:
    with start(WRITE_SLOWLY, tmp_path / "out") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
    assert not (tmp_path / "out").exists()


def test_failure_keeps_the_older_file(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.write_text("older")
    with pytest.raises(ValueError, match="wrong"):
        write_half(target, ValueError("wrong"))
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert target.read_text() == "older"


def test_new_file_can_be_read_as_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        with whole_file(tmp_path / "out") as temporary:
            temporary.write_text("whole")
    finally:
        os.umask(before)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o644


def test_full_disk_is_one_line_with_the_name_of_the_file(tmp_path: Path) -> None:
    # The kernel's own ENOSPC, from the device that is always full.
    with pytest.raises(DiskError, match="no space left") as caught, whole_file(tmp_path / "out"):
        Path("/dev/full").write_bytes(b"more")
    assert str(tmp_path / "out") in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 73
    assert list(tmp_path.iterdir()) == []


def test_read_only_folder_is_one_line_with_its_name(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path\nfrom hpcpy.errors import DiskError\n"
        "from hpcpy.files import whole_file\n"
        "try:\n    with whole_file(Path('out')): pass\n"
        "except DiskError as error: print(error)"
    )
    command = [*read_only(tmp_path), sys.executable, "-c", code]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert "cannot be written (Read-only file system)" in done.stdout
    assert done.stdout.count("\n") == 1


def test_other_problems_of_a_disk_are_not_hidden(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Input/output") as caught, disk_errors(tmp_path):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    assert not isinstance(caught.value, DiskError)


def test_too_little_room_is_told_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(DiskError, match=r"the build needs 1048576\.0+ GiB free"):
        require_free(tmp_path / "not/there/yet", 1 << 50, "the build")
    require_free(tmp_path / "not/there/yet", 1, "the build")
    assert list(tmp_path.iterdir()) == []


def test_scratch_folder_is_gone_after_a_failure(tmp_path: Path) -> None:
    with pytest.raises(FileExistsError), scratch_dir(tmp_path, "part") as folder:  # noqa: PT012 (what fails is not the point)
        (folder / "deep/er").mkdir(parents=True)
        folder.mkdir()
    assert list(tmp_path.iterdir()) == []


def test_file_is_placed_on_another_disk_too(tmp_path: Path) -> None:
    # /proc allows no hard link to another file system: only a copy is left.
    source = Path("/proc/version")
    place(source, tmp_path / "deep/version")
    assert (tmp_path / "deep/version").read_bytes() == source.read_bytes()


def test_hash_is_that_of_the_field(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    # The example of FIPS 180-4.
    assert sha256(tmp_path / "abc").startswith("ba7816bf8f01cfea414140de5dae2223")
