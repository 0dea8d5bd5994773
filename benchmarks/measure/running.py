"""Commands whose output is needed."""

import subprocess
from collections.abc import Mapping, Sequence

from hpcpy.core.stages import StageError


class CommandError(StageError):
    """A command failed; `output` is all that it printed."""

    def __init__(self, message: str, output: str = "") -> None:
        super().__init__(message)
        self.output = output


def output(
    command: Sequence[str],
    title: str,
    *,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> str:
    """Return what a command prints; a CommandError names `title` and the command's last line."""
    try:
        done = subprocess.run(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CommandError(f"{title} had not ended after {timeout:.0f} s") from None
    except OSError as error:
        raise CommandError(f"{title}: {error.strerror}") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        message = f"{title} ended with {done.returncode}: {last}"
        raise CommandError(message, f"{done.stdout}\n{done.stderr}")
    return done.stdout
