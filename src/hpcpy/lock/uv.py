"""uv, which resolves Python packages."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from collections.abc import Iterable
from pathlib import Path

from hpcpy.engine.venv import ensure_venv
from hpcpy.errors import UnavailableError


def compile_lock(output: Path, inputs: Iterable[Path], *options: str) -> None:
    """Resolve requirement files into one lock file of wheels.

    Parameters
    ----------
    output
        The lock; ``pylock.toml`` selects that format.
    inputs
        Requirement files.
    options
        Further ones of ``uv pip compile``.

    Raises
    ------
    UnavailableError
        With uv's reason, when there is no solution or no index.
    """
    # The public index alone, whatever this machine is set up for: the
    # addresses go into a lock that everybody uses.
    environment = {
        key: value
        for key, value in os.environ.items()
        if not re.match(r"UV_(.*INDEX|FIND_LINKS|NO_CONFIG|CONFIG_FILE)", key)
    }
    command = [ensure_venv() / "bin" / "uv", "pip", "compile", "--no-config", "--quiet"]
    command += ["--only-binary", ":all:", "--no-header", "--no-annotate", "--output-file", output]
    done = subprocess.run(
        [str(word) for word in (*command, *options, *inputs)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        raise UnavailableError(f"uv pip compile: {reason}")


def packages(pylock: Path) -> dict[str, dict[str, object]]:
    """Return the packages of a ``pylock.toml`` by name."""
    listed = tomllib.loads(pylock.read_text(encoding="utf-8"))["packages"]
    return {package["name"]: package for package in listed}
