"""Commands whose output is needed."""

from collections.abc import Mapping, Sequence

from hpcpy.core.programs import captured
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
    done = captured(command, env=env, seconds=timeout)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        message = f"{title} ended with {done.returncode}: {last}"
        raise CommandError(message, f"{done.stdout}\n{done.stderr}")
    return done.stdout
