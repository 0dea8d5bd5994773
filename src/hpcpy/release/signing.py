"""Signatures that need no service: one key in PEM, of elliptic curves or RSA.

OpenSSL signs the hashes, and so all files; Apptainer signs the SIF, which says so itself
wherever it lies.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from hpcpy.core.errors import UnavailableError, UsageError
from hpcpy.core.files import sha256, whole_file

SUMS = "SHA256SUMS"
SIGNATURE = f"{SUMS}.sig"
_MAKES_ONE = "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out KEY"


def write_sums(folder: Path) -> None:
    """Write the hashes of all other files of a folder, as sha256sum(1) checks them."""
    names = sorted({path.name for path in folder.iterdir()} - {SUMS, SIGNATURE})
    with whole_file(folder / SUMS) as temporary:
        temporary.write_text("".join(f"{sha256(folder / name)}  {name}\n" for name in names))


def sign(folder: Path, key: Path, apptainer: Path) -> None:
    """Sign a release."""
    check_key(key)
    for sif in folder.glob("*.sif"):
        with whole_file(sif) as temporary:
            shutil.copy2(sif, temporary)
            _run(apptainer, "sign", "--key", key, temporary)
    write_sums(folder)
    with whole_file(folder / SIGNATURE) as temporary:
        _run("openssl", "dgst", "-sha256", "-sign", key, "-out", temporary, folder / SUMS)


def check_key(key: Path) -> None:
    """Check that a key can sign."""
    # Without -passin it would ask for a passphrase on a terminal that may not be there.
    if _error_of("openssl", "pkey", "-in", key, "-passin", "pass:", "-noout"):
        raise UsageError(
            f"{key}: not an unencrypted private key in PEM", hint=f"make one: {_MAKES_ONE}"
        )
    # A key of Ed25519 fails here; else it would fail only after the SIF has been signed.
    _run("openssl", "dgst", "-sha256", "-sign", key, "-out", os.devnull, os.devnull)


def _run(*command: str | Path) -> None:
    if error := _error_of(*command):
        raise UsageError(f"{Path(command[0]).name} cannot sign: {error}", hint=f"try {_MAKES_ONE}")


def _error_of(*command: str | Path) -> str:
    """Return what a command complains of; nothing when it ends well."""
    try:
        done = subprocess.run(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError as error:
        raise UnavailableError(f"no {command[0]} here", hint="apt install openssl") from error
    if done.returncode == 0:
        return ""
    lines = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()
    return lines[-1]
