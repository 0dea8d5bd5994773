"""Ask other projects' libraries in a process of their own.

A driver may crash, hang, print, or leave threads behind. After a process has
asked libcuda, its forked children cannot use it.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from workloads.parallel import launchers

# Generous: some GPU drivers take seconds to start.
_SECONDS = 60
# Prefixes of what else a launcher sets: Open MPI takes a process with the variables of a
# step of Slurm for a part of it.
_LAUNCHERS = ("MPI_LOCAL", "SLURM_")


class NoAnswerError(Exception):
    """The process has ended without an answer; the text says how, in one line."""


def ask(probe: str, *, seconds: float = _SECONDS, **variables: str) -> dict[str, Any]:
    """Return what a probe has found.

    Parameters
    ----------
    probe
        A module of `workloads.doctor.probe`.
    seconds
        How long it may take.
    variables
        More variables for its environment.

    Returns
    -------
    dict
        What it has answered, and as ``said`` all that it printed.

    Raises
    ------
    NoAnswerError
        When it crashes, fails or does not end.
    """
    # Imported here: the preflight never asks, and is spared the import.
    import subprocess  # noqa: PLC0415

    if not sys.executable:
        raise NoAnswerError("Python does not know its own path")
    alone = launchers.of_no_rank(os.environ)
    environ = {k: v for k, v in alone.items() if not k.startswith(_LAUNCHERS)}
    environ["HPCPY_PREFLIGHT"] = "off"
    # With -P the probe searches the same folders as this process: modules in the working
    # directory might hide the standard library's.
    environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", f"workloads.doctor.probe.{probe}"],
            env={**environ, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NoAnswerError(f"no answer within {seconds:.0f} s") from error
    except OSError as error:
        raise NoAnswerError(f"cannot be asked: {error.strerror}") from error
    # Libraries print, too, before and after the answer.
    answers = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode == 0 and answers:
        answer: dict[str, Any] = json.loads(answers[-1])
        return {**answer, "said": done.stdout}
    reason = (done.stderr.strip().splitlines() or ["nothing on stderr"])[-1]
    how = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
    raise NoAnswerError(f"ended with {how}: {reason}")
