"""Images for tests, and the command by which programs run in them as nobody, offline."""

import os
import subprocess
import sys
from pathlib import Path

from hpcpy.core import paths

# "nobody" on every Linux: no home, no right to anything.
_STRANGER = 65534


def built(image: str = "hpcpy", kind: str = "sif", arch: str = "") -> Path:
    """Build an image where it is missing or old, and return its SIF's path."""
    command = [sys.executable, "-I", str(paths.ROOT / "hpcpy"), "build", kind, image]
    subprocess.run([*command, "--arch", arch], check=True)
    return paths.BUILD / f"{image}{arch and '-'}{arch}.sif"


def image_command(apptainer: Path, sif: Path, scratch: Path, *options: str) -> list[str]:
    """Return the words that start a program in an image, offline and as no user of it.

    Only `scratch`, its /tmp, can be written: Apptainer's own would hold 64 MB.
    """
    as_stranger = (
        [f"--security=uid:{_STRANGER}", f"--security=gid:{_STRANGER}"] if os.geteuid() == 0 else []
    )
    return [
        *(str(apptainer), "exec", *as_stranger, "--contain", "--cleanenv"),
        *("--net", "--network=none", "--no-home", "--pwd=/"),
        f"--bind={scratch}:/tmp",
        *(f"--bind={paths.ROOT / folder}:/{folder}:ro" for folder in ("tests", "docs")),
        *options,
        str(sif),
        *("env", "HOME=/nonexistent"),
    ]
