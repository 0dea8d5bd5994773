"""Pure Python in interpreters that the user names: versions side by side."""

from __future__ import annotations

import inspect
import re
import subprocess
from collections.abc import Sequence

from hpcpy_common.errors import UsageError, WorkerError
from hpcpy_common.programs import running
from workloads.pi import definition

# Prints the version, with a `t` for a free-threaded build.
_VERSION = "import sys; print('%d.%d.%d' % sys.version_info[:3] + getattr(sys, 'abiflags', ''))"
# Runs after the definition's own text; it times itself, so that no start is timed.
_COUNT = """
import sys, time
started = time.perf_counter()
count = seeded_hits(int(sys.argv[1]), int(sys.argv[2]))
print(count, time.perf_counter() - started)
"""


def named(files: Sequence[str]) -> dict[str, str]:
    """Return interpreters' files by the names of their rows, ``python-VERSION``."""
    rows: dict[str, str] = {}
    for file in files:
        version = _version(file)
        same = sum(row.partition("_")[0] == f"python-{version}" for row in rows)
        rows[f"python-{version}_{same + 1}" if same else f"python-{version}"] = file
    return rows


def _version(file: str) -> str:
    try:
        done = _run(file, _VERSION, timeout=60)
    except OSError as error:
        raise UsageError(f"--python {file}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"--python {file}: says nothing") from error
    release = re.match(r"(\d+)\.(\d+)\.", done.stdout)
    if done.returncode or not release or tuple(map(int, release.groups())) < (3, 7):
        raise UsageError(f"--python {file}: is no Python 3.7 or later")
    return done.stdout.strip()


def count(file: str, seed: int, pairs: int) -> tuple[int, float]:
    """Return the hits that another interpreter counts, and its seconds."""
    done = _run(file, inspect.getsource(definition) + _COUNT, str(seed), str(pairs))
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise WorkerError(f"{file} ended with {done.returncode}: {last}")
    hits, seconds = done.stdout.split()
    return int(hits), float(seconds)


def _run(*words: str, timeout: int | None = None) -> subprocess.CompletedProcess[str]:
    command, pipe = [words[0], "-I", "-c", *words[1:]], subprocess.PIPE
    with running(command, stdout=pipe, stderr=pipe, text=True) as process:
        out, err = process.communicate(timeout=timeout)
    return subprocess.CompletedProcess(command, process.returncode, out, err)
