"""Programs that are asked something: what they print is read, and not shown."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

NOT_STARTED = 127  # a shell's exit code


def captured(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    seconds: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program without input, and return its exit code and what it printed.

    Of one that does not start, or does not end in time, the code is 127, and stderr says why.
    """
    words = [str(word) for word in command]
    try:
        return subprocess.run(
            words,
            env=env,
            cwd=cwd,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
        )
    except subprocess.TimeoutExpired:
        why = f"no answer in {seconds} s"
    except OSError as error:
        why = f"{words[0]}: {error.strerror}"
    return subprocess.CompletedProcess(words, NOT_STARTED, "", why)
