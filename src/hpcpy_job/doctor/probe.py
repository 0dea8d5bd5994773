"""Ask other projects' libraries in a process of their own.

A driver may crash, hang, print, or leave threads behind. After a process has
asked libcuda, its forked children cannot use it.
It prints the answer as a line of JSON.
"""

from __future__ import annotations

import ctypes
import json
import sys
from pathlib import Path
from typing import Any

from hpcpy_job.doctor import process

# With -P nothing comes from the working directory. This package may lie where only this
# process looks for it; whatever else lies there comes last.
_CALL = "import sys; sys.path.append(sys.argv[2]); from hpcpy_job.doctor.probe import main; main()"
# Generous: some GPU drivers take seconds to start.
_SECONDS = 60


class NoAnswerError(Exception):
    """The process has ended without an answer; the text says how, in one line."""


def answer_of(name: str) -> dict[str, Any]:
    """Return what a probe answers, or raise NoAnswerError."""
    # Imported here: the preflight never asks, and is spared the import.
    import subprocess  # noqa: PLC0415

    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _CALL, name, Path(__file__).parents[2]],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NoAnswerError(f"no answer within {_SECONDS} s") from error
    # Libraries print, too, before and after the answer.
    answers = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode == 0 and answers:
        return dict(json.loads(answers[-1]))
    reason = (done.stderr.strip().splitlines() or ["nothing on stderr"])[-1]
    how = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
    raise NoAnswerError(f"ended with {how}: {reason}")


def _cuda() -> dict[str, Any]:
    """Return the driver's CUDA version and each device's name, or why there is none."""
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError as error:
        return {"problem": f"libcuda.so.1 does not load: {error}"}
    if code := cuda.cuInit(0):
        text = ctypes.c_char_p()
        cuda.cuGetErrorName(code, ctypes.byref(text))
        return {"problem": f"cuInit: {(text.value or b'unknown error').decode()} ({code})"}
    number, device, name = ctypes.c_int(), ctypes.c_int(), ctypes.create_string_buffer(128)
    cuda.cuDriverGetVersion(ctypes.byref(number))
    version = f"{number.value // 1000}.{number.value % 1000 // 10}"
    cuda.cuDeviceGetCount(ctypes.byref(number))
    names = []
    for index in range(number.value):
        cuda.cuDeviceGet(ctypes.byref(device), index)
        cuda.cuDeviceGetName(name, len(name), device)
        names.append(name.value.decode(errors="replace"))
    return {"cuda": version, "devices": names}


def _mpi() -> dict[str, Any]:
    """Return which library mpi4py finds; MPI is not started."""
    import mpi4py  # noqa: PLC0415

    mpi4py.rc.initialize = False
    from mpi4py import MPI  # noqa: PLC0415

    return {"library": process.describe_mpi(MPI)}


_PROBES = {"cuda": _cuda, "mpi": _mpi}


def main() -> None:
    """Print what the probe answers that is named first on the command line."""
    try:
        answer = _PROBES[sys.argv[1]]()
    except (ImportError, RuntimeError) as error:
        # mpi4py is absent, or finds no library.
        answer = {"problem": str(error).splitlines()[0]}
    # On a line of its own, whatever the library has printed.
    print(f"\n{json.dumps(answer)}")
