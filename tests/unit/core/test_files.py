"""Files are whole or absent, and a disk's trouble is one line."""

import errno
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from processes import AS_ANY_USER, environment, small_disk, start

from hpcpy.core.files import (
    disk_errors,
    place,
    relink,
    require_free,
    share,
    whole_file,
    write_whole,
)
from hpcpy_common.errors import DiskError
from running import first_line, run

WRITE_SLOWLY = """
import sys, time
from pathlib import Path
from hpcpy.core.files import whole_file
with whole_file(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    print("writing", flush=True)
    while True:
        time.sleep(0.01)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_who_is_stopped_leaves_no_half_written_file(number: signal.Signals, tmp_path: Path) -> None:
    with start(WRITE_SLOWLY, tmp_path / "out") as process:
        assert first_line(process) == "writing\n"
        process.send_signal(number)
        process.wait()
    assert not (tmp_path / "out").exists()
    assert number == signal.SIGKILL or list(tmp_path.iterdir()) == []


def test_all_paths_below_a_folder_are_found_whatever_links_lead_to(tmp_path: Path) -> None:
    # By Debian 12's Python, whose Path.rglob stops at such a link, and as an ordinary user.
    public, closed = tmp_path / "public", tmp_path / "closed"
    (public / "a/b/c").mkdir(parents=True)
    (public / "a/b/c/file").touch()
    closed.mkdir(0o000)
    for parent in (public, public / "a", public / "a/b"):
        for number in range(9):
            (parent / f"{number}").symlink_to(closed / "x")
            (parent / f"long{number}").symlink_to("x" * 300)
    code = "import sys; from pathlib import Path; from hpcpy.core.files import all_below\n"
    code += "print(*all_below(Path(sys.argv[1])), sep='\\n')"
    by = (*AS_ANY_USER, shutil.which("python3", path="/usr/bin") or sys.executable, "-c", code)
    found = run(*by, public, env=environment()).stdout.split()
    assert len(found) == len({*found}) == 3 * 18 + 4
    assert f"{public}/a/b/c/file" in found
    # Not followed, and no folder.
    (public / "a/up").symlink_to("..")
    assert len(run(*by, public, env=environment()).stdout.split()) == len(found) + 1
    for nothing in (public / "a/b/c/file", public / "gone"):
        assert run(*by, nothing, env=environment()).stdout == "\n"
    refused = run(*by, tmp_path, env=environment())
    assert f"{closed}: cannot be read (Permission denied); " in refused.stderr.splitlines()[-1]


def test_an_output_clears_what_killed_writers_of_it_have_left(tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    # Another machine's writer may live: what it has begun stays for a day.
    old, new = (tmp_path / f".out.{digit * 20}.txt" for digit in "01")
    for path in (old, new):
        path.touch()
    os.utime(old, (0, 0))
    with start(WRITE_SLOWLY, out) as living:
        first_line(living)
        kept = {*tmp_path.iterdir()} - {old}
        with start(WRITE_SLOWLY, out) as killed:
            first_line(killed)
            killed.kill()
            # Its parent, this process, does not ask for its exit code yet.
            os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)
            write_whole(out, "whole")
            there = {*tmp_path.iterdir()}
        living.kill()
    assert there == {out, *kept}


LINK = """
import os, sys
from pathlib import Path
from hpcpy.core.files import relink
sys.addaudithook(lambda event, _: event == "os.rename" and os.kill(os.getpid(), 9))
relink(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def test_a_link_clears_what_a_killed_process_has_left_of_it(tmp_path: Path) -> None:
    link = tmp_path / "python3"
    with start(LINK, link, tmp_path / "python") as killed:
        pass
    assert killed.returncode == -signal.SIGKILL
    assert [path.is_symlink() for path in tmp_path.iterdir()] == [True]
    relink(link, tmp_path / "python")
    assert [*tmp_path.iterdir()] == [link]


def test_full_disk_is_one_line_with_the_name_of_the_file(tmp_path: Path) -> None:
    # The kernel's own ENOSPC, from the device that is always full.
    with pytest.raises(DiskError, match="no space left") as caught, whole_file(tmp_path / "out"):
        Path("/dev/full").write_bytes(b"more")
    assert str(tmp_path / "out") in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 73
    assert list(tmp_path.iterdir()) == []
    # As a copy fails.
    with pytest.raises(DiskError, match=r"^to: no space left"), disk_errors(tmp_path):
        raise OSError(errno.ENOSPC, "no space", "from", None, "to")


# More than the disk has, wherever a Python's own file is small.
COPY = "place(Path(sys.argv[1], 'large'), Path('a/copy'))"
STAGE = "with stage('x') as one: one.run(['sh', '-c', 'head -c 2000000 /dev/zero >b'])"


@pytest.mark.parametrize("work", [COPY, STAGE])
def test_a_full_disk_is_named(tmp_path: Path, work: str) -> None:
    disk, logs = tmp_path / "disk", tmp_path / "logs"
    for folder in (disk, logs):
        folder.mkdir()
    (logs / "large").write_bytes(bytes(2_000_000))
    code = (
        "import sys\nfrom pathlib import Path\nfrom hpcpy.core import paths\n"
        "from hpcpy_common.errors import DiskError\nfrom hpcpy.core.files import place\n"
        "from hpcpy.core.stages import stage\npaths.LOGS = Path(sys.argv[1])\n"
        f"try:\n    {work}\nexcept DiskError as error: print(error)"
    )
    command = [*small_disk(disk), sys.executable, "-c", code, logs]
    done = run(*command, env=environment(TMPDIR=str(disk), HPCPY_CACHE=str(tmp_path)))
    assert "no space left on the device" in done.stdout, done.stderr
    assert f"; free some at {disk}, or " in done.stdout


def test_too_little_room_is_told_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(DiskError, match=r"the build needs 1048576\.0+ GiB free"):
        require_free(tmp_path / "not/there/yet", 1 << 50, "the build")
    require_free(tmp_path / "not/there/yet", 1, "the build")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("bring", [place, share])
def test_file_is_placed_on_another_disk_too(
    bring: Callable[[Path, Path], object], tmp_path: Path
) -> None:
    # /proc allows no hard link to another file system: only a copy is left.
    source = Path("/proc/version")
    bring(source, tmp_path / "deep/version")
    assert (tmp_path / "deep/version").read_bytes() == source.read_bytes()
