"""A signed release is checked offline, and no bit of it can be changed unseen."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from release_keys import checked, make_key, refused, said

from hpcpy.core.errors import UsageError
from hpcpy.release import signing
from hpcpy.release.signing import SIGNATURE, SUMS, write_sums


@pytest.fixture(scope="module")
def unsigned(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release") / "hpcpy-0.1.0"
    folder.mkdir()
    for name in ("hpcpy.oci.tar", "hpcpy.spdx.json", "provenance.json", "NOTES.md"):
        (folder / name).write_bytes(name.encode() * 100)
    sif = folder / "hpcpy.sif"
    said(program, "sif", "new", sif)
    said(program, "sif", "add", "--datatype", "3", "--groupid", "1", sif, folder / "hpcpy.oci.tar")
    write_sums(folder)
    return folder


@pytest.fixture(scope="module")
def signed(
    unsigned: Path,
    keys: tuple[Path, Path],
    program: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    folder = tmp_path_factory.mktemp("signed") / "hpcpy-0.1.0"
    shutil.copytree(unsigned, folder)
    signing.sign(folder, keys[0], program)
    return folder


@pytest.fixture
def copy(signed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(signed, tmp_path / "copy"))


def test_the_commands_of_the_page_find_what_was_signed_whole(
    signed: Path, keys: tuple[Path, Path], program: Path
) -> None:
    checked(signed, keys[1], program)


def test_a_bit_that_was_flipped_anywhere_is_found(
    copy: Path, keys: tuple[Path, Path], program: Path
) -> None:
    missed = []
    for path in sorted(copy.iterdir()):
        whole = path.read_bytes()
        # Of the SIF header, descriptors, data and signature are among them.
        for place in range(0, len(whole), max(1, len(whole) // 8)):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
            if not refused(copy, keys[1], program):
                missed.append((path.name, place))
        path.write_bytes(whole)
    assert not missed
    assert not refused(copy, keys[1], program)


def test_what_is_cut_swapped_or_missing_is_found(
    copy: Path, keys: tuple[Path, Path], program: Path
) -> None:
    sif, sbom = copy / "hpcpy.sif", copy / "hpcpy.spdx.json"
    whole, other = sif.read_bytes(), sbom.read_bytes()
    sif.write_bytes(whole[:-1])
    assert refused(copy, keys[1], program)
    sif.write_bytes(other)
    sbom.write_bytes(whole)
    assert refused(copy, keys[1], program)
    sif.write_bytes(whole)
    sbom.unlink()
    assert refused(copy, keys[1], program)
    sbom.write_bytes(other)
    (copy / SIGNATURE).unlink()
    assert refused(copy, keys[1], program)


def test_new_sums_of_changed_files_are_not_what_was_signed(
    copy: Path, keys: tuple[Path, Path], program: Path
) -> None:
    (copy / "NOTES.md").write_text("trust me\n")
    write_sums(copy)
    assert refused(copy, keys[1], program)


def test_another_sif_is_found_by_its_own_signature(
    unsigned: Path, copy: Path, keys: tuple[Path, Path], program: Path
) -> None:
    # As if who has the key signed hashes of a SIF that Apptainer did not sign.
    shutil.copy(unsigned / "hpcpy.sif", copy)
    write_sums(copy)
    said("openssl", "dgst", "-sha256", "-sign", keys[0], "-out", copy / SIGNATURE, copy / SUMS)
    with pytest.raises(subprocess.CalledProcessError) as raised:
        checked(copy, keys[1], program)
    assert Path(raised.value.cmd[0]) == program


def test_another_key_signed_nothing_here(signed: Path, tmp_path: Path, program: Path) -> None:
    _, public = make_key(tmp_path, "other")
    assert refused(signed, public, program)


@pytest.mark.parametrize(
    "words",
    [
        ("-algorithm", "ed25519"),
        ("-algorithm", "RSA", "-aes256", "-pass", "pass:secret"),
    ],
    ids=["another kind", "with a passphrase"],
)
def test_a_key_that_cannot_sign_leaves_the_release_as_it_was(
    unsigned: Path, tmp_path: Path, program: Path, words: tuple[str, ...]
) -> None:
    private, _ = make_key(tmp_path, "key", *words)
    folder = Path(shutil.copytree(unsigned, tmp_path / "folder"))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(UsageError, match="genpkey -algorithm EC"):
        signing.sign(folder, private, program)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
