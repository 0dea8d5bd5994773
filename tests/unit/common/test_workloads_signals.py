"""Ctrl-C and its like: the first asks to stop, a second or three seconds end the process."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from processes import environment, python, start

import running
from proc_files import processes
from running import first_line, wait_until
from tiers import sampled

SECONDS = 300
ALONE: dict[str, str] = {}
RANK = {"PMI_RANK": "0", "PMI_SIZE": "2"}
both = pytest.mark.parametrize("environment", [ALONE, RANK], ids=["alone", "a rank"])
BEGIN = """
import ctypes, os, pathlib, signal, subprocess, sys, threading, time
from hpcpy_common import cleanup, files
from hpcpy_common import signals
signals.listen("workloads: test")
"""
# Short sleeps: a signal that comes just before one begins is handled after it.
WAIT = """
print("ready", flush=True)
while True: time.sleep(0.01)
"""
# A lock that nobody gives back, as after an exception in its own code.
LOCKED = """
try:
    print("ready", flush=True)
    while True: time.sleep(0.01)
except KeyboardInterrupt:
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()
"""
SWALLOWED = """
try:
    print("ready", flush=True)
    while True: time.sleep(0.01)
except BaseException:
    while True: time.sleep(0.01)
"""
# The main thread comes to no end, and to no handler: as in a call of MPI, or in an hour of C.
DEAF = """
lock = ctypes.create_string_buffer(64)

def tell():
    # The main thread's system call: futex, with the lock's address.
    call = pathlib.Path(f"/proc/self/task/{os.getpid()}/syscall")
    while f" {ctypes.addressof(lock):#x} " not in call.read_text():
        time.sleep(0.01)
    print("ready", flush=True)

folder = pathlib.Path(sys.argv[1])
with files.whole_file(folder / "result.png") as temporary, cleanup.on_stop((folder / "no").unlink):
    temporary.write_bytes(b"half")
    threading.Thread(target=tell, daemon=True).start()
    for _ in range(2):
        ctypes.CDLL(None).pthread_mutex_lock(lock)
"""
# MPI_Finalize, which waits for ranks that have gone, comes after Python's end, when
# none of its threads runs any more.
FINALIZE = """
wait = ctypes.CDLL(None).pause
ctypes.pythonapi.Py_AtExit(ctypes.cast(wait, ctypes.c_void_p))
"""
# Whatever the stop makes fail, and wherever: a lock's own code, a thread, a destructor,
# a handler of Python's end, a second signal, standard output without a reader.
TANGLED = """
import atexit, logging, os, signal, sys, threading, types
from workloads import __main__, registry

class Fails:
    def __del__(self):
        raise ValueError("destructor")

def fail():
    raise ValueError("thread or end")

def wait():
    # Its lock is not held at the end of the block: RuntimeError takes the stop's place.
    condition = threading.Condition()
    with condition:
        condition.release()
        signal.pause()

def main(words):
    atexit.register(fail)
    sys.stdout.write("lost")
    os.close(read)
    threading.Timer(0.1, os.kill, [os.getpid(), int(words[0])]).start()
    try:
        wait()
    finally:
        assert isinstance(sys.exception(), RuntimeError)
        Fails()
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
        logging.error("a callback has failed")
        os.kill(os.getpid(), int(words[1]))
        if words[2] == "returns":
            return 1

read, write = os.pipe()
os.dup2(write, 1)
sys.stdout = os.fdopen(1, "w", closefd=False)
sys.modules["tangled"] = types.SimpleNamespace(main=main)
registry.TOOLS["tangled"] = ("tangled", "")
sys.exit(__main__.entry())
"""


def ready(script: str, *words: str | Path, **more: str) -> subprocess.Popen[str]:
    process = start(BEGIN + script, *words, **more)
    assert first_line(process) == "ready\n"
    return process


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Return the exit code of a process that was told to end, and what it says on stderr."""
    said = process.communicate(timeout=SECONDS)[1]
    return process.returncode, said


@pytest.mark.parametrize("ends", ["RuntimeError", "returns"])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (signal.SIGINT, signal.SIGTERM),
        (signal.SIGTERM, signal.SIGINT),
        (signal.SIGHUP, signal.SIGTERM),
    ],
)
def test_whatever_a_stop_makes_fail_is_that_stop(
    first: signal.Signals, second: signal.Signals, ends: str
) -> None:
    done = python("-c", TANGLED, "tangled", int(first), int(second), ends)
    assert (done.returncode, done.stderr) == (128 + first, "workloads: tangled: stopped\n")


@both
def test_what_does_not_end_is_ended(environment: dict[str, str]) -> None:
    process = ready(LOCKED, **environment)
    process.send_signal(signal.SIGINT)
    assert end(process) == (130, "workloads: test: stopped\n")


@both
@pytest.mark.parametrize("main_thread", [SWALLOWED, DEAF], ids=["runs", "is in C"])
def test_a_second_signal_ends_it_at_once(
    main_thread: str, environment: dict[str, str], tmp_path: Path
) -> None:
    # Without it the process would wait for ever.
    process = ready(
        "signals.SECONDS = 1e9\nsignal.alarm = id\n" + main_thread, tmp_path, **environment
    )
    process.send_signal(signal.SIGTERM)
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)
    # Where both are pending, the kernel hands over the lower number first.
    assert process.returncode in (130, 143)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("main_thread", [WAIT, DEAF], ids=["runs", "is in C"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_what_a_shell_or_nohup_has_ignored_stays_so(
    number: signal.Signals, main_thread: str, tmp_path: Path
) -> None:
    script = f"signal.signal({number:d}, signal.SIG_IGN)\nsignals.listen('again')\n"
    process = ready(script + main_thread, tmp_path)
    process.send_signal(number)
    process.terminate()
    assert end(process)[0] == 143


@both
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_is_half_written_goes_where_no_handler_runs(
    number: signal.Signals, environment: dict[str, str], tmp_path: Path
) -> None:
    process = ready(DEAF, tmp_path, **environment)
    assert len(list(tmp_path.iterdir())) == 1
    process.send_signal(number)
    said = "workloads: test: stopped\n"
    assert (*end(process), [*tmp_path.iterdir()]) == (128 + number, said, [])


def test_ctrl_backslash_ends_it_at_once_wherever_it_is(tmp_path: Path) -> None:
    process = ready(DEAF, tmp_path)
    process.send_signal(signal.SIGQUIT)
    assert end(process) == (-signal.SIGQUIT, "")


def test_a_signal_of_a_forked_child_is_none_of_its_parents() -> None:
    fork = """
child = os.fork()
if not child:
    try:
        signal.raise_signal(signal.SIGTERM)
    finally:
        os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
time.sleep(1)
print("alive")
"""
    done = python("-c", BEGIN + "signals.SECONDS = signals._TIDY_SECONDS = 0.1\n" + fork)
    assert (done.returncode, done.stdout, done.stderr) == (0, "alive\n", "")


def test_a_rank_that_waits_at_its_very_end_is_ended_by_the_kernel() -> None:
    process = ready(FINALIZE + WAIT, **RANK)
    process.terminate()
    assert end(process)[0] == -signal.SIGALRM


# What starts a user's program or workers, and how many processes there are when all run.
STARTERS = {
    "workloads startup --impl spawn -- {script}": 3,
    "workloads startup --impl strace -- {script}": 3,
    "hpcpy_job forecast -- {script}": 3,
    "workloads exercise gil-sleep --seconds 900 --check {script}": 4,
    "workloads pi --python {python} --impl {row} -n 1000000000000": 2,
    "workloads pi --impl multiprocessing --workers 2 -n 1000000000000": 5,
}


@pytest.mark.parametrize("number", sampled([signal.SIGKILL, signal.SIGTERM, signal.SIGHUP]))
@pytest.mark.parametrize(("words", "count"), STARTERS.items(), ids=[*STARTERS])
def test_nothing_that_it_has_started_outlives_it(
    words: str, count: int, number: signal.Signals, tmp_path: Path
) -> None:
    script = tmp_path / "endless.py"
    script.write_text("import os\nos.fork()\nwhile True: pass\n")
    row = f"python-{sys.version.split()[0]}"
    asked = words.format(script=script, python=sys.executable, row=row).split()
    mark = f"HPCPY_TEST={tmp_path}"
    variables = environment(HPCPY_TEST=str(tmp_path), TMPDIR=str(tmp_path))
    files = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    command = [sys.executable, "-m", *asked]
    with running.start(*command, env=variables, process_group=0, **files) as job:
        wait_until(lambda: len([*processes(mark)]) >= count, job)
        # It ties the program's life to its own right after the start, and waits then.
        stat = Path(f"/proc/{job.pid}/stat")
        wait_until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "S", job)
        job.send_signal(number)
    try:
        assert job.returncode == (-9 if number == signal.SIGKILL else 128 + number)
        wait_until(lambda: not [*processes(mark)])
        assert number == signal.SIGKILL or [*tmp_path.iterdir()] == [script]
    finally:
        for left, _ in processes(mark):
            os.kill(left, signal.SIGKILL)
