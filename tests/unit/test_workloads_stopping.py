"""A rank that is told to stop ends, even where Python reaches no signal handler."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from processes import python, start

SECONDS = 300
# Short sleeps: a signal that comes just before one begins is handled after it.
SLEEP = "while True: time.sleep(0.01)"
BEGIN = """
import os, signal, sys, time
from workloads.parallel.stopping import stop_within
stop_within({})
"""
SOON = BEGIN.format(1)
# For what ends by itself, which takes more than a second on a machine under load.
LATE = BEGIN.format(60)
# The main thread comes to no end, as in a call of MPI that polls for ever.
DEAF = (
    SOON
    + """
signal.signal(signal.SIGTERM, lambda *_: time.sleep(600))
print("ready", flush=True)
"""
    + SLEEP
)
TIDY = (
    LATE
    + """
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print("ready", flush=True)
"""
    + SLEEP
)
WAIT = f"""
print("ready", flush=True)
{SLEEP}
"""
# MPI_Finalize, which waits for ranks that have gone, comes after Python's end, when
# none of its threads runs any more; here the watching thread never did.
FINALIZE = f"""
import ctypes, sys, time
from workloads.parallel import stopping
stopping._watch = lambda read, seconds: None
stopping.stop_within(1)
wait = ctypes.CDLL(None).pause
ctypes.pythonapi.Py_AtExit(ctypes.cast(wait, ctypes.c_void_p))
print("ready", flush=True)
{SLEEP}
"""
# MPI waits for a rank that has left: no handler runs, and SIGALRM tidies up nothing.
STUCK = """
import ctypes, os, pathlib, sys, threading, time
from workloads.bench import files
from workloads.parallel import stopping, unfinished
stopping.stop_within(5)
folder = pathlib.Path(sys.argv[1])
lock = ctypes.create_string_buffer(64)

def tell():
    # The main thread's system call: futex, with the lock's address.
    call = pathlib.Path(f"/proc/self/task/{os.getpid()}/syscall")
    while f" {ctypes.addressof(lock):#x} " not in call.read_text():
        time.sleep(0.01)
    print("ready", flush=True)

with files.whole_file(folder / "result.png") as temporary, unfinished.unfinished(folder / "no"):
    temporary.write_bytes(b"half")
    threading.Thread(target=tell, daemon=True).start()
    for _ in range(2):
        ctypes.CDLL(None).pthread_mutex_lock(lock)
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

def main(words):
    atexit.register(fail)
    sys.stdout.write("lost")
    os.close(read)
    try:
        os.kill(os.getpid(), int(words[0]))
        signal.pause()
    finally:
        Fails()
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
        logging.error("a callback has failed")
        os.kill(os.getpid(), int(words[1]))
        if words[2] == "returns":
            return 1
        raise {"RuntimeError": RuntimeError, "OSError": OSError, "exit": SystemExit}[words[2]](5)

read, write = os.pipe()
os.dup2(write, 1)
sys.stdout = os.fdopen(1, "w", closefd=False)
sys.modules["tangled"] = types.SimpleNamespace(main=main)
registry.WORKLOADS["tangled"] = ("tangled", "")
sys.exit(__main__._entry())
"""


@pytest.mark.parametrize("ends", ["RuntimeError", "returns"])
@pytest.mark.parametrize(
    ("first", "second"), [(signal.SIGINT, signal.SIGTERM), (signal.SIGTERM, signal.SIGINT)]
)
def test_whatever_a_stop_makes_fail_is_that_stop(
    first: signal.Signals, second: signal.Signals, ends: str
) -> None:
    done = python("-c", TANGLED, "tangled", int(first), int(second), ends)
    assert (done.returncode, done.stderr) == (128 + first, "workloads: tangled: stopped\n")


@pytest.mark.parametrize(
    ("script", "code"),
    [(DEAF, -signal.SIGALRM), (TIDY, 7), (LATE + WAIT, 143), (FINALIZE, -signal.SIGALRM)],
)
def test_a_rank_that_is_told_to_stop_ends(script: str, code: int) -> None:
    process = start(script)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    process.communicate(timeout=SECONDS)
    assert process.returncode == code


@pytest.mark.long
def test_what_is_half_written_goes_where_no_handler_runs(tmp_path: Path) -> None:
    process = start(STUCK, str(tmp_path))
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    assert len(list(tmp_path.iterdir())) == 1
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=SECONDS)
    assert process.returncode == -signal.SIGALRM
    assert list(tmp_path.iterdir()) == []
