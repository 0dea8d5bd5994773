"""diffoscope, where a machine has it: what in two images differs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from hpcpy import paths
from hpcpy.files import MIB
from hpcpy.stages import stage

# It unpacks both images and each file that differs: that can take a day.
_SECONDS = 1800
# It ends with 1 where it finds a difference.
_TOLD = (0, 1)


def closer(ours: Path, other: Path) -> str:
    """Return where to read what differs in two images, or the command that tells it.

    Parameters
    ----------
    ours, other
        The images.
    """
    program = shutil.which("diffoscope")
    by_hand = f"compare with: diffoscope {ours} {other}"
    if program is None:
        return by_hand
    report = paths.LOGS / f"diffoscope.{other.name}.txt"
    bounded = [f"--text={report}", f"--max-text-report-size={MIB}", "--no-progress"]
    with stage(f"diffoscope of {other.name}") as current:
        report.unlink(missing_ok=True)
        # timeout ends what diffoscope has started, too.
        limited = ["timeout", str(_SECONDS), program, *bounded, str(ours), str(other)]
        with current.log.open("ab") as log:
            done = subprocess.run(limited, stdin=subprocess.DEVNULL, stderr=log, check=False)
        current.note = f"ends with {done.returncode}"
    if done.returncode in _TOLD and report.exists():
        return f"read {report}"
    return f"{by_hand} (its log is {current.log})"
