"""``dev.lock``: the developer tools, in the format that pip installs from."""

from __future__ import annotations

import re
import tomllib

from hpcpy import paths
from hpcpy.files import scratch_dir
from hpcpy.lock.uv import compile_lock


def resolve() -> str:
    """Resolve the developer tools for every Python that the host tool runs on.

    Returns
    -------
    str
        Requirements with their hashes.

    Raises
    ------
    UnavailableError
        When there is no solution or no index.
    """
    oldest = _oldest_python()
    with scratch_dir(paths.BUILD, "lock") as scratch:
        output = scratch / "dev.txt"
        compile_lock(
            output,
            [paths.ENV / "dev.in"],
            "--universal",
            "--generate-hashes",
            f"--python-version={oldest}",
        )
        return output.read_text(encoding="utf-8")


def versions(requirements: str) -> dict[str, str]:
    """Return the packages of a requirements file with their versions."""
    return dict(re.findall(r"(?m)^([A-Za-z0-9._-]+)==([^\s;\\]+)", requirements))


def _oldest_python() -> str:
    project = tomllib.loads((paths.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["requires-python"]).removeprefix(">=")
