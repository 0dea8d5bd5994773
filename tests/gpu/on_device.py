"""A technique on a GPU, as its own process."""

import subprocess
import sys

import pytest


def run(workload, techniques, row, *arguments):
    """Return what a run prints; skip what this machine cannot do, with the reason."""
    reason = techniques[row].why_not()
    if reason:
        pytest.skip(f"{row}: {reason}")
    done = subprocess.run(
        [sys.executable, "-m", "workloads", workload, "--impl", row, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 69:
        pytest.skip(f"{row}: {done.stderr.strip()}")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def machine_code(techniques, code):
    """Return what `code` prints of numba-cuda's kernel; skip where it cannot be seen."""
    reason = techniques["numba-cuda"].why_not()
    if reason:
        pytest.skip(reason)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if "UnavailableError" in done.stderr or "nvdisasm" in done.stderr:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr
    return done.stdout
