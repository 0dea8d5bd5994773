"""Keys of a test's own, and what is said of a release that was signed by one."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hpcpy.release.signing import SIGNATURE, SUMS


def said(*command: str | Path, cwd: Path | None = None) -> None:
    subprocess.run([str(word) for word in command], cwd=cwd, check=True, capture_output=True)


def make_key(folder: Path, name: str, *words: str) -> tuple[Path, Path]:
    private, public = folder / f"{name}.pem", folder / f"{name}.pub.pem"
    algorithm = words or ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    said("openssl", "genpkey", *algorithm, "-out", private)
    said("openssl", "pkey", "-in", private, "-passin", "pass:secret", "-pubout", "-out", public)
    return private, public


def checked(folder: Path, public: Path, apptainer: Path) -> None:
    """Check a release by the commands of docs/releasing.md."""
    by_key = ("dgst", "-sha256", "-verify", public, "-signature", SIGNATURE, SUMS)
    said("openssl", *by_key, cwd=folder)
    said("sha256sum", "--check", "--strict", SUMS, cwd=folder)
    said(apptainer, "verify", "--key", public, "hpcpy.sif", cwd=folder)


def refused(folder: Path, public: Path, apptainer: Path) -> bool:
    try:
        checked(folder, public, apptainer)
    except subprocess.CalledProcessError:
        return True
    return False
