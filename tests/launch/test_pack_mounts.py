"""Starts of one user on a node share a packed environment's mount, and nobody else has it."""

import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from injection_ways import AS_NOBODY
from local_cluster import only_root
from packing import ALONE, HELD, PYTHON, SPACE, daemons, end, start

from hpcpy.pack.image import image_of
from running import run, wait_until

JOINED = "hpcpy pack: joined this user's mount on the node\n"


# Has the name of root's socket until its input ends; or asks there for the mount, as a start does.
SQUAT = """
import os, socket, sys
how, image = sys.argv[1:]
name = f"\\0hpcpy-pack/0/{image}/{os.stat('/proc/self/ns/mnt').st_ino}//".ljust(108, "\\0")
ends = [socket.socket(socket.AF_UNIX) for _ in range(3)]
if how == "ask":
    ends[0].connect(name)
    print(len(socket.recv_fds(ends[0], 9, 1)[1]))
    sys.exit()
ends[0].bind(name)
if how != "bound":
    ends[0].listen(0)
if how == "full":
    ends[1].connect(name)
print("ready", flush=True)
sys.stdin.read()
"""


def test_starts_at_once_have_one_mount_which_a_second_start_joins(environment: Path) -> None:
    words = ("python", "-c", SPACE)
    with ThreadPoolExecutor(16) as pool:
        starts = [pool.submit(start, environment, *words, env=HELD) for _ in range(16)]
        done = [started.result() for started in starts]
    assert sorted(each.stderr for each in done)[:-1] == [JOINED] * 15
    assert len(daemons(environment)) == 1
    later = start(environment, *words)
    assert {each.stdout for each in done} == {later.stdout}


def test_a_start_that_is_to_hold_nothing_joins_no_mount(environment: Path) -> None:
    words = ("python", "-c", SPACE)
    held = start(environment, *words, env=HELD)
    alone = start(environment, *words, env=ALONE)
    assert alone.stderr.endswith(" by squashfuse in a namespace\n"), alone
    assert alone.stdout != held.stdout
    wait_until(lambda: len(daemons(environment)) == 1)
    assert start(environment, *words).stdout == held.stdout


def test_a_mount_ends_by_itself_and_a_program_outlives_it(environment: Path) -> None:
    wait = "import time; print('begun', flush=True); time.sleep(100)"
    words = [str(environment / "bin/python"), "-c", wait]
    env = {"HPCPY_PACK_HOLD": "1"}
    image = image_of(environment)
    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, text=True) as job:
        assert job.stdout
        assert job.stdout.readline() == "begun\n"
        # The name by which starts join is gone.
        wait_until(lambda: image.name not in Path("/proc/net/unix").read_text())
        assert len(daemons(environment)) == 1
        assert job.poll() is None
        job.kill()
    wait_until(lambda: not daemons(environment))


def test_a_killed_daemon_is_replaced(environment: Path) -> None:
    start(environment, "python", "-c", "pass", env=HELD)
    end(environment)
    done = start(environment, "python", "-c", "print(1)", env=ALONE)
    assert (done.returncode, done.stdout) == (0, "1\n")
    assert done.stderr.startswith("hpcpy pack: mounted ")


@pytest.mark.parametrize(
    ("hold", "code"), [("9" * 30, 0), ("3000000", 0), ("-1", 2), ("abc", 2), ("1.5", 2)]
)
def test_a_time_to_hold_is_a_number_of_seconds(environment: Path, hold: str, code: int) -> None:
    words = ("python", "-c", SPACE)
    done = [start(environment, *words, env={"HPCPY_PACK_HOLD": hold}) for _ in range(2)]
    assert [each.returncode for each in done] == [code] * 2
    line = f"hpcpy pack: HPCPY_PACK_HOLD={hold}: give seconds, 0 or more\n" if code else JOINED
    assert done[1].stderr == line


@only_root
@pytest.mark.parametrize("how", ["bound", "silent", "full"])
def test_another_users_socket_of_the_same_name_stops_and_fools_no_start(
    environment: Path, how: str
) -> None:
    squat = (*AS_NOBODY, PYTHON, "-c", SQUAT, how, image_of(environment).name)
    with subprocess.Popen(squat, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == b"ready\n"
        done = start(environment, "python", "-c", "print(1)", env=HELD)
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr
    assert "for this start alone: no daemon of its answers" in done.stderr
    wait_until(lambda: not daemons(environment))


@pytest.mark.long
def test_a_daemon_that_is_stopped_holds_no_start_up_for_ever(environment: Path) -> None:
    start(environment, "python", "-c", "pass", env=HELD)
    (daemon,) = daemons(environment)
    os.kill(daemon, signal.SIGSTOP)
    try:
        done = start(environment, "python", "-c", "print(1)", env=HELD)
    finally:
        os.kill(daemon, signal.SIGCONT)
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr
    assert "for this start alone: no daemon of its answers" in done.stderr


def test_the_mount_of_all_is_not_bound_to_the_core_of_the_first(environment: Path) -> None:
    (core, *_) = cores = sorted(os.sched_getaffinity(0))
    bound = ("taskset", "--cpu-list", str(core))
    start(environment, "python", "-c", "pass", env=HELD, before=bound)
    (daemon,) = daemons(environment)
    tasks = Path(f"/proc/{daemon}/task").iterdir()
    assert all(set(os.sched_getaffinity(int(task.name))) >= {*cores} for task in tasks)


@only_root
def test_a_mount_is_handed_to_its_own_user_alone(environment: Path) -> None:
    start(environment, "python", "-c", "pass", env=HELD)
    ask = (PYTHON, "-c", SQUAT, "ask", image_of(environment).name)
    assert [run(*who, *ask).stdout for who in ((), AS_NOBODY)] == ["1\n", "0\n"]
