"""A slide's experiments, each in a process of its own: the workload checks its answers."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from workloads.errors import UnavailableError, WorkerError
from workloads.talk import rows
from workloads.talk.rows import Row, program
from workloads.talk.slides import Experiment

# Seconds that a workload has to remove unfinished files, and to end its workers.
_SECONDS = 10.0


def run(experiment: Experiment, repeat: int = 1) -> list[Row]:
    """Run an experiment, and return the rows of the talk and of here.

    Parameters
    ----------
    experiment
        What to run.
    repeat
        How often each technique is timed.

    Raises
    ------
    UnavailableError
        When none of it can run here.
    WorkerError
        When it fails, or an answer is wrong.
    """
    with tempfile.TemporaryDirectory(prefix="hpcpy-talk-") as folder:
        report = Path(folder) / "report.json"
        if experiment.ranks > 1 and shutil.which("mpiexec") is None:
            raise UnavailableError("no mpiexec on PATH")
        asked = [*experiment.words, "--repeat", str(repeat), "--json", str(report)]
        words = program(experiment, sys.executable, asked)
        with _started(words, {**os.environ, **experiment.environment}) as process:
            _, said = process.communicate()
        if process.returncode:
            line = next(iter(said.splitlines()), f"ended with {process.returncode}")
            line = line.removeprefix("workloads: ")
            if process.returncode == UnavailableError.exit_code:
                raise UnavailableError(line)
            raise WorkerError(line)
        return rows.of(experiment, json.loads(report.read_text("utf-8"))["results"])


@contextlib.contextmanager
def _started(
    words: Sequence[str], environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    """Start a process; when this one is stopped, end the process and wait for it."""
    process: subprocess.Popen[str] | None = None
    try:
        process = subprocess.Popen(
            words,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        yield process
    except BaseException:
        if process is not None:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_SECONDS)
            process.kill()
        raise
    finally:
        if process is not None:
            process.wait()
            if process.stderr is not None:
                process.stderr.close()
