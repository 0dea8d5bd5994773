"""A stop of a run without ranks: every technique hears it, whatever its one thread computes."""

import importlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from proc_files import processes
from running import TELLS_WHEN, start, surroundings, wait_until
from tiers import sampled

# Where a machine is busy a stop takes longer than its three seconds. Most of LONG take an hour.
HUNG_SECONDS = 60
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_IN_THE_SET = "--window -0.1 0.1 -0.1 0.1 --size 256 256 --maxiter 10000000 --full"
# By the workload, and the task by which its techniques know it.
LONG = {
    ("mandel", ""): f"{_IN_THE_SET} --out {{out}}/m.npy",
    ("linalg", "eigh"): "--task eigh -n 5000",
    ("linalg", "tasks"): "--task tasks -n 2000 --count 200",
    ("linalg", "mean"): "--task mean -n 100000000 --repeat 100000",
    ("linalg", "threads"): "--task threads -n 5000",
    ("heat", ""): "-n 1000 --steps 100000000 --film {out}/f.gif",
    ("pi", ""): f"-n {2**40} --profile cprofile {{out}}/pi.prof",
    ("write", ""): "-n 20000 -s 100 --out {out}/o",
    ("read", ""): "-n 100 -s 100 --repeat 1000000 --json {out}/r.json",
}
# image_spark has tests of its own.
APART = {"spark"}


def cases() -> list[tuple[str, str, str, signal.Signals]]:
    """Return each technique of one process that can run here, with one of the signals."""
    rows: list[tuple[str, str, str]] = []
    for (workload, task), words in LONG.items():
        techniques = importlib.import_module(f"workloads.{workload}.registry").TECHNIQUES
        for name, technique in techniques.items():
            is_of_one = technique.parallel != "ranks" and name not in APART
            if is_of_one and task in (technique.problems or [""]) and not technique.why_not():
                rows.append((workload, name, words))
    # What `make test` has: what a user runs who says no more than mandel.
    rows.sort(key=lambda row: row[1] != "numba-parallel")
    return [(*row, SIGNALS[number % len(SIGNALS)]) for number, row in enumerate(rows)]


@pytest.mark.parametrize(("workload", "impl", "words", "number"), sampled(cases()))
def test_a_stop_ends_what_computes(
    workload: str, impl: str, words: str, number: signal.Signals, tmp_path: Path
) -> None:
    out, temporary = tmp_path / "out", tmp_path / "temporary"
    out.mkdir()
    temporary.mkdir()
    program = [sys.executable, "-c", TELLS_WHEN, tmp_path, workload, "--impl", impl]
    # Some workers begin a session of their own: what is left is known by this.
    mark = f"STARTED_BY={tmp_path}"
    env = {**surroundings(), "STARTED_BY": str(tmp_path), "TMPDIR": str(temporary)}
    with start(*program, *words.format(out=out).split(), env=env, process_group=0) as job:
        try:
            wait_until((tmp_path / "begun").exists, job)
            # For the call of C, which comes next.
            time.sleep(1)
            os.killpg(job.pid, number)
            said = job.communicate(timeout=HUNG_SECONDS)[1]
        except (subprocess.TimeoutExpired, AssertionError):
            job.kill()
            raise
    assert (job.returncode, said) == (128 + number, f"workloads: {workload}: stopped\n")
    assert not [*out.iterdir()]
    # multiprocessing's resource tracker notices a moment later.
    wait_until(lambda: not [*processes(mark)])
