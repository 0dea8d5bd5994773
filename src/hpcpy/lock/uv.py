"""The developer tools that `lock` runs: uv resolves packages, `packaging` chooses wheels."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hpcpy.core.errors import UnavailableError
from hpcpy.engine.venv import ensure_venv


def compile_lock(output: Path, inputs: Iterable[Path], *options: str) -> None:
    """Resolve requirement files into one lock of wheels; ``pylock.toml`` selects that format."""
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


def packages(pylock: Path) -> dict[str, dict[str, Any]]:
    """Return the packages of a ``pylock.toml`` by name."""
    listed = tomllib.loads(pylock.read_text(encoding="utf-8"))["packages"]
    return {package["name"]: package for package in listed}


def best_wheels(
    wheels: Mapping[str, Sequence[str]], python: tuple[int, int], arch: str, glibc: tuple[int, int]
) -> dict[str, str | None]:
    """Return the most specific wheel of each package that fits, as pip would choose."""
    asked = {"wheels": wheels, "python": python, "arch": arch, "glibc": glibc}
    program = Path(__file__).with_name("wheel_tags.py")
    done = subprocess.run(
        [ensure_venv() / "bin" / "python", "-I", program],
        input=json.dumps(asked),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    chosen: dict[str, str | None] = json.loads(done.stdout)
    return chosen
