"""`make release`, from an image to a folder that is signed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from release_keys import checked, refused, said

from hpcpy.build.plan import make_plan
from hpcpy.build.stamps import write_stamp
from hpcpy.cli.commands import run
from hpcpy.core import paths
from hpcpy.core.files import sha256
from hpcpy.core.paths import project_version
from hpcpy.release import command, provenance
from hpcpy.release.signing import SIGNATURE, SUMS
from small_image import layer, write_archive


@pytest.fixture
def release(
    keys: tuple[Path, Path], program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Make a release of a small image, as if a commit had made it."""
    build = tmp_path / "build"
    build.mkdir()
    monkeypatch.setattr(paths, "LOGS", build / "logs")
    monkeypatch.setattr(provenance, "commit", lambda: 40 * "a")
    plan = make_plan()
    image = plan.graph.image("hpcpy")
    archive, sif = build / "hpcpy.oci.tar", build / "hpcpy.sif"
    write_archive(archive, [layer({"opt/hpcpy/share/hpcpy/sbom.spdx.json": b"{}"})])
    said(program, "sif", "new", sif)
    said(program, "sif", "add", "--datatype", "3", "--groupid", "1", sif, archive)
    write_stamp(sif, apptainer="0.1")
    monkeypatch.setattr(command, "ensure_image", lambda *_: (sif, plan, image))
    monkeypatch.setattr(command, "archive_path", lambda _: archive)
    folder = tmp_path / "hpcpy-release"
    assert run(["release", "--key", str(keys[0]), "--to", str(folder)]) == 0
    return folder


def test_a_release_is_whole_and_signed(
    release: Path, keys: tuple[Path, Path], program: Path
) -> None:
    checked(release, keys[1], program)
    names = ["NOTES.md", "hpcpy.oci.tar", "hpcpy.sif", "hpcpy.spdx.json", "provenance.json"]
    assert {path.name for path in release.iterdir()} == {*names, SUMS, SIGNATURE}
    assert (release / "hpcpy.spdx.json").read_text() == "{}"
    assert (release / "NOTES.md").read_text().startswith(f"## {project_version()}")
    with (release / "hpcpy.sif").open("ab") as sif:
        sif.write(b"more")
    assert refused(release, keys[1], program)


def test_its_provenance_names_the_tools_that_packed_it(release: Path, tmp_path: Path) -> None:
    statement = json.loads((release / "provenance.json").read_text())
    # Those of its stamp, and not those that are here.
    versions = {"apptainer": "0.1"}
    assert statement["predicate"]["runDetails"]["builder"]["version"] == versions
    # Of the files as the build left them: the SIF is signed afterwards.
    hashes = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
    assert hashes == {
        name: sha256(tmp_path / "build" / name) for name in ("hpcpy.oci.tar", "hpcpy.sif")
    }
    assert hashes["hpcpy.sif"] != sha256(release / "hpcpy.sif")
