"""Who holds a lock is alone, threads too; what a killed command has left goes with the next."""

import os
import sys
import textwrap
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from processes import environment, python, start

from hpcpy.core.scratch import build_scratch, checkout_lock, locked
from hpcpy_common.errors import UnavailableError
from running import first_line, printed, run

HOLD = """
import sys, time
from pathlib import Path
from hpcpy.core import paths
from hpcpy.core.scratch import checkout_lock
build, name = Path(sys.argv[1]), sys.argv[2]
paths.BUILD = build
with checkout_lock():
    (build / "order").open("a").write(f"{name} in\\n")
    print("in", flush=True)
    end = time.monotonic() + 300
    while not (build / f"{name} may go").exists():
        assert time.monotonic() < end
    (build / "order").open("a").write(f"{name} out\\n")
"""
ENTER = """
import sys
from pathlib import Path
from hpcpy.core import paths
from hpcpy.core.scratch import checkout_lock
paths.BUILD = Path(sys.argv[1])
with checkout_lock():
    print("in")
"""


def test_second_process_says_whom_it_waits_for_and_comes_after(build: Path) -> None:
    (build / "second may go").touch()
    with start(HOLD, build, "first") as first:
        assert first_line(first) == "in\n"
        with start(HOLD, build, "second") as second:
            said = first_line(second, "stderr")
            (build / "first may go").touch()
            second.wait()
        first.wait()
    assert said.startswith(f"waiting for process {first.pid} ({sys.executable}")
    assert said.endswith(f", which has {build}/.lock\n")
    assert (first.returncode, second.returncode) == (0, 0)
    order = (build / "order").read_text().splitlines()
    assert order == ["first in", "first out", "second in", "second out"]


@pytest.mark.parametrize("is_made_again", [False, True])
def test_the_lock_of_a_removed_file_is_worth_nothing(build: Path, is_made_again: bool) -> None:
    # `make clean ALL=1` removed it: who had waited and who came later built at once.
    order, lock = build / "order", build / ".lock"
    with start(HOLD, build, "first") as first:
        first_line(first)
        with start(HOLD, build, "second") as second:
            first_line(second, "stderr")  # it waits
            lock.unlink()
            if is_made_again:
                lock.touch()
            (build / "first may go").touch()
            first_line(second)
            with pytest.raises(UnavailableError, match=rf"process {second.pid} .* works on it"):
                locked(lock, may_wait=False).__enter__()
            (build / "second may go").touch()
    # The first may still be about to write that it is out.
    own = [line for line in order.read_text().splitlines() if line.startswith("second")]
    assert own == ["second in", "second out"]


def test_threads_come_one_after_the_other(build: Path) -> None:
    inside: list[int] = []
    at_once: list[int] = []

    def work(lock: Callable[[], AbstractContextManager[None]]) -> None:
        with lock():
            inside.append(1)
            at_once.append(len(inside))
            time.sleep(0.05)
            inside.pop()

    for lock in (lambda: locked(build / "one"), checkout_lock):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, [lock] * 8))
    with checkout_lock(), ThreadPoolExecutor(4) as pool:  # the holder's own
        list(pool.map(work, [checkout_lock] * 8))
    assert at_once == [1] * 24


def test_command_of_the_holder_passes_through(build: Path) -> None:
    with checkout_lock():
        with checkout_lock():
            pass
        held = os.environ["HPCPY_CHECKOUT_LOCK"]
        done = python("-c", ENTER, build, HPCPY_CHECKOUT_LOCK=held)
    assert (done.stdout, done.stderr) == ("in\n", "")
    assert "HPCPY_CHECKOUT_LOCK" not in os.environ


@pytest.mark.usefixtures("strace")
def test_a_file_system_without_locks_is_named_in_one_line(build: Path) -> None:
    code = f"""
from hpcpy_common.errors import DiskError
try:
{textwrap.indent(ENTER, "    ")}
except DiskError as error:
    print(error)
"""
    fails = ["strace", "-f", "-o", "/dev/null", "-e", "inject=flock:error=ENOLCK"]
    shown = printed(run(*fails, sys.executable, "-c", code, build, env=environment()))
    assert shown.startswith(f"{build}/.lock: its file system has no locks (")
    assert shown.count("\n") == 1


KEEP = """
import sys, time
from pathlib import Path
from hpcpy.core import paths
from hpcpy.core.scratch import build_scratch
paths.BUILD = Path(sys.argv[1])
with build_scratch("part") as folder:
    (folder / "result").write_text("half")
    print(folder, flush=True)
    time.sleep(60)
"""


def names(build: Path) -> list[str]:
    return sorted(path.name for path in (build / "scratch").glob("[!.]*"))


def test_the_next_command_removes_what_a_killed_one_has_left(build: Path) -> None:
    with start(KEEP, build) as killed:
        left = Path(first_line(killed).strip())
        killed.kill()
    assert (left / "result").exists()
    with build_scratch("image") as folder:
        assert names(build) == [folder.name]
    assert names(build) == []


def test_a_folder_in_use_stays(build: Path) -> None:
    with start(KEEP, build) as other:
        theirs = Path(first_line(other).strip())
        with build_scratch("image") as one, build_scratch("part") as two:
            assert names(build) == sorted([theirs.name, one.name, two.name])
        assert (theirs / "result").exists()
        other.terminate()
