"""Install a package into a virtual environment on an image, and use it there."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcpy import paths
from hpcpy.fetch.many import fetch
from hpcpy.packages.programs import Program
from hpcpy.pins.model import Artifact
from hpcpy.testing.command import image_command

_SECONDS = 900
_VENV = "/tmp/venv"  # noqa: S108  # the image's
_MAKE = f"""
python3 -m venv --system-site-packages {_VENV}
[ $# = 0 ] || {_VENV}/bin/python -m pip --quiet install --no-index --no-deps --no-compile "$@"
"""


@dataclass(frozen=True)
class Tried:
    """What came of it.

    Attributes
    ----------
    output
        What the program printed.
    reason
        Why it failed: the last line of its errors; empty when it did not.
    disk
        Bytes of the virtual environment.
    """

    output: str
    reason: str
    disk: int


def run(program: Program, wheels: Sequence[Artifact], sif: Path, apptainer: Path) -> Tried:
    """Make the environment, use the package, and remove all of it.

    As the tests in the image run: as nobody, offline, the image read-only.

    Parameters
    ----------
    program
        The package and its lines.
    wheels
        What is installed, without what the image has.
    sif, apptainer
        The image, and what runs it.
    """
    # Some have gigabytes, and /tmp is memory on many machines.
    paths.BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix="packages.", dir=paths.BUILD, ignore_cleanup_errors=True
    ) as name:
        scratch = Path(name)
        scratch.chmod(0o1777)
        files = [shutil.copy(path, scratch) for path in fetch(wheels).values()]
        (scratch / "use.py").write_text(program.use, encoding="utf-8")
        inside = [f"/tmp/{Path(file).name}" for file in files]  # noqa: S108
        first = [*image_command(apptainer, sif, scratch), "HOME=/tmp"]
        code, _, errors = _run([*first, "sh", "-ec", _MAKE, "sh", *inside])
        if code:
            return Tried("", f"not installed: {_last(errors, code)}", 0)
        disk = _size(scratch / "venv")
        code, output, errors = _run([*first, f"{_VENV}/bin/python", "/tmp/use.py"])  # noqa: S108
        return Tried(output, _last(errors, code) if code else "", disk)


def _run(command: Sequence[str]) -> tuple[int, str, str]:
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        process_group=0,
    ) as process:
        try:
            output, errors = process.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            _kill(process)
            return 1, "", f"stopped after {_SECONDS} s"
        except BaseException:
            _kill(process)
            raise
    return process.returncode, output, errors


def _kill(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _last(errors: str, code: int) -> str:
    lines = [line for line in errors.splitlines() if line.strip()]
    return lines[-1].strip() if lines else f"exit code {code}"


def _size(folder: Path) -> int:
    files = (Path(top, name) for top, _, names in os.walk(folder) for name in names)
    return sum(file.lstat().st_blocks * 512 for file in files)
