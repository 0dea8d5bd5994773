"""The developer tools that `lock` runs: uv resolves packages, `packaging` chooses wheels.

Locks such as ``dev.lock``, for the machine's own Python, are uv's output in pip's format.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hpcpy.core import paths
from hpcpy.core.errors import UnavailableError
from hpcpy.core.scratch import build_scratch
from hpcpy.engine.venv import ensure_venv
from hpcpy.pins.tables import read_table


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


def resolve(name: str, old: str = "", only: Collection[str] = ()) -> str:
    """Return requirements with hashes, for every Python that the host tool runs on."""
    oldest = _oldest_python()
    with build_scratch("lock") as scratch:
        output, held = scratch / "requirements.txt", scratch / "constraints.txt"
        kept = {line: lines for line, lines in _entries(old) if only and _name(line) not in only}
        held.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
        compile_lock(
            output,
            [paths.ENV / f"{name}.in"],
            "--universal",
            "--generate-hashes",
            f"--python-version={oldest}",
            f"--constraint={held}",
        )
        resolved = output.read_text(encoding="utf-8")
    # New files of a locked version are no move: its entry stays as it is.
    return "".join(kept.get(line, lines) for line, lines in _entries(resolved))


def _entries(requirements: str) -> Iterator[tuple[str, str]]:
    """Give each requirement, and it with its hashes as they are written."""
    for match in re.finditer(r"(?m)^([^\s#-].*?)( \\)?\n(?:[ \t].*\n)*", requirements):
        yield match[1], match[0]


def _name(line: str) -> str:
    return re.split(r"[=; ]", line, maxsplit=1)[0]


def versions(requirements: str) -> dict[str, str]:
    """Return the packages of a requirements file with their versions.

    An older Python may have one of its own: then both are told.
    """
    found = defaultdict(list)
    for name, version in re.findall(r"(?m)^([A-Za-z0-9._-]+)==([^\s;\\]+)", requirements):
        found[name].append(version)
    return {name: ", ".join(all_of_it) for name, all_of_it in found.items()}


def _oldest_python() -> str:
    project = read_table(paths.ROOT / "pyproject.toml").table("project")
    return project.text("requires-python").removeprefix(">=")
