"""Keys of a test's own, and what is said of a release that was signed by one."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hpcpy.commands import run
from hpcpy.errors import IntegrityError


def said(*command: str | Path, cwd: Path | None = None) -> None:
    subprocess.run([str(word) for word in command], cwd=cwd, check=True, capture_output=True)


def make_key(folder: Path, name: str, *words: str) -> tuple[Path, Path]:
    private, public = folder / f"{name}.pem", folder / f"{name}.pub.pem"
    algorithm = words or ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    said("openssl", "genpkey", *algorithm, "-out", private)
    said("openssl", "pkey", "-in", private, "-passin", "pass:secret", "-pubout", "-out", public)
    return private, public


def refused(folder: Path, public: Path) -> bool:
    try:
        run(["check-signature", str(folder), "--key", str(public)])
    except IntegrityError:
        return True
    return False
