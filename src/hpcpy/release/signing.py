"""Signatures that need no service: one key in PEM, of elliptic curves or RSA.

OpenSSL signs the hashes, and so all files; Apptainer signs the SIF, which says so itself
wherever it lies.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from hpcpy.errors import IntegrityError, UnavailableError, UsageError
from hpcpy.files import whole_file
from hpcpy.release.sums import SIGNATURE, SUMS, check_sums, write_sums

_MAKES_ONE = "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out KEY"


def sign(folder: Path, key: Path, apptainer: Path) -> None:
    """Sign a release.

    Parameters
    ----------
    folder
        With a ``SHA256SUMS`` that fits.
    key
        A private key without a passphrase.
    apptainer
        The program.

    Raises
    ------
    UsageError
        When the key cannot sign, or the release is signed already.
    IntegrityError
        When the files are not those of ``SHA256SUMS``.
    """
    check_sums(folder)
    check_key(key)
    if (folder / SIGNATURE).exists():
        raise UsageError(f"{folder}: signed already", hint="make release writes it anew")
    for sif in folder.glob("*.sif"):
        with whole_file(sif) as temporary:
            shutil.copy2(sif, temporary)
            _run(apptainer, "sign", "--key", key, temporary)
    write_sums(folder)
    with whole_file(folder / SIGNATURE) as temporary:
        _run("openssl", "dgst", "-sha256", "-sign", key, "-out", temporary, folder / SUMS)


def check_key(key: Path) -> None:
    """Check that a key can sign.

    Raises
    ------
    UsageError
        When it is no private key, has a passphrase, or is of another kind.
    """
    # Without -passin it would ask for a passphrase on a terminal that may not be there.
    if _said("openssl", "pkey", "-in", key, "-passin", "pass:", "-noout"):
        raise UsageError(
            f"{key}: not an unencrypted private key in PEM", hint=f"make one: {_MAKES_ONE}"
        )
    # A key of Ed25519 fails here; else it would fail only after the SIF has been signed.
    _run("openssl", "dgst", "-sha256", "-sign", key, "-out", os.devnull, os.devnull)


def check(folder: Path, public: Path, apptainer: Path) -> list[str]:
    """Check a signed release.

    Parameters
    ----------
    folder
        Of the release.
    public
        The public key.
    apptainer
        The program.

    Returns
    -------
    list of str
        The files that are what was signed.

    Raises
    ------
    UsageError
        When there is no such key, or no release.
    IntegrityError
        When a file is not what was signed, or nothing was.
    """
    if _said("openssl", "pkey", "-pubin", "-in", public, "-noout"):
        raise UsageError(f"{public}: no public key in PEM", hint="openssl pkey -in KEY -pubout")
    signature, sums = folder / SIGNATURE, folder / SUMS
    if not sums.is_file() or not signature.is_file():
        raise IntegrityError(f"{folder}: not signed; {SUMS} and {SIGNATURE} belong in it")
    if _said("openssl", "dgst", "-sha256", "-verify", public, "-signature", signature, sums):
        raise IntegrityError(f"{signature}: {public} did not sign this {SUMS}")
    names = check_sums(folder)
    for sif in sorted(folder.glob("*.sif")):
        if _said(apptainer, "verify", "--key", public, sif):
            raise IntegrityError(f"{sif}: {public} did not sign it")
    return names


def _run(*command: str | Path) -> None:
    if said := _said(*command):
        raise UsageError(f"{Path(command[0]).name} cannot sign: {said}", hint=f"try {_MAKES_ONE}")


def _said(*command: str | Path) -> str:
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
