"""Git, asked about this checkout."""

from __future__ import annotations

import subprocess

from hpcpy.core import paths
from hpcpy.core.errors import UnavailableError


def git(*words: str) -> str:
    """Return what git prints."""
    # Git refuses a clone of another user's, such as a centre's.  Who runs this program,
    # which lies in it, trusts them already.
    trusted = f"safe.directory={paths.ROOT}"
    try:
        return subprocess.run(
            ["git", "-c", trusted, "-C", str(paths.ROOT), *words],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except FileNotFoundError as error:
        raise UnavailableError(
            f"{paths.ROOT}: a clone, and no git here", hint="install it"
        ) from error
    except subprocess.CalledProcessError as error:
        message = [*error.stderr.splitlines(), f"git ends with {error.returncode}"][0]
        raise UnavailableError(f"{paths.ROOT}: {message}", hint="see git status") from error
