"""`make release`, from an image to a folder that is signed."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from hpcpy import release as release_command
from hpcpy.commands import run
from hpcpy.core import paths
from hpcpy.core.files import sha256
from hpcpy.core.paths import project_version
from hpcpy.images.cached import write_stamp
from hpcpy.images.graph import Image
from hpcpy.images.outputs import STANDALONE, standalone_sbom
from hpcpy.images.plan import Plan, make_plan
from hpcpy.pins.model import host_arch
from hpcpy.release import SIGNATURE, SUMS, check_key
from hpcpy_common.errors import DiskError, IntegrityError, UnavailableError, UsageError
from running import executable
from small_image import layer, write_archive

WHEEL = f"hpcpy-{project_version()}-py3-none-any.whl"


def said(*command: str | Path, cwd: Path | None = None) -> None:
    subprocess.run([str(word) for word in command], cwd=cwd, check=True, capture_output=True)


def make_key(folder: Path, *algorithm: str) -> tuple[Path, Path]:
    private, public = folder / "private.pem", folder / "public.pem"
    said("openssl", "genpkey", "-algorithm", *algorithm, "-out", private)
    said("openssl", "pkey", "-in", private, "-passin", "pass:secret", "-pubout", "-out", public)
    return private, public


def checked(folder: Path, public: Path, apptainer: Path) -> None:
    """Check a release by the commands of docs/how-to/release.md."""
    by_key = ("dgst", "-sha256", "-verify", public, "-signature", SIGNATURE, SUMS)
    said("openssl", *by_key, cwd=folder)
    said("sha256sum", "--check", "--strict", SUMS, cwd=folder)
    said(apptainer, "verify", "--key", public, "hpcpy.sif", cwd=folder)


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    return make_key(tmp_path, "EC", "-pkeyopt", "ec_paramgen_curve:P-256")


@pytest.fixture(params=["hpcpy"])
def words(
    keys: tuple[Path, Path],
    program: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> list[str]:
    """Have small images, as if a commit had made them; return the words that release them."""
    build = tmp_path / "build"
    build.mkdir()
    monkeypatch.setattr(paths, "LOGS", build / "logs")
    head = tmp_path / "HEAD"
    head.write_text(40 * "a")
    monkeypatch.setattr(release_command, "commit", head.read_text)
    monkeypatch.setattr(release_command, "notes", lambda _, version, **__: f"## {version}\n")
    pages = build / "docs"
    pages.mkdir()
    (pages / "index.html").write_text("a page")
    monkeypatch.setattr(release_command, "_build_pages", lambda: None)
    # The one that runs this is whole; made anew for this Python it would end its tests.
    monkeypatch.setattr(release_command, "ensure_venv", lambda: Path(sys.prefix))
    monkeypatch.setattr(paths, "BUILD", build)
    plan = make_plan()
    named = [request.param] if request.param else []
    for name in named or STANDALONE:
        archive, sif = build / f"{name}.oci.tar", build / f"{name}.sif"
        digest = write_archive(archive, [layer({"opt/hpcpy/share/hpcpy/sbom.spdx.json": b"{}"})])
        write_stamp(archive, digest=digest)
        said(program, "sif", "new", sif)
        said(program, "sif", "add", "--datatype", "3", "--groupid", "1", sif, archive)
        write_stamp(sif, apptainer="0.1")
        file = build / STANDALONE[name]
        file.write_text(f"the interpreter of {name}")
        standalone_sbom(file).write_text("{}")
        write_stamp(file, sbom=sha256(standalone_sbom(file)))

    def ensure_image(kind: str, name: str, arch: str) -> tuple[Path, Plan, Image]:
        if arch != host_arch():
            raise UnavailableError("no emulation")
        file = build / f"{name}.sif" if kind == "sif" else build / STANDALONE[name]
        return file, plan, plan.graph.image(name)

    monkeypatch.setattr(release_command, "ensure_image", ensure_image)
    monkeypatch.setattr(release_command, "archive_path", lambda of: build / f"{of.name}.oci.tar")
    return ["release", *named, "--key", str(keys[0]), "--to", str(tmp_path / "hpcpy-release")]


@pytest.fixture
def release(words: list[str]) -> Path:
    """Make a release of them; of both without a name."""
    assert run(words) == 0
    return Path(words[-1])


def test_a_release_is_whole_and_signed(
    release: Path, keys: tuple[Path, Path], program: Path
) -> None:
    checked(release, keys[1], program)
    names = ["INSTALL", "NOTES.md", "hpcpy.oci.tar", "hpcpy.sif", "hpcpy.spdx.json"]
    names += ["hpcpy-python-full", "hpcpy-python-full.spdx.json", "hpcpy.provenance.json"]
    # Of the recipes those whose files are there.
    names += ["LICENSE", "pages.zip", "schema.json", "template.toml", "Containerfile"]
    names += ["podman-hpc.yaml"]
    names += ["host.spdx.json", "hpcpy.openvex.json", "reframe.zip", WHEEL]
    assert {path.name for path in release.iterdir()} == {*names, SUMS, SIGNATURE}
    assert (release / "hpcpy.spdx.json").read_text() == "{}"
    assert (release / "NOTES.md").read_text().startswith(f"## {project_version()}")
    for name, inside in (("pages", "index.html"), ("reframe", "src/reduce.py")):
        with zipfile.ZipFile(release / f"{name}.zip") as file:
            assert f"{name}/{inside}" in file.namelist()
            assert not [entry for entry in file.namelist() if "__pycache__" in entry]
    for name in [*names, SUMS, SIGNATURE]:
        content = (release / name).read_bytes()
        # Not a byte more: openssl reads no more of a signature than its longest.
        (release / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(subprocess.CalledProcessError):
            checked(release, keys[1], program)
        (release / name).write_bytes(content)


@pytest.mark.parametrize("words", [""], indirect=True)
def test_without_a_name_it_has_both_images_both_files_and_all_recipes(
    release: Path, keys: tuple[Path, Path], program: Path
) -> None:
    checked(release, keys[1], program)
    names = {"INSTALL", "LICENSE", "NOTES.md", "pages.zip", "schema.json", SUMS, SIGNATURE}
    names |= {"host.spdx.json", "reframe.zip", "template.toml", WHEEL}
    for image, file in STANDALONE.items():
        names |= {f"{image}.{ending}" for ending in ("oci.tar", "sif", "spdx.json", "openvex.json")}
        names |= {file, f"{file}.spdx.json", f"{image}.provenance.json"}
        assert (release / file).read_text() == f"the interpreter of {image}"
        statement = json.loads((release / f"{image}.provenance.json").read_text())
        hashes = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
        shipped = (f"{image}.oci.tar", f"{image}.sif", file)
        assert hashes == {name: sha256(release / name) for name in shipped}
    recipes = {"package.py", f"hpcpy-{project_version()}.eb", "Containerfile", "podman-hpc.yaml"}
    assert {path.name for path in release.iterdir()} == names | recipes
    for name in ("package.py", f"hpcpy-{project_version()}.eb"):
        assert sha256(release / "hpcpy-python") in (release / name).read_text()
    listed = {line.split()[1] for line in (release / SUMS).read_text().splitlines()}
    assert listed == (names | recipes) - {SUMS, SIGNATURE}


@pytest.mark.parametrize(
    "name", ["hpcpy.oci.tar", "hpcpy.sif", "hpcpy-python-full", "hpcpy-python-full.spdx.json"]
)
def test_what_is_not_as_it_was_built_is_not_signed(words: list[str], name: str) -> None:
    file = paths.BUILD / name
    content, status = file.read_bytes(), file.stat()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))  # all that its stamp has
    with pytest.raises(IntegrityError, match=f"^{name} is damaged: .*; rm {file}, and make"):
        run(words)
    assert not Path(words[-1]).exists()


# An openssl on a full disk: it writes an empty file, and exits with 0.
FULL = """#!/bin/sh
case "$*" in
*" -sign "*.sig*) for word; do case $word in *.sig) : >"$word"; exit 0 ;; esac; done ;;
esac
exec {real} "$@"
"""


def test_an_empty_signature_is_no_release(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executable(tmp_path / "bin/openssl", FULL.format(real=shutil.which("openssl")))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    with pytest.raises(DiskError, match=r"SHA256SUMS: its signature is not whole; name another"):
        run(words)
    assert not Path(words[-1]).exists()


def damage(folder: Path, *_: object) -> None:
    (folder / "INSTALL").write_text("")


def another_commit(folder: Path, *_: object) -> None:
    (folder.parent.parent / "HEAD").write_text(40 * "b")


@pytest.mark.parametrize(
    ("happens", "says"),
    [
        (damage, "its files are not as they were written"),
        (another_commit, "another commit was checked out meanwhile"),
    ],
)
def test_what_happens_meanwhile_is_noticed_before_its_name_is_given(
    words: list[str], monkeypatch: pytest.MonkeyPatch, happens: Callable[..., None], says: str
) -> None:
    monkeypatch.setattr(release_command, "sign", happens)
    with pytest.raises((DiskError, UsageError), match=says):
        run(words)
    assert not (Path(words[-1]) / "INSTALL").exists()
    # Nor is a key or half a release left.
    left = {path.name for path in Path(words[-1]).parent.iterdir()}
    assert left <= {"HEAD", "build", "private.pem", "public.pem", "hpcpy-release"}


def test_it_is_said_that_one_has_no_signature_and_anyone_may_read_it(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    unfinished: list[str] = []
    monkeypatch.setattr(
        release_command, "_pack", lambda _, to: unfinished.append(to.parent.parent.name)
    )
    words = [word for word in words if word != "--key" and not word.endswith(".pem")]
    before = os.umask(0o077)
    try:
        assert run(words) == 0
    finally:
        os.umask(before)
    assert "release WITHOUT a signature" in capsys.readouterr().err
    folder = Path(words[-1])
    assert not (folder / SIGNATURE).exists()
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} <= {0o644, 0o755}
    assert folder.stat().st_mode & 0o777 == 0o755
    # What a kill leaves does not look like a release.
    assert [name.startswith(".hpcpy-release.") for name in unfinished] == [True, True]


def test_its_provenance_names_the_tools_that_packed_it(release: Path, tmp_path: Path) -> None:
    statement = json.loads((release / "hpcpy.provenance.json").read_text())
    # Those of its stamp, and not those that are here.
    versions = {"apptainer": "0.1"}
    assert statement["predicate"]["runDetails"]["builder"]["version"] == versions
    (built,) = statement["predicate"]["runDetails"]["byproducts"]
    assert built["digest"]["sha256"] == sha256(tmp_path / "build/hpcpy.sif")
    # With the unsigned SIF's hash no tool could check the shipped one.
    assert built["digest"]["sha256"] != sha256(release / "hpcpy.sif")


@pytest.mark.parametrize(
    "algorithm",
    [("ed25519",), ("RSA", "-aes256", "-pass", "pass:secret")],
    ids=["another kind", "with a passphrase"],
)
def test_a_key_that_cannot_sign_is_refused(tmp_path: Path, algorithm: tuple[str, ...]) -> None:
    private, _ = make_key(tmp_path, *algorithm)
    with pytest.raises(UsageError, match="genpkey -algorithm EC"):
        check_key(private)
