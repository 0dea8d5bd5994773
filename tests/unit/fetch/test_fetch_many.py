"""Several files, threads and processes at once; interruptions; full disks."""

import os
import signal
import stat
import subprocess
from pathlib import Path

import pytest
from misbehaving_server import Server, artifact, ranged
from processes import start

from hpcpy.core import paths
from hpcpy.fetch.artifacts import Tally, downloads_dir, fetch
from hpcpy_common.errors import DiskError
from running import wait_until

BODY = bytes(range(256)) * 4096
# A process of its own that fetches what `misbehaving_server.artifact` makes.
FETCH = """
import sys
from hpcpy.core.stages import in_order
from hpcpy.fetch.artifacts import fetch
from misbehaving_server import artifact
def task():
    fetch([artifact(bytes(range(256)) * 4096, sys.argv[1])])
try:
    if sys.argv[2] == "beside":
        in_order([task], lambda _: (), lambda one: one(), at_once=1)
    else:
        task()
except KeyboardInterrupt:
    sys.exit(130)
"""


pytestmark = pytest.mark.usefixtures("empty_cache", "patience")


def fetching_process(url: str, where: str = "alone") -> subprocess.Popen[str]:
    here = os.pathsep.join([str(paths.ROOT / "src"), str(Path(__file__).parents[1])])
    return start(FETCH, url, where, PYTHONPATH=here, HPCPY_CACHE=os.environ["HPCPY_CACHE"])


def part_of(body: bytes) -> Path:
    return downloads_dir() / "partial" / artifact(body, "x").sources[0].sha256


def test_many_files_are_fetched_at_once(server: Server) -> None:
    wanted = []
    for number in range(40):
        body = f"file {number}".encode() * 50
        server.answers[f"/{number}"] = [ranged(body)]
        wanted.append(artifact(body, f"{server.url}/{number}", name=f"thing{number}"))
    tally = Tally()
    paths_of = fetch(wanted, tally=tally)
    assert [paths_of[one].name for one in wanted] == [one.filename for one in wanted]
    size = sum(one.sources[0].size for one in wanted)
    assert (tally.files, tally.downloaded, tally.present) == (40, size, 0)
    again = Tally()
    assert fetch(wanted, tally=again) == paths_of
    assert (again.files, again.downloaded, again.present) == (40, 0, size)


def test_two_processes_at_once_download_once(server: Server) -> None:
    server.answers["/x"] = [ranged(BODY)]
    processes = [fetching_process(f"{server.url}/x") for _ in range(3)]
    assert [process.wait(300) for process in processes] == [0, 0, 0]
    assert len(server.log) == 1
    wanted = artifact(BODY, f"{server.url}/x")
    assert fetch([wanted])[wanted].read_bytes() == BODY


@pytest.mark.long
@pytest.mark.parametrize(
    ("where", "how"),
    [("alone", signal.SIGINT), ("alone", signal.SIGKILL), ("beside", signal.SIGINT)],
)
def test_interrupted_download_goes_on_where_it_was(
    server: Server, where: str, how: signal.Signals
) -> None:
    server.answers["/x"] = [ranged(BODY, 100_000, then_wait=True), ranged(BODY)]
    process = fetching_process(f"{server.url}/x", where)
    part = part_of(BODY)
    wait_until(lambda: part.exists() and part.stat().st_size >= 100_000)
    process.send_signal(how)
    assert process.wait(300) == (130 if how == signal.SIGINT else -how)
    # It has not gone on by itself.
    assert len(server.log) == 1
    wanted = artifact(BODY, f"{server.url}/x")
    assert fetch([wanted])[wanted].read_bytes() == BODY
    assert server.log[-1][1] == "bytes=100000-"


def test_disk_that_fills_up_is_one_clear_line(server: Server) -> None:
    server.answers["/x"] = [ranged(BODY)]
    part = part_of(BODY)
    part.parent.mkdir(parents=True)
    try:
        os.mknod(part, stat.S_IFCHR | 0o600, Path("/dev/full").stat().st_rdev)
    except PermissionError:
        pytest.skip("only root makes a device")
    with pytest.raises(DiskError, match="no space left on the device; free some"):
        fetch([artifact(BODY, f"{server.url}/x")])
    assert not list(downloads_dir().glob("*/thing.tar"))


def test_more_than_the_disk_has_is_refused_before_the_first_byte(server: Server) -> None:
    wanted = artifact(BODY, f"{server.url}/x")
    source = wanted.sources[0]
    huge = type(source)(source.url, 1 << 60, source.sha256)
    with pytest.raises(DiskError, match="downloading needs"):
        fetch([type(wanted)("huge", "1", "huge.tar", "MIT", (huge,))])
    assert server.log == []
