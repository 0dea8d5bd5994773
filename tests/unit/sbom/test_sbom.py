"""The SBOM says what is in the image; an image that is not what was pinned has none."""

import csv
import hashlib
import json
import os
import re
import shutil
import tomllib
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import distributions
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from hpcpy.commands import run
from hpcpy.core import paths
from hpcpy.images import sbom_file
from hpcpy.images.cached import write_stamp
from hpcpy.images.graph import the_graph
from hpcpy.images.outputs import STANDALONE
from hpcpy.images.plan import make_plan
from hpcpy.images.sbom_file import sbom_of
from hpcpy.images.sbom_pins import expected
from hpcpy.images.vex import vex
from hpcpy.pins.debian import debs
from hpcpy.pins.model import host_arch
from hpcpy.sbom.contents import (
    CONTAINED,
    INSTALLED,
    LINKED,
    READ,
    Expected,
    Pin,
    look,
    read,
    written,
)
from hpcpy.sbom.image import sbom
from hpcpy_common.errors import IntegrityError, UsageError
from small_image import layer, write_archive

SITE = "opt/hpcpy/lib/python3.14/site-packages"
LIBRARY = "nvidia/thing/lib/libthing.so.1"
HEADER = "numba_cuda/include/cuda_fp8.h"
EULA = "End User License Agreement: these files only"


def pin(kind: str, name: str, version: str, licence: str, use: str) -> Pin:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return Pin(kind, name, version, licence, f"https://example.org/{name}", digest, use)


PINS = (
    pin("debian", "libstdc++6", "14.9-1", "GPL-3+, LGPL", INSTALLED),
    pin("debian", "libpocl2t64", "6.0-1", "MIT", CONTAINED),
    pin("debian", "libgcc-14-dev", "14.9-1", "GPL-3+", LINKED),
    pin("source", "python", "3.99", "Python-2.0", CONTAINED),
    pin("source", "numpy", "2.99", "BSD-3-Clause", CONTAINED),
    pin("source", "zlib", "1.99", "Zlib", LINKED),
    pin("source", "openmpi", "5.99", "BSD-3-Clause-Open-MPI", READ),
    pin("wheel", "mpich", "4.99", "LicenseRef-MPICH", CONTAINED),
    pin("wheel", "comm", "0.9", "BSD License", INSTALLED),
    pin("wheel", "tqdm", "4.0", "MPL-2.0 AND MIT", INSTALLED),
    pin("wheel", "numba-cuda", "0.30", "BSD-2-Clause", INSTALLED),
    pin("wheel", "nvidia-thing-cu12", "12.9", "LicenseRef-NVIDIA-Proprietary", INSTALLED),
    pin("wheel", "nvidia-other-cu12", "12.8", "NVIDIA Proprietary Software", INSTALLED),
)
EXPECTED = Expected(
    "small",
    "0.1.0",
    "An image",
    "BSD-3-Clause",
    "2026-11-20T09:37:21Z",
    PINS,
    listed={LIBRARY: "A Thing, which Attachment A lists"},
    brought={"numba-cuda": [HEADER]},
)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def distribution(root: Path, name: str, version: str, files: dict[str, str]) -> None:
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nLicense: MIT\n"
    every = {f"{info}/METADATA": metadata, **{n.replace("@", info): t for n, t in files.items()}}
    for file, text in every.items():
        write(root / SITE / file, text)
    with (root / SITE / info / "RECORD").open("w", newline="") as stream:
        csv.writer(stream).writerows([file, "", ""] for file in every)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    write(root / "etc/os-release", 'ID=debian\nVERSION_ID="13"\n')
    write(
        root / "var/lib/dpkg/status",
        "Package: libstdc++6\nStatus: install ok installed\nVersion: 14.9-1\n\n"
        "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n",
    )
    for package in ("libstdc++6", "libpocl2t64"):
        write(root / "usr/share/doc" / package / "copyright", "free")
    distribution(root, "numpy", "2.99", {"numpy/__init__.py": ""})
    distribution(root, "comm", "0.9", {"@/licenses/LICENSE": "the text of comm"})
    distribution(root, "tqdm", "4.0", {})
    distribution(root, "pip", "26.0", {})
    distribution(root, "nvidia_thing_cu12", "12.9", {LIBRARY: "bytes", "@/License.txt": EULA})
    distribution(root, "nvidia_other_cu12", "12.8", {"@/licenses/License.txt": EULA})
    distribution(root, "numba_cuda", "0.30", {HEADER: "notice", "numba_cuda/a.py": ""})
    write(root / "opt/hpcpy/share/licenses/nvidia-cuda/License.txt", EULA)
    return root


def made(root: Path, expected: Expected = EXPECTED) -> str:
    return sbom(expected, look(root, distributions(path=[str(root / SITE)])))


def test_the_bytes_depend_on_the_image_alone(root: Path) -> None:
    # What was written of the pins is read.
    assert read(written(EXPECTED)) == EXPECTED
    backwards = replace(EXPECTED, pins=PINS[::-1])
    assert made(root) == made(root, backwards)
    name = json.loads(made(root))["documentNamespace"]
    (root / SITE / LIBRARY).write_text("others")
    assert json.loads(made(root))["documentNamespace"] != name


VIM = "Package: vim\nStatus: install ok installed\nVersion: 9\n"
MORE = {LIBRARY: "bytes", "@/License.txt": EULA, "nvidia/ptxas": "tool"}
# What is said, and what makes an image not that of its pins.
OLDER = "Name: numpy\nVersion: 2.98\n"
COPYRIGHT = "usr/share/doc/libpocl2t64/copyright"
CHANGES: list[tuple[Callable[[Path], object], str]] = [
    (lambda root: distribution(root, "stranger", "1", {}), "stranger is in the image and not pin"),
    (lambda root: write(root / "var/lib/dpkg/status", VIM), "vim is in the image and not pinned"),
    (lambda root: (root / COPYRIGHT).unlink(), "licences of the Debian package libpocl2t64 are"),
    (
        lambda root: write(root / SITE / "numpy-2.99.dist-info/METADATA", OLDER),
        "Python package numpy is 2.98 in the image and 2.99 in its pin",
    ),
    (lambda root: distribution(root, "nvidia_thing_cu12", "12.9", MORE), "ptxas is not in env/"),
    (lambda root: (root / SITE / LIBRARY).unlink(), "libthing.so.1 is not in the image"),
]


@pytest.mark.parametrize(("change", "says"), CHANGES)
def test_an_image_that_is_not_its_pins_has_no_sbom(
    change: Callable[[Path], object], says: str, root: Path
) -> None:
    change(root)
    with pytest.raises(ValueError, match=says):
        made(root)


@pytest.mark.parametrize("gone", ["comm", "libstdc++6"])
def test_what_is_pinned_and_not_there_is_named(gone: str, root: Path) -> None:
    more = pin("debian", "zsh", "1", "MIT", INSTALLED), pin("wheel", "more", "1", "MIT", INSTALLED)
    with pytest.raises(ValueError, match=r"zsh is pinned and not .*; .* more is pinned and not"):
        made(root, replace(EXPECTED, pins=(*PINS, *more)))
    kept = tuple(one for one in PINS if one.name != gone)
    with pytest.raises(ValueError, match="is in the image and not pinned"):
        made(root, replace(EXPECTED, pins=kept))


def test_of_an_image_on_another_the_sbom_is_the_upper_ones(tmp_path: Path) -> None:
    inside = "opt/hpcpy/share/hpcpy/sbom.spdx.json"
    write_archive(tmp_path / "both", [layer({inside: text}) for text in (b"lower", b"upper")])
    assert sbom_of(tmp_path / "both") == "upper"
    write_archive(tmp_path / "none", [layer({"a": b""})])
    with pytest.raises(UsageError, match="none has no SBOM"):
        sbom_of(tmp_path / "none")


def test_no_sbom_is_taken_of_a_damaged_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, image = tmp_path / "hpcpy.oci.tar", the_graph().image("hpcpy")
    write_archive(archive, [layer({"opt/hpcpy/share/hpcpy/sbom.spdx.json": b"{}"})])
    write_stamp(archive)
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    monkeypatch.setattr(sbom_file, "ensure_image", lambda *_: (archive, make_plan(), image))
    assert run(["sbom"]) == 0
    content, status = bytearray(archive.read_bytes()), archive.stat()
    content[len(content) // 2] ^= 1
    archive.write_bytes(content)
    os.utime(archive, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(IntegrityError, match=r"hpcpy\.oci\.tar is damaged"):
        run(["sbom"])


def purls(name: str, *arch: str) -> list[str]:
    assert run(["sbom", name, *(f"--arch={one}" for one in arch)]) == 0
    of_other = "".join(f"-{one}" for one in arch if one != host_arch())
    file = paths.BUILD / f"{name}{of_other}.spdx.json"
    assert validate_full_spdx_document(parse_file(str(file))) == []
    document = json.loads(file.read_text())
    each = [one["externalRefs"][0] for one in document["packages"] if "externalRefs" in one]
    return [one["referenceLocator"] for one in each]


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
def test_what_hosts_run_has_an_sbom(arch: str, build: Path) -> None:
    found = purls("host", arch)
    locked = [*debs("engine", arch), *debs("launcher", arch)]
    assert len(found) == len({deb.name for deb in locked}) + 1
    for deb in locked:
        assert any(one.startswith(f"pkg:deb/debian/{quote(deb.name)}@") for one in found)
    # By its CPE: lists of Debian 13 have no Apptainer.
    (file,) = build.glob("host*.spdx.json")  # each architecture's has a name of its own
    text = file.read_text()
    assert re.search(r"cpe:2\.3:a:lfprojects:apptainer:[\d.]+:\*", text)


LOCKS = sorted(path.name for path in paths.ENV.glob("*.lock"))


@pytest.mark.usefixtures("build")
@pytest.mark.parametrize("lock", LOCKS)
def test_all_that_a_lock_pins_is_in_its_sbom(lock: str) -> None:
    text = (paths.ENV / lock).read_text()
    try:
        tables = tomllib.loads(text)["packages"]
        tables = tables.get(host_arch(), tables)
        pinned = {(name, table["version"]) for name, table in tables.items()}
    except tomllib.TOMLDecodeError:
        lines = [line for line in text.splitlines() if re.match(r"[a-zA-Z]", line)]
        each = [line.split()[0].partition("==") for line in lines]
        pinned = {(name, version) for name, _, version in each}
    kind = "deb/debian" if lock == "debian.lock" else "pypi"
    names = {(quote(name), quote(version)) for name, version in pinned}
    assert len(pinned) > 3
    assert {f"pkg:{kind}/{name}@{version}" for name, version in names} == {
        one.partition("?")[0] for one in purls(lock)
    }


DAMAGES: dict[str, Callable[[str], str]] = {
    "empty": lambda _: "",
    "cut": lambda text: text[: text.rindex("sha256") + 20],
    "a page": lambda _: "<html>not found</html>\n",
    "twice": lambda text: f"{text}\n{text}",
}


@pytest.mark.usefixtures("build")
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("lock", LOCKS)
def test_of_a_damaged_lock_there_is_no_sbom(
    lock: str, damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (paths.ENV / lock).read_text()
    monkeypatch.setattr(paths, "ENV", shutil.copytree(paths.ENV, tmp_path / "env"))
    (paths.ENV / lock).write_text(DAMAGES[damage](text))
    with pytest.raises(UsageError, match=lock):
        run(["sbom", lock])
    assert not (paths.BUILD / f"{lock}.spdx.json").exists()


def test_each_night_all_of_them_are_scanned() -> None:
    nightly = (paths.ROOT / ".github/workflows/nightly.yml").read_text()
    images = yaml.safe_load(nightly)["jobs"]["vulnerabilities"]["strategy"]["matrix"]["image"]
    shipped = {"hpcpy", "hpcpy-core", "hpcpy-cuda", "hpcpy-sci", "hpcpy-dev", "hpcpy-spark"}
    assert {*images} == {*shipped, *STANDALONE.values(), "host", *LOCKS}


def test_a_scanner_is_told_what_patches_have_fixed() -> None:
    plan = make_plan()
    pins = expected(plan, plan.graph.image("hpcpy")).pins
    document = json.loads(vex(plan, plan.graph.image("hpcpy")))
    by_name = {each["vulnerability"]["name"]: each for each in document["statements"]}
    # One in the patches, and one of the release branch.
    assert {"CVE-2026-82049", "CVE-2026-114583", "CVE-2026-115557", "CVE-2026-15806"} <= {*by_name}
    for name, each in by_name.items():
        how = each["status_notes"].removeprefix("fixed by ")
        assert each["status"] == "fixed"
        if how.endswith(".patch"):
            assert name in (paths.ROOT / how).read_text()
        # The SBOM has what was fixed under this address.
        (product,) = each["products"]
        assert product["@id"] in {f"pkg:generic/{pin.name}@{pin.version}" for pin in pins}
    # An image without one of these parts was never affected.
    assert json.loads(vex(plan, plan.graph.image("base")))["statements"] == []
