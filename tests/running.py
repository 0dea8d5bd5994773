"""Programs as tests run them, on the host and in an image: to their end, or on several ranks."""

import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Done = subprocess.CompletedProcess[str]
# Ranks that wait for each other would wait for ever.
_HUNG_SECONDS = 500
# The command `workloads` after a folder's name: when what is timed begins it leaves
# `begun` there, and `done` after the first time.
TELLS_WHEN = """
import contextlib, pathlib, sys
from workloads.__main__ import entry
from workloads.bench.workload import Trial
folder, clock = pathlib.Path(sys.argv.pop(1)), Trial.clock
@contextlib.contextmanager
def told(trial):
    with clock(trial):
        (folder / "begun").touch()
        yield
    (folder / "done").touch()
Trial.clock = told
sys.exit(entry())
"""
# Has numba start its threads.
PARALLEL_SUM = """
import numba, numpy as np
@numba.njit("float64(float64[::1])", parallel=True)
def total(numbers):
    found = 0.0
    for i in numba.prange(len(numbers)):
        found += numbers[i]
    return found
assert total(np.ones(1000)) == 1000
"""


def said(program: str, *options: str, **variables: str) -> list[str]:
    """Return the words that a program prints; it must end well and warn of nothing."""
    return printed(python(*options, "-c", textwrap.dedent(program), **variables)).split()


def printed(done: Done) -> str:
    """Return what a program has printed; it must have ended well and have warned of nothing."""
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def refusal(done: Done, code: int = 2) -> str:
    """Return the one line by which a command has refused its work, with an exit code of its own."""
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1), done
    return done.stderr


def run(*words: object, **options: Any) -> Done:
    """Run a command to its end; options are those of `subprocess.run`."""
    asked = {"capture_output": True, "text": True, "timeout": _HUNG_SECONDS, **options}
    if "input" not in asked:
        asked.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([str(word) for word in words], check=asked.pop("check", False), **asked)


def start(*words: object, **options: Any) -> subprocess.Popen[str]:
    """Start a command that is looked at while it runs; options are those of `subprocess.Popen`."""
    pipes = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
    asked = {"stdin": subprocess.DEVNULL, **pipes, "text": True, **options}
    return subprocess.Popen([str(word) for word in words], **asked)


def executable(path: Path, text: str) -> Path:
    """Write a program, in a folder that is made for it, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def python(*words: object, **variables: str) -> Done:
    """Run this Python to its end, as a user starts it, with more variables."""
    return run(sys.executable, *words, env={**os.environ, **variables})


def wait_until(
    condition: Callable[[], object],
    job: subprocess.Popen[str] | None = None,
    *,
    shows: Callable[[], object] = lambda: "it never came",
    every: float = 0.01,
) -> None:
    """Wait for what another process is about to do; a job that has ended never will.

    A condition that takes more than a look is asked less often.
    """
    deadline = time.monotonic() + _HUNG_SECONDS
    while not condition():
        assert job is None or job.poll() is None, job and job.communicate()
        assert time.monotonic() < deadline, shows()
        time.sleep(every)


def first_line(job: subprocess.Popen[str], stream: str = "stdout") -> str:
    """Return the first line that a job writes to one of its pipes, once it has."""
    line: str = getattr(job, stream).readline()
    return line


def last_words(job: subprocess.Popen[str]) -> str:
    """Return what a job that was told to end says on stderr; one that does not is killed."""
    try:
        return job.communicate(timeout=_HUNG_SECONDS)[1]
    except subprocess.TimeoutExpired:
        job.kill()
        raise


def on_ranks(size: int | str, *words: object) -> Done:
    return in_own_process(*launcher(size), sys.executable, *words)


def workload_on(size: int | str, name: str, *words: object) -> Done:
    return on_ranks(size, "-m", "workloads", name, *words)


def start_ranks(size: int | str, *words: object) -> subprocess.Popen[str]:
    return start(*launcher(size), sys.executable, *words, env=surroundings())


def launcher(size: int | str) -> list[str]:
    """Return the words that start what follows on several ranks."""
    # That of the interpreter's own installation goes first.
    beside = str(Path(sys.executable).parent)
    found = shutil.which("mpiexec", path=os.pathsep.join([beside, os.environ.get("PATH", "")]))
    assert found, "there is no mpiexec"
    return [found, "-n", str(size)]


def in_own_process(*words: object) -> Done:
    """Run a command to its end, with this Python's modules."""
    return run(*words, env=surroundings())


def surroundings() -> dict[str, str]:
    """Return an environment with this Python's modules."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
