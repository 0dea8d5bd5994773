"""``dev.lock`` and its like: what the machine's own Python gets, as pip reads it."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict

from hpcpy import paths
from hpcpy.files import scratch_dir
from hpcpy.lock.uv import compile_lock


def resolve(name: str) -> str:
    """Resolve packages for every Python that the host tool runs on.

    Parameters
    ----------
    name
        Of the ``.in`` file in ``env``.

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
        output = scratch / "requirements.txt"
        compile_lock(
            output,
            [paths.ENV / f"{name}.in"],
            "--universal",
            "--generate-hashes",
            f"--python-version={oldest}",
        )
        return output.read_text(encoding="utf-8")


def versions(requirements: str) -> dict[str, str]:
    """Return the packages of a requirements file with their versions.

    An older Python may have one of its own: then both are told.
    """
    found = defaultdict(list)
    for name, version in re.findall(r"(?m)^([A-Za-z0-9._-]+)==([^\s;\\]+)", requirements):
        found[name].append(version)
    return {name: ", ".join(all_of_it) for name, all_of_it in found.items()}


def _oldest_python() -> str:
    project = tomllib.loads((paths.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["requires-python"]).removeprefix(">=")
